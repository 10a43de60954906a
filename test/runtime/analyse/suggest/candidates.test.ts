import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CurveShape } from '../../../../runtime/analyse/quality/curve.ts';
import { openRowKernel } from '../../../../runtime/analyse/quality/kernel-bytes.ts';
import { patternOf, textOf } from '../../../../runtime/analyse/recognise/expression.ts';
import { type Candidate, fitted, limitOf, pairsOf, recallOf } from '../../../../runtime/analyse/suggest/candidate.ts';
import { familiesFor } from '../../../../runtime/analyse/suggest/families.ts';
import {
  addWhereabouts,
  noWhereabouts,
  sampledRows,
  sampleRowsOf,
} from '../../../../runtime/analyse/suggest/row-sample.ts';
import { type Choice, divided, Sizes, searchHead } from '../../../../runtime/analyse/suggest/search.ts';
import { sampleInput } from '../../../../runtime/attention/sample-data.ts';
import { bindPattern } from '../../../../runtime/pattern/bind.ts';
import { squareShape } from '../../../../runtime/pattern/shape.ts';
import { createLanguage, NO_FILES } from '../../../../server/language.ts';
import { attentionOf } from '../quality/by-definition.ts';

const language = createLanguage(NO_FILES);

const arbitraryShape: fc.Arbitrary<CurveShape> = fc
  .record({ keys: fc.integer({ min: 1, max: 90 }), fewer: fc.nat(89), causal: fc.boolean() })
  .map(({ keys, fewer, causal }) => {
    const queries = Math.max(1, keys - fewer);
    return { baseline: causal ? 'causal' : 'full', queries, keys, offset: keys - queries } as const;
  });

/** Full attention over made-up data of one head, sampled on all its rows. */
async function sampleOf(shape: CurveShape, seed: number) {
  const { queries, keys, baseline, offset } = shape;
  const input = sampleInput({ heads: 1, kvHeads: 1, queries, keys, headDim: 8 }, seed);
  const sample = await sampleRowsOf((await openRowKernel(true))!, input, 0, shape, { scale: 1 / Math.sqrt(8) });
  const where = noWhereabouts(keys);
  addWhereabouts(where, sample, shape);
  const { p } = attentionOf(input, 0, (row, key) => baseline === 'full' || key <= offset + row);
  return { sample, where, p };
}

/** The keys of a row, each of which has to come once. */
function keysOf(candidate: Candidate, shape: CurveShape, row: number): number[] {
  const found: number[] = [];
  candidate.keys(shape.offset + row, limitOf(shape, row), (from, to) => {
    expect(from).toBeLessThan(to);
    for (let key = from; key < to; key++) found.push(key);
  });
  return found.sort((a, b) => a - b);
}

describe('a search', () => {
  it('lets others have their turn after each family, and ends when they stop it', async () => {
    const shape = { baseline: 'causal', queries: 40, keys: 40, offset: 0 } as const;
    const { sample } = await sampleOf(shape, 1);
    const families = familiesFor(shape, undefined);
    let turns = 0;
    const search = (pause: () => Promise<void>) =>
      searchHead(families, new Sizes(shape, false), sample, shape, [100, 400], pause);
    const found = await search(async () => void turns++);
    expect(found).toHaveLength(families.length);
    expect(turns).toBe(families.length);
    const stopping = search(() =>
      ++turns < families.length + 3 ? Promise.resolve() : Promise.reject(new Error('stop')),
    );
    await expect(stopping).rejects.toThrow('stop');
    expect(turns).toBe(families.length + 3);
  });
});

