import { writeFileSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { checkMemory, headLots } from '../../../client/cli/head-lots.ts';
import { doJob } from '../../../client/cli/jobs.ts';
import { qualityOfTensors, type TensorOptions } from '../../../client/cli/quality-tensors.ts';
import { processSession } from '../../../client/cli/session.ts';
import { Sources } from '../../../client/cli/sources.ts';
import { openInput } from '../../../client/cli/tensors.ts';
import { sampleInput } from '../../../runtime/attention/sample-data.ts';
import type { Layout } from '../../../runtime/tensor/attention-tensors.ts';
import { fromFloat32 } from '../../../runtime/tensor/convert.ts';
import { writeSafetensors } from '../../../runtime/tensor/safetensors.ts';
import { temporaryFolder } from './command-line.ts';

// A thread would run the bundle of the command line.
vi.mock('../../../client/cli/in-thread.ts', () => ({ inThread: (job: Parameters<typeof doJob>[0]) => doJob(job) }));

const folder = temporaryFolder();
const never = new AbortController().signal;
const shape = { heads: 6, kvHeads: 2, queries: 20, keys: 30, headDim: 4 };
const sample = sampleInput(shape, 3);

function file(layout: 'hnd' | 'nhd'): string {
  const tensor = (data: Float32Array, heads: number, tokens: number) => {
    if (layout === 'hnd') return fromFloat32(data, [heads, tokens, 4]);
    const swapped = data.map((_, at) => {
      const [token, head, d] = [Math.floor(at / (4 * heads)), Math.floor(at / 4) % heads, at % 4];
      return data[(head * tokens + token) * 4 + d]!;
    });
    return fromFloat32(swapped, [tokens, heads, 4]);
  };
  const { q, k, v } = sample;
  const name = path.join(folder, `${layout}.safetensors`);
  writeFileSync(name, writeSafetensors({ q: tensor(q, 6, 20), k: tensor(k, 2, 30), v: tensor(v, 2, 30) }));
  return name;
}

/** Bytes that so many heads of the sample need, with outputs and copies. */
const needed = (heads: number): number => 8 * 4 * (3 * heads * 20 + 2 * Math.ceil(heads / 3) * 30);

describe('heads in lots', () => {
  it('are all of them, each once, in whole groups or parts of one, and fit', () => {
    fc.assert(
      fc.property(
        fc.record({ kvHeads: fc.integer({ min: 1, max: 9 }), group: fc.integer({ min: 1, max: 9 }) }),
        fc.record({ queries: fc.integer({ min: 1, max: 50 }), headDim: fc.integer({ min: 1, max: 9 }) }),
        fc.double({ min: 0, max: 1.2, noNaN: true }),
        ({ kvHeads, group }, { queries, headDim }, share) => {
          const heads = kvHeads * group;
          const axes = { batch: 1, tokens: 50, headDim };
          const k = { ...axes, heads: kvHeads };
          const sizes = { layout: 'hnd' as const, q: { ...axes, heads, tokens: queries }, k, v: k };
          const bytes = (count: number) =>
            8 * (3 * count * queries * headDim + 2 * Math.ceil(count / group) * 50 * headDim);
          const lots = headLots(sizes, share * bytes(heads));
          expect(lots.flatMap(({ from, to }) => Array.from({ length: to - from }, (_, at) => from + at))).toEqual([
            ...Array(heads).keys(),
          ]);
          for (const { from, to } of lots) {
            if (to - from > 1) expect(bytes(to - from)).toBeLessThanOrEqual(share * bytes(heads));
            const whole = from % group === 0 && to % group === 0;
            expect(whole || Math.floor(from / group) === Math.floor((to - 1) / group)).toBe(true);
          }
          if (share >= 1) expect(lots).toHaveLength(1);
        },
      ),
    );
  });

  it.each<Layout>(['hnd', 'nhd'])('are read as parts of all, %s', async layout => {
    const opened = await openInput(file(layout as 'hnd' | 'nhd'), { layout }, never);
    expect(await opened.read(null)).toEqual(sample);
    const part = (data: Float32Array, tokens: number, from: number, to: number) =>
      data.slice(from * tokens * 4, to * tokens * 4);
    for (const [from, to, first, end] of [
      [0, 3, 0, 1],
      [3, 6, 1, 2],
      [1, 3, 0, 1],
      [4, 5, 1, 2],
    ] as const)
      expect(await opened.read(null, { from, to })).toEqual({
        ...{ ...shape, heads: to - from, kvHeads: end - first },
        q: part(sample.q, 20, from, to),
        k: part(sample.k, 30, first, end),
        v: part(sample.v, 30, first, end),
      });
    await opened.close();
  });

  it('come to the same quality as all together, against the same', { timeout: 60_000 }, async () => {
    writeFileSync(
      path.join(folder, 'm.sparse'),
      `model M { tokens = 30  queries = 20  layers = 1  heads = 6  kv_heads = 2  attention = sliding(5)
        attention heads [4] = window(9) }
      model N { tokens = 30  queries = 20  layers = 1  heads = 6  kv_heads = 2  attention = topk(5) & causal() }
`,
    );
    const measure = async (of: string, memory: number, head?: number) => {
      const printed: string[] = [];
      const { session } = processSession(never);
      const quiet = { ...session, note() {}, print: (text: string) => void printed.push(text) };
      const options: TensorOptions = {
        ...{ of, input: file('hnd'), backend: 'cpu', dtype: 'f32', batch: 0, worst: 0, json: true },
        ...(head !== undefined && { head }),
      } as TensorOptions;
      await qualityOfTensors(path.join(folder, 'm.sparse'), options, quiet, new Sources(never), memory);
      return JSON.parse(printed.join()) as { readonly heads: readonly { readonly against: string }[] };
    };
    for (const model of ['M', 'N']) {
      const whole = await measure(model, needed(6));
      expect(whole.heads).toHaveLength(6);
      // The head that sees later keys comes in a later lot than the first.
      expect(new Set(whole.heads.map(({ against }) => against))).toEqual(new Set([model === 'M' ? 'full' : 'causal']));
      for (const heads of [1, 2, 3]) expect((await measure(model, needed(heads))).heads).toEqual(whole.heads);
    }
    expect((await measure('N', needed(6), 4)).heads).toEqual([(await measure('N', needed(6))).heads[4]]);
  });

  it('that need more memory than there is are refused with their number and size', () => {
    const axes = { batch: 1, heads: 1, tokens: 2 ** 30, headDim: 256 };
    const sizes = (heads: number) => ({ layout: 'hnd' as const, q: { ...axes, heads }, k: axes, v: axes });
    expect(() => checkMemory('a.npz', sizes(1))).toThrow(
      /^a\.npz: a layer of 1 head and 1073741824 tokens needs about .*iB/,
    );
    expect(() => checkMemory('a.npz', sizes(4), { from: 1, to: 2 })).toThrow('a.npz: 1 head of a layer and');
    expect(() => checkMemory('a.npz', sizes(4), { from: 0, to: 2 })).toThrow('a.npz: 2 heads of a layer and');
  });

  it('have the names of their layer in what is refused', async () => {
    const file = path.join(folder, 'large.safetensors');
    const large = new Float32Array(6 * 20 * 4);
    // Row 7 of head 5, in the last lot.
    large.fill(1e30, (5 * 20 + 7) * 4, (5 * 20 + 8) * 4);
    const { k, v } = sample;
    const tensors = (q: Float32Array, layer: number) => ({
      [`layer${layer}.q`]: fromFloat32(q, [6, 20, 4]),
      [`layer${layer}.k`]: fromFloat32(
        k.map(value => value * 1e30),
        [2, 30, 4],
      ),
      [`layer${layer}.v`]: fromFloat32(v, [2, 30, 4]),
    });
    writeFileSync(file, writeSafetensors({ ...tensors(new Float32Array(480), 0), ...tensors(large, 3) }));
    const { session } = processSession(never);
    const quiet = { ...session, note() {}, print() {} };
    const options = {
      ...{ expr: 'sliding(5)', input: file, backend: 'cpu', dtype: 'f32', batch: 0, worst: 0, quick: true },
    } as unknown as TensorOptions;
    for (const heads of [1, 3, 6])
      await expect(qualityOfTensors(undefined, options, quiet, new Sources(never), needed(heads))).rejects.toThrow(
        'The scores of query row 7 of layer 3, head 5 are beyond float32',
      );
  });
});
