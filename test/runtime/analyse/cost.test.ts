import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ASSUMED_HEAD_DIM, modelCost } from '../../../runtime/analyse/cost.ts';
import { lastRows, mostKeysAtOnce } from '../../../runtime/analyse/key-lifetime.ts';
import { rangeOf } from '../../../runtime/analyse/range.ts';
import { tileUse, WASTE_TILES, wasteOf } from '../../../runtime/analyse/waste.ts';
import { buildMaskTree } from '../../../runtime/compile/mask-tree.ts';
import { bindPattern } from '../../../runtime/pattern/bind.ts';
import type { Argument, Model, NumberExpression, Pattern } from '../../../runtime/pattern/ir.ts';
import { maskName } from '../../../runtime/pattern/mask-name.ts';
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
const sinks = (window: number, count: number): Pattern =>
  or(call('sliding', { size: window }), and(call('prefix', { length: count }), causal));

function model(rules: readonly Pattern[], more: Partial<Model> = {}): Model {
  const layers = more.layers ?? rules.length;
  const heads = more.heads ?? 1;
  return {
    name: 'M',
    kind: 'model',
    tokens: 100,
    queries: null,
    align: 'end',
    layers,
    heads,
    kvHeads: heads,
    headDim: 8,
    dtype: 'f16',
    batch: 1,
    causal: false,
    rules: rules.map((pattern, layer) => ({
      layers: [layer],
      heads: Array.from({ length: heads }, (_, head) => head),
      pattern,
    })),
    ...more,
  };
}

/** Any shape, with fewer queries than keys too. */
const shapes = fc
  .record({
    tokens: fc.integer({ min: 1, max: 100 }),
    part: fc.double({ min: 0, max: 1, noNaN: true }),
    end: fc.boolean(),
  })
  .map(({ tokens, part, end }): Shape => {
    const queries = Math.max(1, Math.ceil(tokens * part));
    return { ...squareShape(tokens), queries, offset: end ? tokens - queries : 0 };
  });

function pairsOf(pattern: Pattern, shape: Shape): [number, number][] {
  const pairs: [number, number][] = [];
  for (let i = shape.offset; i < shape.offset + shape.queries; i++)
    for (let j = 0; j < shape.tokens; j++) if (allows(pattern, shape, i, j)) pairs.push([i, j]);
  return pairs;
}

describe('waste, range and lifetimes', () => {
  it('are those that a look at every pair finds', () => {
    fc.assert(
      fc.property(arbitraryPattern, shapes, (pattern, shape) => {
        const pairs = pairsOf(pattern, shape);
        const mask = bindPattern(pattern, shape);
        const waste = wasteOf(mask, shape);
        expect(waste.needed).toBe(pairs.length);
        for (const [index, size] of WASTE_TILES.entries()) {
          const tiles = new Set(
            pairs.map(([i, j]) => `${Math.floor((i - shape.offset) / size)},${Math.floor(j / size)}`),
          );
          let computed = 0;
          let loadedKeys = 0;
          for (const tile of tiles) {
            const [row = 0, column = 0] = tile.split(',').map(Number);
            const keys = Math.min(size, shape.tokens - column * size);
            computed += keys * Math.min(size, shape.queries - row * size);
            loadedKeys += keys;
          }
          expect(waste.sizes[index]).toEqual({
            tile: { queries: size, keys: size },
            tiles: tiles.size,
            computed,
            loadedKeys,
            used: computed === 0 ? 1 : pairs.length / computed,
            speedUp: (shape.queries * shape.tokens) / computed,
          });
        }
        const tree = buildMaskTree(mask, shape, { tile: { queries: 16, keys: 48 } });
        expect(rangeOf(tree, shape.offset)).toEqual({
          back: Math.max(0, ...pairs.map(([i, j]) => i - j)),
          ahead: Math.max(0, ...pairs.map(([i, j]) => j - i)),
        });
        const last = new Int32Array(shape.tokens).fill(-1);
        for (const [i, j] of pairs) last[j] = i - shape.offset;
        expect(lastRows(tree)).toEqual(last);
        let most = 0;
        for (let t = shape.offset; t < shape.offset + shape.queries; t++) {
          const kept = new Set(pairs.filter(([i, j]) => j <= t && i >= t).map(([, j]) => j));
          // A key that an earlier query saw last is gone; one that a later query sees is there.
          most = Math.max(most, kept.size);
        }
        expect(mostKeysAtOnce(last, shape.offset, shape.queries)).toBe(most);
      }),
      { numRuns: 300 },
    );
  });

  it('name the largest tile that is nearly as good as the smallest', () => {
    const best = (pattern: Pattern, n: number): number => {
      const shape = squareShape(n);
      return wasteOf(bindPattern(pattern, shape), shape).best;
    };
    expect(best(call('full'), 4096)).toBe(256);
    expect(best(call('block', { size: 64 }), 4096)).toBe(64);
    expect(best(call('diagonal'), 4096)).toBe(16);
    expect(best(call('none'), 4096)).toBe(256);
  });

  it('are exact at lengths where pairs cannot be looked at', () => {
    const n = 2 ** 22;
    const shape = squareShape(n);
    const { sizes, best } = wasteOf(bindPattern(call('sliding', { size: 1024 }), shape), shape);
    // Tile row r has min(r, 1024 / t) + 1 tiles.
    for (const { tile, tiles, computed } of sizes) {
      const [t, rows, wide] = [tile.queries, n / tile.queries, 1024 / tile.queries];
      expect(tiles).toBe(rows * (wide + 1) - (wide * (wide + 1)) / 2);
      expect(computed).toBe(tiles * t * t);
    }
    expect(best).toBe(64);
    const tree = buildMaskTree(bindPattern(sinks(1000, 4), shape), shape);
    expect(rangeOf(tree)).toEqual({ back: n - 1, ahead: 0 });
    expect(mostKeysAtOnce(lastRows(tree), 0, n)).toBe(1004);
  });

  it('take rectangular tiles', () => {
    const shape = squareShape(1000);
    const tree = buildMaskTree(bindPattern(causal, shape), shape, { tile: { queries: 128, keys: 64 } });
    expect(tileUse(tree)).toMatchObject({ tile: { queries: 128, keys: 64 }, tiles: 2 + 4 + 6 + 8 + 10 + 12 + 14 + 16 });
  });
});

