import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { shortestWay } from '../../../runtime/analyse/flow.ts';
import { followPairs } from '../../../runtime/analyse/follow-pairs.ts';
import { Padding, periodsOf } from '../../../runtime/analyse/padding.ts';
import { OutOfSteps, Relations } from '../../../runtime/analyse/relation.ts';
import { rowReader } from '../../../runtime/analyse/row-reader.ts';
import { sharedRows } from '../../../runtime/analyse/shared-rows.ts';
import { blockSide } from '../../../runtime/analyse/stack-blocks.ts';
import { stackDifferences } from '../../../runtime/analyse/stack-differences.ts';
import { stackRelations } from '../../../runtime/analyse/stack-relations.ts';
import { stackSpread } from '../../../runtime/analyse/stack-spread.ts';
import type { Stacked } from '../../../runtime/analyse/stacking.ts';
import { bindPattern } from '../../../runtime/pattern/bind.ts';
import type { Pattern } from '../../../runtime/pattern/ir.ts';
import { squareShape } from '../../../runtime/pattern/shape.ts';
import { arbitraryPattern } from '../arbitrary-pattern.ts';
import { allows } from '../brute-force.ts';
import { expected, type Neighbours, neighboursOf, searched } from './flow-by-definition.ts';
import { and, at, call, causal, grid, list, model, or, past, transposed, window } from './flow-patterns.ts';

/** The same without the examples, of which there may be several; those are checked one by one. */
function withoutMissing({ missing: _, ...rest }: Stacked): Omit<Stacked, 'missing'> {
  return rest;
}

/** Undefined where it throws such an error. */
function unless<T>(kind: typeof OutOfSteps, compute: () => T): T | undefined {
  try {
    return compute();
  } catch (error) {
    if (error instanceof kind) return undefined;
    throw error;
  }
}

