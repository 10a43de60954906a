import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { unzipSync } from 'fflate';
import { packageExtension } from '../../scripts/package.mjs';

const projectRoot = path.resolve(import.meta.dirname, '../..');
const folder = path.join(projectRoot, '.vscode-test/extension-under-test');

/** The extension as people get it: the unpacked package, so that a file left out of the package is missed here too. */
export const extensionFolder = path.join(folder, 'extension');

/** Makes the package and unpacks it, unless that has been done since the last build. */
export function prepareExtension(): void {
  const vsix = path.join(folder, 'extension.vsix');
  if (existsSync(vsix) && existsSync(extensionFolder) && !isOlderThanBuild(vsix)) return;
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  packageExtension(vsix);
  for (const [name, contents] of Object.entries(unzipSync(readFileSync(vsix)))) {
    if (!name.startsWith('extension/') || name.endsWith('/')) continue;
    const file = path.join(folder, name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, contents);
  }
}

/** Does the package lack a change to a source, the manifest or the grammar? */
function isOlderThanBuild(vsix: string): boolean {
  const packaged = statSync(vsix).mtimeMs;
  const stamp = path.join(projectRoot, 'dist/build.json');
  if (!existsSync(stamp)) return true;
  const { inputs, production }: { inputs: string[]; production: boolean } = JSON.parse(readFileSync(stamp, 'utf8'));
  return !production || [...inputs, ...ROOT_FILES, ...packagedFiles()].some(file => modified(file) > packaged);
}

/** Files of the root that are in the package (under other names, some of them) or say what is. */
const ROOT_FILES = ['package.json', 'README.md', 'LICENSE', '.vscodeignore'];

/** Files of the package's folders, and the folders: a folder is newer once a file was added or taken out. */
function packagedFiles(): string[] {
  return readdirSync(extensionFolder, { recursive: true, encoding: 'utf8' }).filter(
    name => name.includes(path.sep) || statSync(path.join(extensionFolder, name)).isDirectory(),
  );
}

function modified(file: string): number {
  return statSync(path.join(projectRoot, file), { throwIfNoEntry: false })?.mtimeMs ?? Number.POSITIVE_INFINITY;
}
