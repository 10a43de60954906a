import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { statistics } from '../../../runtime/analyse/statistics.ts';
import type { Argument, NumberExpression, Pattern } from '../../../runtime/pattern/ir.ts';
import { PatternError } from '../../../runtime/pattern/primitive.ts';
import { MAX_TOKENS, type Shape, squareShape } from '../../../runtime/pattern/shape.ts';
import { arbitraryPattern } from '../arbitrary-pattern.ts';
import { allows } from '../brute-force.ts';

const number = (value: number): Argument => ({ type: 'number', value: { op: 'number', value } });
const call = (name: string, args: Record<string, number> = {}): Pattern => ({
  kind: 'primitive',
  name,
  args: Object.fromEntries(Object.entries(args).map(([key, value]) => [key, number(value)])),
});
const at = (value: number): NumberExpression => ({ op: 'number', value });
const list = (name: string, positions: readonly number[]): Pattern => ({
  kind: 'primitive',
  name,
  args: { tokens: { type: 'positions', items: positions.map(position => ({ at: at(position) })) } },
});
const and = (left: Pattern, right: Pattern): Pattern => ({ kind: 'intersection', left, right });
const or = (left: Pattern, right: Pattern): Pattern => ({ kind: 'union', left, right });

const triangle = (n: number): number => (n * (n + 1)) / 2;
const slidingPairs = (n: number, w: number): number => (w >= n ? triangle(n) : n * w - (w * (w - 1)) / 2);
/** Pairs with |i - j| <= r. */
const bandPairs = (n: number, r: number): number => 2 * slidingPairs(n, r + 1) - n;
/** Pairs with |i - j| a multiple of the stride: m (m - 1) ordered neighbours in every residue class, and themselves. */
const stridedPairs = (n: number, stride: number): number => {
  const whole = Math.floor(n / stride);
  const longer = n % stride;
  return longer * (whole + 1) ** 2 + (stride - longer) * whole ** 2;
};

const lengths = [1, 17, 4096, 2 ** 20, 2 ** 22];

describe('statistics of more pairs than a double counts', () => {
  const big = (n: number) => BigInt(n);
  const number = (count: bigint) => (count > Number.MAX_SAFE_INTEGER ? count : Number(count));
  const pairsOf = (pattern: Pattern, n: number) => statistics(pattern, squareShape(n)).pairs;
  const not = (of: Pattern): Pattern => ({ kind: 'complement', of });

  it.each([2 ** 27 + 1, 10 ** 9 + 7, 2 ** 30])('are exact at n = %i', n => {
    const all = big(n) ** 2n;
    const band = big(bandPairs(n, 50));
    expect(pairsOf(call('full'), n)).toBe(all);
    expect(pairsOf(call('causal'), n)).toBe((big(n) * (big(n) + 1n)) / 2n);
    expect(pairsOf(not(call('window', { radius: 50 })), n)).toBe(all - band);
    expect(pairsOf(not(list('global', [0, 17, -1])), n)).toBe((big(n) - 3n) ** 2n);
    const [whole, longer] = [big(Math.floor(n / 64)), big(n % 64)];
    const strided = longer * (whole + 1n) ** 2n + (64n - longer) * whole ** 2n;
    expect(pairsOf(call('strided', { stride: 64 }), n)).toBe(number(strided));
    expect(pairsOf(not(call('strided', { stride: 64 })), n)).toBe(all - strided);
    const { density, keysPerQuery } = statistics(call('causal'), squareShape(n));
    expect(density).toBeCloseTo(0.5, 8);
    expect(keysPerQuery).toEqual({ min: 1, mean: (n + 1) / 2, max: n });
  });

  it('fit together as sets do', () => {
    const part = fc.oneof(
      fc.constantFrom(call('causal'), call('diagonal'), call('exponential'), call('full')),
      fc.nat(2 ** 30).map(radius => call('window', { radius })),
      fc.integer({ min: 1, max: 2 ** 30 }).map(size => call('sliding', { size })),
      fc.integer({ min: 4, max: 20 }).map(power => call('block', { size: 2 ** power })),
      fc.integer({ min: 4, max: 12 }).map(power => call('strided', { stride: 2 ** power })),
      fc.array(fc.nat(2 ** 27), { minLength: 1, maxLength: 3 }).map(tokens => list('columns', tokens)),
    );
    fc.assert(
      fc.property(part, part, fc.integer({ min: 2 ** 27 + 1, max: 2 ** 30 }), (a, b, n) => {
        const [first, second, both, either, neither] = [a, b, and(a, b), or(a, b), not(or(a, b))].map(pattern =>
          BigInt(pairsOf(pattern, n)),
        );
        expect(either! + both!).toBe(first! + second!);
        expect(either! + neither!).toBe(big(n) ** 2n);
      }),
      // Strides against windows of such lengths take seconds each.
      { numRuns: 15, interruptAfterTimeLimit: 60_000 },
    );
  });

  it('are refused where a condition could not be computed exactly', () => {
    const where: Pattern = { kind: 'where', text: 'i == j', condition: at(1) };
    expect(() => pairsOf(where, 2 ** 26 + 1)).toThrow(/exactly for up to 67108864 tokens/);
    expect(pairsOf(where, 2 ** 26)).toBe(2 ** 52);
  });
});

