import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { sampleInput } from '../../../runtime/attention/sample-data.ts';
import { fromFloat32 } from '../../../runtime/tensor/convert.ts';
import { writeSafetensors } from '../../../runtime/tensor/safetensors.ts';
import { buildFirst, type Outcome, STACK_TRACE, sparse, temporaryFolder } from './command-line.ts';

buildFirst();
const cwd = temporaryFolder();
const suggest = (...args: string[]): Promise<Outcome> => sparse(['suggest', ...args, '--backend', 'cpu'], { cwd });

const layer = (seed: number) => sampleInput({ heads: 2, kvHeads: 1, queries: 120, keys: 120, headDim: 8 }, seed);
const tensors = [1, 2].flatMap(number => {
  const { q, k, v } = layer(number);
  return [
    [`h.${number}.q`, fromFloat32(q, [2, 120, 8])],
    [`h.${number}.k`, fromFloat32(k, [1, 120, 8])],
    [`h.${number}.v`, fromFloat32(v, [1, 120, 8])],
  ];
});
writeFileSync(path.join(cwd, 'qkv.safetensors'), writeSafetensors(Object.fromEntries(tensors)));

interface Found {
  readonly recall: number;
  readonly density: number;
  readonly text: string;
  readonly heads: readonly { readonly layer: number; readonly head: number; readonly recall: number }[];
}

describe.concurrent('suggest', { timeout: 90_000 }, () => {
  it('prints a file that checks cleanly and keeps what it says', async () => {
    const { code, stdout, stderr } = await suggest('--input', 'qkv.safetensors', '--density', '12%');
    expect(code, stderr).toBe(0);
    expect(stdout).toMatch(/^\/\*\*\n \* Suggested for qkv\.safetensors\.\n \* It keeps [\d.]+ % of causal attention/);
    expect(stdout).toMatch(/^\/\/ static patterns by density, from all rows$/m);
    expect(stdout).toMatch(/^\/\/ +[\d.]+ % +[\d.]+ % +[\d.]+ % {2}#+ +\S/m);
    writeFileSync(path.join(cwd, 'printed.sparse'), stdout);
    const checked = await sparse(['check', 'printed.sparse'], { cwd });
    expect(checked.code).toBe(0);
    expect(checked.stdout).not.toMatch(/: (?:error|warning): /);
    const found = JSON.parse(
      (await suggest('--input', 'qkv.safetensors', '--density', '0.12', '--json')).stdout,
    ) as Found;
    expect(stdout.startsWith(found.text)).toBe(true);
    expect(found.density).toBeLessThanOrEqual(0.12);
    const args = ['printed.sparse', '--input', 'qkv.safetensors', '--quick', '--json', '--backend', 'cpu'];
    const measured = JSON.parse((await sparse(['quality', ...args], { cwd })).stdout) as Found;
    expect(measured.heads).toHaveLength(4);
    for (const { layer: number, head, recall } of measured.heads)
      expect(recall).toBeCloseTo(found.heads.find(each => each.layer === number && each.head === head)!.recall, 6);
  });

  it('looks at one layer and head, and writes a file', async () => {
    const args = ['--input', 'qkv.safetensors', '--layer', '2', '--head', '1', '--static', '--out', 'one.sparse'];
    const { code, stdout, stderr } = await suggest(...args);
    expect(code, stderr).toBe(0);
    expect(stderr).toMatch(/wrote one\.sparse/);
    const text = readFileSync(path.join(cwd, 'one.sparse'), 'utf8');
    expect(stdout.startsWith(text)).toBe(true);
    expect(text).toMatch(/^pattern suggested = /m);
    expect(text).not.toMatch(/topk|vertical_slash/);
    expect((await suggest(...args)).stderr).toMatch(/one\.sparse exists already; add --force/);
  });

  it('keeps to a time', async () => {
    const args = ['--input', 'qkv.safetensors', '--static', '--json'];
    const { code, stdout, stderr } = await suggest(...args, '--ms', '5000');
    expect(code, stderr).toBe(0);
    const found = JSON.parse(stdout) as Found & { readonly ms: number; readonly asked: object };
    expect(found.asked).toEqual({ density: null, ms: 5000 });
    // All pairs take less.
    expect(found.recall).toBeGreaterThan(0.99);
    expect(found.ms).toBeLessThanOrEqual(5000);
    expect((await suggest(...args, '--ms', '1e-6')).stderr).toMatch(
      /takes at most 0\.000001 ms here: full attention takes/,
    );
    expect((await suggest(...args, '--ms', '5', '--density', '0.1')).stderr).toMatch(/cannot be used with/);
  });

  it.each<[string, readonly string[], RegExp]>([
    ['no tensors', [], /--input, or three \.npy files/],
    ['a density of nothing', ['--input', 'qkv.safetensors', '--density', '0'], /Write a share such as 0\.1 or 10%/],
    ['a density above all', ['--input', 'qkv.safetensors', '--density', '120%'], /Write a share such as/],
    ['a density that leaves no key', ['--input', 'qkv.safetensors', '--density', '0.001'], /leaves less than one key/],
    ['a layer that is not there', ['--input', 'qkv.safetensors', '--layer', '0'], /there is no layer 0: .* has 1, 2/],
    [
      'a head that is not there',
      ['--input', 'qkv.safetensors', '--head', '2'],
      /there is no head 2: .* has heads 0 to 1/,
    ],
  ])('refuses %s', async (_what, args, message) => {
    const outcome = await suggest(...args);
    expect(outcome).toMatchObject({ code: 2, stdout: '' });
    expect(outcome.stderr).toMatch(message);
    expect(outcome.stderr).not.toMatch(STACK_TRACE);
  });
});

// Beside others it would be interrupted before it has begun.
describe('suggest', { timeout: 60_000 }, () => {
  it('stops on Ctrl+C and leaves no file', async () => {
    const { q, k, v } = sampleInput({ heads: 6, kvHeads: 1, queries: 20_000, keys: 20_000, headDim: 32 });
    const file = {
      q: fromFloat32(q, [6, 20_000, 32]),
      k: fromFloat32(k, [1, 20_000, 32]),
      v: fromFloat32(v, [1, 20_000, 32]),
    };
    writeFileSync(path.join(cwd, 'large.safetensors'), writeSafetensors(file));
    const args = ['suggest', '--input', 'large.safetensors', '--out', 'never.sparse', '--backend', 'cpu'];
    const outcome = await sparse(args, { cwd, interruptAfter: 5000 });
    expect(outcome).toMatchObject({ code: 130, stdout: '' });
    expect(existsSync(path.join(cwd, 'never.sparse'))).toBe(false);
  });
});
