// npm start: installs what is missing, builds, and opens VS Code with the extension and the examples - on the desktop where
// `code` is on the PATH, otherwise the real workbench in the browser. `--web` asks for the browser.
import { spawn } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import path from 'node:path';
import { EnsureError, ensureBuilt, ensureInstalled } from './ensure.mjs';
import { projectRoot } from './project-root.mjs';

const examples = path.join(projectRoot, 'examples');

/** The `code` command, or undefined. */
function findCode() {
  const names = process.platform === 'win32' ? ['code.cmd', 'code.exe'] : ['code'];
  for (const folder of (process.env.PATH ?? '').split(path.delimiter).filter(Boolean)) {
    for (const name of names) {
      const file = path.join(folder, name);
      try {
        accessSync(file, constants.X_OK);
        return file;
      } catch {
        // The next one.
      }
    }
  }
  return undefined;
}

/** @returns {Promise<boolean>} did it open? */
function openDesktop(code) {
  console.log(`Opening ${examples} in VS Code (${code}) ...`);
  return new Promise(resolve => {
    const windows = process.platform === 'win32';
    const args = [`--extensionDevelopmentPath=${projectRoot}`, examples];
    const child = spawn(windows ? `"${code}"` : code, windows ? args.map(each => `"${each}"`) : args, {
      stdio: 'inherit',
      shell: windows,
    });
    child.once('error', () => resolve(false));
    child.once('exit', exitCode => resolve(exitCode === 0));
  });
}

/** Opens the address where there is a screen; whether that worked is not worth a word, the address is printed anyway. */
function openBrowser(url) {
  const [command, args] =
    process.platform === 'darwin'
      ? ['open', [url]]
      : process.platform === 'win32'
        ? ['cmd', ['/c', 'start', '', url]]
        : ['xdg-open', [url]];
  const hasDisplay = process.platform !== 'linux' || process.env.DISPLAY || process.env.WAYLAND_DISPLAY;
  if (!hasDisplay || process.env.CI) return;
  const child = spawn(command, args, { stdio: 'ignore', detached: true });
  child.once('error', () => {});
  child.unref();
}

async function serveInBrowser() {
  const { startWebWorkbench } = await import('./hosts/web-workbench.mjs');
  const preferredPort = Number(process.env.PORT) || 3110;
  const host = await startWebWorkbench({ extension: projectRoot, folder: examples, port: preferredPort });
  console.log(`
VS Code with the extension and the examples is at

    ${host.url}

Changes you save stay in the page and are gone when it is reloaded. Ctrl+C ends it.`);
  openBrowser(host.url);
  const stopped = new Promise(resolve => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, () => resolve(undefined));
  });
  const reason = await Promise.race([stopped, host.ended]);
  await host.close();
  if (reason === undefined) process.exit(0);
  throw new EnsureError(reason);
}

try {
  ensureInstalled();
  ensureBuilt();
  const code = process.argv.includes('--web') ? undefined : findCode();
  if (code === undefined || !(await openDesktop(code))) await serveInBrowser();
} catch (error) {
  if (!(error instanceof EnsureError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
