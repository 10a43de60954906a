import { type CurveShape, curveSizes, curvesOf, equalPairs, type QualityCurve } from './curve.ts';
import type { HeadTotals } from './survey.ts';

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
   * keys; null when none has. Keys whose probabilities differ by less than what float32 loses may stand for each other.
   */
  readonly overlap: number | null;
  /** Entropy of full attention in bits, mean over the rows: 2 to that power is how many keys a row looks at. */
  readonly entropy: number;
  readonly curve: QualityCurve;
}

/**
 * What totals over all rows of a head mean for a mask.
 *
 * @param pairs of the mask
 */
export function distributionOf(totals: HeadTotals, shape: CurveShape, pairs: number): Distribution {
  const { topk, overlap, withKeys, entropy } = totals;
  const { queries, keys } = shape;
  return {
    ...equalPairs(totals, shape, pairs),
    topk: topk / queries,
    overlap: withKeys === 0 ? null : overlap / withKeys,
    entropy: entropy / queries,
    curve: curvesOf(totals, curveSizes(keys), shape),
  };
}