describe('a stack of layers', () => {
  it('connects what growing sets of keys connects, whichever way it is computed', () => {
    let distances = 0;
    fc.assert(
      fc.property(
        fc.array(arbitraryPattern, { minLength: 1, maxLength: 3 }),
        fc.array(fc.nat(2), { minLength: 1, maxLength: 5 }),
        fc.integer({ min: 1, max: 80 }),
        fc.nat(),
        fc.integer({ min: 1, max: 90 }),
        (patterns, order, n, where, period) => {
          const shape = squareShape(n);
          const layers = order.map(layer => layer % patterns.length);
          const token = where % n;
          const stack = { tokens: n, layers, token };
          const wanted = expected(n, patterns, layers, token);
          const masks = patterns.map(pattern => bindPattern(pattern, shape));
          const shared = masks.map(mask => sharedRows(n, rowReader(mask, n)));
          const results = [
            stackRelations({ ...stack, masks }, 2 ** 22),
            stackRelations({ ...stack, masks }, 2 ** 22, {}, new Padding(n, period)),
            stackSpread({ ...stack, masks: shared }, 2 ** 30),
            followPairs({ ...stack, masks }).finish(),
          ];
          const row = Array.from({ length: n }, (_, distance) => distance);
          const byDistance = patterns.map(pattern => row.filter(d => allows(pattern, shape, n - 1, n - 1 - d)));
          const invariant = patterns.every((pattern, index) => {
            const distances = new Set(byDistance[index]);
            return row.every(i => row.every(j => allows(pattern, shape, i, j) === distances.has(i - j)));
          });
          if (invariant) {
            distances++;
            results.push(stackDifferences({ ...stack, masks: byDistance }, 2 ** 30));
          }
          for (const found of results) {
            expect(withoutMissing(found)).toEqual(withoutMissing(wanted));
            const half = (n * (n + 1)) / 2;
            expect(found.missing.past !== undefined).toBe(wanted.past < half);
            expect(found.missing.future !== undefined).toBe(wanted.future < half);
            for (const pair of [found.missing.past, found.missing.future]) {
              if (pair === undefined) continue;
              const way = shortestWay(model(n, patterns), pair.query, pair.key);
              expect(way).toBeUndefined();
            }
          }
        },
      ),
      { numRuns: 120 },
    );
    expect(distances).toBeGreaterThan(2);
  });

  it('connects the same over several blocks of keys', () => {
    fc.assert(
      fc.property(
        fc.array(arbitraryPattern, { minLength: 1, maxLength: 2 }),
        fc.array(fc.nat(1), { minLength: 1, maxLength: 4 }),
        fc.integer({ min: 257, max: 600 }),
        fc.nat(),
        (patterns, order, n, where) => {
          const layers = order.map(layer => layer % patterns.length);
          const token = where % n;
          const masks = patterns.map(pattern => bindPattern(pattern, squareShape(n)));
          const wanted = expected(n, patterns, layers, token);
          const found = followPairs({ tokens: n, layers, token, masks }).finish();
          expect(withoutMissing(found)).toEqual(withoutMissing(wanted));
          const half = (n * (n + 1)) / 2;
          expect(found.missing.past !== undefined).toBe(wanted.past < half);
          expect(found.missing.future !== undefined).toBe(wanted.future < half);
        },
      ),
      { numRuns: 15 },
    );
  }, 120_000);

  it('connects what products of relations connect, in longer sequences', () => {
    let compared = 0;
    fc.assert(
      fc.property(
        fc.array(arbitraryPattern, { minLength: 1, maxLength: 3 }),
        fc.array(fc.nat(2), { minLength: 1, maxLength: 6 }),
        fc.integer({ min: 500, max: 1200 }),
        fc.nat(),
        (patterns, order, n, where) => {
          const layers = order.map(layer => layer % patterns.length);
          const masks = patterns.map(pattern => bindPattern(pattern, squareShape(n)));
          const stack = { tokens: n, layers, token: where % n, masks };
          const wanted = unless(OutOfSteps, () => stackRelations(stack, 2 ** 19));
          if (wanted === undefined) return;
          compared++;
          expect(withoutMissing(followPairs(stack).finish())).toEqual(withoutMissing(wanted));
        },
      ),
      { numRuns: 30 },
    );
    expect(compared).toBeGreaterThan(20);
  }, 120_000);

  it.each([
    [4096, call('random', { keys: 3 })],
    [4096, call('random', { keys: 64 })],
    // The rows share sums, in the last all of them.
    [2500, or(call('random', { keys: 2 }), call('window', { size: 40 }))],
    [2500, { kind: 'difference', left: call('window', { size: 90 }), right: call('random', { keys: 60 }) } as const],
    [2477, or(call('random', { keys: 1 }), call('random', { keys: 2, seed: 5 }))],
    // Nobody looks ahead; nobody back.
    [2301, past(or(call('random', { keys: 20 }), call('sliding', { size: 3 })))],
    [2301, { kind: 'difference', left: call('random', { keys: 9 }), right: causal } as const],
    [2048, transposed(call('random', { keys: 3 }))],
    [2049, and(call('random', { keys: 300 }), transposed(call('random', { keys: 300, seed: 1 })))],
  ])('of many scattered pairs is what a search from every position finds (%#)', (n, pattern) => {
    const mask = bindPattern(pattern, squareShape(n));
    const token = n - 7;
    const stack = { tokens: n, layers: Array.from({ length: 40 }, () => 0), token, masks: [mask] };
    const { missing, ...found } = followPairs(stack).finish();
    const wanted = searched(neighboursOf(mask, n), token);
    expect(found).toEqual({ ...wanted, byLayer: wanted.byLayer.slice(0, 40), fields: wanted.fields.slice(0, 40) });
    const half = (n * (n + 1)) / 2;
    expect(missing.past !== undefined).toBe(wanted.past < half);
    expect(missing.future !== undefined).toBe(wanted.future < half);
  });

  it('keeps looking where positions that nobody else hears of hear of one another', () => {
    // 10 hears of all of 64 to 79 in two steps, of 80 beside them only in four.
    const sees = Array.from({ length: 96 }, (_, query) => (query >= 64 && query < 80 ? [64, 79, query] : []));
    for (let key = 65; key < 79; key++) sees[64]!.push(key);
    sees[10] = [11, 64];
    sees[11] = [12];
    sees[12] = [13];
    sees[13] = [80];
    const keys = sees.map(row => [...new Set(row)].sort((a, b) => a - b));
    const start = new Uint32Array(97);
    for (const [query, row] of keys.entries()) start[query + 1] = start[query]! + row.length;
    const neighbours: Neighbours = { start, key: Uint32Array.from(keys.flat()) };
    const stack = {
      tokens: 96,
      layers: [0, 0, 0, 0, 0, 0],
      token: 10,
      masks: [{ tokens: 96, sums: 0, start, from: neighbours.key }],
    };
    const found = stackSpread(stack, 2 ** 30);
    expect(withoutMissing(found)).toEqual(searched(neighbours, 10));
    expect(found.fields.at(-1)).toEqual({ keys: 1 + 16 + 4, first: 10, last: 80 });
  });

  it('of blocks is that of its positions', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(3, 16, 32, 84),
        fc.integer({ min: 1, max: 6 }),
        fc.array(fc.nat(6), { minLength: 1, maxLength: 3 }),
        fc.nat(),
        (size, blocks, offsets, where) => {
          const tokens = size * blocks;
          const token = where % tokens;
          const items = [0, ...offsets].map(offset => ({ at: at(offset) }));
          const diagonals: Pattern = {
            kind: 'primitive',
            name: 'diagonals',
            args: { offsets: { type: 'values', items, single: false } },
          };
          const masks = [
            bindPattern(grid(size, diagonals), squareShape(tokens)),
            bindPattern(grid(size, or(call('diagonal'), list('rows', [0]))), squareShape(tokens)),
          ];
          const stack = { tokens, layers: [0, 1, 0, 1], token, masks };
          const reads = masks.map(mask => rowReader(mask, tokens));
          for (const read of reads) expect(blockSide(tokens, [read]) % size).toBe(0);
          const found = followPairs(stack).finish();
          expect(withoutMissing(found)).toEqual(withoutMissing(stackRelations(stack, 2 ** 22)));
          const { missing } = stackRelations(stack, 2 ** 22);
          expect(found.missing.past === undefined).toBe(missing.past === undefined);
          expect(found.missing.future === undefined).toBe(missing.future === undefined);
        },
      ),
      { numRuns: 60 },
    );
    const sideOf = (pattern: Pattern): number => blockSide(64, [rowReader(bindPattern(pattern, squareShape(64)), 64)]);
    expect(sideOf(window(3))).toBe(1);
    // Whole blocks that do not see themselves.
    expect(sideOf(grid(8, list('columns', [1])))).toBe(1);
  });

  it('stops when it takes too long', () => {
    const shape = squareShape(4096);
    const mask = bindPattern(call('random', { keys: 3 }), shape);
    const stack = { tokens: 4096, layers: [0] };
    expect(() => stackRelations({ ...stack, masks: [mask] }, 10_000)).toThrow(OutOfSteps);
    const rows = sharedRows(4096, rowReader(mask, 4096));
    expect(() => stackSpread({ ...stack, masks: [rows] }, 10_000)).toThrow(OutOfSteps);
    expect(() => stackDifferences({ ...stack, masks: [[0, 1]] }, 1000)).toThrow(OutOfSteps);
  });
});

