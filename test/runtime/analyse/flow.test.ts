import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type FlowReport, modelFlow, shortestWay } from '../../../runtime/analyse/flow.ts';
import { type Neighbours, neighboursOf } from '../../../runtime/analyse/neighbours.ts';
import { Padding, periodsOf } from '../../../runtime/analyse/padding.ts';
import { OutOfSteps, Relations } from '../../../runtime/analyse/relation.ts';
import { rowsOfTree, sharedRows } from '../../../runtime/analyse/shared-rows.ts';
import { rowsOf, stackBlocks } from '../../../runtime/analyse/stack-blocks.ts';
import { stackDifferences } from '../../../runtime/analyse/stack-differences.ts';
import { stackRelations } from '../../../runtime/analyse/stack-relations.ts';
import { stackSpread } from '../../../runtime/analyse/stack-spread.ts';
import type { Stacked } from '../../../runtime/analyse/stacking.ts';
import { buildMaskTree } from '../../../runtime/compile/mask-tree.ts';
import { bindPattern } from '../../../runtime/pattern/bind.ts';
import type { Argument, Model, NumberExpression, Pattern } from '../../../runtime/pattern/ir.ts';
import { squareShape } from '../../../runtime/pattern/shape.ts';
import { arbitraryPattern } from '../arbitrary-pattern.ts';
import { allows } from '../brute-force.ts';

const at = (value: number): NumberExpression => ({ op: 'number', value });
const number = (value: number): Argument => ({ type: 'number', value: at(value) });
const call = (name: string, args: Record<string, number> = {}): Pattern => ({
  kind: 'primitive',
  name,
  args: Object.fromEntries(Object.entries(args).map(([key, value]) => [key, number(value)])),
});
const list = (name: string, positions: readonly number[]): Pattern => ({
  kind: 'primitive',
  name,
  args: { tokens: { type: 'positions', items: positions.map(position => ({ at: at(position) })) } },
});
const grid = (size: number, p: Pattern): Pattern => ({
  kind: 'primitive',
  name: 'blocked',
  args: { size: number(size), p: { type: 'pattern', value: p } },
});
const and = (left: Pattern, right: Pattern): Pattern => ({ kind: 'intersection', left, right });
const or = (left: Pattern, right: Pattern): Pattern => ({ kind: 'union', left, right });
const causal = call('causal');
const past = (pattern: Pattern): Pattern => and(pattern, causal);

/** A model with a pattern for each layer, or a bare pattern when there is just one. */
function model(tokens: number, patterns: readonly Pattern[], more: Partial<Model> = {}): Model {
  return {
    name: 'M',
    kind: 'model',
    tokens,
    queries: null,
    align: 'end',
    layers: patterns.length,
    heads: 1,
    kvHeads: 1,
    headDim: null,
    dtype: 'f16',
    batch: 1,
    causal: false,
    rules: patterns.map((pattern, layer) => ({ layers: [layer], heads: [0], pattern })),
    ...more,
  };
}

const flow = (tokens: number, pattern: Pattern): FlowReport => modelFlow(model(tokens, [pattern], { kind: 'pattern' }));

/** Everything by its definition: sets of keys, bit j of a number for key j, grown layer by layer. */
function expected(n: number, patterns: readonly Pattern[], layers: readonly number[], token: number): Stacked {
  const shape = squareShape(n);
  const positions = Array.from({ length: n }, (_, i) => i);
  const bit = (key: number): bigint => 1n << BigInt(key);
  const sees = patterns.map(pattern =>
    positions.map(i => positions.filter(j => i === j || allows(pattern, shape, i, j))),
  );
  const grow = (known: readonly bigint[], mask: readonly (readonly number[])[]): bigint[] =>
    mask.map(keys => keys.reduce((all, key) => all | (known[key] ?? 0n), 0n));
  const keysOf = (set: bigint): number[] => positions.filter(key => (set & bit(key)) !== 0n);
  const size = (known: readonly bigint[]): number => known.reduce((sum, set) => sum + keysOf(set).length, 0);
  const start = positions.map(bit);
  const any = positions.map(i => [...new Set(sees.flatMap(mask => mask[i] ?? []))]);
  let closure = start;
  let hops = 0;
  for (let next = grow(closure, any); next.some((set, i) => set !== closure[i]); next = grow(closure, any)) {
    closure = next;
    hops++;
  }
  const byLayer: number[] = [];
  const fields: { keys: number; first: number; last: number }[] = [];
  let known = start;
  for (const layer of layers) {
    known = grow(known, sees[layer]!);
    byLayer.push(size(known));
    const keys = keysOf(known[token]!);
    fields.push({ keys: keys.length, first: Math.min(...keys), last: Math.max(...keys) });
    if (size(known) === size(closure)) break;
  }
  const count = (test: (i: number, j: number) => boolean): number =>
    closure.reduce((sum, set, i) => sum + keysOf(set).filter(j => test(i, j)).length, 0);
  return {
    connected: size(closure),
    past: count((i, j) => j <= i),
    future: count((i, j) => j >= i),
    hops,
    byLayer,
    fields,
    missing: { past: undefined, future: undefined },
  };
}

