import { describe, expect, it } from 'vitest';
import { modelFlow, shortestWay } from '../../../runtime/analyse/flow.ts';
import type { FlowReport } from '../../../runtime/analyse/flow-report.ts';
import type { Model, Pattern } from '../../../runtime/pattern/ir.ts';
import { drawKeys } from '../../../runtime/pattern/random-mask.ts';
import { and, call, causal, grid, list, model, or, past, window } from './flow-patterns.ts';

const flow = (tokens: number, pattern: Pattern): FlowReport => modelFlow(model(tokens, [pattern], { kind: 'pattern' }));

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

  it('scattered keys of 65,536 positions, at the effort of the preview', { timeout: 120_000 }, () => {
    const n = 65_536;
    const token = 40_000;
    const pattern = call('random', { keys: 16 });
    const report = modelFlow(model(n, [pattern], { kind: 'pattern' }), undefined, { token, effort: 3 / 4 });
    expect(report).toMatchObject({ reaches: 'all', share: 1, hops: { exact: true } });
    expect(report.byLayer).toHaveLength(report.hops.least);
    expect(report.byLayer[0]).toBeGreaterThan((16 * n) / n ** 2);
    expect(report.byLayer[0]).toBeLessThanOrEqual((17 * n) / n ** 2);
    // What the token hears of, by the draws themselves.
    const heard = new Uint8Array(n);
    heard[token] = 1;
    let edge = [token];
    const sizes: number[] = [];
    for (let keys = 1; edge.length > 0; ) {
      const next: number[] = [];
      for (const query of edge)
        for (const key of drawKeys(16, n, query, { seed: 0, layer: 0, head: 0 }))
          if (heard[key] === 0) {
            heard[key] = 1;
            next.push(key);
          }
      keys += next.length;
      edge = next;
      if (edge.length > 0) sizes.push(keys);
    }
    const found = report.fields.map(({ keys }) => keys);
    expect(found.slice(0, sizes.length)).toEqual(sizes);
    expect(found.slice(sizes.length)).toEqual(found.slice(sizes.length).map(() => n));
    expect(sizes.length).toBeLessThanOrEqual(report.hops.least);
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

  it('of a chunk at the end of a cache is that of the whole sequence', () => {
    const patterns = [past(or(window(3), list('global', [0]))), past(call('random', { keys: 2 }))];
    for (const queries of [1, 16]) {
      const chunk = modelFlow(model(300, patterns, { queries }), undefined, { token: 299 });
      const whole = modelFlow(model(300, patterns), undefined, { token: 299 });
      expect(chunk).toEqual({ ...whole, queries });
      expect(whole.queries).toBe(300);
      expect(shortestWay(model(300, patterns, { queries }), 299, 7)).toHaveLength(
        shortestWay(model(300, patterns), 299, 7)!.length,
      );
    }
  });

  it('needs positions that are queries of some pass, and masks that are known', () => {
    const first = model(100, [causal], { queries: 10, align: 'start' });
    expect(() => modelFlow(first)).toThrow(/10 queries for 100 tokens.*align = end/);
    expect(() => shortestWay(first, 1, 0)).toThrow(/align = end/);
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
      const rough = modelFlow(model(n, [pattern], { kind: 'pattern' }), undefined, { effort: 2 ** -24 });
      expect(rough.full).toBeNull();
      expect(rough.hops.least).toBeLessThanOrEqual(exact.hops.least);
      expect(rough.hops.most).toBeGreaterThanOrEqual(exact.hops.least);
      if (rough.reaches !== null) expect(rough.reaches).toBe(exact.reaches);
    }
  });
});
