import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { openDawn } from '../../../runtime/attention/gpu/dawn.node.ts';
import { scoreErrors } from '../../../runtime/dynamic/gpu/error-bound.ts';
import { createGpuRowSelector } from '../../../runtime/dynamic/gpu/gpu-row-selector.ts';
import type { RowSelector } from '../../../runtime/dynamic/rows/row-rule.ts';
import { createRowSelector } from '../../../runtime/dynamic/rows/row-selector.ts';
import { losing } from './losing.ts';
import { rowRequest, rowsOf } from './row-request.ts';
import { input } from './select.ts';

vi.setConfig({ testTimeout: 120_000 });

let gpu: GPU;
let selector: RowSelector;
/** What the device leaves to others. */
let left = 0;
const others: RowSelector = {
  choose(request, progress) {
    left++;
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
  selector = createGpuRowSelector({ open: openDawn, otherwise: others, always: true });
}, 60_000);
afterAll(() => selector.dispose());

describe('choosing keys on a graphics device', () => {
  test('comes to the keys of the processor, to the last tie', async () => {
    left = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 400 })),
        fc.record({
          keys: fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 41, max: 300 })),
          headDim: fc.oneof(fc.integer({ min: 1, max: 9 }), fc.constantFrom(16, 33, 64)),
          missing: fc.oneof(fc.constant(0), fc.nat(299)),
          within: fc.constantFrom('full()', 'causal()', 'window(9)', 'random(20)', 'none()', 'block(70) - strided(3)'),
          ties: fc.boolean(),
          seed: fc.nat(1000),
        }),
        async (wanted, { keys, missing, ...shape }) => {
          const queries = keys - (missing % keys);
          const given = await rowRequest({ kind: 'largest', keys: wanted }, { ...shape, keys, queries });
          expect(rowsOf(await selector.choose(given), keys)).toEqual(rowsOf(await here.choose(given), keys));
        },
      ),
      { numRuns: 20 },
    );
    expect(left).toBe(0);
  });

  test('scores that float32 cannot tell apart are settled in float64', async () => {
    const given = await rowRequest({ kind: 'largest', keys: 20 }, { keys: 300, headDim: 4 });
    const { k, q } = given;
    // Keys that differ in the last bits of one number: q . k rounds to few different float32 numbers.
    for (let key = 0; key < 300; key++) k.set([1, 1 + (((key * 7) % 300) - 150) * 2 ** -23, 3, -2], key * 4);
    q.forEach((value, at) => {
      q[at] = at % 4 === 1 ? Math.abs(value) + 1 : value * 100;
    });
    expect(rowsOf(await selector.choose(given), 300)).toEqual(rowsOf(await here.choose(given), 300));
  });

  test('numbers too small or too large for float32', async () => {
    for (const factor of [1e-44, 1e-30, 1e-19, 1e15, 3e37]) {
      const given = await rowRequest({ kind: 'largest', keys: 9 }, { keys: 200, headDim: 5 });
      const scaled = { ...given, q: given.q.map(value => value * factor), k: given.k.map(value => value * factor) };
      expect(rowsOf(await selector.choose(scaled), 200)).toEqual(rowsOf(await here.choose(scaled), 200));
    }
  });

  test('other rules are left to the processor, and a lost device too', async () => {
    left = 0;
    const mass = await rowRequest({ kind: 'mass', mass: 0.5, scale: 1 }, { keys: 100 });
    expect(rowsOf(await selector.choose(mass), 100)).toEqual(rowsOf(await here.choose(mass), 100));
    expect(left).toBe(1);
    const given = await rowRequest({ kind: 'largest', keys: 9 }, { keys: 100 });
    const open = async () => ({ gpu: losing(gpu) });
    const unlucky = createGpuRowSelector({ open, otherwise: others, always: true });
    expect(rowsOf(await unlucky.choose(given), 100)).toEqual(rowsOf(await here.choose(given), 100));
    expect(unlucky.notes().join()).toMatch(/^Keys were not chosen on the graphics device: .*lost/);
    const without = createGpuRowSelector({ open: async () => ({ reason: 'none' }), otherwise: others, always: true });
    expect(rowsOf(await without.choose(given), 100)).toEqual(rowsOf(await here.choose(given), 100));
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