describe('keys that decoding needs at once', () => {
  const kept = (pattern: Pattern, shape: Shape): number =>
    mostKeysAtOnce(lastRows(buildMaskTree(bindPattern(pattern, shape), shape)), shape.offset, shape.queries);
  it.each<[string, Pattern, number]>([
    ['a window', call('sliding', { size: 128 }), 128],
    ['a window wider than the sequence', call('sliding', { size: 9999 }), 1000],
    ['a window with sinks', sinks(128, 4), 132],
    ['all of the past', causal, 1000],
    ['blocks', and(call('block', { size: 64 }), causal), 64],
    ['strides, where every key waits for one more query', and(call('strided', { stride: 100 }), causal), 901],
    ['nothing', call('none'), 0],
  ])('%s', (_, pattern, most) => {
    expect(kept(pattern, squareShape(1000))).toBe(most);
  });

  it('of a single query are those that it sees', () => {
    const shape = { ...squareShape(1000), queries: 1, offset: 999 };
    expect(kept(and(call('strided', { stride: 100 }), causal), shape)).toBe(10);
  });
});

describe('the cost of a model', () => {
  it('adds up heads, layers and batch', () => {
    const n = 1000;
    const pairs = n * 64 - (64 * 63) / 2;
    const all = (n * (n + 1)) / 2;
    const cost = modelCost(
      model([call('sliding', { size: 64 }), call('full')], { tokens: n, heads: 8, kvHeads: 2, batch: 3, causal: true }),
    );
    const [sliding, full] = cost.perLayer;
    expect(cost).toMatchObject({
      tokens: n,
      queries: n,
      causal: true,
      atMost: false,
      headDim: 8,
      headDimAssumed: false,
    });
    expect(sliding).toMatchObject({
      layer: 0,
      back: 63,
      ahead: 0,
      pairs: { sparse: BigInt(24 * pairs), full: BigInt(24 * n * n), causal: BigInt(24 * all) },
      scoreFlops: { sparse: BigInt(24 * pairs * 16) },
      valueFlops: { full: BigInt(24 * n * n * 16) },
      softmaxOps: { causal: BigInt(24 * all * 4) },
      scoreBytes: { sparse: BigInt(24 * pairs * 2), full: BigInt(24 * n * n * 2) },
      tensorBytes: {
        q: BigInt(24 * n * 16),
        k: BigInt(6 * n * 16),
        v: BigInt(6 * n * 16),
        o: BigInt(24 * n * 16),
        total: BigInt(60 * n * 16),
      },
      cacheBytes: { sparse: BigInt(2 * 6 * 64 * 16), full: BigInt(2 * 6 * n * 16) },
    });
    // A full layer of a causal model is causal.
    expect(full).toMatchObject({ layer: 1, back: n - 1, pairs: { sparse: BigInt(24 * all) }, speedUp: { causal: 1 } });
    expect(full?.cacheBytes.sparse).toBe(full?.cacheBytes.full);
    expect(full?.computedPairs.sparse).toBe(full?.computedPairs.causal);
    expect(full?.movedBytes.sparse).toBe(full?.movedBytes.causal);
    expect(cost.total.pairs.sparse).toBe(BigInt(24 * (pairs + all)));
    expect(cost.total.cacheBytes.sparse).toBe(BigInt(2 * 6 * (64 + n) * 16));
    expect(cost.total.tensorBytes.total).toBe(BigInt(2 * 60 * n * 16));
  });

  it('agrees with the waste at its tile', () => {
    fc.assert(
      fc.property(arbitraryPattern, fc.integer({ min: 1, max: 100 }), fc.constantFrom(16, 64, 128), (pattern, n, t) => {
        const shape = squareShape(n);
        const cost = modelCost(model([pattern], { tokens: n }), undefined, { tile: { queries: t, keys: t } });
        const use = wasteOf(bindPattern(pattern, shape), shape).sizes.find(({ tile }) => tile.keys === t)!;
        expect(cost.total.pairs.sparse).toBe(BigInt(pairsOf(pattern, shape).length));
        expect(cost.total.computedPairs.sparse).toBe(BigInt(use.computed));
        expect(cost.total.speedUp?.full).toBe(use.speedUp);
        const whole = modelCost(model([call('full')], { tokens: n }), undefined, { tile: { queries: t, keys: t } });
        expect(whole.total.movedBytes.sparse).toBe(cost.total.movedBytes.full);
        const past = modelCost(model([causal], { tokens: n }), undefined, { tile: { queries: t, keys: t } });
        expect(past.total.movedBytes.sparse).toBe(cost.total.movedBytes.causal);
        expect(past.total.pairs.sparse).toBe(cost.total.pairs.causal);
      }),
      { numRuns: 100 },
    );
  });

  it('keeps a key for as long as any head of its group needs it', () => {
    const heads = (first: Pattern, second: Pattern, kvHeads: number): bigint =>
      modelCost(
        model([], {
          layers: 1,
          heads: 2,
          kvHeads,
          headDim: 1,
          rules: [
            { layers: [0], heads: [0], pattern: first },
            { layers: [0], heads: [1], pattern: second },
          ],
        }),
      ).total.cacheBytes.sparse / 4n;
    const window = call('sliding', { size: 10 });
    expect(heads(window, sinks(10, 4), 2)).toBe(24n);
    expect(heads(window, sinks(10, 4), 1)).toBe(14n);
    expect(heads(call('sliding', { size: 30 }), sinks(10, 4), 1)).toBe(34n);
  });

  it('goes beyond what a double holds', () => {
    const n = 2 ** 22;
    const cost = modelCost(model([causal], { tokens: n, heads: 64, layers: 1, headDim: 128, batch: 1000 }));
    expect(cost.total.scoreFlops.sparse).toBe(((BigInt(n) * BigInt(n + 1)) / 2n) * 64n * 1000n * 256n);
    expect(cost.total.pairs.sparse > 2n ** 53n).toBe(true);
  });

  it('takes fewer queries than keys', () => {
    const decode = modelCost(model([call('sliding', { size: 16 })], { tokens: 1000, queries: 1 }));
    expect(decode.total).toMatchObject({
      pairs: { sparse: 16n, full: 1000n, causal: 1000n },
      tensorBytes: { q: 16n, k: 16_000n },
      cacheBytes: { sparse: 2n * 16n * 16n, full: 2n * 1000n * 16n },
    });
    const start = modelCost(model([causal], { tokens: 1000, queries: 10, align: 'start' }));
    expect(start.total.pairs.causal).toBe(55n);
    expect(start.total.cacheBytes.sparse).toBe(start.total.cacheBytes.full);
  });

  it('of what content chooses is an upper bound', () => {
    const cost = modelCost(model([and(call('topk', { keys: 4 }), causal)], { headDim: null }));
    expect(cost).toMatchObject({ atMost: true, headDim: ASSUMED_HEAD_DIM, headDimAssumed: true, causal: true });
    expect(cost.total.pairs.sparse).toBe(400n);
    expect(cost.total).toMatchObject({ computedPairs: { sparse: null, full: 10_000n }, speedUp: null });
  });

  /** How much is looked at for the costs of a model at 64 tokens, in looks at the clock. */
  const workFor = (subject: Model): number => {
    let looks = 0;
    modelCost(subject, 64, { checkpoint: () => looks++ });
    return looks;
  };

  it('counts masks once that are alike, and those apart that read their head', () => {
    expect(
      workFor(model([], { layers: 80, heads: 64, rules: [{ layers: range(80), heads: range(64), pattern: causal }] })),
    ).toBe(workFor(model([causal])));
    const byHead = call('sliding');
    const reads: Pattern = {
      ...byHead,
      args: {
        size: { type: 'number', value: { op: 'binary', operator: '+', left: head, right: { op: 'number', value: 1 } } },
      },
    } as Pattern;
    const cost = modelCost(
      model([], { layers: 2, heads: 4, rules: [{ layers: range(2), heads: range(4), pattern: reads }] }),
      64,
    );
    expect(cost.perLayer[1]?.pairs.sparse).toBe(
      BigInt([1, 2, 3, 4].reduce((sum, w) => sum + 64 * w - (w * (w - 1)) / 2, 0)),
    );
  });

  it('counts layers once that choose the same branch', () => {
    const every4th: Pattern = {
      kind: 'choose',
      condition: {
        op: 'binary',
        operator: '==',
        left: {
          op: 'binary',
          operator: '%',
          left: { op: 'shape', name: 'layer', grid: 0 },
          right: { op: 'number', value: 4 },
        },
        right: { op: 'number', value: 3 },
      },
      then: causal,
      otherwise: call('sliding', { size: 8 }),
    };
    const layered = model([], {
      layers: 8,
      heads: 4,
      rules: [{ layers: range(8), heads: range(4), pattern: every4th }],
    });
    expect(workFor(layered)).toBe(workFor(model([causal])) + workFor(model([call('sliding', { size: 8 })])));
    const cost = modelCost(layered, 64);
    expect(cost.perLayer.map(({ back }) => back)).toEqual([7, 7, 7, 63, 7, 7, 7, 63]);
  });

  it('names masks apart exactly when they may differ', () => {
    const shapeAt = (layer: number, head: number): Shape => ({ ...squareShape(64), layer, layers: 4, head, heads: 4 });
    const sized = (value: NumberExpression): Pattern => ({
      kind: 'primitive',
      name: 'sliding',
      args: { size: { type: 'number', value } },
    });
    const compare = (name: 'head' | 'layer' | 'n'): NumberExpression => ({
      op: 'choose',
      condition: {
        op: 'binary',
        operator: '<',
        left: { op: 'shape', name, grid: 0 },
        right: { op: 'number', value: 2 },
      },
      then: { op: 'number', value: 8 },
      otherwise: { op: 'named', name: 'wide', value: { op: 'number', value: 32 } },
    });
    const byHead = sized(compare('head'));
    expect(maskName(byHead, shapeAt(0, 0))).toBe(maskName(byHead, shapeAt(3, 1)));
    expect(maskName(byHead, shapeAt(0, 1))).not.toBe(maskName(byHead, shapeAt(0, 2)));
    expect(maskName(byHead, shapeAt(1, 3))).toBe(maskName(call('sliding', { size: 32 }), shapeAt(0, 0)));
    const byLength = sized(compare('n'));
    expect(maskName(byLength, shapeAt(0, 0))).toBe(maskName(byLength, shapeAt(3, 3)));
    const random = (perHead: boolean): Pattern =>
      ({
        ...call('random', { keys: 3 }),
        args: {
          keys: { type: 'number', value: { op: 'number', value: 3 } },
          ...(perHead ? { per_head: { type: 'bool', value: { op: 'number', value: 1 } } } : {}),
        },
      }) as Pattern;
    expect(maskName(random(false), shapeAt(0, 0))).toBe(maskName(random(false), shapeAt(1, 1)));
    expect(maskName(random(true), shapeAt(0, 0))).not.toBe(maskName(random(true), shapeAt(0, 1)));
    // Without a value, the complaint is left to whoever binds the pattern.
    const nothing = sized({
      op: 'binary',
      operator: '/',
      left: { op: 'number', value: 1 },
      right: { op: 'number', value: 0 },
    });
    expect(() => maskName(nothing, shapeAt(0, 0))).not.toThrow();
    expect(() => modelCost(model([nothing]))).toThrow(/number/);
  });

  it('says what is missing', () => {
    expect(() => modelCost(model([causal], { layers: 2 }))).toThrow(/no rule of M reaches layer 1, head 0/);
    expect(() => modelCost(model([causal], { tokens: null, kind: 'pattern' }))).toThrow(/how many tokens/);
  });
});

const head = { op: 'shape', name: 'head', grid: 0 } as const;

function range(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index);
}
