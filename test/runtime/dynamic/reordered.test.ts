import { describe, expect, test, vi } from 'vitest';
import type { PlanParts } from '../../../runtime/attention/types.ts';
import { selectHeads } from '../../../runtime/dynamic/select-heads.ts';
import { expectByRule, input, modelOf } from './select.ts';

vi.setConfig({ testTimeout: 60_000 });

const shape = { keys: 700, headDim: 6 };

async function parts(expression: string, problem = input(shape)): Promise<PlanParts> {
  const heads = Array.from({ length: problem.heads }, (_, head) => head);
  return (await selectHeads(await modelOf(expression, problem), 0, heads, problem)).parts;
}

function tilesOf(all: PlanParts): number {
  return all.reduce((sum, { plans }) => sum + plans.reduce((tiles, plan) => tiles + plan.column.length, 0), 0);
}

/** Tiles of all pairs. */
const ALL = Math.ceil(700 / 64) ** 2;

describe('tokens sorted by bucket or cluster', () => {
  test.each([
    ['lsh(32)', 0.6],
    ['routing(16)', 0.5],
    ['routing(16) & causal()', 0.4],
    ['lsh(32, within: causal()) | sliding(20)', 0.7],
  ])('%s needs fewer tiles, and comes to the same pairs', async (expression, share) => {
    const found = await parts(expression);
    expect(found.some(({ plans }) => plans.some(({ keyOrder }) => keyOrder !== undefined))).toBe(true);
    expect(tilesOf(found)).toBeLessThan(share * ALL);
    await expectByRule(expression, input(shape));
  });

  test.each([
    ['lsh(64, rounds: 2, within: window(99)) - columns([0..20])', { keys: 640, queries: 130 }],
    ['routing(24, within: strided(3)) | global([3])', { keys: 610, heads: 2, kvHeads: 1 }],
    ['routing(16) | lsh(32, seed: 3) & !routing(8, seed: 1)', { keys: 610 }],
    ['topk(40, within: routing(12)) | routing(20)', { keys: 600, queries: 590 }],
  ])('%s at %j by the rule', async (expression, at) => {
    await expectByRule(expression, input({ headDim: 5, ...at }));
  });

  test('few tokens, or what is dense as it is, stay in the order of the sequence', async () => {
    for (const [expression, keys] of [
      ['lsh(4)', 100],
      ['routing(2)', 128],
      ['routing(16) | full()', 700],
      ['lsh(2)', 500],
    ] as const)
      for (const { plans } of await parts(expression, input({ ...shape, keys })))
        for (const plan of plans) if (plan.column.length > 0) expect(plan.keyOrder, expression).toBeUndefined();
  });

  test('heads that split differently have as many parts', async () => {
    const found = await parts('head == 0 ? lsh(32, rounds: 2) : sliding(9)', input({ ...shape, heads: 2 }));
    expect(found.length).toBeGreaterThan(1);
    for (const { headPlan } of found) expect(headPlan).toHaveLength(2);
  });
});
