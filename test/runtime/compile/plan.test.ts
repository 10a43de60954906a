import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { buildMaskTree, CompileError } from '../../../runtime/compile/mask-tree.ts';
import { compilePlan, planOf } from '../../../runtime/compile/plan.ts';
import { rowProfile } from '../../../runtime/compile/row-counts.ts';
import { FULL_TILE, maskCount, planPairs, wordsPerMask } from '../../../runtime/compile/tile-plan.ts';
import { bindPattern } from '../../../runtime/pattern/bind.ts';
import type { Pattern } from '../../../runtime/pattern/ir.ts';
import { type Shape, squareShape } from '../../../runtime/pattern/shape.ts';
import { arbitraryPattern } from '../arbitrary-pattern.ts';
import { allows } from '../brute-force.ts';
import { denseBits } from './dense-bits.ts';

const sides = fc.oneof(
  fc.constantFrom(16, 32, 64, 128, 256),
  fc.integer({ min: 1, max: 16 }).map(sixteenths => 16 * sixteenths),
);
/** The nightly run takes more. */
const RUNS = Number(process.env.SPARSE_TEST_RUNS ?? 10_000);
const lengths = fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 41, max: 300 }));
const shapes = fc
  .record({ n: lengths, share: fc.double({ min: 0, max: 1, noNaN: true }), end: fc.boolean() })
  .map(({ n, share, end }): Shape => {
    const queries = Math.max(1, Math.ceil(n * share));
    return { ...squareShape(n), queries, offset: end ? n - queries : 0 };
  });

const call = (name: string, args: Record<string, number>): Pattern => ({
  kind: 'primitive',
  name,
  args: Object.fromEntries(
    Object.entries(args).map(([key, value]) => [key, { type: 'number', value: { op: 'number', value } }]),
  ),
});
const strided = (stride: number): Pattern => call('strided', { stride });

describe('compilePlan', () => {
  it('equals the definition, pair by pair, for random expressions, shapes and tiles', () => {
    fc.assert(
      fc.property(arbitraryPattern, shapes, sides, sides, (pattern, shape, queries, keys) => {
        const tree = buildMaskTree(bindPattern(pattern, shape), shape, { tile: { queries, keys } });
        const plan = planOf(tree);
        const bits = denseBits(plan);
        let pairs = 0;
        const rows: number[] = [];
        for (let row = 0; row < shape.queries; row++) {
          let inRow = 0;
          for (let key = 0; key < shape.tokens; key++) {
            const expected = allows(pattern, shape, shape.offset + row, key) ? 1 : 0;
            if (bits[row * shape.tokens + key] !== expected)
              throw new Error(`(${shape.offset + row}, ${key}) should be ${expected}`);
            inRow += expected;
          }
          rows.push(inRow);
          pairs += inRow;
        }
        for (const bandLevels of [0, 1, 14])
          expect(rowProfile(tree, bandLevels)).toEqual({
            min: Math.min(...rows),
            max: Math.max(...rows),
            emptyRows: rows.filter(count => count === 0).length,
          });
        expect(planPairs(plan)).toBe(pairs);
        expect(tree.root?.pairs ?? 0).toBe(pairs);
        expect(
          new Set(
            Array.from({ length: maskCount(plan) }, (_, id) =>
              plan.masks.slice(id * wordsPerMask(plan), (id + 1) * wordsPerMask(plan)).join(),
            ),
          ).size,
        ).toBe(maskCount(plan));
      }),
      { numRuns: RUNS },
    );
  }, 3_600_000);

  it.each<[string, Pattern, Partial<Shape>]>([
    ['strides', strided(7), {}],
    ['strides of a tile', strided(32), {}],
    ['strides and a full corner', { kind: 'union', left: strided(48), right: call('prefix', { length: 700 }) }, {}],
    ['causal strides', { kind: 'intersection', left: strided(5), right: call('causal', {}) }, {}],
    ['fixed columns', call('fixed', { stride: 128, columns: 8 }), { queries: 1111, offset: 1026 }],
    [
      'a decoder',
      { kind: 'intersection', left: strided(24), right: call('causal', {}) },
      { queries: 1300, offset: 837 },
    ],
  ])('lists squares that come again as it listed them first: %s', (_, pattern, part) => {
    const shape = { ...squareShape(2137), ...part };
    const mask = bindPattern(pattern, shape);
    const tree = buildMaskTree(mask, shape, { tile: { queries: 16, keys: 16 } });
    const plan = planOf(tree);
    const bits = denseBits(plan);
    const pairs = new Float64Array(plan.rowStart.length - 1);
    for (let row = 0; row < shape.queries; row++)
      for (let key = 0; key < shape.tokens; key++) {
        const expected = mask.word(shape.offset + row, key) & 1;
        if (bits[row * shape.tokens + key] !== expected) expect.fail(`(${row}, ${key}) should be ${expected}`);
        pairs[row >> 4]! += expected;
      }
    expect(plan.pairs).toEqual(pairs);
  });

  it('marks exactly the tiles full that lie wholly inside and attend everywhere', () => {
    const full: Pattern = { kind: 'primitive', name: 'full', args: {} };
    const plan = compilePlan(bindPattern(full, squareShape(100)), squareShape(100), {
      tile: { queries: 32, keys: 32 },
    });
    expect([...plan.maskId].filter(id => id === FULL_TILE)).toHaveLength(9);
    expect(plan.maskId).toHaveLength(16);
    expect(planPairs(plan)).toBe(10_000);
  });

  it('refuses what is too irregular with words that help', () => {
    const random: Pattern = {
      kind: 'primitive',
      name: 'random',
      args: { keys: { type: 'number', value: { op: 'number', value: 20 } } },
    };
    expect(() => buildMaskTree(bindPattern(random, squareShape(4096)), squareShape(4096), { maxNodes: 100 })).toThrow(
      CompileError,
    );
    expect(() => buildMaskTree(bindPattern(random, squareShape(4096)), squareShape(4096), { maxNodes: 100 })).toThrow(
      /smaller n/,
    );
  });

  it('can be stopped', () => {
    const causal: Pattern = {
      kind: 'where',
      text: '',
      condition: {
        op: 'binary',
        operator: '<=',
        left: { op: 'binary', operator: '*', left: { op: 'pair', name: 'i' }, right: { op: 'pair', name: 'i' } },
        right: { op: 'binary', operator: '*', left: { op: 'pair', name: 'j' }, right: { op: 'number', value: 2000 } },
      },
    };
    const shape = squareShape(65536);
    expect(() =>
      buildMaskTree(bindPattern(causal, shape), shape, {
        checkpoint: () => {
          throw new Error('stopped');
        },
      }),
    ).toThrow('stopped');
  });
});
