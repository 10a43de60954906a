import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { complexity } from '../../../runtime/analyse/complexity.ts';
import { compileHeads } from '../../../runtime/compile/compile-heads.ts';
import { denseMask } from '../../../runtime/compile/dense.ts';
import { compilePlan } from '../../../runtime/compile/plan.ts';
import { labelOf } from '../../../runtime/draw/parts.ts';
import { bindPattern } from '../../../runtime/pattern/bind.ts';
import { BitMatrixMask } from '../../../runtime/pattern/bit-matrix-mask.ts';
import type { Model, Pattern } from '../../../runtime/pattern/ir.ts';
import { emptyMask, type MaskBits, packMask, setKeys, unpackMask } from '../../../runtime/pattern/mask-bits.ts';
import { PatternError } from '../../../runtime/pattern/primitive.ts';
import { headsOfMasks, readsOf } from '../../../runtime/pattern/reads.ts';
import { squareShape } from '../../../runtime/pattern/shape.ts';
import { fromBase64, toBase64 } from '../../../runtime/tensor/base64.ts';
import { allows } from '../brute-force.ts';

/** Blocks, runs and single pairs, so that every coverage comes up. */
const arbitraryBits = fc
  .tuple(
    fc.integer({ min: 1, max: 150 }),
    fc.option(fc.integer({ min: 1, max: 3 }), { nil: null }),
    fc.array(fc.tuple(fc.nat(449), fc.nat(70), fc.nat(149), fc.nat(150)), { maxLength: 12 }),
    fc.array(fc.tuple(fc.nat(449), fc.nat(149)), { maxLength: 20 }),
  )
  .map(([tokens, heads, blocks, pairs]): MaskBits => {
    const mask = emptyMask(heads, tokens);
    const rows = (heads ?? 1) * tokens;
    for (const [first, height, from, width] of blocks)
      for (let row = first % rows; row < Math.min(rows, (first % rows) + height); row++)
        setKeys(mask, row, from % tokens, Math.min(tokens, (from % tokens) + width));
    for (const [row, key] of pairs) setKeys(mask, row % rows, key % tokens, (key % tokens) + 1);
    return mask;
  });

function patternOf(mask: MaskBits, name = 'mask.npz'): Pattern {
  return { kind: 'primitive', name: 'mask', args: { path: { type: 'mask', value: packMask(mask, name) } } };
}

/** Row 0 sees key 0; in head h, row h sees everything as well. */
function perHead(heads: number, tokens: number): MaskBits {
  const mask = emptyMask(heads, tokens);
  for (let head = 0; head < heads; head++) {
    setKeys(mask, head * tokens, 0, 1);
    setKeys(mask, head * tokens + head, 0, tokens);
  }
  return mask;
}

function errorOf(action: () => unknown): PatternError {
  try {
    action();
  } catch (error) {
    if (error instanceof PatternError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

describe('packing', () => {
  test('keeps every bit', () => {
    fc.assert(
      fc.property(arbitraryBits, mask => {
        const packed = packMask(mask, 'm.npy');
        expect(JSON.parse(JSON.stringify(packed))).toEqual(packed);
        expect(unpackMask(packed)).toEqual(mask);
      }),
    );
  });

  test('equal masks have one hash and are unpacked once, other masks another', () => {
    const [a, b] = [packMask(perHead(3, 40), 'a.npy'), packMask(perHead(3, 40), 'b.npy')];
    expect(b).toEqual({ ...a, name: 'b.npy' });
    expect(unpackMask(b)).toBe(unpackMask(a));
    const hashes = new Set<string>();
    for (let at = 0; at < 4096; at++) {
      const mask = emptyMask(null, 64);
      setKeys(mask, at >> 6, at & 63, (at & 63) + 1);
      // The highest bits of two words: what a careless hash lets cancel out.
      setKeys(mask, (at * 7) % 64, 31, 32);
      hashes.add(packMask(mask, 'x').hash);
    }
    expect(hashes.size).toBeGreaterThan(4096 - 64);
    expect(packMask(emptyMask(2, 4), 'x').hash).not.toBe(packMask(emptyMask(null, 4), 'x').hash);
  });

  test('a hash that two masks share does not mix them up', () => {
    const full = emptyMask(null, 2);
    setKeys(full, 0, 0, 2);
    const [a, b] = [
      packMask(emptyMask(null, 2), 'a'),
      { ...packMask(full, 'b'), hash: packMask(emptyMask(null, 2), 'a').hash },
    ];
    expect(unpackMask(a).words).not.toEqual(unpackMask(b).words);
    expect(unpackMask(a).words).toEqual(emptyMask(null, 2).words);
  });

  test('bits that are too few are refused', () => {
    const packed = packMask(emptyMask(null, 64), 'm.npy');
    expect(() => unpackMask({ ...packed, tokens: 65, hash: 'other' })).toThrow(RangeError);
    expect(() => unpackMask({ ...packed, bits: '*', hash: 'third' })).toThrow(RangeError);
    expect(() => emptyMask(2, 16_384)).toThrow(RangeError);
  });

  test('base64 is what Node makes of it', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), bytes => {
        expect(toBase64(bytes)).toBe(Buffer.from(bytes).toString('base64'));
        expect(fromBase64(toBase64(bytes))).toEqual(bytes);
      }),
    );
    const long = Uint8Array.from({ length: 100_001 }, (_, at) => (at * 31) & 255);
    expect(toBase64(long)).toBe(Buffer.from(long).toString('base64'));
  });
});

