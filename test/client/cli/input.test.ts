import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { buildFirst, type Outcome, STACK_TRACE, sparse, temporaryFolder } from './command-line.ts';

buildFirst();
const cwd = temporaryFolder();
mkdirSync(path.join(cwd, 'deep/er'), { recursive: true });
mkdirSync(path.join(cwd, 'node_modules/theirs'), { recursive: true });
for (const [name, text] of Object.entries({
  'one.sparse': 'pattern one = sliding(4)\n',
  'deep/two.sparse': 'import { one } from "../one.sparse"\npattern two = one | global([0])\n',
  'deep/er/bad.sparse': 'pattern bad = wnidow(3)\n',
  'node_modules/theirs/bad.sparse': 'pattern theirs = wnidow(3)\n',
  '[odd].sparse': 'pattern odd = full()\n',
  '-': 'pattern dash = diagonal()\n',
  'secret.sparse': 'pattern secret = full()\n',
}))
  writeFileSync(path.join(cwd, name), text);
chmodSync(path.join(cwd, 'secret.sparse'), 0);
/** root may read everything. */
const mayRead = (() => {
  try {
    readFileSync(path.join(cwd, 'secret.sparse'));
    return true;
  } catch {
    return false;
  }
})();

const run = (args: readonly string[], input?: string | Uint8Array): Promise<Outcome> =>
  sparse(args, { cwd, ...(input !== undefined && { input }) });

describe.concurrent('globs', () => {
  it('stand for the files that match, in order and once', async () => {
    const { code, stdout, stderr } = await run(['check', '**/*.sparse', 'one.sparse', '--json']);
    const { files } = JSON.parse(stdout) as { files: { path: string; errors: number }[] };
    const paths = files.map(file => file.path);
    const expected = ['[odd].sparse', 'deep/er/bad.sparse', 'deep/two.sparse', 'one.sparse'];
    expect(paths.filter(name => name !== 'secret.sparse')).toEqual(expected);
    expect(stderr).toMatch(/: 1 error, 0 warnings\n$/);
    expect(code).toBe(mayRead ? 1 : 2);
  });

  it('take a file that exists for what it is', async () => {
    expect(await run(['check', '[odd].sparse'])).toMatchObject({ code: 0, stderr: '1 file: 0 errors, 0 warnings\n' });
  });

  it.each(['nothing/*.sparse', 'one.{md,txt}', '[', '{a,b', '**/[z-a].sparse', '!(**'])(
    'say so when nothing matches %s, and go on',
    async word => {
      const { code, stdout, stderr } = await run(['check', word, 'deep/er/bad.sparse']);
      expect(stderr).toMatch(/^error: (no file matches|cannot read) /);
      expect(stderr).not.toMatch(STACK_TRACE);
      expect(stdout).toMatch(/^deep\/er\/bad\.sparse:1:15: error: /);
      expect(code).toBe(2);
    },
  );
});

describe.concurrent('standard input', () => {
  it.each([
    ['check', 0],
    ['stats', 0],
    ['fit', 0],
    ['draw', 0],
    ['run', 0],
  ])('is what %s reads as -', { timeout: 60_000 }, async (command, code) => {
    const more =
      command === 'check' ? [] : ['--tokens', '16', ...(command === 'run' ? ['--backend', 'reference'] : [])];
    const outcome = await run([command, '-', ...more], 'pattern piped = window(4)\n');
    expect(outcome.stderr).not.toMatch(/error:/);
    expect(outcome.code).toBe(code);
  });

  it('is not a file of that name, which ./- is', async () => {
    const named = await run(['stats', './-', '--tokens', '8', '--json']);
    expect(JSON.parse(named.stdout)).toMatchObject({ name: 'dash', pairs: 8 });
  });

  it('imports from the folder of the command', async () => {
    const text = 'import { one } from "./one.sparse"\npattern p = one\n';
    const { stdout, stderr } = await run(['stats', '-', '--tokens', '10', '--json'], text);
    expect(stderr).toBe('');
    expect(JSON.parse(stdout)).toMatchObject({ name: 'p', pairs: 4 * 10 - 6 });
  });

  it('is called <stdin> in messages', async () => {
    const { code, stdout } = await run(['check', '-'], 'pattern p = wnidow(3)\n');
    expect(stdout).toMatch(/^<stdin>:1:13: error: .*window.* \[unknown-name\]\n$/);
    expect(code).toBe(1);
  });

  it('may be meant twice', async () => {
    const text = 'pattern a = window(4)\npattern b = window(6)\n';
    const { code, stdout } = await run(['diff', '--tokens', '64', '--json', '--', '-#a', '-#b'], text);
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({ equal: false, masks: [{ relation: 'contained' }] });
  });

  it('may be empty, binary, or end in the middle', async () => {
    expect(await run(['check', '-'], '')).toMatchObject({ code: 0 });
    const nothing = await run(['stats', '-', '--tokens', '8'], '');
    expect(nothing).toMatchObject({ code: 2, stdout: '', stderr: 'error: <stdin> declares no pattern and no model\n' });
    const binary = await run(
      ['check', '-'],
      Uint8Array.from({ length: 999 }, (_, i) => (i * 151) & 255),
    );
    expect(binary.stdout).toMatch(/^<stdin>:1:1: error: .* \[not-text\]\n$/);
    expect((await run(['check', '-'], 'pattern p = window(')).code).toBe(1);
  });

  it('takes no more than 16 MiB', async () => {
    const { code, stdout } = await run(['check', '-'], ' '.repeat(2 ** 24 + 2));
    expect(stdout).toMatch(/<stdin>:1:1: error: .*16 MiB/);
    expect(code).toBe(1);
  });
});

describe.concurrent('--expr', () => {
  it('is checked like a file, from its first character', async () => {
    const { code, stdout, stderr } = await run(['check', '--expr', 'window(8) |\n wnidow(3) | windw(2)']);
    expect(stdout).toMatch(/^--expr:2:2: error: .*\n--expr:2:14: error: .*\n$/);
    expect(stderr).toBe('1 expression: 2 errors, 0 warnings\n');
    expect(code).toBe(1);
  });

  it.each(['window(8) pattern q = full()', 'window(8)\npattern q = full()', '', '// nothing'])(
    'is one expression, which %j is not',
    async text => {
      const { code, stdout } = await run(['check', '--expr', text]);
      expect(stdout).toMatch(/^--expr:\d+:\d+: error: .* \[syntax\]$/m);
      expect(code).toBe(1);
    },
  );

  it('takes the place of files', async () => {
    const { code, stderr } = await run(['check', 'one.sparse', '--expr', 'full()']);
    expect(stderr).toBe('error: give either FILE or --expr, not both\n');
    expect(code).toBe(2);
  });
});

it('says which file it may not read, and reads the others', async () => {
  // Whoever may read everything has no such file.
  if (mayRead) expect((await run(['check', 'secret.sparse'])).code).toBe(0);
  else {
    const { code, stderr } = await run(['check', 'secret.sparse', 'one.sparse']);
    expect(stderr).toBe('error: cannot read secret.sparse: permission denied\n1 file: 0 errors, 0 warnings\n');
    expect(code).toBe(2);
  }
});
