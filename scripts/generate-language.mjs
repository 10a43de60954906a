// Generates the parser's grammar and the syntax tree from server/sparse.langium, and a module with the texts of the
// standard library, server/library/*.sparse: the server has no file system in a browser.
// `--check` only compares: exit code 1 says that the committed files are stale.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = resolve(fileURLToPath(import.meta.url), '../..');
const cli = join(root, 'node_modules/langium-cli/bin/langium.js');

/** Runs langium generate with one configuration file, below the project's root. */
function generate(config) {
  try {
    execFileSync(process.execPath, [cli, 'generate', '-f', config], { cwd: root, encoding: 'utf8', stdio: 'pipe' });
  } catch (error) {
    process.stderr.write(`${error.stdout ?? ''}${error.stderr ?? ''}`);
    process.stderr.write('generate-language: langium could not read server/sparse.langium\n');
    process.exit(1);
  }
}

/** Writes the standard library as a module that exports its texts by file name. */
function writeLibrary(folder) {
  const source = join(root, 'server/library');
  const files = readdirSync(source)
    .filter(name => name.endsWith('.sparse'))
    .sort();
  const entries = files.map(name => {
    const lines = readFileSync(join(source, name), 'utf8').replaceAll('\r\n', '\n').split('\n');
    // A line of text on a line of code: differences stay readable.
    const text = lines.map(line => `    ${JSON.stringify(line)},`).join('\n');
    return `  ${JSON.stringify(name.replace(/\.sparse$/, ''))}: [\n${text}\n  ].join('\\n'),\n`;
  });
  writeFileSync(
    join(folder, 'library.ts'),
    `// Generated from server/library/*.sparse by scripts/generate-language.mjs; do not edit.\n\n/** Texts of the standard library by module name. */\nexport const LIBRARY_SOURCES: Readonly<Record<string, string>> = {\n${entries.join('')}};\n`,
  );
}

if (process.argv.includes('--check')) {
  const folder = mkdtempSync(join(root, 'node_modules', '.sparse-generate-'));
  try {
    const config = JSON.parse(readFileSync(join(root, 'langium-config.json'), 'utf8'));
    const committed = join(root, config.out);
    for (const language of config.languages) language.grammar = relative(folder, join(root, language.grammar));
    config.out = 'generated';
    writeFileSync(join(folder, 'langium-config.json'), JSON.stringify(config));
    generate(join(folder, 'langium-config.json'));
    const fresh = join(folder, 'generated');
    writeLibrary(fresh);
    const names = new Set([...readdirSync(fresh), ...readdirSync(committed)]);
    const read = (directory, name) => {
      try {
        return readFileSync(join(directory, name), 'utf8');
      } catch {
        return undefined;
      }
    };
    const stale = [...names].filter(name => read(fresh, name) !== read(committed, name));
    if (stale.length > 0) {
      process.stderr.write(
        `stale: ${stale.map(name => `server/generated/${name}`).join(', ')}; run node scripts/generate-language.mjs\n`,
      );
      process.exitCode = 1;
    } else process.stdout.write('server/generated is current\n');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
} else {
  generate(join(root, 'langium-config.json'));
  writeLibrary(join(root, 'server/generated'));
  process.stdout.write('generated server/generated\n');
}
