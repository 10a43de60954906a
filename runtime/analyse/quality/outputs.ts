import type { AttentionResult } from '../../attention/types.ts';

/** A query row, and the share of full attention's probability that the mask keeps of it. */
export interface RowRecall {
  /** Query row, from 0. */
  readonly row: number;
  readonly recall: number;
}

/** How far the output of a mask is from that of full attention, for one head. */
export interface OutputQuality {
  /**
   * Share of full attention's probability that falls on pairs of the mask, mean over the query rows. A row without keys
   * keeps nothing.
   */
  readonly recall: number;
  /** The rows that keep least, least first. */
  readonly worst: readonly RowRecall[];
  /** `|o - o_full| / |o_full|` over all numbers of the head (Frobenius norms); 0 when both are zero. */
  readonly error: number;
  /** Cosine of the angle between the outputs of a row, mean over the rows; a row without keys counts as 0. */
  readonly cosine: number;
}

type Outputs = Pick<AttentionResult, 'o' | 'lse'>;

/**
 * Compares one head's outputs. The softmax of a mask's pairs has the normaliser `exp(lse)`, that of all pairs
 * `exp(lse_full)`, so the share of probability inside the mask is `exp(lse - lse_full)`: no score is needed again.
 *
 * @param rows how many of the worst rows are wanted
 */
export function compareOutputs(
  sparse: Outputs,
  full: Outputs,
  place: { readonly head: number; readonly queries: number; readonly headDim: number },
  rows: number,
): OutputQuality {
  const { head, queries, headDim } = place;
  const first = head * queries;
  const recalls = new Float64Array(queries);
  let recall = 0;
  let cosine = 0;
  let off = 0;
  let whole = 0;
  for (let row = 0; row < queries; row++) {
    const share = shareOf(Number(sparse.lse[first + row]), Number(full.lse[first + row]));
    recalls[row] = share;
    recall += share;
    let dot = 0;
    let own = 0;
    let theirs = 0;
    for (let at = (first + row) * headDim; at < (first + row + 1) * headDim; at++) {
      const a = Number(sparse.o[at]);
      const b = Number(full.o[at]);
      dot += a * b;
      own += a * a;
      theirs += b * b;
      off += (a - b) ** 2;
    }
    whole += theirs;
    const lengths = Math.sqrt(own) * Math.sqrt(theirs);
    if (lengths > 0) cosine += Math.min(1, dot / lengths);
    else if (own === theirs) cosine += 1;
  }
  return {
    recall: recall / queries,
    worst: leastOf(recalls, rows),
    error: off === 0 ? 0 : Math.sqrt(off / whole),
    cosine: cosine / queries,
  };
}

/** Both are rounded to float32: a mask that keeps all may seem to keep a little more. */
function shareOf(lse: number, full: number): number {
  return lse === Number.NEGATIVE_INFINITY ? 0 : Math.min(1, Math.exp(lse - full));
}

/** The rows with the least recall, least first; of equal ones the earlier row. */
function leastOf(recalls: Float64Array, count: number): RowRecall[] {
  const least: RowRecall[] = [];
  recalls.forEach((recall, row) => {
    if (least.length === count && recall >= Number(least.at(-1)?.recall)) return;
    const at = least.findIndex(other => other.recall > recall);
    least.splice(at < 0 ? least.length : at, 0, { row, recall });
    least.length = Math.min(least.length, count);
  });
  return least;
}