describe('statistics against closed forms', () => {
  for (const n of lengths) {
    const pairsOf = (pattern: Pattern) => statistics(pattern, squareShape(n)).pairs;

    it(`full, none, diagonal and causal at n = ${n}`, () => {
      expect(pairsOf(call('full'))).toBe(n * n);
      expect(pairsOf(call('none'))).toBe(0);
      expect(pairsOf(call('diagonal'))).toBe(n);
      expect(pairsOf(call('causal'))).toBe(triangle(n));
    });

    it(`windows at n = ${n}`, () => {
      for (const w of n > 4096 ? [65, 1000] : [1, 2, 63, 64, 65, 512, 1000]) {
        expect(pairsOf(call('sliding', { size: w })), `sliding(${w})`).toBe(slidingPairs(n, w));
        expect(pairsOf(call('window', { size: w })), `window(${w})`).toBe(bandPairs(n, Math.floor(w / 2)));
        expect(pairsOf(call('window', { radius: w })), `window(radius: ${w})`).toBe(bandPairs(n, w));
        expect(pairsOf(call('window', { before: w - 1, after: 0 })), `window(before: ${w - 1})`).toBe(
          slidingPairs(n, w),
        );
      }
    });

    it(`strided, block and fixed at n = ${n}`, () => {
      for (const size of n > 4096 ? [64, 100] : [1, 3, 64, 100, 4096]) {
        expect(pairsOf(call('strided', { stride: size })), `strided(${size})`).toBe(stridedPairs(n, size));
        const whole = Math.floor(n / size);
        expect(pairsOf(call('block', { size })), `block(${size})`).toBe(whole * size ** 2 + (n - whole * size) ** 2);
        expect(pairsOf(call('fixed', { stride: size })), `fixed(${size})`).toBe(n * whole);
      }
    });

    it(`positions at n = ${n}`, () => {
      const positions = n === 1 ? [0] : [0, Math.floor(n / 2), -1];
      const count = new Set(positions.map(position => (position + n) % n)).size;
      expect(pairsOf(list('rows', positions))).toBe(count * n);
      expect(pairsOf(list('columns', positions))).toBe(count * n);
      expect(pairsOf(list('global', positions))).toBe(2 * count * n - count ** 2);
    });

    it(`a union and an intersection at n = ${n}`, () => {
      // Longformer: the band, and the row and the column of token 0, which share r + 1 pairs each with it.
      const r = 256;
      const shared = 2 * Math.min(n, r + 1) - 1;
      expect(pairsOf(or(call('window', { radius: r }), list('global', [0])))).toBe(
        bandPairs(n, r) + 2 * n - 1 - shared,
      );
      expect(pairsOf(and(call('strided', { stride: 64 }), call('causal')))).toBe((stridedPairs(n, 64) + n) / 2);
    });

    it(`keys per query, empty queries and tiles of sliding(100) at n = ${n}`, () => {
      const found = statistics(call('sliding', { size: 100 }), squareShape(n));
      expect(found.keysPerQuery).toEqual({ min: 1, mean: slidingPairs(n, 100) / n, max: Math.min(n, 100) });
      expect(found.emptyQueries).toBe(0);
      expect(found.density).toBe(slidingPairs(n, 100) / n ** 2);
      expect(found.tokens).toBe(n);
      expect(found.queries).toBe(n);
      // Every row of tiles of 64 holds a partial tile on the diagonal, and two more as far as there are tiles: 99 keys
      // back from the first query of a tile lie in the second tile before it.
      const blocks = Math.ceil(n / 64);
      const partial = blocks + Math.max(0, blocks - 1) + Math.max(0, blocks - 2);
      expect(found.tiles.size).toBe(64);
      expect(found.tiles.full + found.tiles.partial).toBe(partial);
      expect(found.tiles.empty).toBe(blocks ** 2 - partial);
    });
  }

  it('counts only the queries of a decoding step', () => {
    const shape: Shape = { ...squareShape(4096), queries: 3, offset: 4093 };
    const found = statistics(call('causal'), shape);
    expect(found).toMatchObject({ tokens: 4096, queries: 3, pairs: 4094 + 4095 + 4096, emptyQueries: 0 });
    expect(found.keysPerQuery).toEqual({ min: 4094, mean: 4095, max: 4096 });
  });

  it('counts queries without keys', () => {
    const found = statistics(list('rows', [3, -1]), squareShape(1000));
    expect(found).toMatchObject({ emptyQueries: 998, keysPerQuery: { min: 0, mean: 2, max: 1000 } });
  });

  it('counts tiles of the size it is asked for', () => {
    const found = statistics(call('causal'), squareShape(1024), { tile: { queries: 128, keys: 128 } });
    expect(found.tiles).toEqual({ size: 128, full: 28, partial: 8, empty: 28 });
  });

  it('has no meaning without tokens, or beyond the limit', () => {
    for (const n of [0, -1, 0.5, MAX_TOKENS + 1, Number.NaN])
      expect(() => statistics(call('full'), squareShape(n)), `n = ${n}`).toThrow(PatternError);
  });
});

