import { describe, expect, test } from 'vitest';
import { statistics } from '../../../runtime/analyse/statistics.ts';
import { compileHeadParts } from '../../../runtime/compile/compile-heads.ts';
import { partsOf } from '../../../runtime/draw/parts.ts';
import { chosenModel, MOST_CHOSEN_TOKENS } from '../../../runtime/dynamic/chosen-model.ts';
import { isDynamic } from '../../../runtime/pattern/bind.ts';
import { patternAt, shapeAt } from '../../../runtime/pattern/model.ts';
import { input, modelOf, pairsOf, selected } from './select.ts';

describe('a model with the masks that content chose', () => {
  test.each([
    ['topk(9, within: causal()) | sliding(4)', { keys: 150 }],
    ['lsh(8, rounds: 2) - columns([0..20])', { keys: 97, queries: 40, heads: 4, kvHeads: 2 }],
    ['symmetric(routing(5)) & !threshold(0.3)', { keys: 70, heads: 2 }],
    ['head == 0 ? vertical_slash(3, 4) : block_topk(16, 2, within: topk(30))', { keys: 100, heads: 2 }],
  ])('%s at %j holds the pairs that a run would compute', async (expression, shape) => {
    const problem = input(shape);
    const heads = Array.from({ length: problem.heads }, (_, head) => head);
    const model = await chosenModel(await modelOf(expression, problem), 0, heads, problem);
    const wanted = await selected(expression, problem);
    const parts = compileHeadParts(model, 0, heads, problem.keys);
    heads.forEach(head => {
      const pattern = patternAt(model, 0, head)!;
      expect(isDynamic(pattern)).toBe(false);
      const bits = pairsOf(parts.map(({ plans, headPlan }) => plans[headPlan[head]!]!));
      expect(bits.join('') === wanted[head]!.join('')).toBe(true);
      const { pairs } = statistics(pattern, shapeAt(model, 0, head));
      expect(Number(pairs)).toBe(wanted[head]!.reduce((sum, bit) => sum + bit, 0));
    });
  });

  test('labels and places are those of the calls; the model stays plain data', async () => {
    const problem = input({ keys: 40, heads: 2 });
    const model = await modelOf('topk(4, within: causal()) | sliding(2) - lsh(4)', problem);
    const [written, chosen] = [model, await chosenModel(model, 0, [0, 1], problem)].map(each =>
      partsOf(patternAt(each, 0, 1)!, shapeAt(each, 0, 1)),
    );
    expect(chosen!.map(({ label, span }) => ({ label, span }))).toEqual(
      written!.map(({ label, span }) => ({ label, span })),
    );
    const again = await chosenModel(model, 0, [0, 1], problem);
    expect(JSON.parse(JSON.stringify(again))).toEqual(again);
  });

  test('what asks for no content stays as it is, other layers too', async () => {
    const problem = input({ keys: 40, heads: 2 });
    const model = await modelOf('sliding(4)', problem);
    expect((await chosenModel(model, 0, [0, 1], problem)).rules).toEqual(model.rules);
    const dynamic = await modelOf('topk(4)', problem);
    const two = { ...dynamic, layers: 2, rules: dynamic.rules.map(rule => ({ ...rule, layers: [0, 1] })) };
    const first = await chosenModel(two, 0, [0, 1], problem);
    expect(isDynamic(patternAt(first, 0, 1)!)).toBe(false);
    expect(isDynamic(patternAt(first, 1, 1)!)).toBe(true);
  });

  test('sequences whose pairs are too many to be kept are refused', async () => {
    const keys = MOST_CHOSEN_TOKENS + 1;
    const problem = input({ keys, headDim: 1 });
    await expect(chosenModel(await modelOf('topk(4)', problem), 0, [0], problem)).rejects.toThrow(
      /at most 16384 tokens/,
    );
  });
});
