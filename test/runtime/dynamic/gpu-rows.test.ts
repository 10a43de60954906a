import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { openDawn } from '../../../runtime/attention/gpu/dawn.node.ts';
import { scoreErrors } from '../../../runtime/dynamic/gpu/error-bound.ts';
import { createGpuRowSelector } from '../../../runtime/dynamic/gpu/gpu-row-selector.ts';
import { keysOf } from '../../../runtime/dynamic/rows/chosen-rows.ts';
import { nearest } from '../../../runtime/dynamic/rows/nearest.ts';
import type { RowRequest, RowSelector } from '../../../runtime/dynamic/rows/row-rule.ts';
import { createRowSelector } from '../../../runtime/dynamic/rows/row-selector.ts';
import { selectHeads } from '../../../runtime/dynamic/select-heads.ts';
import { losing } from './losing.ts';
import { rowRequest, rowsOf } from './row-request.ts';
import { input, modelOf, pairsOf } from './select.ts';

vi.setConfig({ testTimeout: 120_000 });

let gpu: GPU;
let selector: RowSelector;
/** Requests and rows that the device leaves to others. */
let left = 0;
let leftRows = 0;
const others: RowSelector = {
  choose(request, progress) {
    left++;
    leftRows += request.candidates.queries;
    return here.choose(request, progress);
  },
  notes: () => [],
  dispose() {},
};
const here = createRowSelector();

beforeAll(async () => {
  const opened = await openDawn();
  if ('reason' in opened) throw new Error(opened.reason);
  gpu = opened.gpu;
  selector = createGpuRowSelector({ open: openDawn, otherwise: others, always: true, keysFrom: 0 });
}, 60_000);
afterAll(() => selector.dispose());

async function expectSame(given: RowRequest): Promise<void> {
  const { keys } = given.candidates;
  expect(rowsOf(await selector.choose(given), keys)).toEqual(rowsOf(await here.choose(given), keys));
}

const largest = fc.record({
  kind: fc.constant('largest' as const),
  keys: fc.oneof(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 400 })),
});
const mass = fc.record({
  kind: fc.constant('mass' as const),
  mass: fc.oneof(fc.constantFrom(0.5, 0.25, 0.9, 0.999999999, 1e-12), fc.double({ min: 1e-3, max: 1, noNaN: true })),
  scale: fc.constantFrom(1, 0.125, 0.5, 1e-9, 4, 40, 1e6),
});
const shapes = fc.record({
  keys: fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 41, max: 300 })),
  headDim: fc.oneof(fc.integer({ min: 1, max: 9 }), fc.constantFrom(16, 33, 64)),
  missing: fc.oneof(fc.constant(0), fc.nat(299)),
  within: fc.constantFrom('full()', 'causal()', 'window(9)', 'random(20)', 'none()', 'block(70) - strided(3)'),
  ties: fc.boolean(),
  seed: fc.nat(1000),
});

