import { describe, expect, it } from 'vitest';
import { sampleInput } from '../../../runtime/attention/sample-data.ts';
import { SAMPLE_KINDS, type SampleKind, structuredInput } from '../../../runtime/attention/structured-data.ts';
import type { AttentionInput } from '../../../runtime/attention/types.ts';

const shape = { heads: 4, kvHeads: 2, queries: 300, keys: 512, headDim: 64 };

/** Softmax of a row over all keys, from the definition. */
function weights(
  { q, k, heads, kvHeads, queries, keys, headDim }: AttentionInput,
  head: number,
  row: number,
): number[] {
  const kvHead = Math.floor((head * kvHeads) / heads);
  const scores = Array.from({ length: keys }, (_, key) => {
    let sum = 0;
    for (let d = 0; d < headDim; d++)
      sum += q[(head * queries + row) * headDim + d]! * k[(kvHead * keys + key) * headDim + d]!;
    return Math.exp(sum / Math.sqrt(headDim));
  });
  const all = scores.reduce((sum, each) => sum + each, 0);
  return scores.map(each => each / all);
}

const sum = (values: readonly number[]): number => values.reduce((all, each) => all + each, 0);
const rows = [0, 57, 141, 299];

describe('structured samples', () => {
  it('are the same each time, differ by seed, and leave random ones as they are', () => {
    const small = { heads: 4, kvHeads: 2, queries: 9, keys: 16, headDim: 8 };
    for (const kind of SAMPLE_KINDS) {
      const one = structuredInput(small, kind, 3);
      expect(structuredInput(small, kind, 3)).toEqual(one);
      expect(structuredInput(small, kind, 4).k).not.toEqual(one.k);
      expect([one.q.length, one.k.length]).toEqual([4 * 9 * 8, 2 * 16 * 8]);
      expect(one.q.every(Number.isFinite) && one.k.every(Number.isFinite)).toBe(true);
    }
    expect(structuredInput(small, 'random', 3)).toEqual(sampleInput(small, 3));
  });

  it('attend to the neighbourhood, to sinks, to their kind, or to one key', () => {
    const of = (kind: SampleKind) => structuredInput(shape, kind, 1);
    const near = (row: number, all: readonly number[]): number =>
      sum(all.filter((_, key) => Math.abs(key - (212 + row)) <= 64));
    for (const row of rows) {
      // 64 tokens on either side: a quarter of all, at most.
      expect(near(row, weights(of('random'), 1, row))).toBeLessThan(0.4);
      expect(near(row, weights(of('local'), 1, row))).toBeGreaterThan(0.7);
      const rested = weights(of('sinks'), 3, row);
      expect(sum(rested.slice(0, 4))).toBeGreaterThan(0.02);
      expect(Math.min(...rested.slice(0, 4))).toBeGreaterThan(10 / 512 / 5);
      // One token in 16 is of the same kind.
      const kinds = weights(of('clusters'), 0, row).sort((a, b) => b - a);
      expect(sum(kinds.slice(0, 60))).toBeGreaterThan(0.8);
      const needle = weights(of('needle'), 2, row);
      expect(Math.max(...needle)).toBeGreaterThan(0.8);
    }
    // All queries of heads that share keys look for the same one.
    const found = rows.map(row => {
      const all = weights(of('needle'), 2, row);
      return all.indexOf(Math.max(...all));
    });
    expect(new Set(found).size).toBe(1);
  });

  it('have any width', () => {
    for (const kind of SAMPLE_KINDS)
      for (const headDim of [1, 2, 3, 7]) {
        const input = structuredInput({ heads: 1, kvHeads: 1, queries: 1, keys: 1, headDim }, kind);
        expect([...input.q, ...input.k].every(Number.isFinite)).toBe(true);
        expect(input.k.length).toBe(headDim);
      }
  });
});
