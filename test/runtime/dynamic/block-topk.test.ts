import { describe, expect, test } from 'vitest';
import { coarse, expectByRule, input, pairCounts, selected } from './select.ts';

describe('block_topk', () => {
  test.each([
    ['block_topk(4, 1)', { keys: 1 }],
    ['block_topk(10, 3)', { keys: 67 }],
    ['block_topk(16, 2, within: causal())', { keys: 130, heads: 3 }],
    ['block_topk(7, 4, within: causal())', { keys: 97, heads: 4, kvHeads: 2 }],
    ['block_topk(5, 3, within: window(31) - block(5))', { keys: 71 }],
    ['block_topk(8, 2)', { keys: 131, queries: 21 }],
    ['block_topk(1, 5, within: random(11))', { keys: 83, queries: 40, heads: 2, kvHeads: 1 }],
    ['block_topk(200, 1)', { keys: 100 }],
  ])('%s at %j by the rule', async (expression, shape) => {
    await expectByRule(expression, input(shape));
  });

  test('ties go to the earlier block', async () => {
    await expectByRule('block_topk(8, 3)', coarse(input({ keys: 96, headDim: 1 })));
    const problem = input({ keys: 64 });
    await expectByRule('block_topk(16, 2)', { ...problem, k: problem.k.fill(0) });
  });

  test('the own block comes first, even if no block fits worse', async () => {
    const problem = input({ keys: 60, headDim: 2 });
    problem.q.fill(1);
    for (let j = 0; j < 60; j++) problem.k.fill(-j, 2 * j, 2 * j + 2);
    const [bits] = await selected('block_topk(10, 2, within: causal())', problem);
    for (let i = 0; i < 60; i++)
      for (let j = 0; j < 60; j++) {
        const own = Math.floor(i / 10) === Math.floor(j / 10);
        expect(bits![i * 60 + j], `${i}, ${j}`).toBe(j <= i && (own || j < 10) ? 1 : 0);
      }
  });

  test('all blocks are full attention', async () => {
    const problem = input({ keys: 75, heads: 2 });
    expect(await pairCounts('block_topk(10, 8)', problem)).toEqual([75 * 75, 75 * 75]);
    expect(await pairCounts('block_topk(75, 1)', problem)).toEqual([75 * 75, 75 * 75]);
    expect(await pairCounts('block_topk(10, 99, within: causal())', problem)).toEqual([75 * 38, 75 * 38]);
    expect(await pairCounts('block_topk(10, 2, within: none())', problem)).toEqual([0, 0]);
  });
});
