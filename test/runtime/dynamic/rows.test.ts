import fc from 'fast-check';
import { afterAll, describe, expect, test, vi } from 'vitest';
import type { WorkerHost } from '../../../runtime/attention/cpu/worker-host.ts';
import { nodeWorkers } from '../../../runtime/attention/cpu/workers.node.ts';
import { wordsOf } from '../../../runtime/dynamic/key-sets.ts';
import { chooseRows } from '../../../runtime/dynamic/rows/choose-rows.ts';
import { keysOf, RowList } from '../../../runtime/dynamic/rows/chosen-rows.ts';
import { type Dots, dotsWith, plainDots } from '../../../runtime/dynamic/rows/dots.ts';
import { rowKernelBytes } from '../../../runtime/dynamic/rows/kernel-bytes.ts';
import { RowKernel } from '../../../runtime/dynamic/rows/row-kernel.ts';
import type { RowRequest } from '../../../runtime/dynamic/rows/row-rule.ts';
import { createRowSelector } from '../../../runtime/dynamic/rows/row-selector.ts';
import { onlyRows, withRows } from '../../../runtime/dynamic/rows/some-rows.ts';
import { denseBits } from '../compile/dense-bits.ts';
import { rowRequest, rowsOf } from './row-request.ts';
import { input } from './select.ts';

vi.setConfig({ testTimeout: 60_000 });

const wasm = rowKernelBytes()!;
const plain = createRowSelector({ wasm: null });
const here = createRowSelector();
const onWorkers = createRowSelector({ workers: nodeWorkers(2), workersFrom: 0 });
afterAll(() => onWorkers.dispose());

async function expectSame(given: RowRequest): Promise<void> {
  const { keys } = given.candidates;
  const wanted = rowsOf(await plain.choose(given), keys);
  expect(wanted).toHaveLength(given.candidates.queries);
  expect(rowsOf(await here.choose(given), keys)).toEqual(wanted);
  expect(rowsOf(await onWorkers.choose(given), keys)).toEqual(wanted);
  // Rows in portions of two, as at lengths where the scores of a whole block would need too much memory.
  const kernel = await RowKernel.create(wasm, 1);
  kernel.useKeys(given.k, given.headDim);
  const steps = chooseRows(kernel, given, { from: 0, to: given.candidates.rowStart.length - 1 }, given.q);
  let step = steps.next();
  while (step.done !== true) step = steps.next();
  expect(rowsOf(step.value, keys)).toEqual(wanted);
}

const rules = fc.oneof(
  fc.record({ kind: fc.constant('largest' as const), keys: fc.oneof(fc.integer({ min: 1, max: 9 }), fc.nat(400)) }),
  fc.record({
    kind: fc.constant('mass' as const),
    mass: fc.oneof(fc.constantFrom(1, 0.5, 0.25, 0.999999999, 1e-12), fc.double({ min: 1e-3, max: 1, noNaN: true })),
    scale: fc.constantFrom(1, 0.125, 1e-9, 40, 1e6, -1, 0),
  }),
);

