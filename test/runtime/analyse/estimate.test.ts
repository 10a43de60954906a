import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { estimatePairs } from '../../../runtime/analyse/estimate.ts';
import { buildMaskTree } from '../../../runtime/compile/mask-tree.ts';
import { bindPattern } from '../../../runtime/pattern/bind.ts';
import type { Pattern } from '../../../runtime/pattern/ir.ts';
import { type Shape, squareShape } from '../../../runtime/pattern/shape.ts';
import { createLanguage, NO_FILES } from '../../../server/language.ts';
import { arbitraryPattern } from '../arbitrary-pattern.ts';

const language = createLanguage(NO_FILES);

async function patternOf(text: string): Promise<Pattern> {
  const [rule] = (await language.lowerExpression(text)).rules;
  if (rule === undefined) throw new Error('no rule');
  return rule.pattern;
}

function exact(pattern: Pattern, shape: Shape): number {
  return Number(buildMaskTree(bindPattern(pattern, shape), shape).root?.pairs ?? 0);
}

describe('estimated pairs', () => {
  test('are the counted ones, as near as they say', () => {
    fc.assert(
      fc.property(
        arbitraryPattern,
        fc.integer({ min: 1, max: 2000 }),
        fc.integer({ min: 0, max: 1999 }),
        (pattern, tokens, cut) => {
          const queries = Math.max(1, tokens - cut);
          const shape = { ...squareShape(tokens), queries, offset: tokens - queries };
          const { pairs, error } = estimatePairs(bindPattern(pattern, shape), shape);
          expect(Math.abs(pairs - exact(pattern, shape))).toBeLessThanOrEqual(error);
        },
      ),
      { numRuns: 30 },
    );
  });

  test.each([
    ['where (i, j) => (i * j) % 7 == 0', 3000],
    ['where (i, j) => (i * i + j) % 11 < 3 && i >= j', 5000],
    ['random(40)', 4096],
  ])('%s', async (text, tokens) => {
    const shape = squareShape(tokens);
    const pattern = await patternOf(text);
    const { pairs, error } = estimatePairs(bindPattern(pattern, shape), shape);
    expect(error).toBeGreaterThan(0);
    expect(error).toBeLessThan(0.011 * tokens * tokens);
    expect(Math.abs(pairs - exact(pattern, shape))).toBeLessThanOrEqual(error);
  });

  test('a mask of whole squares is counted, however long', async () => {
    const shape = squareShape(2 ** 22);
    const pattern = await patternOf('where (i, j) => floor(i / 1Mi) == floor(j / 1Mi)');
    expect(estimatePairs(bindPattern(pattern, shape), shape)).toEqual({ pairs: 4 * 2 ** 40, error: 0 });
  });

  test('are the same every time, at a million tokens too, and within a second', async () => {
    const shape = squareShape(2 ** 20);
    const pattern = await patternOf('where (i, j) => (i * j) % 7919 == 3');
    const mask = bindPattern(pattern, shape);
    const first = estimatePairs(mask, shape);
    expect(estimatePairs(mask, shape)).toEqual(first);
    // i and j are both prime to 7919 but for one in 7919, and every product has one answer.
    expect(Math.abs(first.pairs - 2 ** 40 / 7919)).toBeLessThan(first.error);
  });

  test('can be stopped', async () => {
    const shape = squareShape(2 ** 16);
    const mask = bindPattern(await patternOf('where (i, j) => (i * j) % 7 == 0'), shape);
    expect(() =>
      estimatePairs(mask, shape, {
        checkpoint: () => {
          throw new Error('stop');
        },
      }),
    ).toThrow('stop');
  });
});
