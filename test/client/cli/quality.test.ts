import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { sampleInput } from '../../../runtime/attention/sample-data.ts';
import { fromFloat32 } from '../../../runtime/tensor/convert.ts';
import { writeSafetensors } from '../../../runtime/tensor/safetensors.ts';
import { attentionOf, qualityByDefinition } from '../../runtime/analyse/quality/by-definition.ts';
import { buildFirst, type Outcome, STACK_TRACE, sparse, temporaryFolder } from './command-line.ts';

buildFirst();
const cwd = temporaryFolder();
const quality = (...args: string[]): Promise<Outcome> => sparse(['quality', ...args], { cwd });

const shape = { heads: 4, kvHeads: 2, queries: 50, keys: 90, headDim: 8 };
const layers = [0, 3].map(layer => ({ layer, input: sampleInput(shape, layer) }));
const tensors = layers.flatMap(({ layer, input: { q, k, v } }) => [
  [`h.${layer}.q`, fromFloat32(q, [4, 50, 8])],
  [`h.${layer}.k`, fromFloat32(k, [2, 90, 8])],
  [`h.${layer}.v`, fromFloat32(v, [2, 90, 8])],
]);
writeFileSync(path.join(cwd, 'qkv.safetensors'), writeSafetensors(Object.fromEntries(tensors)));
writeFileSync(
  path.join(cwd, 'model.sparse'),
  `model M {
  tokens = 90
  queries = 50
  layers = 4
  heads = 4
  kv_heads = 2
  attention = sliding(20)
  attention layers [3], heads [1] = window(9)
}
model Short { tokens = 90  queries = 50  layers = 2  heads = 4  kv_heads = 2  attention = causal() }
`,
);

interface Found {
  readonly heads: readonly {
    readonly layer: number;
    readonly head: number;
    readonly against: string;
    readonly recall: number;
    readonly error: number;
    readonly worst: readonly { readonly row: number; readonly recall: number }[];
    readonly distribution: { readonly topk: number } | null;
  }[];
}

async function json(...args: string[]): Promise<Found> {
  const { code, stdout, stderr } = await quality(...args, '--json', '--backend', 'cpu');
  expect(code, stderr).toBe(0);
  return JSON.parse(stdout) as Found;
}