describe('choosing keys row by row', () => {
  test('WebAssembly, workers and JavaScript choose the same to the last tie', async () => {
    await fc.assert(
      fc.asyncProperty(
        rules,
        fc.record({
          keys: fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 41, max: 300 })),
          headDim: fc.oneof(fc.integer({ min: 1, max: 9 }), fc.constantFrom(16, 33, 64)),
          missing: fc.oneof(fc.constant(0), fc.nat(299)),
          within: fc.constantFrom('full()', 'causal()', 'window(9)', 'random(20)', 'none()', 'block(70) - strided(3)'),
          ties: fc.boolean(),
          seed: fc.nat(1000),
        }),
        async (rule, { keys, missing, ...shape }) => {
          const given = rule.kind === 'largest' ? { ...rule, keys: Math.max(1, rule.keys) } : rule;
          await expectSame(await rowRequest(given, { ...shape, keys, queries: keys - (missing % keys) }));
        },
      ),
      { numRuns: 150 },
    );
  });

  test.each([
    [
      { kind: 'largest', keys: 64 },
      { keys: 2500, headDim: 16 },
    ],
    [
      { kind: 'largest', keys: 700 },
      { keys: 2500, headDim: 3, ties: true },
    ],
    [
      { kind: 'mass', mass: 0.9, scale: 0.25 },
      { keys: 2500, headDim: 16, within: 'causal()' },
    ],
    // Every score is equal: how many keys are needed hangs on the rounding of the sums.
    [
      { kind: 'mass', mass: 0.5, scale: 0 },
      { keys: 1000, headDim: 4 },
    ],
    [
      { kind: 'mass', mass: 0.7, scale: 1 },
      { keys: 1000, headDim: 2, ties: true },
    ],
  ] as const)('%j at %j', async (rule, shape) => {
    await expectSame(await rowRequest(rule, { queries: 90, ...shape }));
  });

  test('scores that rise along a row, each better than all before', async () => {
    const given = await rowRequest({ kind: 'largest', keys: 5 }, { keys: 3000, headDim: 2, queries: 70 });
    given.k.forEach((_, at) => {
      given.k[at] = at % 2 === 0 ? at : 0;
    });
    given.q.forEach((_, at) => {
      given.q[at] = at % 4 === 0 ? 1 : -1;
    });
    await expectSame(given);
  });

  test('numbers of any size', async () => {
    for (const factor of [1e-38, 1e-20, 1e15, 3e37]) {
      const given = await rowRequest({ kind: 'mass', mass: 0.9, scale: 1 }, { keys: 200, headDim: 5 });
      await expectSame({ ...given, q: given.q.map(value => value * factor), k: given.k.map(value => value * factor) });
    }
  });

  test('some rows apart from the others', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.record({
          keys: fc.integer({ min: 1, max: 400 }),
          missing: fc.nat(300),
          within: fc.constantFrom('full()', 'causal()', 'window(9)', 'random(20)', 'none()', 'block(70) - strided(3)'),
          seed: fc.nat(1000),
        }),
        fc.constantFrom({ kind: 'largest', keys: 7 } as const, { kind: 'mass', mass: 0.9, scale: 0.1 } as const),
        fc.constantFrom(1, 2, 9, 70),
        async ({ missing, ...shape }, rule, step) => {
          const queries = shape.keys - (missing % shape.keys);
          const given = await rowRequest(rule, { ...shape, queries, headDim: 4 });
          const all = Array.from({ length: queries }, (_, row) => row);
          const [some, rest] = [all.filter(row => row % step === 0), all.filter(row => row % step !== 0)];
          const whole = await here.choose(given);
          const apart = onlyRows(given, some);
          const { candidates } = apart;
          expect(candidates.queries).toBe(some.length);
          const bits = denseBits(candidates);
          const wanted = denseBits(given.candidates);
          some.forEach((row, at) => {
            const of = (from: Uint8Array, r: number): string =>
              from.subarray(r * shape.keys, (r + 1) * shape.keys).join('');
            expect(of(bits, at)).toBe(of(wanted, row));
          });
          const pairs = [...candidates.pairs].reduce((sum, count) => sum + count, 0);
          expect(pairs).toBe(bits.reduce((sum, bit) => sum + bit, 0));
          const found = await here.choose(apart);
          const others =
            rest.length === 0
              ? { counts: new Uint32Array(0), words: new Uint32Array(0) }
              : await here.choose(onlyRows(given, rest));
          expect(withRows(others, some, found, given.candidates)).toEqual(whole);
        },
      ),
      { numRuns: 40 },
    );
  });

  test('keys and some more in either form', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat(299), { maxLength: 40 }), fc.nat(40), (chosen, split) => {
        const tokens = 300;
        const sorted = (list: number[]): Uint32Array => Uint32Array.from(list).sort();
        const [certain, more] = [sorted(chosen.slice(split)), sorted(chosen.slice(0, split))];
        const [list, wanted] = [new RowList(tokens), new RowList(tokens)];
        for (const each of [list, wanted]) each.add(Uint32Array.of(5));
        list.addBoth(wordsOf(certain, tokens), certain.length, more);
        wanted.add(sorted(chosen));
        for (const each of [list, wanted]) each.add(Uint32Array.of(7));
        expect(list.done()).toEqual(wanted.done());
        expect(keysOf(list.done(), tokens)[1]).toEqual(sorted(chosen));
      }),
    );
  });

  test('a signal stops it, wherever it runs', async () => {
    const large = await rowRequest({ kind: 'largest', keys: 8 }, { keys: 3000, headDim: 64 });
    for (const selector of [plain, here, createRowSelector({ workers: nodeWorkers(2), workersFrom: 0 })]) {
      const stop = new AbortController();
      const chosen = selector.choose(large, { signal: stop.signal });
      setTimeout(() => stop.abort(), 5);
      await expect(chosen).rejects.toMatchObject({ name: 'AbortError' });
      const before = new AbortController();
      before.abort();
      await expect(selector.choose(large, { signal: before.signal })).rejects.toMatchObject({ name: 'AbortError' });
      selector.dispose();
    }
  });

  test('progress rises to the end', async () => {
    const large = await rowRequest({ kind: 'largest', keys: 8 }, { keys: 1500, headDim: 64 });
    const told: number[] = [];
    await onWorkers.choose(large, { onProgress: done => told.push(done) });
    expect(told.length).toBeGreaterThan(2);
    expect(told).toEqual([...told].sort((a, b) => a - b));
    expect(told.at(-1)).toBeCloseTo(1, 12);
  });

  test('workers that cannot be started are done without', async () => {
    const given = await rowRequest({ kind: 'largest', keys: 8 }, { keys: 300 });
    const hosts: WorkerHost[] = [
      {
        threads: 2,
        shared: false,
        spawn() {
          throw new Error('not here');
        },
      },
      { ...nodeWorkers(2), spawn: () => nodeWorkers(2).spawn('throw new Error("no")') },
    ];
    for (const workers of hosts) {
      const selector = createRowSelector({ workers, workersFrom: 0 });
      expect(rowsOf(await selector.choose(given), 300)).toEqual(rowsOf(await plain.choose(given), 300));
      selector.dispose();
    }
  });
});

test('dot products in WebAssembly and JavaScript are the same to the bit', async () => {
  for (const [count, rows, size] of [
    [1, 1, 1],
    [13, 3, 5],
    [200, 67, 24],
  ] as const) {
    const { q, k } = input({ keys: count, queries: rows, headDim: size });
    const [vectors, given] = [Float64Array.from(k, Math.cbrt), Float64Array.from(q, Math.cbrt)];
    const products = (dots: Dots): number[][] => {
      const all: number[][] = [];
      dots.with(given, (row, found) => {
        expect(row).toBe(all.length);
        all.push([...found]);
      });
      return all;
    };
    const wanted = Array.from({ length: rows }, (_, row) =>
      Array.from({ length: count }, (_, vector) => {
        let sum = 0;
        for (let d = 0; d < size; d++) sum += vectors[vector * size + d]! * given[row * size + d]!;
        return sum;
      }),
    );
    expect(products(await dotsWith(vectors, size))).toEqual(wanted);
    expect(products(plainDots(vectors, size))).toEqual(wanted);
  }
});
