import { AttentionInputError } from './check-input.ts';
import type { AttentionResult } from './types.ts';

/** What the heads of a result are called where they are a part of something larger. */
export interface HeadNames {
  /** The layer that all of them are of. */
  readonly layer?: number;
  /** [heads of the result]: their numbers in the layer; default from 0. */
  readonly heads?: readonly number[];
}

/**
 * Refuses results in which a row has become infinite or no number: tensors that hold such numbers, or finite ones whose
 * products are beyond float32. Shares of them and differences from them mean nothing.
 *
 * @param withEmptyRows may rows have no keys? Their log-sum-exp is -Infinity. Those of a baseline always have some.
 * @throws AttentionInputError that names the row, and layer and head where there are several or they have names
 */
export function checkFinite(
  { lse, o }: Pick<AttentionResult, 'lse' | 'o'>,
  queries: number,
  withEmptyRows = false,
  { layer, heads }: HeadNames = {},
): void {
  const perRow = o.length / lse.length;
  const score = notFinite(lse, withEmptyRows ? Number.NEGATIVE_INFINITY : 0);
  const output = score >= 0 ? -1 : notFinite(o, 0);
  if (score < 0 && output < 0) return;
  const at = score >= 0 ? score : Math.floor(output / perRow);
  const what = score >= 0 ? 'The scores' : 'The outputs';
  const tensors = score >= 0 ? 'queries or keys' : 'values';
  const index = Math.floor(at / queries);
  const place = [
    ...(layer === undefined ? [] : [`layer ${layer}`]),
    // One head alone may be any of those that it was taken from.
    ...(heads === undefined && lse.length === queries ? [] : [`head ${heads?.[index] ?? index}`]),
  ];
  throw new AttentionInputError(
    `${what} of query row ${at % queries}${place.length === 0 ? '' : ` of ${place.join(', ')}`} are beyond float32, or no numbers: the ${tensors} are too large, or hold NaN or infinities.`,
  );
}

/** Where the first of them is, other than `sound`, or -1. A plain loop: `findIndex` takes six times as long, and outputs are long. */
function notFinite(values: Float32Array, sound: number): number {
  for (let at = 0; at < values.length; at++) {
    const value = values[at] ?? 0;
    if (value - value !== 0 && value !== sound) return at;
  }
  return -1;
}
