// Brings node_modules and dist up to date, and does nothing when they are. Runs in a bare clone, so it imports nothing
// that has to be installed first. All output goes to stderr.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { projectRoot } from './project-root.mjs';

/** Milliseconds, or 0 for a file that does not exist. */
function modified(file) {
  return statSync(path.join(projectRoot, file), { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

/** Shows everything a command prints on stderr. @returns {number} its exit code */
export function runOnStderr(command, args, options = {}) {
  const result = spawnSync(command, args, { cwd: projectRoot, stdio: ['ignore', 2, 2], ...options });
  if (result.error) {
    console.error(`${command} could not be started: ${result.error.message}`);
    return 1;
  }
  return result.status ?? 1;
}

/** npm through the Node that runs us, so that it works without `npm` on the PATH (and with npm.cmd on Windows). */
export function npm(args, options = {}) {
  const fromNpm = process.env.npm_execpath;
  if (fromNpm && /npm-cli\.c?js$/.test(fromNpm)) return runOnStderr(process.execPath, [fromNpm, ...args], options);
  return runOnStderr('npm', args, { shell: process.platform === 'win32', ...options });
}

export class EnsureError extends Error {}

/**
 * Installs the dependencies of the lock file when node_modules is missing, half made or older than it.
 *
 * @throws {EnsureError} with what to do about it
 */
export function ensureInstalled() {
  const [major] = process.versions.node.split('.').map(Number);
  if (major < 20) throw new EnsureError(`This needs Node 20 or newer; ${process.execPath} is ${process.version}.`);
  // npm writes this file last.
  const installed = modified('node_modules/.package-lock.json');
  if (installed > 0 && installed >= modified('package-lock.json')) return;
  console.error('Installing the dependencies (npm ci) ...');
  const code = npm(['ci', '--no-audit', '--no-fund', '--loglevel=error']);
  if (code !== 0) {
    throw new EnsureError(
      `The dependencies could not be installed: "npm ci" ended with code ${code} (its messages are above). ` +
        'Check the network and the npm registry (npm ping), then run the same command again.',
    );
  }
}

/** Is every file of the last build there, and no source newer? */
function buildIsCurrent(production) {
  let stamp;
  try {
    stamp = JSON.parse(readFileSync(path.join(projectRoot, 'dist/build.json'), 'utf8'));
  } catch {
    return false;
  }
  if (production && !stamp.production) return false;
  if (stamp.missing.some(file => existsSync(path.join(projectRoot, file)))) return false;
  if (!stamp.outputs.every(file => existsSync(path.join(projectRoot, 'dist', file)))) return false;
  return stamp.inputs.every(file => {
    const time = modified(file);
    return time > 0 && time <= stamp.started;
  });
}

/**
 * Builds dist/ when it is missing or a source is newer. A production build also serves where a development build would do.
 *
 * @param {{ production?: boolean, partial?: boolean }} options
 * @throws {EnsureError} when the build fails
 */
export function ensureBuilt({ production = false, partial = false } = {}) {
  if (buildIsCurrent(production)) return;
  const flags = [...(production ? ['--production'] : []), ...(partial ? ['--partial'] : [])];
  // A process of its own: esbuild cannot be imported before it is installed.
  const code = runOnStderr(process.execPath, [path.join(projectRoot, 'scripts/build.mjs'), ...flags]);
  if (code !== 0) throw new EnsureError('The build failed; its messages are above.');
}
