import { AttentionInputError } from './check-input.ts';
import type { AttentionResult } from './types.ts';

/**
 * Refuses results in which a row has become infinite or no number: tensors that hold such numbers, or finite ones whose
 * products are beyond float32. Shares of them and differences from them mean nothing.
 *
 * @param withEmptyRows may rows have no keys? Their log-sum-exp is -Infinity. Those of a baseline always have some.
 * @throws AttentionInputError that names the row
 */
export function checkFinite(
  { lse, o }: Pick<AttentionResult, 'lse' | 'o'>,
  queries: number,
  withEmptyRows = false,
): void {
  const perRow = o.length / lse.length;
  const isSound = (value: number): boolean =>
    Number.isFinite(value) || (withEmptyRows && value === Number.NEGATIVE_INFINITY);
  const score = lse.findIndex(value => !isSound(value));
  const output = score >= 0 ? -1 : o.findIndex(value => !Number.isFinite(value));
  if (score < 0 && output < 0) return;
  const at = score >= 0 ? score : Math.floor(output / perRow);
  const what = score >= 0 ? 'The scores' : 'The outputs';
  const tensors = score >= 0 ? 'queries or keys' : 'values';
  throw new AttentionInputError(
    `${what} of head ${Math.floor(at / queries)}, query row ${at % queries}, are beyond float32, or no numbers: the ${tensors} are too large.`,
  );
}
