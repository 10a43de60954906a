import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { pairBudget } from '../../../runtime/analyse/pair-budget.ts';
import { patternAt, shapeAt } from '../../../runtime/pattern/model.ts';
import { coarse, expectByRule, input, modelOf, pairCounts, selected } from './select.ts';

/** Methods with small numbers, and within other patterns; static patterns beside them. */
const { pattern } = fc.letrec<{ pattern: string }>(tie => ({
  pattern: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom(
      'causal()',
      'window(9)',
      'global([0, -1])',
      'random(5)',
      'strided(7)',
      'none()',
      'full()',
      'block(20)',
    ),
    fc
      .tuple(fc.integer({ min: 1, max: 20 }), tie('pattern'))
      .map(([keys, within]) => `topk(${keys}, within: ${within})`),
    fc
      .tuple(fc.constantFrom(0.1, 0.5, 0.93), tie('pattern'))
      .map(([mass, within]) => `threshold(${mass}, within: ${within})`),
    fc
      .tuple(fc.integer({ min: 1, max: 30 }), fc.integer({ min: 1, max: 4 }), tie('pattern'))
      .map(([size, blocks, within]) => `block_topk(${size}, ${blocks}, within: ${within})`),
    fc
      .tuple(fc.integer({ min: 1, max: 6 }), fc.integer({ min: 1, max: 3 }), fc.nat(9), tie('pattern'))
      .map(([half, rounds, seed, within]) => `lsh(${2 * half}, rounds: ${rounds}, seed: ${seed}, within: ${within})`),
    fc
      .tuple(fc.integer({ min: 1, max: 9 }), fc.nat(9), tie('pattern'))
      .map(
        ([clusters, seed, within]) =>
          `routing(${clusters}, seed: ${seed}, within: ${within}${seed % 2 === 0 ? '' : ', top: 12'})`,
      ),
    fc
      .tuple(fc.nat(9), fc.nat(9), fc.integer({ min: 1, max: 90 }), tie('pattern'))
      .map(
        ([vertical, slash, last, within]) => `vertical_slash(${vertical}, ${slash}, last: ${last}, within: ${within})`,
      ),
    fc.tuple(tie('pattern'), fc.constantFrom('|', '&', '-'), tie('pattern')).map(([a, o, b]) => `(${a} ${o} ${b})`),
    tie('pattern').map(of => `!${of}`),
  ),
}));

const shapes = fc
  .record({
    keys: fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 41, max: 140 })),
    kvHeads: fc.integer({ min: 1, max: 2 }),
    group: fc.integer({ min: 1, max: 2 }),
    headDim: fc.integer({ min: 1, max: 20 }),
    missing: fc.oneof(fc.constant(0), fc.nat(139)),
  })
  .map(({ keys, kvHeads, group, headDim, missing }) => ({
    keys,
    headDim,
    kvHeads,
    heads: kvHeads * group,
    queries: keys - (missing % keys),
  }));

describe('algebra of what content chooses', () => {
  test('any expression is what its operands hold, pair by pair', { timeout: 300_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(pattern, shapes, fc.nat(), async (expression, shape, seed) => {
        // `topk` stands there to have something chosen in every expression.
        await expectByRule(`topk(3) | ${expression}`, input(shape, seed));
      }),
      { numRuns: 120 },
    );
  });

  test('no more pairs are chosen than the budget that is known beforehand', { timeout: 300_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(pattern, shapes, async (expression, shape) => {
        const problem = input(shape);
        const whole = `topk(3) | ${expression}`;
        const model = await modelOf(whole, problem);
        (await pairCounts(whole, problem)).forEach((pairs, head) => {
          const budget = pairBudget(patternAt(model, 0, head)!, shapeAt(model, 0, head));
          expect(pairs, whole).toBeLessThanOrEqual(Number(budget));
        });
      }),
      { numRuns: 100 },
    );
    const problem = input({ keys: 96 });
    for (const [expression, budget] of [
      ['topk(7)', 7 * 96],
      ['block_topk(8, 3)', 24 * 96],
      ['routing(1, top: 20)', 400],
      ['transpose(topk(7))', 7 * 96],
    ] as const) {
      const model = await modelOf(expression, problem);
      expect(pairBudget(patternAt(model, 0, 0)!, shapeAt(model, 0, 0))).toBe(budget);
      expect(await pairCounts(expression, problem)).toEqual([budget]);
    }
  });

  test('equal scores, in any candidates', { timeout: 300_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 30 }), pattern, shapes, async (keys, within, shape) => {
        if (/routing|lsh|slash|block_topk|threshold/.test(within)) return;
        await expectByRule(`topk(${keys}, within: ${within})`, coarse(input(shape)));
      }),
      { numRuns: 100 },
    );
  });

  test.each([
    'topk(9) & causal() | sliding(4)',
    'lsh(8, within: causal()) | sliding(16) - topk(2)',
    'transpose(topk(4)) & causal()',
    'symmetric(topk(3) | block_topk(20, 1)) - sliding(2)',
    'causal() - transpose(threshold(0.5) | lsh(6))',
    'topk(5, within: lsh(4, rounds: 2) | window(6)) | global([0])',
    '!topk(30) & !lsh(4)',
    'head < 2 ? topk(4) : sliding(7)',
  ])('%s', async expression => {
    if (expression.includes('head')) {
      const counts = await pairCounts(expression, input({ keys: 50, heads: 4, kvHeads: 2 }));
      expect(counts).toEqual([200, 200, 350 - 21, 350 - 21]);
    } else await expectByRule(expression, input({ keys: 101, heads: 2, kvHeads: 1 }));
  });

  test('each head chooses by its own queries, heads of a group among the same keys', async () => {
    const problem = input({ keys: 80, heads: 4, kvHeads: 2 });
    const size = 80 * 8;
    // Heads 0 and 1 read the same keys and get the same queries; 2 and 3 get them too, and read other keys.
    for (let head = 1; head < 4; head++) problem.q.set(problem.q.subarray(0, size), head * size);
    const [a, b, c, d] = await selected('topk(8)', problem);
    expect(b).toEqual(a);
    expect(c).not.toEqual(a);
    expect(d).toEqual(c);
  });
});
