// Makes the npm package - command line and library: node scripts/package-npm.mjs [FOLDER]. The name of the file goes to stdout.
import { mkdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { EnsureError, ensureBuilt, ensureInstalled, npm } from './ensure.mjs';
import { projectRoot } from './project-root.mjs';

/**
 * @param {string} [folder] absolute; where the file goes
 * @returns {string} the file
 * @throws {EnsureError}
 */
export function packageLibrary(folder = projectRoot) {
  ensureInstalled();
  ensureBuilt({ production: true });
  mkdirSync(folder, { recursive: true });
  const code = npm(['pack', '--pack-destination', folder, '--loglevel=error']);
  if (code !== 0) throw new EnsureError(`npm could not pack the library (code ${code}); its messages are above.`);
  const { name, version } = JSON.parse(readFileSync(path.join(projectRoot, 'package.json'), 'utf8'));
  return path.join(folder, `${name}-${version}.tgz`);
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  try {
    console.log(packageLibrary(process.argv[2] === undefined ? undefined : path.resolve(process.argv[2])));
  } catch (error) {
    if (!(error instanceof EnsureError)) throw error;
    console.error(error.message);
    process.exitCode = 1;
  }
}
