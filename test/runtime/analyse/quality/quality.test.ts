import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { baselinePlans } from '../../../../runtime/analyse/quality/baseline.ts';
import { openSurveyor } from '../../../../runtime/analyse/quality/open-surveyor.ts';
import { type Baseline, quality } from '../../../../runtime/analyse/quality.ts';
import { createAttention } from '../../../../runtime/attention/attention.ts';
import { openDawn } from '../../../../runtime/attention/gpu/dawn.node.ts';
import { sampleInput } from '../../../../runtime/attention/sample-data.ts';
import type { AttentionInput, PlanParts } from '../../../../runtime/attention/types.ts';
import { compileHeadParts } from '../../../../runtime/compile/compile-heads.ts';
import { densePlan } from '../../dense-plan.ts';
import { modelOf } from '../../dynamic/select.ts';
import { qualityByDefinition } from './by-definition.ts';

const attention = createAttention({});
afterAll(() => attention.dispose());

type Allowed = (head: number, row: number, key: number) => boolean;

/** Compares every head with the definition. */
async function expectDefined(input: AttentionInput, parts: PlanParts, allowed: Allowed, baseline: Baseline) {
  const { heads, queries, keys } = input;
  const found = await quality(attention, input, parts, { baseline, backend: 'cpu', worstRows: queries });
  expect(found.baseline).toBe(baseline);
  const offset = keys - queries;
  for (let head = 0; head < heads; head++) {
    const seen = (row: number, key: number) => baseline === 'full' || key <= offset + row;
    const wanted = qualityByDefinition(input, head, seen, (row, key) => allowed(head, row, key));
    const own = found.heads[head]!;
    expect(own.recall).toBeCloseTo(wanted.recall, 5);
    expect(Math.abs(own.error - wanted.error)).toBeLessThan(1e-5 + 1e-4 * wanted.error);
    expect(own.cosine).toBeCloseTo(wanted.cosine, 5);
    expect(own.worst).toHaveLength(queries);
    own.worst.forEach(({ row, recall }, place) => {
      expect(recall).toBeCloseTo(wanted.recalls[row]!, 5);
      expect(recall).toBeGreaterThanOrEqual(own.worst[place - 1]?.recall ?? 0);
    });
    let pairs = 0;
    for (let row = 0; row < queries; row++)
      for (let key = 0; key < keys; key++) pairs += Number(allowed(head, row, key));
    expect(own.pairs).toBe(pairs);
    expect(own.density).toBe(pairs / (queries * keys));
  }
}

