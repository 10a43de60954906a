import { describe, expect, test } from 'vitest';
import { count } from '../../../client/cli/count.ts';
import { squareShape } from '../../../runtime/pattern/shape.ts';
import { createLanguage, NO_FILES } from '../../../server/language.ts';

const language = createLanguage(NO_FILES);

async function counted(text: string, tokens: number) {
  const [rule] = (await language.lowerExpression(text)).rules;
  if (rule === undefined) throw new Error('no rule');
  return count({ name: 'mine', source: undefined, pattern: rule.pattern, shape: squareShape(tokens) });
}

describe('counting', () => {
  test('a condition is counted as long as that is possible', async () => {
    expect(await counted('where (i, j) => (i * j) % 7 == 0', 700)).toMatchObject({
      format: 'sparse-attention/summary',
      // A product is a multiple of 7 when one of the factors is.
      pairs: 700 * 700 - 600 * 600,
    });
    expect(await counted('where (i, j) => i >= j && (i - j) % 7 == 0', 2 ** 20)).toMatchObject({
      format: 'sparse-attention/summary',
    });
  });

  test('and estimated beyond, with a bound', async () => {
    const tokens = 7 * 2 ** 17;
    const estimate = await counted('where (i, j) => (i * j) % 7 == 0', tokens);
    if (!('pairsAbout' in estimate)) throw new Error('it was counted');
    expect(estimate).toMatchObject({ format: 'sparse-attention/estimate', risk: 1e-6, tokens });
    const exact = tokens ** 2 - ((tokens * 6) / 7) ** 2;
    expect(Math.abs(estimate.pairsAbout - exact)).toBeLessThan(estimate.pairsError);
    expect(estimate.pairsError).toBeLessThan(0.011 * tokens ** 2);
    expect(estimate.densityAbout).toBeCloseTo(13 / 49, 1);
  });
});
