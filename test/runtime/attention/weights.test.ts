import fc from 'fast-check';
import { expect, it } from 'vitest';
import { referenceRows } from '../../../runtime/attention/reference.ts';
import { sampleInput } from '../../../runtime/attention/sample-data.ts';
import { attentionWeights } from '../../../runtime/attention/weights.ts';
import { compileHeadParts } from '../../../runtime/compile/compile-heads.ts';
import { bindPattern } from '../../../runtime/pattern/bind.ts';
import { patternAt, shapeAt } from '../../../runtime/pattern/model.ts';
import { createLanguage, NO_FILES } from '../../../server/language.ts';

const language = createLanguage(NO_FILES);
// Strided masks are compiled in an order of their own.
const masks = ['sliding(5) | columns([0])', 'strided(7) & causal()', 'full()', 'strided(3) | random(2)'];

it('are exp(score - lse) of the pairs of each square, by the definition', async () => {
  const models = await Promise.all(masks.map(text => language.lowerExpression(text)));
  fc.assert(
    fc.property(
      fc.constantFrom(...models),
      fc.integer({ min: 1, max: 90 }),
      fc.constantFrom(1, 2, 4),
      fc.nat(6),
      fc.nat(6),
      (model, tokens, side, row, column) => {
        const shape = shapeAt(model, 0, 0, tokens);
        const mask = bindPattern(patternAt(model, 0, 0)!, shape);
        const input = sampleInput({ heads: 2, kvHeads: 1, queries: tokens, keys: tokens, headDim: 5 }, tokens);
        const parts = compileHeadParts(model, 0, [0, 0], tokens);
        const rows = Array.from({ length: 2 * tokens }, (_, i) => ({ head: Math.floor(i / tokens), row: i % tokens }));
        const lse = Float32Array.from(referenceRows(input, parts, rows).lse);
        const grid = { side, row, rows: 4, column, columns: 5 };
        const { mean, max, exact } = attentionWeights(input, parts, lse, 1, grid);
        expect(exact).toBe(true);
        for (let y = 0; y < 4; y++)
          for (let x = 0; x < 5; x++) {
            const weights: number[] = [];
            for (let i = (row + y) * side; i < Math.min(tokens, (row + y + 1) * side); i++)
              for (let j = (column + x) * side; j < Math.min(tokens, (column + x + 1) * side); j++) {
                if ((mask.word(i, j) & 1) === 0) continue;
                let score = 0;
                for (let d = 0; d < 5; d++) score += input.q[(tokens + i) * 5 + d]! * input.k[j * 5 + d]!;
                weights.push(Math.exp(score / Math.sqrt(5) - lse[tokens + i]!));
              }
            const expected =
              weights.length === 0
                ? [Number.NaN, Number.NaN]
                : [weights.reduce((a, b) => a + b) / weights.length, Math.max(...weights)];
            const found = [mean[y * 5 + x]!, max[y * 5 + x]!];
            if (weights.length === 0) expect(found).toEqual(expected);
            else for (const which of [0, 1]) expect(found[which]!).toBeCloseTo(expected[which]!, 5);
          }
      },
    ),
    { numRuns: 60, seed: 20_261_129 },
  );
});

it('of large squares come from some of their pairs, and say so', () => {
  const input = sampleInput({ heads: 1, kvHeads: 1, queries: 256, keys: 256, headDim: 8 });
  return language.lowerExpression('causal()').then(model => {
    const parts = compileHeadParts(model, 0, [0], 256);
    const rows = Array.from({ length: 256 }, (_, row) => ({ head: 0, row }));
    const lse = Float32Array.from(referenceRows(input, parts, rows).lse);
    const { mean, exact } = attentionWeights(input, parts, lse, 0, {
      side: 64,
      row: 0,
      rows: 4,
      column: 0,
      columns: 4,
    });
    expect(exact).toBe(false);
    // Rows of the last band have about 224 keys, whose weights add up to 1.
    expect(mean[12]!).toBeGreaterThan(1 / 448);
    expect(mean[12]!).toBeLessThan(1 / 112);
    expect(mean[3]).toBeNaN();
  });
});
