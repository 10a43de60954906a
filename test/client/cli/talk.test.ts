import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { coloursOf } from '../../../client/cli/colour.ts';
import { buildFirst, sparse, temporaryFolder } from './command-line.ts';

buildFirst();
const cwd = temporaryFolder();
writeFileSync(path.join(cwd, 'bad.sparse'), 'pattern p = wnidow(3)\n');
writeFileSync(path.join(cwd, 'good.sparse'), 'pattern p = window(4)\n');
const ESCAPE = '\u001b[';

describe('colours', () => {
  const terminal = { isTTY: true };
  it.each<[boolean, { isTTY?: boolean }, Record<string, string>]>([
    [true, terminal, {}],
    [false, {}, {}],
    [false, terminal, { NO_COLOR: '1' }],
    [true, terminal, { NO_COLOR: '' }],
    [false, terminal, { TERM: 'dumb' }],
    [true, {}, { FORCE_COLOR: '1' }],
    [false, terminal, { FORCE_COLOR: '0' }],
    [false, {}, { FORCE_COLOR: '1', NO_COLOR: '1' }],
  ])('%s for %j with %j', (expected, stream, env) => {
    expect(coloursOf(stream, env).isColorSupported).toBe(expected);
  });

  it('are not in a pipe, and are where they are asked for', async () => {
    const env = { NO_COLOR: '', FORCE_COLOR: '' };
    const plain = await sparse(['check', 'bad.sparse', 'nowhere.sparse'], { cwd, env });
    expect(plain.stdout + plain.stderr).not.toContain(ESCAPE);
    const forced = await sparse(['check', 'bad.sparse', 'nowhere.sparse'], { cwd, env: { ...env, FORCE_COLOR: '1' } });
    expect(forced.stdout).toContain(`${ESCAPE}31merror:`);
    expect(forced.stderr).toContain(`${ESCAPE}31merror:`);
    const json = await sparse(['check', 'bad.sparse', '--json'], { cwd, env: { ...env, FORCE_COLOR: '1' } });
    expect(json.stdout).not.toContain(ESCAPE);
  });
});

describe.concurrent('--quiet and --verbose', () => {
  it.each([
    ['-q', 'check', 'good.sparse'],
    ['check', 'good.sparse', '--quiet'],
    ['export', 'good.sparse', '--tokens', '8', '--format', 'npy', '--out', 'quiet.npy', '-q'],
  ])('%s %s %s: nothing but results', async (...args) => {
    expect(await sparse(args, { cwd })).toEqual({ code: 0, stdout: '', stderr: '' });
  });

  it('still says what went wrong', async () => {
    const { code, stderr } = await sparse(['-q', 'stats', 'nowhere.sparse'], { cwd });
    expect(stderr).toBe('error: cannot read nowhere.sparse: there is no such file or folder\n');
    expect(code).toBe(2);
  });

  it('says more: what took how long, and what was read', async () => {
    const { stderr } = await sparse(['stats', 'good.sparse', '--tokens', '8', '--verbose'], { cwd });
    expect(stderr).toMatch(/^Counting took \d+ ms\nread good\.sparse\n$/);
  });

  it('cannot be both', async () => {
    const { code, stderr } = await sparse(['-q', '-v', 'formats'], { cwd });
    expect(stderr).toMatch(/^error: option .*--quiet.* cannot be used with option .*--verbose/);
    expect(code).toBe(2);
  });
});

it('ends without a word when a reader has had enough', async () => {
  const args = ['draw', '--expr', 'random(3)', '--tokens', '8Ki', '--size', '8192', '--out', '-', '--format', 'png'];
  expect(await sparse(args, { cwd, stdout: 'closed' })).toEqual({ code: 0, stdout: '', stderr: '' });
}, 60_000);

it('all that was printed reaches a reader who takes their time', { timeout: 60_000 }, async () => {
  // Far more than a pipe holds.
  const args = ['draw', '--expr', 'causal()', '--tokens', '4096', '--size', '1000'];
  const { code, stdout } = await sparse(args, { cwd, readAfter: 6000 });
  expect(code).toBe(0);
  expect(stdout.length).toBeGreaterThan(2 ** 17);
  expect(stdout).toBe((await sparse(args, { cwd })).stdout);
});
