import { describe, expect, test } from 'vitest';
import { coarse, expectByRule, input, pairCounts } from './select.ts';

describe('topk', () => {
  test.each([
    ['topk(1)', { keys: 1 }],
    ['topk(3)', { keys: 2 }],
    ['topk(7)', { keys: 67 }],
    ['topk(20)', { keys: 130, heads: 3 }],
    ['topk(5, within: causal())', { keys: 97, heads: 4, kvHeads: 2 }],
    ['topk(5, within: window(9))', { keys: 131, queries: 3 }],
    ['topk(5, within: random(11) & causal())', { keys: 83, queries: 40, heads: 2, kvHeads: 1 }],
    ['topk(60, within: block(50))', { keys: 161, headDim: 3 }],
  ])('%s at %j by the rule', async (expression, shape) => {
    await expectByRule(expression, input(shape));
    await expectByRule(expression, coarse(input(shape)));
  });

  test('ties go to the smaller key', async () => {
    const problem = input({ keys: 70 });
    const same = { ...problem, k: problem.k.fill(1) };
    await expectByRule('topk(9)', same);
    await expectByRule('topk(9, within: !prefix(20))', same);
  });

  test('all keys are full attention, no candidates are none', async () => {
    const problem = input({ keys: 75, heads: 2 });
    expect(await pairCounts('topk(75)', problem)).toEqual([75 * 75, 75 * 75]);
    expect(await pairCounts('topk(1000, within: causal())', problem)).toEqual([75 * 38, 75 * 38]);
    expect(await pairCounts('topk(8, within: none())', problem)).toEqual([0, 0]);
    expect(await pairCounts('topk(8, within: rows([3, 5]))', problem)).toEqual([16, 16]);
  });
});
