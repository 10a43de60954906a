import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import type { CurveShape } from '../../../../runtime/analyse/quality/curve.ts';
import { patternOf } from '../../../../runtime/analyse/recognise/expression.ts';
import { fitted } from '../../../../runtime/analyse/suggest/candidate.ts';
import { familiesFor } from '../../../../runtime/analyse/suggest/families.ts';
import { nextSize } from '../../../../runtime/analyse/suggest/fit-again.ts';
import { suggestWithin } from '../../../../runtime/analyse/suggest/within-time.ts';
import { SuggestError, type Suggestion, type SuggestOptions, suggest } from '../../../../runtime/analyse/suggest.ts';
import { type Attention, createAttention } from '../../../../runtime/attention/attention.ts';
import { pairsOfHeads } from '../../../../runtime/attention/compare-with-full.ts';
import { sampleInput } from '../../../../runtime/attention/sample-data.ts';
import type { AttentionInput } from '../../../../runtime/attention/types.ts';
import { bindPattern } from '../../../../runtime/pattern/bind.ts';
import { patternAt } from '../../../../runtime/pattern/model.ts';
import { squareShape } from '../../../../runtime/pattern/shape.ts';
import { createLanguage, NO_FILES } from '../../../../server/language.ts';
import { attentionOf } from '../quality/by-definition.ts';

const attention = createAttention({});
afterAll(() => attention.dispose());
const language = createLanguage(NO_FILES);

const STATIC = { dynamic: false, backend: 'cpu' } as const;
const find = (inputs: readonly AttentionInput[], options: SuggestOptions): Promise<Suggestion> =>
  suggest(
    attention,
    inputs.map((input, layer) => ({ layer, read: async () => input })),
    options,
  );

/** Queries and keys in which a query looks at the keys for which `score` is large: one number for each pair, up to a rank. */
function planted(heads: number, tokens: number, score: (head: number, i: number, j: number) => number): AttentionInput {
  // Keys are unit vectors, so that a query is the row of scores itself.
  const headDim = tokens;
  const q = new Float32Array(heads * tokens * headDim);
  const k = new Float32Array(heads * tokens * headDim);
  for (let head = 0; head < heads; head++)
    for (let i = 0; i < tokens; i++) {
      k[(head * tokens + i) * headDim + i] = 1;
      for (let j = 0; j < tokens; j++) q[(head * tokens + i) * headDim + j] = score(head, i, j) * Math.sqrt(headDim);
    }
  const v = sampleInput({ heads, kvHeads: heads, queries: tokens, keys: tokens, headDim }).v;
  return { q, k, v, heads, kvHeads: heads, queries: tokens, keys: tokens, headDim };
}

/** What the language makes of the text of a suggestion. */
async function readText(text: string) {
  const file = await language.open('memory:///suggested.sparse', text);
  expect(file.diagnostics.filter(({ severity }) => severity !== 'information')).toEqual([]);
  const [declared] = file.declarations();
  return file.lower(declared!.name, {});
}