/** The same where all layers are alike, by a search from every position. */
function searched({ start, key }: Neighbours, token: number): Omit<Stacked, 'missing'> {
  const n = start.length - 1;
  const found: number[] = [];
  const fields: { keys: number; first: number; last: number }[] = [];
  let past = 0;
  let future = 0;
  const met = new Int32Array(n).fill(-1);
  for (let query = 0; query < n; query++) {
    let reached = [query];
    met[query] = query;
    const field = { keys: 1, first: query, last: query };
    past++;
    future++;
    for (let steps = 0; reached.length > 0; steps++) {
      found[steps] = (found[steps] ?? 0) + reached.length;
      const next: number[] = [];
      for (const position of reached)
        for (let at = start[position]!; at < start[position + 1]! && field.keys < n; at++) {
          const other = key[at]!;
          if (met[other] === query) continue;
          met[other] = query;
          next.push(other);
          if (other < query) past++;
          else future++;
          field.keys++;
          field.first = Math.min(field.first, other);
          field.last = Math.max(field.last, other);
        }
      if (query === token) fields.push({ ...field });
      reached = next;
    }
  }
  const byLayer = found.slice(1).map((_, layer) => found.slice(0, layer + 2).reduce((sum, count) => sum + count));
  const last = fields.at(-1)!;
  return {
    connected: past + future - n,
    past,
    future,
    hops: byLayer.length,
    byLayer,
    fields: byLayer.map((_, layer) => fields[layer] ?? last),
  };
}

