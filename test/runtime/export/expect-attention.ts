import { expect } from 'vitest';
import { referenceRows } from '../../../runtime/attention/reference.ts';
import type { AttentionInput } from '../../../runtime/attention/types.ts';
import { densePlan } from '../dense-plan.ts';
import type { Allows } from './consumers.ts';

/** Compares outputs [heads, queries, head dimension] with the float64 reference under a mask. */
export function expectAttention(o: ArrayLike<number>, input: AttentionInput, allows: Allows, bound: number): void {
  const { heads, queries, keys } = input;
  const plans = Array.from({ length: heads }, (_, head) => densePlan(queries, keys, (i, j) => allows(head, i, j)));
  const rows = plans.flatMap((_, head) => Array.from({ length: queries }, (__, row) => ({ head, row })));
  const expected = referenceRows(input, [{ plans, headPlan: plans.map((_, head) => head) }], rows).o;
  expect(o.length).toBe(expected.length);
  let worst = 0;
  for (const [at, value] of expected.entries()) worst = Math.max(worst, Math.abs(value - Number(o[at])));
  expect(worst).toBeLessThan(bound);
}