describe('a period', () => {
  it('is read off rows', () => {
    const periods = (pattern: Pattern, n: number) => periodsOf(bindPattern(pattern, squareShape(n)), n);
    expect(periods(or(call('strided', { stride: 1000 }), window(5)), 65_536)).toEqual([1000]);
    expect(periods(call('block', { size: 84 }), 4096)).toEqual([84]);
    expect(periods(call('strided', { stride: 128 }), 4096)).toEqual([]);
    expect(periods(or(call('random', { keys: 8 }), window(5)), 4096)).toEqual([]);
  });
});

describe('relations', () => {
  it('are sets of pairs with a product', () => {
    fc.assert(
      fc.property(arbitraryPattern, arbitraryPattern, fc.integer({ min: 1, max: 100 }), (p, q, n) => {
        const shape = squareShape(n);
        const relations = new Relations(n, 2 ** 22);
        const [a, b] = [p, q].map(pattern => relations.of(bindPattern(pattern, shape))) as [number, number];
        const rowsOf = (relation: number): boolean[][] =>
          Array.from({ length: n }, (_, i) => {
            const row = new Array<boolean>(n).fill(false);
            relations.row(relation, i, (from, to) => row.fill(true, from, to));
            return row;
          });
        const both = relations.intersection(a, b);
        const either = relations.union(a, b);
        const [inBoth, inEither, inFirst] = [both, either, a].map(rowsOf) as [boolean[][], boolean[][], boolean[][]];
        let pairs = 0;
        for (let i = 0; i < n; i++)
          for (let j = 0; j < n; j++) {
            const [inA, inB] = [allows(p, shape, i, j), allows(q, shape, i, j)];
            if (inFirst[i]![j] !== inA || inBoth[i]![j] !== (inA && inB) || inEither[i]![j] !== (inA || inB))
              expect.fail(`(${i}, ${j}) is wrong`);
            if (inA) pairs++;
          }
        expect(relations.pairs(a)).toBe(pairs);
        expect(relations.contains(a, both)).toBe(true);
        const pair = relations.pairOutside(a, b);
        expect(pair === undefined).toBe(relations.contains(b, a));
        if (pair !== undefined) {
          expect(allows(p, shape, pair.query, pair.key)).toBe(true);
          expect(allows(q, shape, pair.query, pair.key)).toBe(false);
        }
      }),
      { numRuns: 60 },
    );
  });
});
