import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { firstEmptyQuery, firstEmptyRow } from '../../../runtime/analyse/empty-queries.ts';
import { findPair, pairOutside } from '../../../runtime/analyse/find-pair.ts';
import { flowOf } from '../../../runtime/analyse/reach.ts';
import { buildMaskTree } from '../../../runtime/compile/mask-tree.ts';
import { bindPattern } from '../../../runtime/pattern/bind.ts';
import type { Argument, Pattern } from '../../../runtime/pattern/ir.ts';
import type { Mask } from '../../../runtime/pattern/mask.ts';
import { type Shape, squareShape } from '../../../runtime/pattern/shape.ts';
import { arbitraryPattern } from '../arbitrary-pattern.ts';

const number = (value: number): Argument => ({ type: 'number', value: { op: 'number', value } });
const call = (name: string, args: Record<string, number> = {}): Pattern => ({
  kind: 'primitive',
  name,
  args: Object.fromEntries(Object.entries(args).map(([key, value]) => [key, number(value)])),
});
const and = (left: Pattern, right: Pattern): Pattern => ({ kind: 'intersection', left, right });
const or = (left: Pattern, right: Pattern): Pattern => ({ kind: 'union', left, right });
const causal = call('causal');

/** Any shape, with fewer queries than keys too. */
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

function holds(mask: Mask, query: number, key: number): boolean {
  return (mask.word(query, key) & 1) !== 0;
}

describe('a pair of a mask', () => {
  test('is found exactly when there is one', () => {
    fc.assert(
      fc.property(arbitraryPattern, shapes, (pattern, shape) => {
        const mask = bindPattern(pattern, shape);
        const pair = findPair(mask, shape);
        let any = false;
        for (let r = 0; r < shape.queries && !any; r++)
          for (let key = 0; key < shape.tokens && !any; key++) any = holds(mask, shape.offset + r, key);
        expect(pair !== undefined).toBe(any);
        if (pair === undefined) return;
        expect(holds(mask, pair.query, pair.key)).toBe(true);
        expect(pair.query).toBeGreaterThanOrEqual(shape.offset);
        expect(pair.query).toBeLessThan(shape.offset + shape.queries);
        expect(pair.key).toBeLessThan(shape.tokens);
      }),
      { numRuns: 200 },
    );
  });

  test('outside another one', () => {
    const shape = squareShape(2 ** 20);
    const window = (size: number) => bindPattern(call('window', { size }), shape);
    expect(pairOutside(window(8), window(64), shape)).toBeUndefined();
    const pair = pairOutside(window(64), window(8), shape);
    const distance = Math.abs((pair?.query ?? 0) - (pair?.key ?? 0));
    expect(distance).toBeGreaterThan(4);
    expect(distance).toBeLessThanOrEqual(32);
    expect(pairOutside(window(9), window(8), shape)).toBeUndefined();
  });

  test('a search that is too long ends in an error', () => {
    const shape = squareShape(4096);
    const irregular = bindPattern(and(call('random', { keys: 3 }), call('none')), shape);
    expect(findPair(irregular, shape)).toBeUndefined();
    const far = bindPattern(and(call('random', { keys: 40 }), call('random', { keys: 1, seed: 9 })), shape);
    expect(() =>
      findPair({ ...far, classify: () => 'mixed', word: () => 0, signature: () => undefined }, shape, {
        maxNodes: 100,
      }),
    ).toThrow(/smaller n/);
    let asked = 0;
    findPair({ classify: () => 'mixed', word: () => 0, signature: () => undefined }, shape, {
      checkpoint: () => asked++,
    });
    expect(asked).toBeGreaterThan(10);
  });
});