describe('choosing keys on a graphics device', () => {
  test.each([
    ['the largest scores', largest],
    ['a share of the softmax', mass],
  ])('%s: the keys of the processor, to the last tie', async (_, rules) => {
    await fc.assert(
      fc.asyncProperty(rules, shapes, async (rule, { keys, missing, ...shape }) => {
        const queries = keys - (missing % keys);
        await expectSame(await rowRequest(rule, { ...shape, keys, queries }));
      }),
      { numRuns: 25 },
    );
  });

  test('few rows are left to others, and none of the largest scores', async () => {
    const shape = { keys: 450, headDim: 64, within: 'causal()', seed: 3 };
    for (const [rule, most] of [
      [{ kind: 'largest', keys: 20 }, 0],
      [{ kind: 'mass', mass: 0.9, scale: 1 }, 0.1],
      [{ kind: 'mass', mass: 0.5, scale: 1 }, 0.1],
      [{ kind: 'mass', mass: 0.99, scale: 0.5 }, 0.2],
    ] as const) {
      left = leftRows = 0;
      await expectSame(await rowRequest(rule, shape));
      expect(leftRows).toBeLessThanOrEqual(most * 450);
      expect(left).toBeLessThanOrEqual(1);
    }
  });

  test('vectors of float64, as centres of clusters are', async () => {
    for (const [vectors, centres, headDim, most] of [
      [1, 1, 1, 1],
      [300, 7, 5, 1],
      [131, 70, 33, 1],
      [9, 300, 16, 40],
    ] as const) {
      const { q, k } = input({ keys: Math.max(vectors, centres), headDim });
      const [a, b] = [Float64Array.from(q, Math.cbrt), Float64Array.from(k, Math.cbrt)];
      const [some, others] = [a.subarray(0, vectors * headDim), b.subarray(0, centres * headDim)];
      // Twins, and neighbours that float32 cannot tell from each other.
      if (centres > 5) others.copyWithin(2 * headDim, 0, headDim);
      if (centres > 5) for (let d = 0; d < headDim; d++) others[3 * headDim + d] = others[d]! * (1 + 2 ** -40);
      const [found, wanted] = [
        await nearest(selector, some, others, headDim, most),
        await nearest(here, some, others, headDim, most),
      ];
      expect(keysOf(found, centres)).toEqual(keysOf(wanted, centres));
    }
  });

  test('rows that are all alike, and rows of which too much is open', async () => {
    for (const rule of [
      { kind: 'largest', keys: 20 },
      { kind: 'mass', mass: 0.5, scale: 1 },
      { kind: 'mass', mass: 1 / 3, scale: 0.125 },
    ] as const) {
      const given = await rowRequest(rule, { keys: 250, headDim: 7, within: 'causal()' });
      await expectSame({ ...given, q: given.q.map(() => 0) });
      // Two values in turn, and one row in seven that is like the others of no block.
      const k = given.k.map((_, at) => (Math.floor(at / 7) % 2 === 0 ? 1 : 0.5));
      const q = given.q.map((value, at) => (Math.floor(at / 7) % 7 === 0 ? 3 * value : 1));
      await expectSame({ ...given, k, q });
    }
  });

  test.each([
    'topk(20, within: causal()) | lsh(6, rounds: 2)',
    'threshold(0.7, within: window(90))',
    'routing(5, iterations: 3, within: causal())',
    'routing(4, iterations: 2, top: 30) - topk(9)',
  ])('%s, in heads that share keys, with fewer queries than tokens', async expression => {
    const problem = input({ keys: 140, queries: 77, heads: 4, kvHeads: 2, headDim: 16 });
    const model = await modelOf(expression, problem);
    const of = async (rows: RowSelector): Promise<readonly Uint8Array[]> => {
      const { parts } = await selectHeads(model, 0, [0, 1, 2, 3], problem, { rows });
      return [0, 1, 2, 3].map(head => pairsOf(parts.map(({ plans, headPlan }) => plans[headPlan[head]!]!)));
    };
    expect(await of(selector)).toEqual(await of(here));
  });

  test('scores that float32 cannot tell apart are settled in float64', async () => {
    for (const rule of [
      { kind: 'largest', keys: 20 },
      { kind: 'mass', mass: 0.4, scale: 0.01 },
    ] as const)
      await expectSame(nearlyAlike(await rowRequest(rule, { keys: 300, headDim: 4 })));
  });

  function nearlyAlike(given: RowRequest): RowRequest {
    const { k, q } = given;
    // Keys that differ in the last bits of one number: q . k rounds to few different float32 numbers.
    for (let key = 0; key < 300; key++) k.set([1, 1 + (((key * 7) % 300) - 150) * 2 ** -23, 3, -2], key * 4);
    q.forEach((value, at) => {
      q[at] = at % 4 === 1 ? Math.abs(value) + 1 : value * 100;
    });
    return given;
  }

  test('numbers too small or too large for float32', async () => {
    for (const rule of [
      { kind: 'largest', keys: 9 },
      { kind: 'mass', mass: 0.9, scale: 1 },
    ] as const)
      for (const factor of [1e-44, 1e-30, 1e-19, 1e15, 3e37]) {
        const given = await rowRequest(rule, { keys: 200, headDim: 5 });
        const times = (data: RowRequest['q']): Float32Array => Float32Array.from(data, value => value * factor);
        await expectSame({ ...given, q: times(given.q), k: times(given.k) });
      }
  });

  test('rules that float32 does not do are left to the processor, and a lost device too', async () => {
    left = 0;
    for (const rule of [
      { kind: 'mass', mass: 1, scale: 1 },
      { kind: 'mass', mass: 0.5, scale: -1 },
    ] as const)
      await expectSame(await rowRequest(rule, { keys: 100 }));
    expect(left).toBe(2);
    left = 1;
    const given = await rowRequest({ kind: 'largest', keys: 9 }, { keys: 100 });
    const open = async () => ({ gpu: losing(gpu) });
    const unlucky = createGpuRowSelector({ open, otherwise: others, always: true, keysFrom: 0 });
    expect(rowsOf(await unlucky.choose(given), 100)).toEqual(rowsOf(await here.choose(given), 100));
    expect(unlucky.notes().join()).toMatch(/^Keys were not chosen on the graphics device: .*lost/);
    const without = createGpuRowSelector({
      open: async () => ({ reason: 'none' }),
      otherwise: others,
      always: true,
      keysFrom: 0,
    });
    expect(rowsOf(await without.choose(given), 100)).toEqual(rowsOf(await here.choose(given), 100));
    // Rows that have few keys come and go for longer than they take here.
    const few = createGpuRowSelector({ open: openDawn, otherwise: others, always: true });
    await few.choose(given);
    expect(left).toBe(4);
    few.dispose();
    left--;
    expect(without.notes()).toEqual(['Keys were not chosen on the graphics device: none']);
    expect(left).toBe(3);
    // Software that imitates a device is used only when it is asked for, and small choices need none.
    const modest = createGpuRowSelector({ open, otherwise: others });
    await modest.choose(given);
    expect(left).toBe(4);
    expect(modest.notes()).toEqual([]);
  });

  test('a signal stops it', async () => {
    const given = await rowRequest({ kind: 'largest', keys: 9 }, { keys: 700, headDim: 64 });
    const stop = new AbortController();
    const chosen = selector.choose(given, { signal: stop.signal, onProgress: () => stop.abort() });
    await expect(chosen).rejects.toMatchObject({ name: 'AbortError' });
  });
});

test('float32 sums in any order stay within the bound', () => {
  const { q, k, headDim, keys } = input({ keys: 40, headDim: 48 }, 5);
  const errors = scoreErrors(q, k, headDim)!;
  for (let row = 0; row < keys; row++)
    for (let key = 0; key < keys; key++) {
      const products = Array.from(
        { length: headDim },
        (_, d) => [q[row * headDim + d]!, k[key * headDim + d]!] as const,
      );
      const exact = products.reduce((sum, [a, b]) => sum + a * b, 0);
      for (const order of [
        products,
        [...products].reverse(),
        [...products].sort((a, b) => a[0] * a[1] - b[0] * b[1]),
      ]) {
        const rounded = order.reduce((sum, [a, b]) => Math.fround(sum + Math.fround(a * b)), 0);
        expect(Math.abs(rounded - exact)).toBeLessThan(errors[row]!);
      }
    }
  expect(
    scoreErrors(
      q.map(value => value * 1e30),
      k.map(value => value * 1e20),
      headDim,
    ),
  ).toBeUndefined();
});
