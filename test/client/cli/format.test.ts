import { chmodSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { buildFirst, STACK_TRACE, sparse, temporaryFolder } from './command-line.ts';

buildFirst();
const MESSY = '/** Kept. */\npattern   mine(size=8)=window( size )|global([0 , 1]) // why\n\n\n\nconst a=4Ki\n';
const NEAT = '/** Kept. */\npattern mine(size = 8) = window(size) | global([0, 1]) // why\n\nconst a = 4Ki\n';
const BROKEN = 'pattern p = window(\n';

function folder(): { file(name: string): string; run: (...args: string[]) => ReturnType<typeof sparse> } {
  const cwd = temporaryFolder();
  writeFileSync(path.join(cwd, 'messy.sparse'), MESSY);
  writeFileSync(path.join(cwd, 'neat.sparse'), NEAT);
  writeFileSync(path.join(cwd, 'broken.sparse'), BROKEN);
  return { file: name => path.join(cwd, name), run: (...args) => sparse(['format', ...args], { cwd }) };
}

describe('sparse format', () => {
  const { run, file } = folder();

  it('prints what the editor would make of a file, and leaves it', async () => {
    expect(await run('messy.sparse')).toEqual({ code: 0, stdout: NEAT, stderr: '' });
    expect(await run('neat.sparse')).toEqual({ code: 0, stdout: NEAT, stderr: '' });
    expect(readFileSync(file('messy.sparse'), 'utf8')).toBe(MESSY);
  });

  it('reads standard input', async () => {
    expect(await sparse(['format', '-'], { input: MESSY })).toEqual({ code: 0, stdout: NEAT, stderr: '' });
    expect(await sparse(['format', '-'], { input: '' })).toEqual({ code: 0, stdout: '', stderr: '' });
    const { code, stderr } = await sparse(['format', '--write', '-'], { input: MESSY });
    expect(stderr).toMatch(/^error: standard input cannot be written back/);
    expect(code).toBe(2);
  });

  it('checks, and ends with 1 when something would change', async () => {
    expect(await run('--check', '{messy,neat}.sparse')).toEqual({
      code: 1,
      stdout: 'messy.sparse\n',
      stderr: '2 files: 1 file to format\n',
    });
    expect(await run('--check', 'neat.sparse')).toMatchObject({ code: 0, stdout: '' });
  });

  it('leaves what it cannot read or parse, says why, and does the rest', async () => {
    const { code, stdout, stderr } = await run('broken.sparse', 'nowhere.sparse', 'neat.sparse');
    expect(stdout).toBe(NEAT);
    expect(stderr).toMatch(/^broken\.sparse:\d+:\d+: error: .* \[syntax\]\nerror: cannot read nowhere\.sparse: .*\n$/);
    expect(stderr).not.toMatch(STACK_TRACE);
    expect(code).toBe(2);
    expect(readFileSync(file('broken.sparse'), 'utf8')).toBe(BROKEN);
    expect((await run('broken.sparse')).code).toBe(1);
  });

  it('does not take both --check and --write, nor nothing', async () => {
    expect((await run('--check', '--write', 'neat.sparse')).code).toBe(2);
    expect((await run()).code).toBe(2);
  });
});

describe('sparse format --write', () => {
  it('writes back what changes, with the permissions it had, and touches nothing else', async () => {
    const { run, file } = folder();
    chmodSync(file('messy.sparse'), 0o640);
    const before = statSync(file('neat.sparse')).mtimeMs;
    const { code, stdout, stderr } = await run('--write', '*.sparse');
    expect(stdout).toBe('messy.sparse\n');
    expect(stderr).toMatch(/3 files: 1 file formatted\n$/);
    expect(code).toBe(1);
    expect(readFileSync(file('messy.sparse'), 'utf8')).toBe(NEAT);
    expect(readFileSync(file('broken.sparse'), 'utf8')).toBe(BROKEN);
    expect(statSync(file('messy.sparse')).mode & 0o777).toBe(0o640);
    expect(statSync(file('neat.sparse')).mtimeMs).toBe(before);
    expect(await run('--write', 'messy.sparse')).toMatchObject({ code: 0, stdout: '' });
  });
});

it('agrees with every example and every file of the standard library', async () => {
  const { code, stdout } = await sparse(['format', '--check', 'examples/**/*.sparse', 'server/library/*.sparse']);
  expect(stdout).toBe('');
  expect(code).toBe(0);
});
