import { describe, expect, test } from 'vitest';
import { methods } from '../../../runtime/dynamic/methods.ts';
import { selectHeads } from '../../../runtime/dynamic/select-heads.ts';
import { primitives } from '../../../runtime/pattern/primitives.ts';
import { input, modelOf, pairCounts } from './select.ts';

const problem = input({ keys: 70, heads: 4, kvHeads: 2 });

async function choose(expression: string, given = problem, heads = [0, 1, 2, 3]) {
  return selectHeads(await modelOf(expression, given), 0, heads, given);
}

test('every primitive that selects by content has a method', () => {
  const selecting = [...primitives.values()].filter(({ selects }) => selects !== undefined).map(({ name }) => name);
  expect([...methods.keys()].sort()).toEqual(selecting.sort());
});

describe('plans of heads that choose by content', () => {
  test('heads that ask for no content share their plan, and nothing is timed without content', async () => {
    const { parts, selectMs } = await choose('head % 2 == 0 ? sliding(8) : topk(8)');
    expect(parts.map(({ headPlan }) => headPlan)).toEqual([[0, 1, 0, 2]]);
    expect(selectMs).toBeGreaterThan(0);
    const without = await choose('head < 9 ? sliding(8) : topk(8)');
    expect(without.parts.map(({ headPlan }) => headPlan)).toEqual([[0, 0, 0, 0]]);
    expect(without.selectMs).toBeNull();
  });

  test.each([
    ['q', Number.NaN, 'Tensor q is NaN at head 2, row 5, number 3'],
    ['k', Number.NaN, 'Tensor k is NaN at head 1, row 5, number 3'],
    ['q', Number.POSITIVE_INFINITY, 'Tensor q is Infinity at head 2, row 5, number 3'],
    ['k', Number.NEGATIVE_INFINITY, 'Tensor k is -Infinity at head 1, row 5, number 3'],
  ] as const)('%s with %d is refused', async (name, value, message) => {
    const bad = { ...problem, [name]: problem[name].slice() };
    bad[name][((name === 'q' ? 2 : 1) * 70 + 5) * 8 + 3] = value;
    for (const expression of [
      'topk(4)',
      'threshold(0.5)',
      'block_topk(8, 2)',
      'lsh(4)',
      'routing(4)',
      'vertical_slash(2, 2)',
    ])
      await expect(choose(expression, bad)).rejects.toMatchObject({
        name: 'AttentionInputError',
        message: expect.stringContaining(`${message}: keys can be chosen by content only among finite numbers`),
      });
    // Nobody looks at it where nothing is chosen.
    expect((await choose('sliding(4)', bad)).selectMs).toBeNull();
  });

  test('a choice among blocks is refused, however it came there', async () => {
    // The language refuses it before; models also come as plain data.
    const model = await modelOf('blocked(8, sliding(2))', problem);
    const { pattern: inner } = (await modelOf('topk(2) | sliding(2)', problem)).rules[0]!;
    let { pattern: blocked } = model.rules[0]!;
    while (blocked.kind === 'named') blocked = blocked.pattern;
    if (blocked.kind !== 'primitive') throw new Error('no blocks');
    const pattern = { ...blocked, args: { ...blocked.args, p: { type: 'pattern' as const, value: inner } } };
    const mixed = { ...model, rules: [{ ...model.rules[0]!, pattern }] };
    await expect(selectHeads(mixed, 0, [0, 1, 2, 3], problem)).rejects.toMatchObject({
      name: 'PatternError',
      code: 'dynamic',
      message: expect.stringMatching(/inside blocked there are blocks .*block_topk chooses whole blocks/),
    });
  });

  test('turned around, every token needs a query', async () => {
    const few = input({ keys: 70, queries: 30 });
    const whole = await modelOf('transpose(topk(2)) | symmetric(topk(2))', input({ keys: 70 }));
    await expect(selectHeads({ ...whole, queries: 30 }, 0, [0], few)).rejects.toThrow(
      /(transpose|symmetric) of .* 30 queries for 70 tokens/,
    );
    expect(await pairCounts('transpose(sliding(2)) & topk(70)', few)).toEqual([59]);
  });

  test('heads and lengths must be those of the tensors', async () => {
    await expect(choose('topk(2)', problem, [0])).rejects.toThrow(/There are 4 heads of queries, but 1 heads/);
    const model = await modelOf('topk(2)', { ...problem, queries: 60 });
    await expect(selectHeads(model, 0, [0, 1, 2, 3], problem)).rejects.toThrow(
      /has 60 queries, but the tensors have 70/,
    );
    const short = { ...problem, q: problem.q.subarray(8) };
    await expect(choose('topk(2)', short)).rejects.toThrow(/q has 2232 numbers, .*needs 2240/);
  });

  test('a checkpoint stops every method', async () => {
    for (const expression of [
      'topk(4)',
      'threshold(0.5)',
      'block_topk(8, 2)',
      'lsh(4)',
      'routing(4)',
      'vertical_slash(2, 2)',
    ]) {
      const model = await modelOf(expression, problem);
      const checkpoint = (): never => {
        throw new Error('stopped');
      };
      await expect(selectHeads(model, 0, [0, 1, 2, 3], problem, { checkpoint }), expression).rejects.toThrow('stopped');
    }
  });
});
