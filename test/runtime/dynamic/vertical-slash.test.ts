import { describe, expect, test } from 'vitest';
import { expectByRule, input, pairCounts, selected } from './select.ts';

describe('vertical_slash', () => {
  test.each([
    ['vertical_slash(1, 1)', { keys: 1 }],
    ['vertical_slash(5, 4)', { keys: 67 }],
    ['vertical_slash(0, 6)', { keys: 130, heads: 3 }],
    ['vertical_slash(9, 0, last: 5)', { keys: 97, heads: 4, kvHeads: 2 }],
    ['vertical_slash(3, 3, last: 1, within: full())', { keys: 71 }],
    ['vertical_slash(3, 20, within: full())', { keys: 131, queries: 21 }],
    ['vertical_slash(11, 11, within: sliding(40))', { keys: 150, queries: 100, heads: 2, kvHeads: 1 }],
    ['vertical_slash(200, 0, within: block(8))', { keys: 60 }],
  ])('%s at %j by the rule', async (expression, shape) => {
    await expectByRule(expression, input(shape));
  });

  test('equal probabilities: columns and diagonals that most of the last queries see, then the smaller', async () => {
    const problem = input({ keys: 40 });
    const same = { ...problem, q: problem.q.fill(0) };
    const [bits] = await selected('vertical_slash(2, 0, last: 1)', same);
    expect([...bits!.subarray(39 * 40, 40 * 40)]).toEqual([1, 1, ...Array<number>(38).fill(0)]);
    const [slash] = await selected('vertical_slash(0, 2, last: 1)', same);
    expect([...slash!.subarray(39 * 40, 40 * 40)]).toEqual([...Array<number>(38).fill(0), 1, 1]);
  });

  test('a planted column and diagonal are found', async () => {
    const n = 200;
    const problem = input({ keys: n, headDim: 256 });
    problem.q.fill(0);
    problem.k.fill(0);
    // Query i looks for what stands 7 before it; everybody looks for key 30.
    for (let i = 0; i < n; i++) {
      problem.q[i * 256 + i] = 100;
      problem.q[i * 256 + 255] = 100;
      if (i + 7 < n) problem.k[i * 256 + i + 7] = 2;
    }
    problem.k[30 * 256 + 255] = 2;
    const [bits] = await selected('vertical_slash(1, 1)', problem);
    for (let i = 0; i < n; i++)
      for (let j = 0; j < n; j++)
        expect(bits![i * n + j], `${i}, ${j}`).toBe(j <= i && (j === 30 || i - j === 7) ? 1 : 0);
  });

  test('as many lines as there are give full attention over the candidates', async () => {
    const problem = input({ keys: 75, heads: 2 });
    expect(await pairCounts('vertical_slash(75, 0)', problem)).toEqual([75 * 38, 75 * 38]);
    expect(await pairCounts('vertical_slash(0, 75)', problem)).toEqual([75 * 38, 75 * 38]);
    expect(await pairCounts('vertical_slash(0, 149, within: full())', problem)).toEqual([75 * 75, 75 * 75]);
    expect(await pairCounts('vertical_slash(75, 0, within: full())', problem)).toEqual([75 * 75, 75 * 75]);
    expect(await pairCounts('vertical_slash(0, 0)', problem)).toEqual([0, 0]);
    expect(await pairCounts('vertical_slash(9, 9, within: none())', problem)).toEqual([0, 0]);
  });
});
