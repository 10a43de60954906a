// Editors to test in and to start with are large npm packages that only some people need, so they are no dependencies of
// this package: they are installed on first use, in exactly these versions, below .vscode-test/.
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { EnsureError, npm } from '../ensure.mjs';
import { projectRoot } from '../project-root.mjs';

/**
 * Installs packages into .vscode-test/NAME unless exactly these are there. The last step writes a marker, so an install
 * that was interrupted is made again from the start (npm's cache keeps what was downloaded).
 *
 * @param {string} name
 * @param {string[]} packages exact versions, `name@version`
 * @param {(folder: string) => void} [afterwards] what is left to do before the install counts as finished
 * @returns {string} the folder that has the node_modules
 * @throws {EnsureError}
 */
export function pinnedInstall(name, packages, afterwards) {
  const folder = path.join(projectRoot, '.vscode-test', name);
  const marker = path.join(folder, 'installed.json');
  const wanted = JSON.stringify(packages);
  if (existsSync(marker) && readFileSync(marker, 'utf8') === wanted) return folder;
  console.error(`Installing ${packages.join(', ')} into .vscode-test/${name} (only once) ...`);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  writeFileSync(path.join(folder, 'package.json'), '{ "private": true }\n');
  installIn(folder, packages);
  afterwards?.(folder);
  writeFileSync(marker, wanted);
  return folder;
}

/**
 * `npm install` in a folder of its own, without running anybody's install scripts.
 *
 * @param {string} folder
 * @param {string[]} packages none installs what the folder's package.json asks for
 * @throws {EnsureError}
 */
export function installIn(folder, packages = []) {
  const options = ['--ignore-scripts', '--omit=dev', '--no-audit', '--no-fund', '--no-progress', '--loglevel=error'];
  const code = npm(['install', ...options, '--prefix', folder, ...packages], { cwd: folder });
  if (code !== 0) {
    throw new EnsureError(
      `${packages.join(', ') || folder} could not be installed: npm ended with code ${code} (its messages are above). ` +
        'Check the network and the npm registry (npm ping), then run the same command again.',
    );
  }
}