describe('statistics against brute force', () => {
  const shapes = fc
    .record({
      n: fc.integer({ min: 1, max: 150 }),
      share: fc.double({ min: 0, max: 1, noNaN: true }),
      end: fc.boolean(),
    })
    .map(({ n, share, end }): Shape => {
      const queries = Math.max(1, Math.ceil(n * share));
      return { ...squareShape(n), queries, offset: end ? n - queries : 0 };
    });

  it('agrees on every number for random expressions and shapes', () => {
    fc.assert(
      fc.property(arbitraryPattern, shapes, fc.constantFrom(16, 32, 64), (pattern, shape, size) => {
        const { queries, tokens } = shape;
        const counts = Array.from({ length: queries }, () => 0);
        const tiles = new Map<string, number>();
        for (let row = 0; row < queries; row++)
          for (let key = 0; key < tokens; key++) {
            if (!allows(pattern, shape, shape.offset + row, key)) continue;
            counts[row]!++;
            const tile = `${Math.floor(row / size)} ${Math.floor(key / size)}`;
            tiles.set(tile, (tiles.get(tile) ?? 0) + 1);
          }
        const pairs = counts.reduce((sum, count) => sum + count, 0);
        const full = [...tiles.values()].filter(count => count === size * size).length;
        const found = statistics(pattern, shape, { tile: { queries: size, keys: size } });
        expect(found).toMatchObject({
          tokens,
          queries,
          pairs,
          density: pairs / (queries * tokens),
          keysPerQuery: { min: Math.min(...counts), mean: pairs / queries, max: Math.max(...counts) },
          emptyQueries: counts.filter(count => count === 0).length,
          tiles: {
            size,
            full,
            partial: tiles.size - full,
            empty: Math.ceil(queries / size) * Math.ceil(tokens / size) - tiles.size,
          },
        });
      }),
      { numRuns: 300 },
    );
  }, 60_000);
});
