import { expect } from 'vitest';
import { compareResults } from '../../../runtime/attention/compare.ts';
import { createReferenceBackend } from '../../../runtime/attention/reference.ts';
import type { AttentionInput, AttentionResult, Backend, PlanParts } from '../../../runtime/attention/types.ts';
import type { Problem } from './problems.ts';

/**
 * The bound of float32 kernels against the float64 reference: outputs within 2e-6 * max|V|, log-sum-exps within
 * 2e-6 * max(1, |lse|); `bound` for other numbers.
 */
export async function expectCorrect(
  { name, input, plans }: Problem,
  result: AttentionResult,
  bound = 2e-6,
): Promise<void> {
  await expectPartsCorrect(name, input, [plans], result, bound);
}

/** The same over a mask in parts. */
export async function expectPartsCorrect(
  name: string,
  input: AttentionInput,
  parts: PlanParts,
  result: Pick<AttentionResult, 'o' | 'lse'>,
  bound = 2e-6,
): Promise<void> {
  const expected = await createReferenceBackend().run(input, parts, {});
  const difference = compareResults(result, expected);
  const values = input.v.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const logs = expected.lse.reduce((most, x) => (Number.isFinite(x) ? Math.max(most, Math.abs(x)) : most), 1);
  expect(result.o.length, name).toBe(input.heads * input.queries * input.headDim);
  expect(difference.o, name).toBeLessThanOrEqual(bound * values);
  expect(difference.lse, name).toBeLessThanOrEqual(bound * logs);
  expect([...result.lse].map(x => x === Number.NEGATIVE_INFINITY)).toEqual(
    [...expected.lse].map(x => x === Number.NEGATIVE_INFINITY),
  );
}

/** Runs and checks a problem, and hands the result on. */
export async function solve(backend: Backend, task: Problem): Promise<AttentionResult> {
  const result = await backend.run(task.input, [task.plans], {});
  await expectCorrect(task, result);
  return result;
}
