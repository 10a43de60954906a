import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { buildMaskTree } from '../../../runtime/compile/mask-tree.ts';
import { bindPattern } from '../../../runtime/pattern/bind.ts';
import type { Argument, Pattern } from '../../../runtime/pattern/ir.ts';
import { squareShape } from '../../../runtime/pattern/shape.ts';
import { arbitraryPattern } from '../arbitrary-pattern.ts';
import { allows } from '../brute-force.ts';

const values = (...list: number[]): Argument => ({
  type: 'values',
  single: false,
  items: list.map(value => ({ at: { op: 'number', value } })),
});
const single = (value: number): Argument => ({
  type: 'values',
  single: true,
  items: [{ at: { op: 'number', value } }],
});
const number = (value: number): Argument => ({ type: 'number', value: { op: 'number', value } });
const primitive = (name: string, args: Record<string, Argument>): Pattern => ({ kind: 'primitive', name, args });

/** One value for all axes, or one each. */
const perAxis = (axes: number, value: fc.Arbitrary<number>): fc.Arbitrary<Argument> =>
  fc.oneof(
    value.map(single),
    fc.array(value, { minLength: axes, maxLength: axes }).map(list => values(...list)),
  );

/** A grid of up to three axes and a pattern on it. */
const gridPatterns = fc
  .oneof(
    fc.tuple(fc.integer({ min: 1, max: 200 })),
    fc.tuple(fc.integer({ min: 1, max: 17 }), fc.integer({ min: 1, max: 14 })),
    fc.tuple(fc.integer({ min: 1, max: 6 }), fc.integer({ min: 1, max: 6 }), fc.integer({ min: 1, max: 7 })),
  )
  .chain((sizes: number[]) => {
    const shape = values(...sizes);
    const smallest = Math.min(...sizes);
    const axes = sizes.length;
    const kernel = fc.integer({ min: 1, max: smallest });
    return fc.record({
      n: fc.constant(sizes.reduce((product, extent) => product * extent, 1)),
      pattern: fc.oneof(
        fc.constant(primitive('axial', { shape })),
        fc.integer({ min: 0, max: axes - 1 }).map(axis => primitive('axial', { shape, axis: number(axis) })),
        fc
          .tuple(perAxis(axes, fc.integer({ min: 1, max: 9 })), perAxis(axes, fc.integer({ min: -5, max: 9 })))
          .map(([tile, shift]) => primitive('tiles', { shape, tile, shift })),
        kernel.chain(k =>
          fc
            .tuple(
              fc.integer({ min: 1, max: Math.max(1, Math.floor(smallest / k)) }),
              fc.integer({ min: 1, max: k }),
              perAxis(axes, fc.integer({ min: 0, max: 1 })),
            )
            .map(([dilation, stride, causal]) =>
              primitive('neighborhood', {
                shape,
                kernel: single(k),
                dilation: single(dilation),
                stride: single(stride),
                causal,
              }),
            ),
        ),
      ),
    });
  });

/** Documents, prefixes and diagonals for a length. */
const packed = fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 8 }).chain(lengths =>
  fc.record({
    n: fc.constant(lengths.reduce((sum, length) => sum + length, 0)),
    pattern: fc.oneof(
      fc.constant(primitive('documents', { lengths: values(...lengths) })),
      fc.integer({ min: 1, max: 99 }).map(length => primitive('documents', { lengths: single(length) })),
      fc.integer({ min: 0, max: 400 }).map(length => primitive('prefix', { length: number(length) })),
      fc
        .array(fc.integer({ min: -500, max: 500 }), { maxLength: 6 })
        .map(offsets => primitive('diagonals', { offsets: values(...offsets) })),
    ),
  }),
);

