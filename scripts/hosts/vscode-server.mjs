// VS Code server: the workbench in a browser, its extensions in Node, as with VS Code's Remote (npm package code-server, of
// which only the VS Code part is used).
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { EnsureError } from '../ensure.mjs';
import { projectRoot } from '../project-root.mjs';
import { startHostProcess } from './host-process.mjs';
import { installIn, pinnedInstall } from './pinned-install.mjs';

const serverFolder = 'node_modules/code-server/lib/vscode';

/** @returns {{ node: string, server: string }} the Node that runs it and the folder of the server */
export function installVscodeServer() {
  if (process.platform === 'win32') {
    throw new EnsureError('The VS Code server has no Windows build: run this in WSL, or use npm run test:desktop.');
  }
  const ownNode = process.versions.node.startsWith('24.');
  const node = `node-${process.platform}-${process.arch}`;
  const folder = pinnedInstall(
    'server',
    ['code-server@4.139.1', ...(ownNode ? [] : [`${node}@24.21.0`])],
    // The package has its dependencies in a lock file of their own, which an install without scripts leaves out.
    installed => installIn(path.join(installed, serverFolder)),
  );
  return {
    node: ownNode ? process.execPath : path.join(folder, 'node_modules', node, 'bin/node'),
    server: path.join(folder, serverFolder),
  };
}

/**
 * Starts a server of its own with these unpacked extensions, and no others, installed.
 *
 * @param {{ extensions: string[], folder: string, folderUri?: string, data: string, settings?: Record<string, unknown>, log?: string, restricted?: boolean }} options
 *   `folderUri`: opened in the place of the folder, and served by an extension;
 *   `data` is an empty folder for everything the server writes; `restricted`: the folder is not trusted
 * @returns {Promise<import('./host-process.mjs').HostProcess & { url: string }>}
 */
export async function startVscodeServer({
  extensions,
  folder,
  folderUri,
  data,
  settings = {},
  log,
  restricted = false,
}) {
  const { node, server } = installVscodeServer();
  const extensionsFolder = path.join(data, 'extensions');
  const machineSettings = path.join(data, 'data/Machine');
  mkdirSync(extensionsFolder, { recursive: true });
  mkdirSync(machineSettings, { recursive: true });
  writeFileSync(path.join(machineSettings, 'settings.json'), JSON.stringify(settings));
  for (const extension of extensions) {
    const manifest = JSON.parse(readFileSync(path.join(extension, 'package.json'), 'utf8'));
    const name = `${manifest.publisher}.${manifest.name}-${manifest.version}`;
    cpSync(extension, path.join(extensionsFolder, name), { recursive: true });
  }
  const host = await startHostProcess(
    node,
    [
      path.join(server, 'out/server-main.js'),
      ...['--host', '127.0.0.1', '--port', '0', '--without-connection-token', '--accept-server-license-terms'],
      ...(restricted ? [] : ['--disable-workspace-trust']),
      ...['--telemetry-level', 'off', '--disable-telemetry'],
      ...['--server-data-dir', data, '--extensions-dir', extensionsFolder],
    ],
    { listening: /listening on (\d+)/, log: log ?? path.join(projectRoot, '.vscode-test/server.log'), cwd: server },
  );
  return {
    ...host,
    url: `http://127.0.0.1:${host.port}/?folder=${encodeURIComponent(folderUri ?? path.resolve(folder))}`,
  };
}