describe('the first query that attends to nothing', () => {
  test('is the one that a look at every pair finds', () => {
    fc.assert(
      fc.property(arbitraryPattern, shapes, (pattern, shape) => {
        const mask = bindPattern(pattern, shape);
        let first: number | undefined;
        for (let r = 0; r < shape.queries && first === undefined; r++) {
          let any = false;
          for (let key = 0; key < shape.tokens && !any; key++) any = holds(mask, shape.offset + r, key);
          if (!any) first = shape.offset + r;
        }
        expect(firstEmptyQuery(mask, shape)).toBe(first);
        expect(firstEmptyRow(buildMaskTree(mask, shape, { tile: { queries: 16, keys: 32 } }))).toBe(
          first === undefined ? undefined : first - shape.offset,
        );
      }),
      { numRuns: 300 },
    );
  });

  test('at a length where pairs cannot be looked at one by one', () => {
    const shape = squareShape(2 ** 22);
    const strided = (offset: number) => and(call('strided', { stride: 1024, offset }), causal);
    expect(firstEmptyQuery(bindPattern(strided(0), shape), shape)).toBeUndefined();
    expect(firstEmptyQuery(bindPattern(strided(7), shape), shape)).toBe(0);
    const late: Pattern = {
      kind: 'difference',
      left: call('full'),
      right: {
        kind: 'primitive',
        name: 'rows',
        args: { tokens: { type: 'positions', items: [{ at: { op: 'number', value: 3_000_001 } }] } },
      },
    };
    expect(firstEmptyQuery(bindPattern(late, shape), shape)).toBe(3_000_001);
  });
});

describe('flow of information', () => {
  /** Which positions each one reaches, by Warshall's algorithm. */
  function closure(mask: Mask, n: number): boolean[][] {
    const reach = Array.from({ length: n }, (_, i) =>
      Array.from({ length: n }, (_, j) => i === j || holds(mask, i, j)),
    );
    for (let k = 0; k < n; k++)
      for (let i = 0; i < n; i++) if (reach[i]![k]) for (let j = 0; j < n; j++) reach[i]![j] ||= reach[k]![j]!;
    return reach;
  }

  test('says only what following every path says', () => {
    let answers = 0;
    fc.assert(
      fc.property(arbitraryPattern, fc.integer({ min: 1, max: 70 }), (pattern, n) => {
        const shape = squareShape(n);
        const mask = bindPattern(pattern, shape);
        const flow = flowOf(mask, shape);
        const reach = closure(mask, n);
        const lacks = (side: (i: number, j: number) => boolean): boolean =>
          reach.some((row, i) => row.some((reached, j) => !reached && side(i, j)));
        const past = !lacks((i, j) => j < i);
        const future = !lacks((i, j) => j > i);
        if (flow === 'connected') expect(past || future).toBe(true);
        else if (flow !== undefined) {
          expect(past || future).toBe(false);
          expect(reach[flow.query]![flow.key]).toBe(false);
        }
        if (flow !== undefined) answers++;
      }),
      { numRuns: 300 },
    );
    expect(answers).toBeGreaterThan(200);
  });

  test.each<[string, Pattern, number, unknown]>([
    ['a window', call('window', { size: 2 }), 4096, 'connected'],
    ['sliding', call('sliding', { size: 2 }), 2 ** 22, 'connected'],
    ['blocks alone', call('block', { size: 64 }), 4096, { query: 4095, key: 0 }],
    ['causal blocks', and(call('block', { size: 64 }), causal), 2 ** 22, { query: 64, key: 63 }],
    ['residues', call('strided', { stride: 8 }), 4096, { query: 4095, key: 0 }],
    ['a dilated causal window', and(call('window', { size: 64, dilation: 2 }), causal), 4096, { query: 1, key: 0 }],
    ['residues and blocks', or(call('strided', { stride: 8 }), call('block', { size: 8 })), 4096, 'connected'],
    ['one token', call('none'), 1, 'connected'],
    ['two tokens apart', call('diagonal'), 2, { query: 1, key: 0 }],
  ])('%s', (_, pattern, n, expected) => {
    const shape = squareShape(n);
    expect(flowOf(bindPattern(pattern, shape), shape)).toEqual(expected);
  });

  test('what would take too long is not claimed', () => {
    const shape = squareShape(2 ** 20);
    expect(flowOf(bindPattern(call('strided', { stride: 8 }), shape), shape)).toBeUndefined();
  });
});
