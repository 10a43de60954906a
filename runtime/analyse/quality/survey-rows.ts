import { baselineKeys } from './baseline-keys.ts';
import { ROWS, type RowKernel } from './row-kernel.ts';
import type { HeadTotals, RowRange, SurveyedHead, SurveyedKeys } from './survey.ts';

/** Some query rows of a head. */
export interface SurveyedRows {
  readonly from: number;
  /** [rows][headDim] */
  readonly q: Float32Array;
  /** [rows]: keys that the mask has in each. */
  readonly wanted: Uint32Array;
  /** [rows][ceil(keys / 32)]: a bit for each key, set where the mask has it. */
  readonly bits: Uint32Array;
}

/** Rows of a head, with memory of their own. */
export function rowsOf({ q, headDim, mask }: SurveyedHead, { from, to }: RowRange): SurveyedRows {
  return {
    from,
    q: q.slice(from * headDim, to * headDim),
    wanted: mask.perRow.slice(from, to),
    bits: mask.read(from, to),
  };
}

/**
 * Looks at some rows of a head whose keys the kernel has. Yields the share of the rows that is done.
 */
export function* surveyRows(
  kernel: RowKernel,
  { headDim, scale, baseline, keys, offset }: Omit<SurveyedKeys, 'k'>,
  { from, q, wanted, bits }: SurveyedRows,
): Generator<number, HeadTotals, undefined> {
  const rows = wanted.length;
  const words = Math.ceil(keys / 32);
  kernel.clearSums();
  let entropy = 0;
  let topk = 0;
  let overlap = 0;
  let withKeys = 0;
  for (let first = 0; first < rows; first += ROWS) {
    const count = Math.min(ROWS, rows - first);
    const seen = Array.from({ length: count }, (_, row) => baselineKeys(baseline, from + first + row, keys, offset));
    const entropies = kernel.compute(q.subarray(first * headDim, (first + count) * headDim), seen, scale);
    seen.forEach((own, index) => {
      const row = first + index;
      const asked = Number(wanted[row]);
      const allowed = bits.subarray(row * words, (row + 1) * words);
      const ranks = kernel.rank(index, own, offset + from + row, allowed, asked);
      entropy += Number(entropies[index]);
      topk += ranks.topk;
      if (asked === 0) return;
      overlap += ranks.overlap;
      withKeys++;
    });
    yield (first + count) / rows;
  }
  return { ...kernel.sums(), entropy, topk, overlap, withKeys };
}