/** The same without the examples, of which there may be several; those are checked one by one. */
function withoutMissing({ missing: _, ...rest }: Stacked): Omit<Stacked, 'missing'> {
  return rest;
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
          const shared = masks.map(mask => sharedRows(n, rowsOfTree(buildMaskTree(mask, shape))));
          const results = [
            stackRelations({ ...stack, masks }, 2 ** 22),
            stackRelations({ ...stack, masks }, 2 ** 22, {}, new Padding(n, period)),
            stackSpread({ ...stack, masks: shared }, 2 ** 30),
            // Bands of 32 keys, where it is several to the sequence.
            stackSpread({ ...stack, masks: shared }, 2 ** 30, undefined, n),
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

  it.each([
    // The third mask has rows that share sums; the bands of the last end within a group of words.
    [4096, call('random', { keys: 3 }), undefined],
    [4096, call('random', { keys: 64 }), undefined],
    [2500, or(call('random', { keys: 2 }), call('window', { size: 40 })), undefined],
    [2477, or(call('random', { keys: 1 }), call('random', { keys: 2, seed: 5 })), 40],
  ])('of many scattered pairs is what a search from every position finds (%#)', (n, pattern, words) => {
    const tree = buildMaskTree(bindPattern(pattern, squareShape(n)), squareShape(n));
    const rows = sharedRows(n, rowsOfTree(tree));
    const token = n - 7;
    const mostWords = words === undefined ? undefined : words * (2 * n + rows.sums);
    const stack = { tokens: n, layers: Array.from({ length: 40 }, () => 0), token, masks: [rows] };
    const { missing, ...found } = stackSpread(stack, 2 ** 40, undefined, mostWords);
    const wanted = searched(neighboursOf(tree), token);
    expect(found).toEqual(wanted);
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
    const stack = { tokens: 96, layers: [0, 0, 0, 0, 0, 0], token: 10, masks: [rowsOf(neighbours)] };
    const found = stackSpread(stack, 2 ** 30);
    expect(withoutMissing(found)).toEqual(searched(neighbours, 10));
    expect(found.fields.at(-1)).toEqual({ keys: 1 + 16 + 4, first: 10, last: 80 });
  });

  it('of layers that differ does not depend on the keys that are held at once', () => {
    const n = 1501;
    const masks = [
      or(call('random', { keys: 2 }), call('window', { size: 30 })),
      call('random', { keys: 4, seed: 9 }),
    ].map(pattern => sharedRows(n, rowsOfTree(buildMaskTree(bindPattern(pattern, squareShape(n)), squareShape(n)))));
    const stack = { tokens: n, layers: [0, 1, 1, 0, 1, 0], token: 700, masks };
    const narrow = stackSpread(stack, 2 ** 40, undefined, n);
    const wide = stackSpread(stack, 2 ** 40);
    expect(withoutMissing(wide)).toEqual(withoutMissing(narrow));
    expect(wide.byLayer.length).toBeGreaterThan(2);
  });

  it('of blocks is that of its positions', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(16, 32, 64),
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
          const found = stackBlocks(stack, 2 ** 30);
          expect(withoutMissing(found!)).toEqual(withoutMissing(stackRelations(stack, 2 ** 22)));
          const { missing } = stackRelations(stack, 2 ** 22);
          expect(found?.missing.past === undefined).toBe(missing.past === undefined);
          expect(found?.missing.future === undefined).toBe(missing.future === undefined);
        },
      ),
      { numRuns: 60 },
    );
    const window = bindPattern(call('window', { radius: 3 }), squareShape(64));
    expect(stackBlocks({ tokens: 64, layers: [0], masks: [window] }, 2 ** 30)).toBeUndefined();
  });

  it('stops when it takes too long', () => {
    const shape = squareShape(4096);
    const mask = bindPattern(call('random', { keys: 3 }), shape);
    const stack = { tokens: 4096, layers: [0] };
    expect(() => stackRelations({ ...stack, masks: [mask] }, 10_000)).toThrow(OutOfSteps);
    const rows = sharedRows(4096, rowsOfTree(buildMaskTree(mask, shape)));
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

const window = (radius: number): Pattern => call('window', { radius });
const bigBird = (size: number): Pattern =>
  grid(size, or(or(call('window', { size: 3 }), list('global', [0, -1])), call('random', { keys: 3 })));
/** Sparse Transformer: the last `stride` positions and every `stride`-th before. */
const strided = (stride: number): Pattern => past(or(call('sliding', { size: stride }), call('strided', { stride })));

describe('known answers', () => {
  it.each([1, 7, 512])('a window of radius %i alone takes n / radius steps', radius => {
    for (const n of [1000, 4096, 65_536]) {
      const { hops, reaches, share, full, missing, isolated } = flow(n, window(radius));
      const steps = Math.ceil((n - 1) / radius);
      expect(hops).toEqual({ least: steps, most: steps, exact: true });
      expect({ reaches, share, full, missing, isolated }).toEqual({
        reaches: 'all',
        share: 1,
        full: { after: steps },
        missing: null,
        isolated: { count: 0, first: [] },
      });
    }
  });

  it('a causal window at millions of tokens', () => {
    const n = 2 ** 22;
    expect(flow(n, call('sliding', { size: 4096 }))).toMatchObject({
      reaches: 'past',
      share: 1,
      hops: { least: Math.ceil((n - 1) / 4095), exact: true },
    });
  });

  it.each([100, 4096, 65_536, 2 ** 20])('a star has diameter 2 at n = %i', n => {
    const star = or(call('diagonal'), list('global', [0]));
    expect(flow(n, star)).toMatchObject({
      reaches: 'all',
      hops: { least: 2, most: 2, exact: true },
      full: { after: 2 },
    });
    expect(flow(n, or(window(1), list('global', [n - 1])))).toMatchObject({ hops: { least: 2, exact: true } });
  });

  it('random blocks alone are followed block by block', () => {
    const random = grid(64, or(call('window', { size: 3 }), call('random', { keys: 3 })));
    expect(flow(65_536, random)).toMatchObject({ reaches: 'all', hops: { exact: true } });
  });

  it.each([4096, 16_384, 65_536])('BigBird has diameter 2 at n = %i', n => {
    expect(flow(n, bigBird(64))).toMatchObject({ reaches: 'all', hops: { least: 2, most: 2, exact: true } });
  });

  it.each([
    [1024, 32],
    [4096, 64],
    [65_536, 256],
  ])('the strided Sparse Transformer takes two steps at n = %i', (n, stride) => {
    expect(flow(n, strided(stride))).toMatchObject({
      reaches: 'past',
      share: 1,
      hops: { least: 2, most: 2, exact: true },
    });
  });

  it('a tower of dilated windows doubles what is seen with every layer', () => {
    const tower = Array.from({ length: 10 }, (_, layer) =>
      call('window', { before: 1, after: 0, dilation: 2 ** layer }),
    );
    const n = 4096;
    const report = modelFlow(model(n, tower), undefined, { token: n - 1 });
    expect(report.fields.map(({ keys }) => keys)).toEqual(tower.map((_, layer) => 2 ** (layer + 1)));
    expect(report).toMatchObject({ reaches: 'past', full: { after: null }, layers: 10 });
    // Position i has heard of its last 1024 keys.
    const heard = 1024 * n - (1024 * 1023) / 2;
    expect(report.byLayer.at(-1)).toBe(heard / ((n * (n + 1)) / 2));
    const whole = modelFlow(model(1024, tower));
    expect(whole).toMatchObject({ full: { after: 10 } });
    expect(whole.byLayer).toHaveLength(10);
  });

  it.each([1024, 65_536, 2 ** 20])('LogSparse takes as many steps as a distance has bits at n = %i', n => {
    const logSparse = past(call('exponential'));
    const bits = Math.log2(n);
    expect(flow(n, logSparse)).toMatchObject({ reaches: 'past', hops: { least: bits, most: bits, exact: true } });
  });

  it.each([1024, 8192])('a distance of both directions is a sum and difference of powers at n = %i', n => {
    const { hops } = flow(n, call('exponential'));
    // Of m digits, at most half are not 0 in the sparsest signed form; the ends of the sequence cost at most one step more.
    expect(hops.exact).toBe(true);
    expect(Math.abs(hops.least - (Math.log2(n) / 2 + 1))).toBeLessThanOrEqual(1);
  });

  it.each([
    [65_536, 1000],
    [2 ** 20, 1000],
    [65_536, 777],
  ])('a stride that is no power of two and a window, at n = %i and stride %i', (n, stride) => {
    const { hops, reaches } = flow(n, or(call('strided', { stride }), window(5)));
    // Half a stride in steps of a window, and one to the right place; the ends of the sequence cost one more.
    const around = Math.ceil(Math.floor(stride / 2) / 5) + 1;
    expect(reaches).toBe('all');
    expect(hops.exact).toBe(true);
    expect([around, around + 1]).toContain(hops.least);
  });

  it('scattered keys beside long stretches', () => {
    const n = 8192;
    const { hops, byLayer, reaches } = flow(n, or(call('random', { keys: 8 }), call('window', { size: 512 })));
    expect(reaches).toBe('all');
    expect(hops).toEqual({ least: byLayer.length, most: byLayer.length, exact: true });
    // Each query draws 8 keys, of which those within the window are no others.
    const inWindow = 513 * n - 256 * 257;
    expect(byLayer[0]).toBeGreaterThan(inWindow / n ** 2);
    expect(byLayer[0]).toBeLessThanOrEqual((inWindow + 8 * n) / n ** 2);
    expect(byLayer.at(-1)).toBe(1);
  });

  it('attention sinks make a window no faster', () => {
    const n = 65_536;
    const sinks = past(or(call('sliding', { size: 1024 }), list('columns', [0, 1, 2, 3])));
    const { hops } = flow(n, sinks);
    // Keys after the sinks are only reached through windows.
    expect(hops).toEqual({ least: Math.ceil((n - 1 - 4) / 1023), most: Math.ceil((n - 1 - 4) / 1023), exact: true });
  });

  it('blocks alone connect only themselves', () => {
    expect(flow(1000, call('block', { size: 100 }))).toMatchObject({
      reaches: 'part',
      share: 0.1,
      hops: { least: 1, most: 1 },
      full: { after: 1 },
    });
    const { missing } = flow(1000, call('block', { size: 100 }));
    expect(Math.floor(missing!.query / 100)).not.toBe(Math.floor(missing!.key / 100));
  });

  it('a prefix that sees itself hears of all earlier keys', () => {
    const prefix: Pattern = or(causal, call('prefix', { length: 10 }));
    expect(flow(100, prefix)).toMatchObject({ reaches: 'past', missing: null, hops: { least: 1, most: 1 } });
    expect(flow(100, { kind: 'complement', of: past(call('full')) })).toMatchObject({ reaches: 'future', share: 1 });
  });

  it('names isolated positions', () => {
    const n = 5000;
    const cut: Pattern = {
      kind: 'difference',
      left: { kind: 'difference', left: window(2), right: list('global', [7, 4000]) },
      right: call('none'),
    };
    expect(flow(n, cut).isolated).toEqual({ count: 2, first: [7, 4000] });
    expect(flow(n, call('diagonal'))).toMatchObject({
      isolated: { count: n, first: [0, 1, 2, 3, 4, 5, 6, 7] },
      hops: { least: 0, most: 0, exact: true },
      full: { after: 0 },
    });
    // A row that nobody looks back at is not isolated.
    expect(flow(n, list('rows', [3])).isolated.count).toBe(0);
    expect(flow(n, and(list('rows', [3]), list('columns', [9]))).isolated.count).toBe(n - 2);
    for (const length of [100, 64, 300]) expect(flow(length, call('none')).isolated.count).toBe(length);
    expect(flow(1, call('none'))).toMatchObject({ reaches: 'all', isolated: { count: 1 } });
  });
});

describe('the flow of a model', () => {
  it('takes all heads of a layer together', () => {
    const heads: Partial<Model> = {
      layers: 2,
      heads: 2,
      kvHeads: 2,
      rules: [
        { layers: [0, 1], heads: [0], pattern: window(1) },
        { layers: [0, 1], heads: [1], pattern: list('global', [0]) },
      ],
    };
    expect(modelFlow(model(1000, [], heads))).toMatchObject({ full: { after: 2 }, layers: 2, hops: { least: 2 } });
    const alone = modelFlow(model(1000, [], heads), undefined, { only: { layer: 1, head: 0 } });
    expect(alone).toMatchObject({ layers: null, hops: { least: 999 }, full: { after: 999 } });
  });

  it('takes layers in their order', () => {
    // Up: a key in the middle is seen by position 0 in the first layer, and position 0 by all in the second.
    const collect = list('rows', [0]);
    const spread = list('columns', [0]);
    expect(modelFlow(model(500, [collect, spread]))).toMatchObject({ full: { after: 2 } });
    expect(modelFlow(model(500, [spread, collect])).full).toEqual({ after: null });
  });

  it('finds a shortest way', () => {
    const m = model(1000, [or(window(2), list('global', [500]))]);
    expect(shortestWay(m, 10, 900)).toEqual([10, 500, 900]);
    expect(shortestWay(m, 10, 14)).toHaveLength(3);
    expect(shortestWay(m, 10, 10)).toEqual([10]);
    expect(shortestWay(model(1000, [call('sliding', { size: 11 })]), 999, 0)).toHaveLength(101);
    expect(shortestWay(model(1000, [causal]), 3, 4)).toBeUndefined();
    expect(() => shortestWay(m, 10, 1000)).toThrow(/position 1000/);
    expect(() => modelFlow(m, undefined, { token: -1 })).toThrow(/position -1/);
  });

  it('needs every position to be a query, and masks that are known', () => {
    expect(() => modelFlow(model(100, [causal], { queries: 1 }))).toThrow(/1 queries for 100 tokens/);
    expect(() => modelFlow(model(100, [call('topk', { keys: 4 })]))).toThrow(/by content/);
    expect(() => modelFlow(model(100, [causal], { layers: 2 }))).toThrow(/no rule of M reaches layer 1/);
  });

  it('gives bounds that hold where it would take too long to be exact', () => {
    const patterns: Pattern[] = [
      or(call('random', { keys: 2 }), window(1)),
      or(call('random', { keys: 1, seed: 3 }), call('sliding', { size: 9 })),
      or(past(call('random', { keys: 2 })), call('sliding', { size: 40 })),
      bigBird(16),
    ];
    for (const pattern of patterns) {
      const n = 3000;
      const exact = flow(n, pattern);
      expect(exact.hops.exact).toBe(true);
      const rough = modelFlow(model(n, [pattern], { kind: 'pattern' }), undefined, { effort: 2 ** -12 });
      expect(rough.hops.least).toBeLessThanOrEqual(exact.hops.least);
      expect(rough.hops.most).toBeGreaterThanOrEqual(exact.hops.least);
      if (rough.reaches !== null) expect(rough.reaches).toBe(exact.reaches);
    }
  });
});
