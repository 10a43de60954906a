import { describe, expect, test } from 'vitest';
import { dot, vectorsOf } from './published-rules.ts';
import { expectByRule, input, pairCounts, selected } from './select.ts';

describe('lsh', () => {
  test.each([
    ['lsh(4)', { keys: 1 }],
    ['lsh(6)', { keys: 67 }],
    ['lsh(16, rounds: 3)', { keys: 130, heads: 3 }],
    ['lsh(8, rounds: 2, seed: 7, within: causal())', { keys: 97, heads: 4, kvHeads: 2 }],
    ['lsh(2, seed: 5000000000, within: window(9))', { keys: 131, queries: 3 }],
    ['lsh(64, rounds: 4)', { keys: 83, queries: 40, heads: 2, kvHeads: 1 }],
    ['lsh(500)', { keys: 40, headDim: 3 }],
  ])('%s at %j by the rule', async (expression, shape) => {
    await expectByRule(expression, input(shape));
  });

  test('one bucket is full attention', async () => {
    const problem = input({ keys: 75, heads: 2 });
    expect(await pairCounts('lsh(1)', problem)).toEqual([75 * 75, 75 * 75]);
    expect(await pairCounts('lsh(1, rounds: 3, within: causal())', problem)).toEqual([75 * 38, 75 * 38]);
    expect(await pairCounts('lsh(8, within: none())', problem)).toEqual([0, 0]);
  });

  test('a query keeps itself, and only where it may', async () => {
    const problem = input({ keys: 90 });
    // Keys point the other way: no query shares a bucket with its own key.
    const opposite = { ...problem, k: problem.q.map(value => -value) };
    const [bits] = await selected('lsh(8, within: causal())', opposite);
    for (let i = 0; i < 90; i++) expect(bits![i * 91]).toBe(1);
    expect(await pairCounts('lsh(8, within: diagonal())', opposite)).toEqual([90]);
    expect(await pairCounts('lsh(8, within: !diagonal()) & diagonal()', opposite)).toEqual([0]);
  });

  test('vectors of one direction share every bucket, whatever their lengths', async () => {
    const problem = input({ keys: 50 });
    const direction = problem.q.slice(0, 8);
    for (let row = 0; row < 50; row++) {
      problem.q.set(
        direction.map(value => value * 2 ** (row % 9)),
        row * 8,
      );
      problem.k.set(
        direction.map(value => value * 2 ** -(row % 7)),
        row * 8,
      );
    }
    expect(await pairCounts('lsh(32)', problem)).toEqual([2500]);
  });

  test('more rounds find more of the keys with the largest scores, and lose none', async () => {
    const n = 300;
    const problem = input({ keys: n, headDim: 16 });
    const near = { ...problem, k: problem.q.map((value, at) => value + 0.5 * problem.k[at]!) };
    const { queries, keys } = vectorsOf(near, 0);
    const best = queries.map(query => {
      const order = keys.map((_, j) => j).sort((a, b) => dot(query, keys[b]!) - dot(query, keys[a]!));
      return order.slice(0, 8);
    });
    let before: Uint8Array | undefined;
    const recalls: number[] = [];
    for (const rounds of [1, 2, 4, 8]) {
      const [bits] = await selected(`lsh(16, rounds: ${rounds}) - diagonal()`, near);
      const found = best.flatMap((list, i) => list.filter(j => j !== i && bits![i * n + j] === 1)).length;
      recalls.push(found / best.flatMap((list, i) => list.filter(j => j !== i)).length);
      before?.forEach((bit, at) => {
        if (bit === 1 && bits![at] === 0) throw new Error(`${rounds} rounds lost pair ${at}`);
      });
      before = bits;
    }
    for (let step = 1; step < recalls.length; step++) expect(recalls[step]).toBeGreaterThan(recalls[step - 1]! + 0.03);
  });

  test('another seed, another choice; the same seed, the same', async () => {
    const problem = input({ keys: 100 });
    const [a] = await selected('lsh(8, seed: 1)', problem);
    expect((await selected('lsh(8, seed: 1)', problem))[0]).toEqual(a);
    expect((await selected('lsh(8, seed: 2)', problem))[0]).not.toEqual(a);
    expect((await selected('lsh(8, seed: 4294967297)', problem))[0]).not.toEqual(a);
  });
});
