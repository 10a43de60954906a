import { describe, expect, test } from 'vitest';
import { AttentionInputError } from '../../../runtime/attention/check-input.ts';
import { compareResults, compareRows, sampleRows } from '../../../runtime/attention/compare.ts';
import { fullPlan } from '../../../runtime/attention/full-plan.ts';
import { createReferenceBackend, referenceRows } from '../../../runtime/attention/reference.ts';
import { sampleInput } from '../../../runtime/attention/sample-data.ts';
import type { AttentionInput, HeadPlans } from '../../../runtime/attention/types.ts';
import { densePlan } from '../dense-plan.ts';
import { problem } from './problems.ts';

const shape = { heads: 1, kvHeads: 1, queries: 2, keys: 2, headDim: 2 };

describe('reference', () => {
  test('a case worked out by hand', async () => {
    // Scores of row 0 are 0 and ln 3 (scale 1), so weights are 1/4 and 3/4; row 1 sees key 1 alone.
    const input: AttentionInput = {
      ...shape,
      q: Float32Array.of(Math.log(3), 0, 5, 5),
      k: Float32Array.of(0, 1, 1, 0),
      v: Float32Array.of(4, 8, 8, 0),
    };
    const plans = { plans: [densePlan(2, 2, (i, j) => i === 0 || j === 1)], headPlan: [0] };
    const { o, lse } = await createReferenceBackend().run(input, [plans], { scale: 1 });
    expect([...o]).toEqual([expect.closeTo(7, 5), expect.closeTo(2, 5), 8, 0]);
    expect([...lse]).toEqual([expect.closeTo(Math.log(4), 6), 5]);
  });

  test('a row without keys gives zeros and -Infinity', async () => {
    const plans = { plans: [densePlan(2, 2, i => i === 1)], headPlan: [0] };
    const { o, lse } = await createReferenceBackend().run(sampleInput(shape), [plans], {});
    expect([...o.subarray(0, 2)]).toEqual([0, 0]);
    expect(lse[0]).toBe(Number.NEGATIVE_INFINITY);
    expect(Number.isFinite(lse[1])).toBe(true);
  });

  test('grouped heads read key/value head floor(h * kvHeads / heads)', () => {
    const grouped = sampleInput({ heads: 4, kvHeads: 2, queries: 3, keys: 3, headDim: 2 });
    const plans = { plans: [densePlan(3, 3, (i, j) => i === j)], headPlan: [0, 0, 0, 0] };
    const rows = [0, 1, 2, 3].map(head => ({ head, row: 2 }));
    // One key only: the output is its value.
    const { o } = referenceRows(grouped, [plans], rows);
    const value = (kvHead: number) => [...grouped.v.subarray((kvHead * 3 + 2) * 2, (kvHead * 3 + 3) * 2)];
    expect([...o]).toEqual([...value(0), ...value(0), ...value(1), ...value(1)]);
  });

  test('is cancelled by its signal', async () => {
    const { input, plans } = problem('long', { queries: 600, headDim: 64 }, [() => true]);
    const abort = new AbortController();
    setTimeout(() => abort.abort(), 40);
    await expect(createReferenceBackend().run(input, [plans], { signal: abort.signal })).rejects.toMatchObject({
      name: 'AbortError',
    });
  });
});

describe('comparison', () => {
  const task = problem('compare', { queries: 40, heads: 3, headDim: 4 }, [(i, j) => j < i]);

  test('finds the largest difference, and NaN is never equal', async () => {
    const a = await createReferenceBackend().run(task.input, [task.plans], {});
    const b = { o: a.o.slice(), lse: a.lse.slice() };
    expect(compareResults(a, b)).toEqual({ o: 0, lse: 0 });
    b.o[100]! += 0.5;
    b.lse[0] = 3;
    expect(compareResults(a, b).o).toBeCloseTo(0.5, 5);
    expect(compareResults(a, b).lse).toBe(Number.POSITIVE_INFINITY);
    b.o[7] = Number.NaN;
    expect(compareResults(a, b).o).toBe(Number.POSITIVE_INFINITY);
    const both = { o: Float32Array.of(Number.NaN), lse: Float32Array.of(0) };
    expect(compareResults(both, both).o).toBe(Number.POSITIVE_INFINITY);
  });

  test('rows verify a run, and notice a wrong row among them', async () => {
    const result = await createReferenceBackend().run(task.input, [task.plans], {});
    const rows = sampleRows(task.input, 20);
    const good = compareRows(task.input, result, referenceRows(task.input, [task.plans], rows));
    expect(good.o).toBeLessThan(1e-6);
    expect(good.lse).toBeLessThan(1e-6);
    expect(rows).toHaveLength(20);
    for (const { head, row } of rows) {
      expect(head).toBeLessThan(3);
      expect(row).toBeLessThan(40);
    }
    const reference = referenceRows(task.input, [task.plans], rows);
    const at = rows[10]!;
    result.o[(at.head * 40 + at.row) * 4]! += 1;
    expect(compareRows(task.input, result, reference).o).toBeGreaterThan(0.9);
    expect(sampleRows({ heads: 2, queries: 3 }, 100)).toHaveLength(6);
  });
});

