import type { HeadRow, ReferenceRows } from './reference.ts';
import type { AttentionInput, AttentionResult } from './types.ts';

/** Largest absolute differences of outputs and of log-sum-exps. NaN on either side counts as Infinity. */
export interface Difference {
  readonly o: number;
  readonly lse: number;
}

type Outputs = Pick<AttentionResult, 'o' | 'lse'>;

/** How far two results for the same input are apart. Two rows without keys (-Infinity both) do not differ. */
export function compareResults(a: Outputs, b: Outputs): Difference {
  if (a.o.length !== b.o.length || a.lse.length !== b.lse.length) {
    throw new RangeError('Results of different shapes cannot be compared.');
  }
  return { o: largestDifference(a.o, b.o), lse: largestDifference(a.lse, b.lse) };
}

/** How far the rows of a result are from their float64 reference, those from index `from` to `to` of it. */
export function compareRows(
  input: AttentionInput,
  result: Outputs,
  reference: ReferenceRows,
  from = 0,
  to = reference.rows.length,
): Difference {
  const { queries, headDim } = input;
  let o = 0;
  let lse = 0;
  reference.rows.slice(from, to).forEach(({ head, row }, distance) => {
    const index = from + distance;
    const at = head * queries + row;
    const expected = reference.o.subarray(index * headDim, (index + 1) * headDim);
    o = Math.max(o, largestDifference(result.o.subarray(at * headDim, (at + 1) * headDim), expected));
    lse = Math.max(lse, difference(Number(result.lse[at]), Number(reference.lse[index])));
  });
  return { o, lse };
}

/**
 * Rows to verify a long run with: the first and the last row of the first and of the last head, and others spread
 * evenly over rows and heads.
 */
export function sampleRows(input: Pick<AttentionInput, 'heads' | 'queries'>, count: number): HeadRow[] {
  const { heads, queries } = input;
  if (heads * queries <= count) {
    return Array.from({ length: heads * queries }, (_, i) => ({ head: Math.floor(i / queries), row: i % queries }));
  }
  const rows: HeadRow[] = [
    { head: 0, row: 0 },
    { head: heads - 1, row: queries - 1 },
    { head: 0, row: queries - 1 },
    { head: heads - 1, row: 0 },
  ].slice(0, count);
  const rest = count - rows.length;
  for (let i = 0; i < rest; i++) {
    // The golden ratio walks over the rows without falling into step with strides or tiles.
    const row = Math.floor((((i + 1) * 0.6180339887498949) % 1) * queries);
    rows.push({ head: i % heads, row });
  }
  return rows;
}

function largestDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let largest = 0;
  for (let i = 0; i < a.length; i++) largest = Math.max(largest, difference(Number(a[i]), Number(b[i])));
  return largest;
}

function difference(a: number, b: number): number {
  if (a === b) return 0;
  const distance = Math.abs(a - b);
  return Number.isNaN(distance) ? Number.POSITIVE_INFINITY : distance;
}
