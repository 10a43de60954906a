import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { buildFirst, sparse, temporaryFolder } from './command-line.ts';

buildFirst();
const cwd = temporaryFolder();
mkdirSync(path.join(cwd, 'folder'));
writeFileSync(path.join(cwd, 'one.sparse'), 'pattern first = full()\nmodel Second { tokens = 8  attention = first }\n');
writeFileSync(path.join(cwd, 'folder/two.sparse'), 'pattern two = full()\n');
writeFileSync(path.join(cwd, 'other.txt'), '');

/** Words that a shell would offer for the last one. */
async function offered(...words: string[]): Promise<string[]> {
  const { code, stdout, stderr } = await sparse(['complete', '--', ...words], { cwd });
  expect(stderr).toBe('');
  expect(code).toBe(0);
  const lines = stdout.trimEnd().split('\n');
  // What the script is to do follows the words.
  expect(lines.pop()).toMatch(/^:\d+$/);
  return lines.map(line => line.split('\t')[0]!);
}

describe.concurrent('completion', () => {
  it.each<[words: string[], expected: string[]]>([
    [['dr'], ['draw']],
    [['form'], ['formats', 'format']],
    [['stats', '--ti'], ['--tile']],
    [
      ['draw', '--theme', ''],
      ['light', 'dark'],
    ],
    [['run', '--backend', 'r'], ['reference']],
    [
      ['export', '--format', 'fl'],
      ['flex', 'flashinfer', 'flashinfer-vsa', 'flashmask'],
    ],
    [
      ['stats', ''],
      ['folder/', 'one.sparse'],
    ],
    [['check', 'one.sparse', 'folder/'], ['folder/two.sparse']],
    [['check', 'nowhere/'], []],
    [
      ['export', 'one.sparse', '--out', 'o'],
      ['one.sparse', 'other.txt'],
    ],
    [
      ['stats', 'one.sparse', '--of', ''],
      ['first', 'Second'],
    ],
    [['stats', '--of', ''], []],
    [['completion', 'z'], ['zsh']],
  ])('of %j offers %j', async (words, expected) => {
    expect((await offered(...words)).sort()).toEqual([...expected].sort());
  });

  it('tells what each command does, on one line', async () => {
    const { stdout } = await sparse(['complete', '--', ''], { cwd });
    const lines = stdout.trimEnd().split('\n').slice(0, -1);
    expect(lines.length).toBeGreaterThan(12);
    for (const line of lines) expect(line).toMatch(/^\w+\t\S/);
  });

  it('works in bash', async () => {
    const script = await sparse(['completion', 'bash']);
    expect(script.code).toBe(0);
    const program = path.join(cwd, 'sparse');
    const cli = fileURLToPath(new URL('../../../dist/cli.mjs', import.meta.url));
    writeFileSync(program, `#!/bin/sh\nexec "${process.execPath}" "${cli}" "$@"\n`);
    chmodSync(program, 0o755);
    // bash-completion's function, for a line that is typed to its end.
    const bash = `_get_comp_words_by_ref() { cur="\${COMP_WORDS[COMP_CWORD]}"; words=("\${COMP_WORDS[@]}"); cword=$COMP_CWORD; }
compopt() { :; }
${script.stdout}
COMP_WORDS=(sparse stats one.sparse --fl); COMP_CWORD=3
$(complete -p sparse | sed 's/.*-F \\([^ ]*\\).*/\\1/')
printf '%s\\n' "\${COMPREPLY[@]}"`;
    const { stdout, stderr, status } = spawnSync('bash', ['-c', bash], {
      cwd,
      encoding: 'utf8',
      env: { ...process.env, PATH: `${cwd}:${process.env.PATH}` },
    });
    expect(stderr).toBe('');
    expect(status).toBe(0);
    expect(stdout).toBe('--flow\n');
  });

  it.each([
    ['zsh', /^#compdef sparse$/m],
    ['fish', /complete -c sparse /],
    ['powershell', /Register-ArgumentCompleter/],
  ])('has a script for %s', async (shell, registers) => {
    const { code, stdout } = await sparse(['completion', shell]);
    expect(stdout).toMatch(registers);
    expect(stdout).toMatch(/sparse complete '?--/);
    expect(code).toBe(0);
  });

  it('knows no other shell', async () => {
    const { code, stderr } = await sparse(['completion', 'csh']);
    expect(stderr).toMatch(/'csh' is invalid.*Allowed choices are zsh, bash, fish, powershell/);
    expect(code).toBe(2);
  });
});