describe('full plan', () => {
  test.each([
    [1, 1],
    [64, 64],
    [65, 63],
    [130, 200],
    [7, 128],
  ])('%i queries x %i keys equals brute force', (queries, keys) => {
    for (const tile of [
      { queries: 64, keys: 64 },
      { queries: 16, keys: 48 },
    ]) {
      const plan = fullPlan(queries, keys, tile);
      const brute = densePlan(queries, keys, () => true, tile);
      expect({ ...plan, masks: 0, maskId: 0 }).toEqual({ ...brute, masks: 0, maskId: 0 });
      expect(plan.masks.length).toBe(brute.masks.length);
      const input = sampleInput({ heads: 1, kvHeads: 1, queries, keys, headDim: 2 });
      const rows = sampleRows(input, 10);
      const a = referenceRows(input, [{ plans: [plan], headPlan: [0] }], rows);
      expect(a).toEqual(referenceRows(input, [{ plans: [brute], headPlan: [0] }], rows));
    }
  });
});

describe('sample data', () => {
  test('has mean 0 and variance 1, and differs between tensors and seeds', () => {
    const { q, k, v } = sampleInput({ heads: 2, kvHeads: 2, queries: 500, keys: 500, headDim: 64 });
    for (const data of [q, k, v]) {
      const mean = data.reduce((sum, x) => sum + x, 0) / data.length;
      const variance = data.reduce((sum, x) => sum + (x - mean) ** 2, 0) / data.length;
      expect(Math.abs(mean)).toBeLessThan(0.02);
      expect(Math.abs(variance - 1)).toBeLessThan(0.02);
    }
    const product = q.reduce((sum, x, i) => sum + x * k[i]!, 0) / q.length;
    expect(Math.abs(product)).toBeLessThan(0.02);
    expect(q).not.toEqual(sampleInput({ heads: 2, kvHeads: 2, queries: 500, keys: 500, headDim: 64 }, 1).q);
  });

  test('number i does not depend on the size of the tensor', () => {
    const large = sampleInput({ heads: 2, kvHeads: 1, queries: 50, keys: 9, headDim: 8 }, 3);
    const small = sampleInput({ heads: 1, kvHeads: 1, queries: 4, keys: 4, headDim: 8 }, 3);
    expect([...small.q]).toEqual([...large.q.subarray(0, 32)]);
  });
});

describe('input checks', () => {
  const good = problem('good', { queries: 20, heads: 2, headDim: 4 }, [(i, j) => j <= i, () => true]);
  const refuses = (change: Partial<AttentionInput>, plans: Partial<HeadPlans>, message: RegExp) => {
    const run = () => referenceRows({ ...good.input, ...change }, [{ ...good.plans, ...plans }], []);
    expect(run).toThrow(AttentionInputError);
    expect(run).toThrow(message);
  };
  const plan = good.plans.plans[0]!;

  test('accepts what fits', () => {
    expect(() => referenceRows(good.input, [good.plans], [])).not.toThrow();
  });

  test('names what does not fit', () => {
    refuses({ q: new Float32Array(3) }, {}, /q has 3 numbers.*\[2, 20, 4\] needs 160/);
    refuses({ v: new Float32Array(1) }, {}, /Tensor v/);
    refuses({ headDim: 0 }, {}, /headDim must be/);
    refuses({ headDim: 512 }, {}, /512 is not supported/);
    refuses({ kvHeads: 3 }, {}, /must divide/);
    refuses({}, { headPlan: [0] }, /2 heads, but masks for 1/);
    refuses({}, { headPlan: [0, 5] }, /Head 1 uses plan 5/);
    refuses({}, { plans: [densePlan(19, 20, () => true), plan] }, /made for 19 queries/);
    refuses({}, { plans: [densePlan(20, 20, () => true, { queries: 300, keys: 16 }), plan] }, /300 query rows/);
    refuses({}, { plans: [{ ...plan, column: Uint32Array.of(9) }, plan] }, /key tile 9 of 1/);
    refuses({}, { plans: [{ ...plan, maskId: Uint32Array.of(9) }, plan] }, /mask 9 of 1/);
    refuses({}, { plans: [{ ...plan, maskId: Uint32Array.of(0xffffffff) }, plan] }, /short key tile 0/);
    refuses({}, { plans: [{ ...plan, rowStart: Uint32Array.of(0, 7) }, plan] }, /row index/);
  });
});
