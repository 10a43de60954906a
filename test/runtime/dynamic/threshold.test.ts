import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { exponential } from '../../../runtime/dynamic/exponential.ts';
import { expectByRule, input, pairCounts, selected } from './select.ts';

describe('threshold', () => {
  test.each([
    ['threshold(0.9)', { keys: 1 }],
    ['threshold(0.5)', { keys: 67 }],
    ['threshold(0.95)', { keys: 130, heads: 3 }],
    ['threshold(0.8, within: causal())', { keys: 97, heads: 4, kvHeads: 2 }],
    ['threshold(0.3, within: window(9))', { keys: 131, queries: 3 }],
    ['threshold(0.999, within: random(40))', { keys: 83, headDim: 64 }],
  ])('%s at %j by the rule', async (expression, shape) => {
    await expectByRule(expression, input(shape));
  });

  test('equal scores: as many as the share needs, the smaller keys', async () => {
    const problem = input({ keys: 64 });
    const same = { ...problem, k: problem.k.fill(1) };
    const [bits] = await selected('threshold(0.25)', same);
    expect([...bits!.subarray(0, 64)]).toEqual(Array.from({ length: 64 }, (_, j) => (j < 16 ? 1 : 0)));
    expect(await pairCounts('threshold(0.25)', same)).toEqual([64 * 16]);
  });

  test('one large score is enough for any share but 1, which takes all candidates', async () => {
    const problem = input({ keys: 40, headDim: 4 });
    problem.q.fill(30);
    problem.k.fill(-30).fill(30, 8 * 4, 9 * 4);
    expect(await pairCounts('threshold(0.999999)', problem)).toEqual([40]);
    expect(await pairCounts('threshold(1)', problem)).toEqual([1600]);
    expect(await pairCounts('threshold(1, within: causal())', problem)).toEqual([820]);
    expect(await pairCounts('threshold(0.5, within: none())', problem)).toEqual([0]);
  });

  test('its exponential is Math.exp', () => {
    fc.assert(
      fc.property(fc.double({ min: -745, max: 0, noNaN: true }), x => {
        const wanted = Math.exp(x);
        expect(Math.abs(exponential(x) - wanted)).toBeLessThanOrEqual(Math.max(4e-16 * wanted, 5e-324));
      }),
      { numRuns: 2000 },
    );
    expect([exponential(0), exponential(-0), exponential(-800), exponential(-1e300)]).toEqual([1, 1, 0, 0]);
  });
});
