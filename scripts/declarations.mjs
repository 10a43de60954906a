// Writes the type declarations of the library to dist/api/types: those that its entries need, and no others.
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { EnsureError, runOnStderr } from './ensure.mjs';
import { projectRoot } from './project-root.mjs';

const output = path.join(projectRoot, 'dist/api/types');
const entries = ['client/api/index.node.d.ts', 'client/api/attend.node.d.ts'];

/** @throws {EnsureError} when the sources have mistakes, or declarations would need a package that nobody installs */
export function writeDeclarations() {
  mkdirSync(path.join(projectRoot, 'dist'), { recursive: true });
  const emitted = mkdtempSync(path.join(projectRoot, 'dist/.types-'));
  try {
    const tsc = path.join(projectRoot, 'node_modules/typescript/bin/tsc');
    const code = runOnStderr(process.execPath, [tsc, '-p', 'client/api/tsconfig.json', '--outDir', emitted]);
    if (code !== 0) throw new EnsureError('The declarations of the library could not be made; see above.');
    const chosen = reached(emitted);
    // A reader never sees half a file, nor misses one that stays: somebody may be packing the package.
    for (const [name, text] of chosen) {
      const file = path.join(output, name);
      const temporary = path.join(emitted, 'temporary');
      mkdirSync(path.dirname(file), { recursive: true });
      writeFileSync(temporary, text);
      renameSync(temporary, file);
    }
    for (const name of readdirSync(output, { recursive: true }).map(each => each.split(path.sep).join('/')))
      if (name.endsWith('.d.ts') && !chosen.has(name)) rmSync(path.join(output, name), { force: true });
  } finally {
    rmSync(emitted, { recursive: true, force: true });
  }
}

/** The declarations that the entries import, and those that these import. */
function reached(folder) {
  const texts = new Map();
  const visit = name => {
    if (texts.has(name)) return;
    const text = readFileSync(path.join(folder, name), 'utf8');
    const references = [...text.matchAll(/(?:\bfrom|\bimport\(|^import)\s*['"]([^'"]+)['"]/gm)].map(match => match[1]);
    for (const reference of references) {
      if (!reference.startsWith('.'))
        throw new EnsureError(`${name} needs the types of ${reference}, which users of the library do not have.`);
    }
    // Compilers before 5.7 do not know the ending of sources in an import.
    texts.set(name, text.replaceAll(/((?:\bfrom|\bimport\(|^import)\s*['"]\.[^'"]+)\.ts(['"])/gm, '$1.js$2'));
    for (const reference of references) {
      const file = path.posix.join(path.posix.dirname(name), reference.replace(/\.ts$/, ''));
      visit(`${file}.d.ts`);
    }
  };
  for (const entry of entries) visit(entry);
  return texts;
}
