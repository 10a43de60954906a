import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type Comparison,
  compareMasks,
  isContained,
  sameTrees,
  smallestPair,
} from '../../../runtime/analyse/compare.ts';
import { buildMaskTree, type TileSize } from '../../../runtime/compile/mask-tree.ts';
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
/** Often two that are near each other: unrelated ones differ in the first row. */
const pairsOfPatterns = fc.oneof(
  fc.tuple(arbitraryPattern, arbitraryPattern),
  fc
    .tuple(arbitraryPattern, arbitraryPattern, fc.constantFrom('union', 'intersection', 'difference' as const))
    .map(([left, right, kind]): [Pattern, Pattern] => [left, { kind, left, right }]),
  arbitraryPattern.map((p): [Pattern, Pattern] => [
    { kind: 'complement', of: p },
    { kind: 'difference', left: call('full'), right: p },
  ]),
);

/** The comparison by a look at every pair. */
function byDefinition(first: Pattern, second: Pattern, shape: Shape): Comparison {
  const counts = { onlyFirst: 0, onlySecond: 0, both: 0 };
  let difference: Comparison['difference'];
  for (let query = shape.offset; query < shape.offset + shape.queries; query++)
    for (let key = 0; key < shape.tokens; key++) {
      const [a, b] = [allows(first, shape, query, key), allows(second, shape, query, key)];
      if (a && b) counts.both++;
      else if (a) counts.onlyFirst++;
      else if (b) counts.onlySecond++;
      if (a !== b) difference ??= { query, key, heldBy: a ? 'first' : 'second' };
    }
  const { onlyFirst, onlySecond, both } = counts;
  const relation =
    onlyFirst === 0
      ? onlySecond === 0
        ? 'equal'
        : 'contained'
      : onlySecond === 0
        ? 'containing'
        : both === 0
          ? 'disjoint'
          : 'overlapping';
  return { relation, ...counts, difference };
}

describe('comparing two masks', () => {
  test('says what a look at every pair says', () => {
    const seen = new Map<string, number>();
    fc.assert(
      fc.property(pairsOfPatterns, shapes, tiles, ([first, second], shape, tile) => {
        const [a, b] = [bindPattern(first, shape), bindPattern(second, shape)];
        const found = compareMasks(a, b, shape, { tile });
        seen.set(found.relation, (seen.get(found.relation) ?? 0) + 1);
        expect(found).toEqual(byDefinition(first, second, shape));
        const [left, right] = [buildMaskTree(a, shape, { tile }), buildMaskTree(b, shape, { tile })];
        expect(sameTrees(left, right)).toBe(found.relation === 'equal');
        expect(isContained(left, right)).toBe(found.onlyFirst === 0);
        expect(isContained(right, left)).toBe(found.onlySecond === 0);
      }),
      { numRuns: 400 },
    );
    // All five answers were given.
    expect([...seen.keys()].sort()).toEqual(['contained', 'containing', 'disjoint', 'equal', 'overlapping']);
  });

  test.each([16, 48, 80, 96, 112, 192, 208])('a full mask of %i tokens, which may be a single node', n => {
    for (const tile of [16, 32, 64])
      for (const other of [call('causal'), call('sliding', { size: 3 }), call('block', { size: 16 }), call('none')])
        for (const [first, second] of [
          [call('full'), other],
          [other, call('full')],
        ] as const) {
          const shape = squareShape(n);
          const [a, b] = [bindPattern(first, shape), bindPattern(second, shape)];
          expect(compareMasks(a, b, shape, { tile: { queries: tile, keys: tile } })).toEqual(
            byDefinition(first, second, shape),
          );
        }
  });

  test('the smallest pair of one mask', () => {
    fc.assert(
      fc.property(arbitraryPattern, shapes, tiles, (pattern, shape, tile) => {
        const tree = buildMaskTree(bindPattern(pattern, shape), shape, { tile });
        const found = smallestPair(tree, shape.offset);
        const { difference } = byDefinition(pattern, call('none'), shape);
        expect(found && { ...found, heldBy: 'first' }).toEqual(difference);
      }),
      { numRuns: 200 },
    );
  });

  test.each([2 ** 20, 2 ** 22 - 7])('at %i tokens', n => {
    const shape = squareShape(n);
    const bind = (pattern: Pattern) => bindPattern(pattern, shape);
    expect(compareMasks(bind(call('sliding', { size: 512 })), bind(call('sliding', { size: 513 })), shape)).toEqual({
      relation: 'contained',
      onlyFirst: 0,
      onlySecond: n - 512,
      both: 512 * n - (512 * 511) / 2,
      difference: { query: 512, key: 0, heldBy: 'second' },
    });
    const causal: Pattern = { kind: 'where', text: '', condition: at('<=', pair('j'), pair('i')) };
    expect(compareMasks(bind(causal), bind(call('causal')), shape)).toMatchObject({
      relation: 'equal',
      both: (n * (n + 1)) / 2,
      difference: undefined,
    });
    const strided = compareMasks(bind(call('strided', { stride: 128 })), bind(call('strided', { stride: 96 })), shape);
    expect(strided.relation).toBe('overlapping');
    expect(strided.difference).toEqual({ query: 0, key: 96, heldBy: 'second' });
    // Both: every 384th diagonal.
    let both = n;
    for (let d = 384; d < n; d += 384) both += 2 * (n - d);
    expect(strided.both).toBe(both);
  });

  test('trees of unequal sizes are refused', () => {
    const tree = (n: number) => buildMaskTree(bindPattern(call('full'), squareShape(n)), squareShape(n));
    expect(() => sameTrees({ ...tree(3), root: null }, { ...tree(4), root: null })).toThrow(/one size/);
  });
});

type Expression = Extract<Pattern, { kind: 'where' }>['condition'];
function pair(name: 'i' | 'j'): Expression {
  return { op: 'pair', name };
}
function at(operator: '<=', left: Expression, right: Expression): Expression {
  return { op: 'binary', operator, left, right };
}