function expectMask(pattern: Pattern, n: number, tile: { queries: number; keys: number }): void {
  const shape = squareShape(n);
  const mask = bindPattern(pattern, shape);
  let pairs = 0;
  for (let i = 0; i < n; i++)
    for (let start = 0; start < n; start += 32) {
      const word = mask.word(i, start);
      for (let j = start; j < Math.min(n, start + 32); j++) {
        const expected = allows(pattern, shape, i, j) ? 1 : 0;
        if (((word >>> (j - start)) & 1) !== expected) throw new Error(`(${i}, ${j}) should be ${expected}`);
        pairs += expected;
      }
    }
  // The tree asks classify and signature as well.
  expect(buildMaskTree(mask, shape, { tile }).root?.pairs ?? 0).toBe(pairs);
}

const tiles = fc.record({ queries: fc.constantFrom(16, 32, 64), keys: fc.constantFrom(16, 48, 64) });

describe('grid, document and diagonal primitives', () => {
  it('equal their definitions, pair by pair', () => {
    fc.assert(
      fc.property(fc.oneof(gridPatterns, packed), tiles, ({ n, pattern }, tile) => expectMask(pattern, n, tile)),
      { numRuns: 600 },
    );
  }, 60_000);

  it('compose with everything else', () => {
    fc.assert(
      fc.property(
        fc.oneof(gridPatterns, packed),
        arbitraryPattern,
        fc.constantFrom('union', 'intersection', 'difference'),
        tiles,
        ({ n, pattern }, other, kind, tile) => expectMask({ kind, left: pattern, right: other }, n, tile),
      ),
      { numRuns: 200 },
    );
  }, 60_000);

  it('transpose and make symmetric whatever they are given', () => {
    fc.assert(
      fc.property(
        arbitraryPattern,
        fc.integer({ min: 1, max: 100 }),
        fc.constantFrom('transpose', 'symmetric'),
        tiles,
        (p, n, name, tile) => expectMask(primitive(name, { p: { type: 'pattern', value: p } }), n, tile),
      ),
      { numRuns: 150 },
    );
  }, 60_000);

  it('gives every query exactly the kernel, pushed inward at the borders', () => {
    for (const [extent, kernel] of [
      [9, 4],
      [9, 5],
      [5, 5],
      [4, 4],
      [1, 1],
    ] as const) {
      const shape = squareShape(extent);
      const mask = bindPattern(primitive('neighborhood', { shape: values(extent), kernel: single(kernel) }), shape);
      for (let i = 0; i < extent; i++) {
        let keys = 0;
        for (let j = 0; j < extent; j++) keys += mask.word(i, j) & 1;
        expect(keys).toBe(kernel);
      }
    }
  });

  it.each([
    [primitive('axial', { shape: values(3, 5) }), 16, 'shape-product', /3 x 5 has 15 positions, but n is 16/, true],
    [primitive('axial', { shape: values(4, 4), axis: number(2) }), 16, 'argument-range', /0 to 1/, false],
    [
      primitive('tiles', { shape: values(4, 4), tile: values(2, 2, 2) }),
      16,
      'argument-range',
      /each of the 2 axes/,
      false,
    ],
    [primitive('tiles', { shape: values(4, 4), tile: single(0) }), 16, 'argument-range', /at least 1/, false],
    [
      primitive('neighborhood', { shape: values(4, 4), kernel: single(5) }),
      16,
      'argument-range',
      /does not fit into an axis of 4/,
      false,
    ],
    [
      primitive('neighborhood', { shape: values(8), kernel: single(3), stride: single(4) }),
      8,
      'argument-range',
      /at most the kernel/,
      false,
    ],
    [
      primitive('documents', { lengths: values(5, 6) }),
      12,
      'documents-length',
      /11 tokens together, but n is 12/,
      true,
    ],
    [primitive('documents', { lengths: values(5, 0) }), 5, 'argument-range', /at least 1/, false],
    [primitive('prefix', { length: number(-1) }), 5, 'argument-range', /at least 0/, false],
  ])('refuses %j', (pattern, n, code, message, dependsOnTokens) => {
    try {
      bindPattern(pattern, squareShape(n));
    } catch (error) {
      expect(error).toMatchObject({ code, message: expect.stringMatching(message), dependsOnTokens });
      return;
    }
    throw new Error('it was accepted');
  });
});