describe('candidates', () => {
  it('have the keys that their expressions have, and keep what is on them', { timeout: 120_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(
        arbitraryShape,
        fc.nat(1000),
        fc.double({ min: 0, max: 1, noNaN: true }),
        async (shape, seed, share) => {
          const { queries, keys, offset, baseline } = shape;
          const { sample, where, p } = await sampleOf(shape, seed);
          expect(sample.rows).toEqual([...Array(queries).keys()]);
          for (const family of familiesFor(shape, where)) {
            const candidate = family.make(1 + Math.floor(share * (family.most - 1)));
            const text = textOf(candidate.expression);
            const mask = bindPattern(patternOf(candidate.expression), { ...squareShape(keys), queries, offset });
            let pairs = 0;
            let kept = 0;
            for (let row = 0; row < queries; row++) {
              const wanted = [...Array(keys).keys()].filter(
                key => (mask.word(offset + row, key) & 1) !== 0 && (baseline === 'full' || key <= offset + row),
              );
              expect(keysOf(candidate, shape, row), text).toEqual(wanted);
              // Causal ones are so by themselves.
              if (baseline === 'causal')
                for (let key = offset + row + 1; key < keys; key++)
                  expect(mask.word(offset + row, key) & 1, text).toBe(0);
              pairs += wanted.length;
              for (const key of wanted) kept += p[row]![key]!;
            }
            expect(pairsOf(candidate, shape), text).toBe(pairs);
            expect(recallOf(candidate, sample, shape), text).toBeCloseTo(kept / queries, 5);
          }
        },
      ),
      { numRuns: 12 },
    );
  });

  it('are written as the language reads them', { timeout: 60_000 }, async () => {
    for (const baseline of ['causal', 'full'] as const) {
      const shape = { baseline, queries: 256, keys: 256, offset: 0 };
      const { where } = await sampleOf(shape, 1);
      for (const family of familiesFor(shape, where)) {
        const { expression } = family.make(5);
        const { rules } = await language.lowerExpression(textOf(expression), 'memory:///text.sparse');
        const read = bindPattern(rules[0]!.pattern, squareShape(256));
        const made = bindPattern(patternOf(expression), squareShape(256));
        for (let row = 0; row < 256; row += 17)
          for (let column = 0; column < 256; column += 32)
            expect(read.word(row, column), textOf(expression)).toBe(made.word(row, column));
      }
    }
  });

  it('are as large as a budget allows', async () => {
    const shape = { baseline: 'causal', queries: 100, keys: 100, offset: 0 } as const;
    const { where } = await sampleOf(shape, 2);
    for (const family of familiesFor(shape, where))
      for (const budget of [1, 150, 1000, 5050]) {
        const size = fitted(family, shape, budget);
        if (size === undefined) {
          expect(pairsOf(family.make(1), shape)).toBeGreaterThan(budget);
          continue;
        }
        expect(pairsOf(family.make(size), shape)).toBeLessThanOrEqual(budget);
        if (size < family.most) expect(pairsOf(family.make(size + 1), shape)).toBeGreaterThan(budget);
      }
  });

  it('are counted closely by some rows', () => {
    const shape = { baseline: 'causal', queries: 5000, keys: 6000, offset: 1000 } as const;
    for (const family of familiesFor(shape, undefined)) {
      const candidate = family.make(300);
      let pairs = 0;
      for (let row = 0; row < shape.queries; row++)
        candidate.keys(1000 + row, limitOf(shape, row), (from, to) => {
          pairs += to - from;
        });
      expect(Math.abs(pairsOf(candidate, shape) - pairs) / pairs, textOf(candidate.expression)).toBeLessThan(1 / 256);
    }
  });
});

describe('sampled rows', () => {
  it('are ascending, all of a short sequence and spread over a long one', () => {
    expect(sampledRows(7, 2000)).toEqual([0, 1, 2, 3, 4, 5, 6]);
    const rows = sampledRows(65_536, 65_536);
    expect(rows).toHaveLength(64);
    rows.forEach((row, index) => {
      expect(Math.floor(row / 1024)).toBe(index);
    });
    expect(new Set(rows.map(row => row % 64)).size).toBeGreaterThan(30);
  });
});

describe('dividing pairs among heads', () => {
  const arbitraryHeads = fc.array(
    fc.array(
      fc.record({ pairs: fc.integer({ min: 1, max: 50 }), recall: fc.double({ min: 0, max: 1, noNaN: true }) }),
      {
        minLength: 1,
        maxLength: 4,
      },
    ),
    { minLength: 1, maxLength: 3 },
  );
  const choiceOf = (part: Pick<Choice, 'pairs' | 'recall'>) =>
    ({ family: '', expression: { kind: 'union', of: [] }, ...part }) as Choice;
  const sum = (choices: readonly Choice[], of: 'pairs' | 'recall') =>
    choices.reduce((all, choice) => all + choice[of], 0);

  it('stays within them, and keeps nearly what the best division does', () => {
    fc.assert(
      fc.property(arbitraryHeads, fc.integer({ min: 1, max: 150 }), (parts, most) => {
        const heads = parts.map(ofHead => ofHead.map(choiceOf));
        const found = divided(heads, most);
        const all = heads.reduce<Choice[][]>(
          (before, ofHead) => before.flatMap(some => ofHead.map(one => [...some, one])),
          [[]],
        );
        const possible = all.filter(choices => sum(choices, 'pairs') <= most);
        if (possible.length === 0) {
          expect(found).toBeUndefined();
          return;
        }
        expect(found).toHaveLength(heads.length);
        for (const [head, choice] of found!.entries()) expect(heads[head]).toContain(choice);
        expect(sum(found!, 'pairs')).toBeLessThanOrEqual(most);
        // What is lost to whole steps is at most one head's recall.
        const best = Math.max(...possible.map(choices => sum(choices, 'recall')));
        expect(sum(found!, 'recall')).toBeGreaterThanOrEqual(best - 1);
      }),
      { numRuns: 500 },
    );
  });
});