describe('quality', () => {
  it('is as the definition says, for any masks', { timeout: 60_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.record({
          kvHeads: fc.integer({ min: 1, max: 2 }),
          group: fc.integer({ min: 1, max: 2 }),
          keys: fc.integer({ min: 1, max: 70 }),
          fewer: fc.nat(69),
          headDim: fc.integer({ min: 1, max: 20 }),
          causal: fc.boolean(),
          share: fc.constantFrom(0, 0.05, 0.5, 0.9, 1),
          seed: fc.nat(1000),
        }),
        async ({ kvHeads, group, keys, fewer, headDim, causal, share, seed }) => {
          const heads = kvHeads * group;
          const queries = Math.max(1, keys - fewer);
          const input = sampleInput({ heads, kvHeads, queries, keys, headDim }, seed);
          const draws = sampleInput({ heads, kvHeads: heads, queries, keys, headDim: keys }, seed + 1).q;
          const limit =
            share === 1 ? Number.POSITIVE_INFINITY : share === 0 ? Number.NEGATIVE_INFINITY : 3 * share - 1.5;
          const allowed: Allowed = (head, row, key) =>
            draws[(head * queries + row) * keys + key]! < limit && (!causal || key <= keys - queries + row);
          const tile = { queries: 16, keys: 32 };
          const plans = Array.from({ length: heads }, (_, head) =>
            densePlan(queries, keys, (row, key) => allowed(head, row, key), tile),
          );
          const parts = [{ plans, headPlan: plans.map((_, head) => head) }];
          await expectDefined(input, parts, allowed, causal ? 'causal' : 'full');
        },
      ),
      { numRuns: 60 },
    );
  });

  it('holds for masks in parts with orders of their own', async () => {
    const input = sampleInput({ heads: 2, kvHeads: 1, queries: 1500, keys: 1500, headDim: 4 }, 3);
    const model = await modelOf('strided(64) | window(9)', input);
    const parts = compileHeadParts(model, 0, [0, 1], 1500);
    expect(parts.length).toBeGreaterThan(1);
    const allowed: Allowed = (_, i, j) => (i - j) % 64 === 0 || Math.abs(i - j) <= 4;
    await expectDefined(input, parts, allowed, 'full');
  });

  it('chooses causal attention where no query sees a later key, and full attention elsewhere', async () => {
    const input = sampleInput({ heads: 2, kvHeads: 2, queries: 40, keys: 100, headDim: 4 });
    const baselineOf = async (expression: string) => {
      const parts = compileHeadParts(await modelOf(expression, input), 0, [0, 1], 100);
      return (await quality(attention, input, parts, { backend: 'cpu' })).baseline;
    };
    expect(await baselineOf('sliding(5)')).toBe('causal');
    expect(await baselineOf('strided(7) & causal()')).toBe('causal');
    expect(await baselineOf('window(5)')).toBe('full');
    expect(await baselineOf('sliding(5) | (where (i, j) => head == 1 && i == 60 && j == 61)')).toBe('full');
  });

  it('gives everything to a mask that holds everything, and nothing to one that holds nothing', async () => {
    const input = sampleInput({ heads: 1, kvHeads: 1, queries: 70, keys: 70, headDim: 16 });
    const of = async (expression: string, baseline: Baseline) => {
      const parts = compileHeadParts(await modelOf(expression, input), 0, [0], 70);
      return (await quality(attention, input, parts, { backend: 'cpu', baseline })).heads[0]!;
    };
    for (const [expression, baseline] of [
      ['full()', 'full'],
      ['causal()', 'causal'],
    ] as const) {
      const { recall, error, cosine } = await of(expression, baseline);
      expect([recall, cosine]).toEqual([expect.closeTo(1, 6), expect.closeTo(1, 6)]);
      expect(error).toBeLessThan(1e-6);
    }
    const { recall, error, cosine, pairs } = await of('none()', 'full');
    expect({ recall, error, cosine, pairs }).toEqual({ recall: 0, error: expect.closeTo(1, 9), cosine: 0, pairs: 0 });
  });

  it('is all of it for a mask of all pairs, whatever rounding makes of probabilities', async () => {
    const input = sampleInput({ heads: 3, kvHeads: 3, queries: 75, keys: 81, headDim: 8 }, 7);
    for (const [expression, baseline] of [
      ['full()', 'full'],
      ['causal()', 'causal'],
    ] as const) {
      const parts = compileHeadParts(await modelOf(expression, input), 0, [0, 1, 2], 81);
      const { heads } = await quality(attention, input, parts, { backend: 'cpu', baseline });
      for (const { distribution } of heads) {
        const { oracle, topk, window, random, overlap, curve } = distribution!;
        expect({ oracle, topk, window, random, overlap }).toEqual({
          oracle: 1,
          topk: 1,
          window: 1,
          random: 1,
          overlap: 1,
        });
        // The widest window has all keys of no row but the middle one, where both sides are seen.
        const { window: widest, ...others } = curve;
        for (const line of [...Object.values(others), ...(baseline === 'causal' ? [widest] : [])])
          expect(line.at(-1)!.recall).toBe(1);
      }
    }
  });

  it('has a plan of both baselines also for sequences whose tiles are large', () => {
    const keys = 2 ** 17 + 100;
    const queries = keys - 50;
    const pairsOf = (baseline: Baseline): number => {
      const { plans, headPlan } = baselinePlans(baseline, 2, queries, keys, 50);
      expect(headPlan).toEqual([0, 0]);
      return plans[0]!.pairs.reduce((sum, count) => sum + count, 0);
    };
    expect(pairsOf('causal')).toBe((queries * (51 + keys)) / 2);
    expect(pairsOf('full')).toBe(queries * keys);
  });

  it('refuses scores and outputs beyond float32', async () => {
    const shape = { heads: 2, kvHeads: 1, queries: 9, keys: 9, headDim: 4 };
    const large = (of: 'q' | 'k' | 'v', value: number): AttentionInput => {
      const input = sampleInput(shape);
      // Row 5 of the second head, or key 5.
      input[of][(of === 'q' ? 9 + 5 : 5) * 4] = value;
      return input;
    };
    const parts = [{ plans: [densePlan(9, 9, () => true)], headPlan: [0, 0] }];
    const options = { baseline: 'full', backend: 'cpu' } as const;
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY])
      await expect(quality(attention, large('q', value), parts, options)).rejects.toThrow(
        'The scores of query row 5 of head 1 are beyond float32',
      );
    const both = large('q', 1e30);
    both.k.fill(1e30);
    await expect(quality(attention, both, parts, options)).rejects.toThrow('The scores of query row');
    await expect(quality(attention, large('v', Number.NaN), parts, options)).rejects.toThrow(
      'The outputs of query row 0 of head 0',
    );
  });

  it('refuses to measure against causal attention what sees later keys', async () => {
    const input = sampleInput({ heads: 1, kvHeads: 1, queries: 20, keys: 20, headDim: 4 });
    const parts = compileHeadParts(await modelOf('window(5)', input), 0, [0], 20);
    await expect(quality(attention, input, parts, { baseline: 'causal' })).rejects.toThrow(
      'intersect them with causal()',
    );
  });

  it('comes to the same on a graphics device, for heads that share keys', { timeout: 180_000 }, async () => {
    const shape = { heads: 4, kvHeads: 2, queries: 60, keys: 75, headDim: 12 };
    const input = sampleInput(shape, 4);
    const plans = [2, 3].map(step => densePlan(60, 75, (row, key) => key <= row + 15 && (row + key) % step === 0));
    const parts = [{ plans, headPlan: [0, 1, 1, 0] }];
    const both = createAttention({ gpu: openDawn });
    const surveyor = openSurveyor({ gpu: openDawn }, 'gpu');
    const found = await quality(both, input, parts, { backend: 'gpu', surveyor });
    const wanted = await quality(both, input, parts, { backend: 'cpu' });
    surveyor.dispose();
    both.dispose();
    expect([found.backend, found.notes, found.baseline]).toEqual(['gpu', [], 'causal']);
    found.heads.forEach(({ recall, error, cosine, pairs, distribution }, head) => {
      const other = wanted.heads[head]!;
      expect(pairs).toBe(other.pairs);
      const near = (value: number | null | undefined) => expect.closeTo(value!, 4);
      expect({ recall, error, cosine }).toEqual({
        ...{ recall: near(other.recall), error: near(other.error), cosine: near(other.cosine) },
      });
      for (const key of ['oracle', 'topk', 'window', 'random', 'overlap', 'entropy'] as const)
        expect(distribution![key]).toEqual(near(other.distribution![key]));
    });
  });
});