describe.concurrent('quality', { timeout: 60_000 }, () => {
  it('measures every layer and head of a file as the definition says', async () => {
    const { heads } = await json('model.sparse', '--of', 'M', '--input', 'qkv.safetensors', '--worst', '7');
    expect(heads.map(({ layer, head }) => [layer, head])).toEqual(
      [0, 3].flatMap(layer => [0, 1, 2, 3].map(head => [layer, head])),
    );
    for (const { layer, head, against, recall, error, worst } of heads) {
      // One head that sees later keys makes its layer full attention's.
      expect(against).toBe(layer === 3 ? 'full' : 'causal');
      const seen = (row: number, key: number) => layer === 3 || key <= row + 40;
      const allowed = (row: number, key: number) => {
        const distance = row + 40 - key;
        return layer === 3 && head === 1 ? Math.abs(distance) <= 4 : distance >= 0 && distance < 20;
      };
      const { input } = layers.find(each => each.layer === layer)!;
      const wanted = qualityByDefinition(input, head, seen, allowed);
      expect(recall).toBeCloseTo(wanted.recall, 5);
      expect(error).toBeCloseTo(wanted.error, 4);
      expect(worst).toHaveLength(7);
      expect(worst[0]!.recall).toBeCloseTo(Math.min(...wanted.recalls), 5);
    }
  });

  it('measures a pattern that chooses keys, and finds it the best of its kind', async () => {
    const { heads } = await json('--expr', 'topk(9, within: causal())', '--input', 'qkv.safetensors', '--layer', '3');
    expect(heads).toHaveLength(4);
    for (const { head, layer, recall, distribution } of heads) {
      expect(layer).toBe(3);
      const { p } = attentionOf(layers[1]!.input, head, (row, key) => key <= row + 40);
      const best = p.map(row => [...row].sort((a, b) => b - a).slice(0, 9));
      expect(recall).toBeCloseTo(best.flat().reduce((a, b) => a + b, 0) / 50, 5);
      expect(distribution!.topk).toBeCloseTo(recall, 5);
    }
  });

  it('takes later keys out when it is asked for causal attention', async () => {
    const args = ['--input', 'qkv.safetensors', '--layer', '0', '--head', '2', '--quick'];
    const [causal] = (await json('--expr', 'window(30)', ...args, '--against', 'causal')).heads;
    const [same] = (await json('--expr', 'window(30) & causal()', ...args)).heads;
    expect(causal).toEqual(same);
    expect(causal).toMatchObject({ head: 2, against: 'causal', distribution: null });
    const [full] = (await json('--expr', 'window(30) & causal()', ...args, '--against', 'full')).heads;
    expect(full!.recall).toBeLessThan(same!.recall);
  });

  it('prints a table, the worst rows and the curves', async () => {
    const args = ['--expr', 'sliding(20)', '--input', 'qkv.safetensors', '--worst', '3', '--curve'];
    const { stdout } = await quality(...args, '--backend', 'cpu');
    expect(stdout).toMatch(/^sliding\(20\) on qkv\.safetensors, against causal attention$/m);
    expect(stdout).toMatch(
      /^layer +head +density +recall +oracle +top-k +window +random +worst row +overlap +entropy/m,
    );
    expect(stdout.match(/^[03] +[0-3] .* at \d+ .* bits /gm)).toHaveLength(8);
    expect(stdout).toMatch(/^mean /m);
    expect(stdout).toMatch(/^worst 3 rows\nlayer +head +row +recall\n(?:\d+ +\d+ +\d+ +[\d.]+ %\n){3}\n/m);
    expect(stdout).toMatch(/^recall by density, mean over 8 heads\ndensity +oracle/m);
  });

  it('prints comma-separated values', async () => {
    const args = ['--expr', 'sliding(20)', '--input', 'qkv.safetensors', '--layer', '0', '--csv', '--backend', 'cpu'];
    const lines = (await quality(...args)).stdout.trimEnd().split('\n');
    expect(lines).toHaveLength(5);
    expect(lines[0]).toMatch(/^layer,head,pairs,density,recall,/);
    for (const line of lines) expect(line.split(',')).toHaveLength(15);
    const points = (await quality(...args, '--curve')).stdout.trimEnd().split('\n');
    expect(points[0]).toBe('layer,head,line,density,recall');
    expect(points.filter(line => line.startsWith('0,3,oracle,')).length).toBeGreaterThan(10);
  });

  it.each<[string, readonly string[], number, RegExp]>([
    ['no tensors', ['--expr', 'causal()'], 2, /--input, or three \.npy files/],
    ['a layer that is not there', ['--expr', 'causal()', '--input', 'qkv.safetensors', '--layer', '2'], 2, /has 0, 3/],
    [
      'a model with fewer layers',
      ['model.sparse', '--of', 'Short', '--input', 'qkv.safetensors'],
      2,
      /no layer 3: Short/,
    ],
    ['another length', ['--expr', 'causal()', '--tokens', '64', '--input', 'qkv.safetensors'], 2, /has 90 tokens/],
    [
      'both kinds of output',
      ['--expr', 'causal()', '--input', 'qkv.safetensors', '--json', '--csv'],
      2,
      /cannot be used/,
    ],
    ['curves without scores', ['--expr', 'causal()', '--input', 'x', '--quick', '--curve'], 2, /cannot be used/],
  ])('refuses %s', async (_what, args, code, message) => {
    const outcome = await quality(...args);
    expect(outcome).toMatchObject({ code, stdout: '' });
    expect(outcome.stderr).toMatch(message);
    expect(outcome.stderr).not.toMatch(STACK_TRACE);
  });
});

// Beside others it would be interrupted before it has begun.
describe('quality', { timeout: 60_000 }, () => {
  it('stops on Ctrl+C', async () => {
    const large = { heads: 8, kvHeads: 1, queries: 24_000, keys: 24_000, headDim: 32 };
    const { q, k, v } = sampleInput(large);
    const file = {
      q: fromFloat32(q, [8, 24_000, 32]),
      k: fromFloat32(k, [1, 24_000, 32]),
      v: fromFloat32(v, [1, 24_000, 32]),
    };
    writeFileSync(path.join(cwd, 'large.safetensors'), writeSafetensors(file));
    const args = ['quality', '--expr', 'sliding(64) | rows([0])', '--input', 'large.safetensors', '--backend', 'cpu'];
    const outcome = await sparse(args, { cwd, interruptAfter: 5000 });
    expect(outcome).toMatchObject({ code: 130, stdout: '' });
  });
});
