// Makes the extension's package: node scripts/package.mjs [FILE.vsix]. The name of the file goes to stdout.
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { EnsureError, ensureInstalled, runOnStderr } from './ensure.mjs';
import { projectRoot } from './project-root.mjs';

/**
 * @param {string} [file] absolute
 * @returns {string} the file
 * @throws {EnsureError}
 */
export function packageExtension(file = path.join(projectRoot, 'sparse-attention.vsix')) {
  ensureInstalled();
  // vsce makes the production build itself, through `vscode:prepublish`.
  const vsce = path.join(projectRoot, 'node_modules/@vscode/vsce/vsce');
  // Without a repository there is nowhere that relative links of the README could be made to point to.
  const flags = ['--no-dependencies', '--allow-missing-repository', '--no-rewrite-relative-links'];
  const code = runOnStderr(process.execPath, [vsce, 'package', ...flags, '--out', file]);
  if (code !== 0) throw new EnsureError(`vsce could not package the extension (code ${code}); its messages are above.`);
  return file;
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  try {
    console.log(packageExtension(process.argv[2] === undefined ? undefined : path.resolve(process.argv[2])));
  } catch (error) {
    if (!(error instanceof EnsureError)) throw error;
    console.error(error.message);
    process.exitCode = 1;
  }
}
