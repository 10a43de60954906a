import { breathe, throwIfAborted } from '../../attention/abort.ts';
import type { TilePlan } from '../../compile/tile-plan.ts';
import { baselineKeys } from './baseline.ts';
import { type CurveShape, curveSizes, curvesOf, equalPairs, type QualityCurve } from './curve.ts';
import { RowBits } from './plan-rows.ts';
import { ROWS, type RowKernel } from './row-kernel.ts';

/** What the probabilities of full attention say about a mask, for one head. Recall is a share of all probability. */
export interface Distribution {
  /** The best recall that any mask of as many pairs could have: the most probable pairs of the head. See QualityCurve. */
  readonly oracle: number;
  /** The best recall that any mask with as many keys in each row could have. */
  readonly topk: number;
  /** Recall of a window, and what is to be expected of random keys, with as many pairs. */
  readonly window: number;
  readonly random: number;
  /**
   * Of a row's most probable keys, as many as the mask has there: the share that the mask has, mean over the rows that have
   * keys; null when none has.
   */
  readonly overlap: number | null;
  /** Entropy of full attention in bits, mean over the rows: 2 to that power is how many keys a row looks at. */
  readonly entropy: number;
  readonly curve: QualityCurve;
}

/** One head. */
export interface DistributionTask extends CurveShape {
  /** [queries][headDim] */
  readonly q: Float32Array;
  /** [keys][headDim] */
  readonly k: Float32Array;
  readonly headDim: number;
  /** Times q . k */
  readonly scale: number;
  /** The mask, all of whose pairs are in the baseline. */
  readonly plans: readonly TilePlan[];
  /** [queries]: its keys in each row. */
  readonly perRow: Uint32Array;
  readonly signal?: AbortSignal | undefined;
  /** Called with the query rows that were done. */
  readonly onRows?: ((rows: number) => void) | undefined;
}

/** How long the calling thread computes before it lets others have their turn. */
const SLICE_MS = 25;

/**
 * Ranks all keys of all query rows of a head. Scores are in memory for ROWS rows at a time.
 *
 * @throws DOMException named AbortError when the signal fires
 */
export async function distributionOf(kernel: RowKernel, task: DistributionTask): Promise<Distribution> {
  const { q, k, headDim, scale, baseline, queries, keys, offset, plans, perRow, signal } = task;
  const sizes = curveSizes(keys);
  kernel.useKeys(k, headDim, sizes);
  const mask = new RowBits(plans);
  const bits = new Uint32Array(Math.ceil(keys / 32));
  let entropy = 0;
  let topk = 0;
  let overlap = 0;
  let withKeys = 0;
  let since = performance.now();
  for (let first = 0; first < queries; first += ROWS) {
    const rows = Math.min(ROWS, queries - first);
    const seen = Array.from({ length: rows }, (_, row) => baselineKeys(baseline, first + row, keys, offset));
    const entropies = kernel.compute(q.subarray(first * headDim, (first + rows) * headDim), seen, scale);
    seen.forEach((count, row) => {
      const wanted = Number(perRow[first + row]);
      if (wanted > 0) mask.read(first + row, bits);
      const ranks = kernel.rank(row, count, offset + first + row, bits, wanted);
      entropy += Number(entropies[row]);
      topk += ranks.topk;
      if (wanted === 0) return;
      overlap += ranks.overlap;
      withKeys++;
    });
    if (performance.now() - since < SLICE_MS) continue;
    task.onRows?.(first + rows);
    await breathe();
    throwIfAborted(signal);
    since = performance.now();
  }
  task.onRows?.(queries);
  const sums = kernel.sums();
  const pairs = perRow.reduce((sum, count) => sum + count, 0);
  return {
    ...equalPairs(sums, task, pairs),
    topk: topk / queries,
    overlap: withKeys === 0 ? null : overlap / withKeys,
    entropy: entropy / queries,
    curve: curvesOf(sums, sizes, task),
  };
}