describe('mask(path)', () => {
  test('is the array: words, boxes and plans agree with the bits', () => {
    fc.assert(
      fc.property(arbitraryBits, fc.nat(), fc.infiniteStream(fc.nat()), (mask, head, numbers) => {
        const { tokens } = mask;
        const heads = mask.heads ?? 2;
        const shape = squareShape(tokens, { heads, head: head % heads });
        const pattern = patternOf(mask);
        const bound = bindPattern(pattern, shape);
        for (let t = 0; t < 12; t++) {
          const [r = 0, c = 0, height = 0, width = 0] = [...numbers.take(4)];
          const [row, column] = [r % tokens, c % tokens];
          const box = {
            row,
            rowEnd: row + 1 + (height % (tokens - row)),
            column,
            columnEnd: column + 1 + (width % (tokens - column)),
          };
          let pairs = 0;
          for (let i = box.row; i < box.rowEnd; i++)
            for (let j = box.column; j < box.columnEnd; j++) if (allows(pattern, shape, i, j)) pairs++;
          const area = (box.rowEnd - box.row) * (box.columnEnd - box.column);
          // Boxes this small are always settled.
          expect(bound.classify(box)).toBe(pairs === 0 ? 'empty' : pairs === area ? 'full' : 'mixed');
          const word = bound.word(row, column);
          for (let bit = 0; bit < 32 && column + bit < tokens; bit++)
            expect(((word >>> bit) & 1) === 1).toBe(allows(pattern, shape, row, column + bit));
        }
        const dense = denseMask(compilePlan(bound, shape));
        for (let i = 0; i < tokens; i++)
          for (let j = 0; j < tokens; j++)
            expect(dense[i * tokens + j] === 1, `${i}, ${j}`).toBe(allows(pattern, shape, i, j));
      }),
      { numRuns: 40 },
    );
  });

  test('large boxes are never classified wrongly', () => {
    const tokens = 3000;
    const mask = emptyMask(null, tokens);
    for (let row = 0; row < 2000; row++) setKeys(mask, row, 100, 2900);
    const bound = new BitMatrixMask(mask.words, tokens);
    const box = (row: number, rowEnd: number, column: number, columnEnd: number) =>
      bound.classify({ row, rowEnd, column, columnEnd });
    expect(box(0, tokens, 0, tokens)).toBe('mixed');
    expect(box(0, 1984, 128, 2880)).toBe('full');
    expect(box(2016, tokens, 0, tokens)).toBe('empty');
    // What is right and takes long to see may stay open.
    expect(['full', 'mixed']).toContain(box(0, 2000, 101, 2900));
    expect(box(0, 1, 101, 2900)).toBe('full');
    expect(box(0, 1, 99, 2900)).toBe('mixed');
    expect(box(2000, 2010, 3, 2999)).toBe('empty');
  });

  test('composes with the algebra, on the sequence and on the grid of blocks', () => {
    fc.assert(
      fc.property(arbitraryBits, fc.integer({ min: 1, max: 9 }), fc.nat(8), (mask, size, missing) => {
        const blocks = mask.tokens;
        const shape = squareShape(Math.max(1, blocks * size - (missing % size)), { heads: mask.heads ?? 1 });
        const number = (value: number) => ({ type: 'number', value: { op: 'number', value } }) as const;
        const stored = patternOf(mask);
        const pattern: Pattern = {
          kind: 'difference',
          left: {
            kind: 'primitive',
            name: 'blocked',
            args: { size: number(size), p: { type: 'pattern', value: stored } },
          },
          right: { kind: 'primitive', name: 'causal', args: {} },
        };
        const dense = denseMask(compilePlan(bindPattern(pattern, shape), shape));
        for (let t = 0; t < 2000; t++) {
          const [i, j] = [(t * 7919) % shape.tokens, (t * 104_729) % shape.tokens];
          expect(dense[i * shape.tokens + j] === 1).toBe(allows(pattern, shape, i, j));
        }
      }),
      { numRuns: 30 },
    );
  });

  test('another length is an error that says both, and which one it needs', () => {
    const pattern = patternOf(emptyMask(null, 64), 'data/local.npz');
    const error = errorOf(() => bindPattern(pattern, squareShape(100)));
    expect(error).toMatchObject({
      code: 'mask-shape',
      dependsOnTokens: true,
      neededTokens: 64,
      neededHeads: undefined,
    });
    expect(error.message).toBe('"data/local.npz" holds a mask of 64 x 64, but n is 100');
    // On a grid it is not the sequence that would have to change.
    const blocked: Pattern = {
      kind: 'primitive',
      name: 'blocked',
      args: { size: { type: 'number', value: { op: 'number', value: 10 } }, p: { type: 'pattern', value: pattern } },
    };
    const onGrid = errorOf(() => bindPattern(blocked, squareShape(100)));
    expect(onGrid).toMatchObject({ code: 'mask-shape', neededTokens: undefined });
    expect(onGrid.message).toContain('but n is 10');
  });

  test('so are other heads', () => {
    const pattern = patternOf(perHead(8, 16));
    const error = errorOf(() => bindPattern(pattern, squareShape(16, { heads: 12 })));
    expect(error).toMatchObject({ code: 'mask-shape', neededTokens: undefined, neededHeads: 8 });
    expect(error.message).toMatch(/masks of 8 heads, but there are 12 heads/);
    expect(errorOf(() => bindPattern(pattern, squareShape(17)))).toMatchObject({
      neededTokens: 17 - 1,
      neededHeads: 8,
    });
  });

  test('a mask for each head makes heads differ, one for all does not', () => {
    expect(readsOf(patternOf(perHead(3, 8)))).toEqual({ head: true, layer: false });
    expect(readsOf(patternOf(emptyMask(null, 8)))).toEqual({ head: false, layer: false });
    expect(headsOfMasks(patternOf(emptyMask(null, 8)))).toBeUndefined();
    const pattern: Pattern = { kind: 'complement', of: patternOf(perHead(3, 8)) };
    expect(headsOfMasks(pattern)).toBe(3);
    const model: Model = {
      name: 'M',
      kind: 'model',
      tokens: 8,
      queries: null,
      align: 'end',
      layers: 1,
      heads: 3,
      kvHeads: 3,
      headDim: null,
      dtype: 'f16',
      batch: 1,
      causal: false,
      rules: [{ layers: [0], heads: [0, 1, 2], pattern: patternOf(perHead(3, 8)) }],
    };
    const { plans, headPlan } = compileHeads(model, 0, [0, 1, 2], undefined);
    expect(headPlan).toEqual([0, 1, 2]);
    expect(plans.map(plan => denseMask(plan)[8])).toEqual([0, 1, 0]);
  });

  test('has a label and a complexity', () => {
    const pattern = patternOf(emptyMask(null, 8), 'local.npz');
    expect(labelOf(pattern, squareShape(8))).toBe('mask("local.npz")');
    expect(complexity(pattern)).toBe('O(n * mask_keys)');
  });

  test('binding a large mask again costs nothing', () => {
    const tokens = 4096;
    const mask = emptyMask(null, tokens);
    for (let at = 0; at < mask.words.length; at++) mask.words[at] = Math.imul(at + 1, 0x9e3779b1) >>> 0;
    const pattern = patternOf(mask);
    const shape = squareShape(tokens);
    const bound = bindPattern(pattern, shape);
    expect(bindPattern(JSON.parse(JSON.stringify(pattern)) as Pattern, shape)).toBe(bound);
  });
});
