import { describe, expect, test } from 'vitest';
import { expectByRule, input, pairCounts, selected } from './select.ts';

describe('routing', () => {
  test.each([
    ['routing(3)', { keys: 1 }],
    ['routing(4)', { keys: 67 }],
    ['routing(9, iterations: 3)', { keys: 130, heads: 3 }],
    ['routing(5, iterations: 1, seed: 7, within: causal())', { keys: 97, heads: 4, kvHeads: 2 }],
    ['routing(2, seed: 5000000000, within: window(9))', { keys: 131, queries: 3 }],
    ['routing(6, top: 11)', { keys: 67 }],
    ['routing(6, top: 30, within: causal())', { keys: 131, queries: 50, heads: 2, kvHeads: 1 }],
    ['routing(12)', { keys: 83, queries: 40, heads: 2, kvHeads: 1 }],
    ['routing(500)', { keys: 40, headDim: 3 }],
  ])('%s at %j by the rule', async (expression, shape) => {
    await expectByRule(expression, input(shape));
  });

  test('one cluster is full attention', async () => {
    const problem = input({ keys: 75, heads: 2 });
    expect(await pairCounts('routing(1)', problem)).toEqual([75 * 75, 75 * 75]);
    expect(await pairCounts('routing(1, within: causal())', problem)).toEqual([75 * 38, 75 * 38]);
    expect(await pairCounts('routing(4, within: none())', problem)).toEqual([0, 0]);
  });

  test('balanced clusters take as many queries and keys each', async () => {
    const problem = input({ keys: 120 });
    expect(await pairCounts('routing(1, top: 30)', problem)).toEqual([900]);
    expect(await pairCounts('routing(3, top: 120)', problem)).toEqual([14400]);
    const [pairs] = await pairCounts('routing(5, top: 20)', problem);
    expect(pairs).toBeLessThanOrEqual(5 * 400);
    expect(pairs).toBeGreaterThan(400);
  });

  test('vectors without length are of one cluster', async () => {
    const problem = input({ keys: 30 });
    problem.q.fill(0);
    problem.k.fill(0);
    expect(await pairCounts('routing(4)', problem)).toEqual([900]);
  });

  test.each([0, 1, 2, 3, 4, 5, 6, 7])('planted clusters are found from seed %i', async seed => {
    const n = 210;
    const planted = 6;
    const headDim = 16;
    const problem = input({ keys: n, headDim }, seed);
    const group = (row: number, step: number): number => (row * step) % planted;
    for (let row = 0; row < n; row++)
      for (const [data, step] of [
        [problem.q, 5],
        [problem.k, 1],
      ] as const)
        for (let d = 0; d < headDim; d++) {
          const at = row * headDim + d;
          data[at] = 0.03 * data[at]! + (d === group(row, step) ? 1 + (row % 3) : 0);
        }
    const [bits] = await selected(`routing(${planted}, seed: ${seed})`, problem);
    for (let i = 0; i < n; i++)
      for (let j = 0; j < n; j++)
        if (bits![i * n + j] !== (group(i, 5) === group(j, 1) ? 1 : 0)) expect.fail(`pair ${i}, ${j}`);
  });
});
