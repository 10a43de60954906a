import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Proofs, prove, tileRuns } from '../../../runtime/analyse/proofs.ts';
import { rowRuns } from '../../../runtime/analyse/row-runs.ts';
import { buildMaskTree, type TileSize } from '../../../runtime/compile/mask-tree.ts';
import { planOf } from '../../../runtime/compile/plan.ts';
import { bindPattern } from '../../../runtime/pattern/bind.ts';
import type { Argument, Pattern } from '../../../runtime/pattern/ir.ts';
import { type Shape, squareShape } from '../../../runtime/pattern/shape.ts';
import { arbitraryPattern } from '../arbitrary-pattern.ts';
import { allows } from '../brute-force.ts';

const number = (value: number): Argument => ({ type: 'number', value: { op: 'number', value } });
const call = (name: string, args: Record<string, number> = {}): Pattern => ({
  kind: 'primitive',
  name,
  args: Object.fromEntries(Object.entries(args).map(([key, value]) => [key, number(value)])),
});
const and = (left: Pattern, right: Pattern): Pattern => ({ kind: 'intersection', left, right });
const or = (left: Pattern, right: Pattern): Pattern => ({ kind: 'union', left, right });
const causal = call('causal');

const shapes = fc
  .record({
    tokens: fc.integer({ min: 1, max: 150 }),
    part: fc.double({ min: 0, max: 1, noNaN: true }),
    end: fc.boolean(),
  })
  .map(({ tokens, part, end }): Shape => {
    const queries = Math.max(1, Math.ceil(tokens * part));
    return { ...squareShape(tokens), queries, offset: end ? tokens - queries : 0 };
  });
const tiles = fc.constantFrom<TileSize>(
  { queries: 16, keys: 16 },
  { queries: 16, keys: 32 },
  { queries: 48, keys: 16 },
  { queries: 64, keys: 64 },
);

/** The proofs by a look at every pair. */
function byDefinition(pattern: Pattern, shape: Shape): Proofs & { readonly runs: readonly number[] } {
  let future: Proofs['causal'] = { holds: true };
  let empty: Proofs['noEmptyQuery'] = { holds: true };
  let contiguous: Proofs['contiguous'] = { holds: true };
  let intervals = { most: 0, query: shape.offset };
  const runs: number[] = [];
  for (let query = shape.offset; query < shape.offset + shape.queries; query++) {
    const keys = Array.from({ length: shape.tokens }, (_, key) => key).filter(key =>
      allows(pattern, shape, query, key),
    );
    const later = keys.find(key => key > query);
    if (future.holds && later !== undefined) future = { holds: false, counterexample: { query, key: later } };
    if (empty.holds && keys.length === 0) empty = { holds: false, counterexample: query };
    const breaks = keys.flatMap((key, at) => (at > 0 && keys[at - 1] !== key - 1 ? [at] : []));
    const [first] = breaks;
    if (contiguous.holds && first !== undefined) {
      const before = keys[first - 1]!;
      contiguous = { holds: false, counterexample: { query, before, missing: before + 1, after: keys[first]! } };
    }
    const count = keys.length === 0 ? 0 : breaks.length + 1;
    runs.push(count);
    if (count > intervals.most) intervals = { most: count, query };
  }
  return { causal: future, noEmptyQuery: empty, contiguous, intervals, runs };
}

describe('proofs', () => {
  test('say what a look at every pair says', () => {
    const held = { causal: 0, noEmptyQuery: 0, contiguous: 0 };
    fc.assert(
      fc.property(arbitraryPattern, shapes, tiles, (pattern, shape, tile) => {
        const mask = bindPattern(pattern, shape);
        const { runs, ...expected } = byDefinition(pattern, shape);
        expect(prove(mask, shape, { tile })).toEqual(expected);
        expect([...rowRuns(buildMaskTree(mask, shape, { tile }))]).toEqual(runs);
        for (const name of ['causal', 'noEmptyQuery', 'contiguous'] as const) if (expected[name].holds) held[name]++;
      }),
      { numRuns: 400 },
    );
    // Each was proved and refuted.
    for (const count of Object.values(held)) {
      expect(count).toBeGreaterThan(20);
      expect(count).toBeLessThan(400);
    }
  });

  test('at a million tokens', () => {
    const n = 2 ** 20;
    const shape = squareShape(n);
    const of = (pattern: Pattern) => prove(bindPattern(pattern, shape), shape);
    expect(of(call('sliding', { size: 512 }))).toEqual({
      causal: { holds: true },
      noEmptyQuery: { holds: true },
      contiguous: { holds: true },
      intervals: { most: 1, query: 0 },
    });
    expect(of(or(call('sliding', { size: 512 }), and(call('prefix', { length: 4 }), causal)))).toEqual({
      causal: { holds: true },
      noEmptyQuery: { holds: true },
      contiguous: { holds: false, counterexample: { query: 516, before: 3, missing: 4, after: 5 } },
      intervals: { most: 2, query: 516 },
    });
    expect(of(and(call('strided', { stride: 128 }), causal))).toEqual({
      causal: { holds: true },
      noEmptyQuery: { holds: true },
      contiguous: { holds: false, counterexample: { query: 128, before: 0, missing: 1, after: 128 } },
      intervals: { most: n / 128, query: n - 128 },
    });
    expect(of(call('strided', { stride: 128 })).causal).toEqual({
      holds: false,
      counterexample: { query: 0, key: 128 },
    });
    // 17 distances from 4 to 2**18 back, 18 from 4 to 2**19 ahead, and the stretch around the diagonal.
    expect(of(call('exponential')).intervals).toEqual({ most: 36, query: 2 ** 18 });
  });
});

describe('lists of tiles', () => {
  test('without gaps, as a look at every tile says', () => {
    fc.assert(
      fc.property(arbitraryPattern, fc.integer({ min: 1, max: 200 }), (pattern, n) => {
        const shape = squareShape(n);
        const tree = buildMaskTree(bindPattern(pattern, shape), shape, { tile: { queries: 16, keys: 16 } });
        const side = Math.ceil(n / 16);
        const kindOf = (row: number, column: number): string => {
          let pairs = 0;
          for (let i = 16 * row; i < 16 * row + 16 && i < n; i++)
            for (let j = 16 * column; j < 16 * column + 16 && j < n; j++) if (allows(pattern, shape, i, j)) pairs++;
          return pairs === 256 ? 'full' : pairs > 0 ? 'partial' : 'empty';
        };
        const expected = { all: true, partial: true, full: true };
        for (let row = 0; row < side; row++) {
          const kinds = Array.from({ length: side }, (_, column) => kindOf(row, column));
          const text = (wanted: (kind: string) => boolean): string =>
            kinds.map(kind => (wanted(kind) ? 'x' : ' ')).join('');
          expected.all &&= !/x +x/.test(text(kind => kind !== 'empty'));
          expected.partial &&= !/x +x/.test(text(kind => kind === 'partial'));
          expected.full &&= !/x +x/.test(text(kind => kind === 'full'));
        }
        expect(tileRuns(planOf(tree))).toEqual(expected);
      }),
      { numRuns: 60 },
    );
  });

  test('a window has full tiles between partial ones', () => {
    const shape = squareShape(4096);
    const plan = planOf(buildMaskTree(bindPattern(call('sliding', { size: 512 }), shape), shape));
    expect(tileRuns(plan)).toEqual({ all: true, partial: false, full: true });
  });
});