describe('suggest', () => {
  it('tells what did not go as asked, once', async () => {
    const input = sampleInput({ heads: 1, kvHeads: 1, queries: 24, keys: 24, headDim: 4 });
    const falling: Pick<Attention, 'attend'> = {
      attend: async (...asked) => ({ ...(await attention.attend(...asked)), notes: ['The device was lost.'] }),
    };
    const layers = [0, 1].map(layer => ({ layer, read: async () => input }));
    const { notes } = await suggest(falling, layers, { ...STATIC, density: 0.3 });
    expect(notes).toEqual(['The device was lost.']);
  });

  it('is never worse than the best single family at equal density', { timeout: 120_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.record({
          heads: fc.integer({ min: 1, max: 2 }),
          keys: fc.integer({ min: 2, max: 60 }),
          fewer: fc.nat(20),
          seed: fc.nat(1000),
          sharpness: fc.constantFrom(0.5, 3),
          density: fc.constantFrom(0.08, 0.2, 0.45),
          causal: fc.boolean(),
          listed: fc.boolean(),
          dynamic: fc.boolean(),
        }),
        async ({ heads, keys, fewer, seed, sharpness, density, causal, listed, dynamic }) => {
          const queries = Math.max(1, keys - fewer);
          const made = sampleInput({ heads, kvHeads: heads, queries, keys, headDim: 8 }, seed);
          const input = { ...made, q: made.q.map(value => value * sharpness) };
          const baseline = causal ? 'causal' : 'full';
          const shape: CurveShape = { baseline, queries, keys, offset: keys - queries };
          const p = Array.from({ length: heads }, (_, head) => {
            const seen = (row: number, key: number) => !causal || key <= keys - queries + row;
            return attentionOf(input, head, seen).p;
          });
          let best = -1;
          for (const family of familiesFor(shape, undefined)) {
            const size = fitted(family, shape, density * queries * keys);
            if (size === undefined) continue;
            const mask = bindPattern(patternOf(family.make(size).expression), {
              ...squareShape(keys),
              queries,
              offset: keys - queries,
            });
            let kept = 0;
            for (const rows of p)
              for (const [i, row] of rows.entries())
                for (const [j, share] of row.entries()) if ((mask.word(keys - queries + i, j) & 1) !== 0) kept += share;
            best = Math.max(best, kept / (heads * queries));
          }
          const options = { density, baseline, listed, dynamic, backend: 'cpu' } as const;
          if (best < 0 && !dynamic) {
            await expect(find([input], options)).rejects.toThrow(SuggestError);
            return;
          }
          const found = await find([input], options).catch((error: unknown) => {
            if (error instanceof SuggestError && best < 0) return undefined;
            throw error;
          });
          if (found === undefined) return;
          expect(found.recall).toBeGreaterThanOrEqual(best - 1e-5);
          expect(found.oracle).toBeGreaterThanOrEqual(found.recall - 1e-5);
          expect(found.density).toBeLessThanOrEqual(density);
        },
      ),
      { numRuns: 30 },
    );
  });

  it('finds what was planted', { timeout: 60_000 }, async () => {
    const tokens = 128;
    const sharp = (is: boolean) => (is ? 12 : 0);
    const cases: readonly [(i: number, j: number) => boolean, number, RegExp][] = [
      [(i, j) => i - j < 9, 0.07, /^pattern suggested = sliding\(\d\)$/m],
      [(i, j) => i - j < 4 || j < 4, 0.07, /sliding\(4\) \| columns\(\[0\.\.4\]\)/],
      [(i, j) => (i - j) % 16 === 0, 0.045, /strided\(16\)/],
      [(i, j) => Math.floor(i / 16) === Math.floor(j / 16), 0.08, /block\(16\)/],
      [(i, j) => i - j < 2 || ((i - j) % 4 === 0 && i - j < 33), 0.1, /window\(before: 8, after: 0, dilation: 4\)/],
    ];
    for (const [looks, density, wanted] of cases) {
      const found = await find([planted(1, tokens, (_, i, j) => sharp(looks(i, j)))], { density, ...STATIC });
      expect(found.text).toMatch(wanted);
      expect(found.recall).toBeGreaterThan(0.95);
      expect(found.reasons[0]).toMatch(/^It keeps \d+(?:\.\d+)? % of causal attention's probability/);
    }
  });

  it('gives heads patterns and pairs of their own where it pays', { timeout: 60_000 }, async () => {
    const layers = [0, 1].map(layer =>
      planted(2, 96, (head, i, j) => (head === 1 && layer === 1 ? ((i - j) % 16 === 0 ? 12 : 0) : i - j < 5 ? 12 : 0)),
    );
    const found = await find(layers, { density: 0.06, ...STATIC });
    expect(found.recall).toBeGreaterThan(0.95);
    expect(found.expression).toBeNull();
    expect(found.text).toMatch(/^ {2}attention = sliding\(\d+\)$/m);
    expect(found.text).toMatch(/^ {2}attention layers \[1\], heads \[1\] = .*strided\(16\)/m);
    const shared = found.alternatives.filter(({ expression }) => expression !== null);
    expect(shared.length).toBeGreaterThan(0);
    for (const { recall } of shared) expect(recall).toBeLessThan(found.recall - 0.05);
    const one = await find(layers, { density: 0.06, perHead: false, ...STATIC });
    expect(one.recall).toBeCloseTo(Math.max(...shared.map(({ recall }) => recall)), 12);
    expect(one.text).toMatch(/^pattern suggested = /m);
    // The text means what was measured, in every layer and head.
    const model = await readText(found.text);
    expect(model).toMatchObject({ tokens: 96, layers: 2, heads: 2 });
    for (const { layer, head, pairs } of found.heads) {
      const mask = bindPattern(patternAt(model, layer, head)!, squareShape(96));
      let count = 0;
      for (let i = 0; i < 96; i++) for (let j = 0; j < 96; j++) count += mask.word(i, j) & 1;
      expect(count).toBe(pairs);
    }
  });

  it('draws a frontier that rises, and says the same again', { timeout: 60_000 }, async () => {
    const input = sampleInput({ heads: 2, kvHeads: 1, queries: 70, keys: 90, headDim: 8 }, 4);
    const options = { density: 0.15, listed: true, backend: 'cpu' } as const;
    const found = await find([input], options);
    expect(found.frontier.length).toBeGreaterThan(5);
    found.frontier.forEach(({ density, recall, perHead, oracle }, index) => {
      const before = found.frontier[index - 1];
      expect(density).toBeGreaterThanOrEqual(before?.density ?? 0);
      expect(recall).toBeGreaterThanOrEqual(before?.recall ?? 0);
      expect(perHead).toBeGreaterThanOrEqual(recall - 1e-9);
      expect(oracle).toBeGreaterThanOrEqual(perHead - 1e-5);
    });
    expect(await find([input], options)).toEqual(found);
    await readText(found.text);
  });

  it('chooses by content where that keeps more', { timeout: 60_000 }, async () => {
    // Every block of queries looks at one block of keys that no static pattern has.
    const wanted = [0, 0, 1, 0, 2, 4, 1, 3];
    const input = planted(1, 128, (_, i, j) => (wanted[Math.floor(i / 16)] === Math.floor(j / 16) ? 3 : 0));
    const found = await find([input], { density: 0.25, backend: 'cpu' });
    expect(found).toMatchObject({ isDynamic: true, family: 'block top-k' });
    expect(found.text).toMatch(/^pattern suggested = block_topk\(16, \d, within: causal\(\)\)$/m);
    expect(found.density).toBeLessThanOrEqual(0.25);
    const still = await find([input], { density: 0.25, ...STATIC });
    expect(still.isDynamic).toBe(false);
    expect(still.recall).toBeLessThan(found.recall);
  });

  it('fits what chooses by content to the pairs of all heads, not of one', { timeout: 60_000 }, async () => {
    // Of the first head the columns are late, which few queries see; those of the others are early.
    const input = planted(3, 128, (head, _, j) => (j % 5 === 0 && (head === 0 ? j > 90 : j < 60) ? 6 : 0));
    // The size that fits the first head is too large for all, or too small.
    for (const [density, least] of [
      [0.045, 0.4],
      [0.2, 0.9],
    ] as const) {
      const found = await find([input], { density, backend: 'cpu' });
      expect(found).toMatchObject({ isDynamic: true, family: 'vertical-slash' });
      expect(found.density).toBeLessThanOrEqual(density);
      expect(found.recall).toBeGreaterThan(least);
    }
  });

  it('tries sizes between what fits and what does not', () => {
    const at = (size: number, pairs = 10 * size) => ({ size, pairs, recall: 0.5 });
    expect(nextSize([at(20)], 100, 0)).toBe(10);
    expect(nextSize([at(5)], 100, 0)).toBe(10);
    expect(nextSize([at(9, 96)], 100, 0)).toBeUndefined();
    expect(nextSize([at(5), at(10, 101)], 100, 0)).toBe(9);
    expect(nextSize([at(5), at(6, 101)], 100, 0)).toBeUndefined();
    expect(nextSize([at(1, 101)], 100, 0)).toBeUndefined();
    expect(nextSize([at(8, Number.POSITIVE_INFINITY)], 100, 0)).toBe(4);
    expect(nextSize([at(5)], 100, 0.6)).toBeUndefined();
  });

  it('keeps to a time, and uses most of it', { timeout: 60_000 }, async () => {
    const input = sampleInput({ heads: 2, kvHeads: 2, queries: 120, keys: 120, headDim: 8 }, 6);
    // A machine that takes a microsecond for each pair and a millisecond to begin.
    const even: Pick<Attention, 'attend'> = {
      async attend(tensors, plans, options) {
        const result = await attention.attend(tensors, plans, options);
        return { ...result, timing: { ...result.timing, kernelMs: 1 + pairsOfHeads(plans) / 1000 } };
      },
    };
    const layers = [{ layer: 0, read: async () => input }];
    const found = await suggestWithin(even, layers, { ms: 5, ...STATIC });
    expect(found.ms).toBeLessThanOrEqual(5);
    expect(found.ms).toBeGreaterThan(3.5);
    expect(found.ms).toBeCloseTo(1 + (found.density * 2 * 120 * 120) / 1000, 6);
    for (const ms of [0, -3, Number.NaN])
      await expect(suggestWithin(even, layers, { ms, ...STATIC })).rejects.toThrow(
        /limit of milliseconds is more than 0/,
      );
    await expect(suggestWithin(even, layers, { ms: 1.1, ...STATIC })).rejects.toThrow(
      /takes at most 1\.1 ms here: .*full attention takes/,
    );
  });

  it('refuses a budget that is none, and layers of other sizes', async () => {
    const input = sampleInput({ heads: 1, kvHeads: 1, queries: 40, keys: 40, headDim: 4 });
    await expect(find([input], { density: 0.001, ...STATIC })).rejects.toThrow(/leaves less than one key/);
    for (const density of [0, -1, 2, Number.NaN])
      await expect(find([input], { density })).rejects.toThrow(SuggestError);
    const other = sampleInput({ heads: 1, kvHeads: 1, queries: 30, keys: 30, headDim: 4 });
    await expect(find([input, other], { density: 0.2 })).rejects.toThrow(
      /Layer 1 has queries = 30, but layer 0 has 40/,
    );
  });

  it('stops when it is cancelled', async () => {
    const input = sampleInput({ heads: 4, kvHeads: 4, queries: 600, keys: 600, headDim: 8 });
    const controller = new AbortController();
    const run = find([input], {
      density: 0.1,
      backend: 'cpu',
      signal: controller.signal,
      onProgress: () => controller.abort(),
    });
    await expect(run).rejects.toMatchObject({ name: 'AbortError' });
  });
});
