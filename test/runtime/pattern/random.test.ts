import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { buildMaskTree } from '../../../runtime/compile/mask-tree.ts';
import { bindPattern } from '../../../runtime/pattern/bind.ts';
import type { Pattern } from '../../../runtime/pattern/ir.ts';
import { multiplyHigh, philox } from '../../../runtime/pattern/philox.ts';
import { drawKeys } from '../../../runtime/pattern/random-mask.ts';
import { squareShape } from '../../../runtime/pattern/shape.ts';

const random = (keys: number, seed = 0, perHead = false): Pattern => ({
  kind: 'primitive',
  name: 'random',
  args: {
    keys: { type: 'number', value: { op: 'number', value: keys } },
    seed: { type: 'number', value: { op: 'number', value: seed } },
    per_head: { type: 'bool', value: { op: 'number', value: perHead ? 1 : 0 } },
  },
});

/** Three published draws: (3 of 16, row 0), (3 of 16, row 5), (5 of 4096, row 100, seed 7, layer 2, head 3). */
const VECTORS = [
  [5, 11, 13],
  [0, 6, 10],
  [243, 1033, 1114, 1292, 1486],
];

function keysOf(pattern: Pattern, shape: ReturnType<typeof squareShape>, row: number): number[] {
  const mask = bindPattern(pattern, shape);
  const keys: number[] = [];
  for (let j = 0; j < shape.tokens; j++) if ((mask.word(row, j) & 1) !== 0) keys.push(j);
  return keys;
}

describe('philox', () => {
  // The known answers that come with the authors' Random123 library (kat_vectors, philox4x32 10).
  it('gives the published known answers', () => {
    const hex = (words: readonly number[]): string[] => words.map(word => word.toString(16).padStart(8, '0'));
    expect(hex(philox([0, 0, 0, 0], [0, 0]))).toEqual(['6627e8d5', 'e169c58d', 'bc57ac4c', '9b00dbd8']);
    const ones = 0xffffffff;
    expect(hex(philox([ones, ones, ones, ones], [ones, ones]))).toEqual([
      '408f276d',
      '41c83b0e',
      'a20bc7c6',
      '6d5451fd',
    ]);
    expect(hex(philox([0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344], [0xa4093822, 0x299f31d0]))).toEqual([
      'd16cfe09',
      '94fdcceb',
      '5001e420',
      '24126ea1',
    ]);
  });

  it('multiplies like big integers', () => {
    const word = fc.integer({ min: 0, max: 0xffffffff });
    fc.assert(fc.property(word, word, (a, b) => multiplyHigh(a, b) === Number((BigInt(a) * BigInt(b)) >> 32n)));
  });
});

describe('random', () => {
  it('has the test vectors of the documentation', () => {
    expect([...drawKeys(3, 16, 0, { seed: 0, layer: 0, head: 0 })]).toEqual(VECTORS[0]);
    expect([...drawKeys(3, 16, 5, { seed: 0, layer: 0, head: 0 })]).toEqual(VECTORS[1]);
    expect([...drawKeys(5, 4096, 100, { seed: 7, layer: 2, head: 3 })]).toEqual(VECTORS[2]);
  });

  it('is the draw that the documentation spells out', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 300 }),
        fc.nat(50),
        fc.nat(2 ** 40),
        fc.nat(400),
        fc.nat(9),
        fc.nat(9),
        (n, wanted, seed, row, head, layer) => {
          const keys = Math.min(wanted, n);
          const taken: number[] = [];
          for (let t = 0; t < keys; t++) {
            const words = philox([row, Math.floor(t / 4), head, layer], [seed % 2 ** 32, Math.floor(seed / 2 ** 32)]);
            const m = n - keys + t;
            const x = Number((BigInt(words[t % 4]!) * BigInt(m + 1)) >> 32n);
            taken.push(taken.includes(x) ? m : x);
          }
          expect([...drawKeys(keys, n, row, { seed, layer, head })]).toEqual(taken.sort((a, b) => a - b));
        },
      ),
    );
  });

  it('holds exactly `keys` distinct keys in every row, the full row when there are no more', () => {
    for (const [n, keys] of [
      [1, 0],
      [1, 1],
      [1, 5],
      [50, 7],
      [130, 129],
      [130, 130],
      [300, 3],
    ] as const) {
      const shape = squareShape(n);
      const tree = buildMaskTree(bindPattern(random(keys), shape), shape, { tile: { queries: 16, keys: 32 } });
      expect(tree.root?.pairs ?? 0).toBe(n * Math.min(n, keys));
      expect(keysOf(random(keys), shape, n - 1)).toHaveLength(Math.min(n, keys));
    }
  });

  it('draws the same for all heads and layers unless told otherwise', () => {
    const at = (head: number, layer: number): ReturnType<typeof squareShape> =>
      squareShape(200, { heads: 4, layers: 4, head, layer });
    expect(keysOf(random(5), at(1, 2), 9)).toEqual(keysOf(random(5), at(0, 0), 9));
    expect(keysOf(random(5, 0, true), at(1, 2), 9)).not.toEqual(keysOf(random(5, 0, true), at(0, 2), 9));
    expect(keysOf(random(5, 0, true), at(1, 2), 9)).not.toEqual(keysOf(random(5, 0, true), at(1, 0), 9));
    expect(keysOf(random(5, 1), at(0, 0), 9)).not.toEqual(keysOf(random(5, 0), at(0, 0), 9));
  });

  it('is spread evenly', () => {
    const counts = new Array<number>(10).fill(0);
    for (let row = 0; row < 4000; row++)
      for (const key of drawKeys(3, 10, row, { seed: 1, layer: 0, head: 0 })) counts[key]!++;
    for (const count of counts) expect(Math.abs(count - 1200)).toBeLessThan(150);
  });
});
