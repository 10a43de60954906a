import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { codeBlocks } from '../../code-blocks.ts';
import { buildFirst, sparse, temporaryFolder } from './command-line.ts';

buildFirst();
const root = path.resolve(import.meta.dirname, '../../..');
const cwd = temporaryFolder();
cpSync(path.join(root, 'examples'), path.join(cwd, 'examples'), { recursive: true });
// The command as it is after `npm install --global`.
writeFileSync(
  path.join(cwd, 'sparse'),
  `#!/bin/sh\nexec '${process.execPath}' '${path.join(root, 'dist/cli.mjs')}' "$@"\n`,
);
chmodSync(path.join(cwd, 'sparse'), 0o755);

/** Commands that start or install something, and which test does that. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  'npm start': 'test/extension/start.test.ts',
  'npm test': '.ci/run',
  'npm run package:npm': 'test/packaging/npm-package.test.ts',
  'npm install --global ./sparse-attention-0.1.0.tgz webgpu': 'test/packaging/npm-package.test.ts',
  'npm install ./sparse-attention-0.1.0.tgz': 'test/packaging/npm-package.test.ts',
};
const PAGES = ['README.md', 'docs/command-line.md', 'docs/library.md'];

function shell(line: string, merge = false) {
  return spawnSync('sh', ['-c', merge ? `{ ${line}\n} 2>&1` : line], {
    cwd,
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
    env: { ...process.env, PATH: `${cwd}${path.delimiter}${process.env.PATH}`, NO_COLOR: '1' },
  });
}

const lines = PAGES.flatMap(page =>
  codeBlocks(page, 'sh').flatMap(({ text }) =>
    text
      .trimEnd()
      .split('\n')
      .map(line => [page, line] as const),
  ),
);

describe('commands', () => {
  it('are there', () => {
    expect(lines.filter(([page]) => page === 'README.md').length).toBeGreaterThan(15);
    for (const line of Object.keys(ELSEWHERE)) expect(lines.map(([, each]) => each)).toContain(line);
    for (const file of Object.values(ELSEWHERE)) expect(readFileSync(path.join(root, file), 'utf8')).not.toBe('');
  });

  it.each(lines.filter(([, line]) => !Object.hasOwn(ELSEWHERE, line)))('%s: %s', { timeout: 120_000 }, (_, line) => {
    expect(line).toMatch(/^sparse /);
    const { status, stderr, stdout } = shell(line);
    expect(status, stderr + stdout.slice(0, 2000)).toBe(0);
  });

  it.each(codeBlocks('README.md', 'console').flatMap(({ text }) => text.split(/^(?=\$ )/m)))(
    'print what is shown: %s',
    { timeout: 60_000 },
    shown => {
      const [, line = '', output = ''] = /^\$ (.*?)\n(.*)$/s.exec(shown) ?? [];
      expect(line).toMatch(/^sparse /);
      expect(shell(line, true).stdout).toBe(output);
    },
  );

  it('of npm that the README lists are in the manifest', () => {
    const { scripts } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as {
      scripts: Record<string, string>;
    };
    const readme = readFileSync(path.join(root, 'README.md'), 'utf8');
    const named = [...readme.matchAll(/`npm (?:run (?:-s )?)?([a-z][\w:-]*)[^`]*`/g)].map(([, name]) => name!);
    expect(named.length).toBeGreaterThan(12);
    for (const name of named.filter(each => each !== 'install')) expect(scripts, name).toHaveProperty([name]);
  });
});

describe('the language', () => {
  const blocks = codeBlocks('README.md', 'sparse');

  it.each(blocks.map(({ text, line }) => [line, text] as const))('of line %s has no mistake', async (line, text) => {
    const file = path.join(cwd, 'examples', `readme-${line}.sparse`);
    writeFileSync(file, text);
    expect(await sparse(['check', file])).toMatchObject({ code: 0, stdout: '' });
  });

  it('has at least three examples, and every primitive of the table means something', async () => {
    expect(blocks.length).toBeGreaterThanOrEqual(3);
    const readme = readFileSync(path.join(root, 'README.md'), 'utf8');
    const table = readme.slice(readme.indexOf('| primitive |'), readme.indexOf('Position lists mix'));
    const expressions = table
      .split('\n')
      .slice(2)
      .flatMap(row => [...(row.split('|')[1] ?? '').matchAll(/`([^`]+)`/g)].map(([, code]) => code!));
    expect(expressions.length).toBeGreaterThanOrEqual(25);
    const file = path.join(cwd, 'examples/readme-primitives.sparse');
    writeFileSync(file, expressions.map((code, index) => `pattern p${index}(p: pattern) = ${code}\n`).join(''));
    expect(await sparse(['check', file])).toMatchObject({ code: 0, stdout: '' });
  });
});

it('the Python of the README calls what the exported module has', () => {
  const [block] = codeBlocks('README.md', 'python');
  expect(shell("sparse export --expr 'sliding(8)' --tokens 256 --format flex --out readme-mask.py").status).toBe(0);
  const module = readFileSync(path.join(cwd, 'readme-mask.py'), 'utf8');
  const [, names = ''] = /^from mask import (.+)$/m.exec(block!.text) ?? [];
  expect(names).not.toBe('');
  for (const name of names.split(', ')) {
    const [, parameters = ''] = new RegExp(`^def ${name}\\(([^)]*)\\)`, 'm').exec(module) ?? [];
    const known = parameters.split(',').map(each =>
      each
        .trim()
        .replace(/[:=].*$/, '')
        .trim(),
    );
    const calls = [...block!.text.matchAll(new RegExp(`\\b${name}\\(((?:[^()]|\\([^()]*\\))*)\\)`, 'g'))];
    expect(calls.length).toBeGreaterThan(0);
    for (const [, given = ''] of calls)
      for (const [, keyword = ''] of given.replaceAll(/\([^()]*\)/g, '').matchAll(/(\w+)=/g))
        expect(known).toContain(keyword);
  }
});

it.each(codeBlocks('docs/editors.md').filter(({ text }) => text.includes('lsp')))(
  'the set-up of line $line of docs/editors.md starts the server',
  ({ language, text }) => {
    if (language === undefined) throw new Error('a block without a language');
    const words = [...text.matchAll(/["'](sparse|lsp|--stdio)["']/g)].map(([, word]) => word!);
    const start = words.indexOf('lsp');
    expect(words.slice(start, start + 2)).toEqual(['lsp', '--stdio']);
    expect(words.slice(0, start)).toContain('sparse');
  },
);
