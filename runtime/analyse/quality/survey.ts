import { baselineKeys } from './baseline-keys.ts';
import type { CurveShape } from './curve.ts';
import type { MaskRows } from './plan-rows.ts';
import { type HeadSums, ROWS } from './row-kernel.ts';

/** The keys of a head, and what its query rows see of them. */
export interface SurveyedKeys extends CurveShape {
  /** [keys][headDim] */
  readonly k: Float32Array;
  readonly headDim: number;
  /** Times q . k */
  readonly scale: number;
}

/** A head all of whose query rows are to be looked at. */
export interface SurveyedHead extends SurveyedKeys {
  /** [queries][headDim] */
  readonly q: Float32Array;
  /** The mask, all of whose pairs are in the baseline. */
  readonly mask: MaskRows;
}

/** What full attention's probabilities come to, over some query rows of a head. */
export interface HeadTotals extends HeadSums {
  /** Sum of the rows' entropies, in bits. */
  readonly entropy: number;
  /** Sum over the rows of their largest probabilities, as many as the mask has keys in the row. */
  readonly topk: number;
  /** Sum of the shares of those keys that the mask has, over the `withKeys` rows in which it has any. */
  readonly overlap: number;
  readonly withKeys: number;
}

export interface SurveyProgress {
  readonly signal?: AbortSignal | undefined;
  /** Called with the share that is done, 0 to 1. */
  readonly onProgress?: ((done: number) => void) | undefined;
}

/** Looks at full attention's probabilities of every query row of a head. Never are they all in memory. */
export interface Surveyor {
  /**
   * Totals over all rows. Counts of keys that are more probable than others depend on float32: keys whose probabilities
   * differ by less than what it loses may stand for each other.
   *
   * @returns undefined where the engine has nothing to compute with: no WebAssembly SIMD
   * @throws DOMException named AbortError when the signal fires
   */
  survey(head: SurveyedHead, progress?: SurveyProgress): Promise<HeadTotals | undefined>;
  /** Why an earlier choice of where to compute was not used, in words for the user. */
  notes(): readonly string[];
  dispose(): void;
}

/** Query rows `from` to `to`, without `to`. */
export interface RowRange {
  readonly from: number;
  readonly to: number;
}

/** Pairs that a range of rows sees. */
export function pairsSeen({ baseline, keys, offset }: CurveShape, { from, to }: RowRange): number {
  const first = baselineKeys(baseline, from, keys, offset);
  const last = baselineKeys(baseline, to - 1, keys, offset);
  // Between them the number of keys grows by one a row, if at all.
  return ((first + last) * (to - from)) / 2;
}

export function noTotals(points: number, bins: number, keys: number): HeadTotals {
  return {
    counts: new Float64Array(bins),
    masses: new Float64Array(bins),
    curve: new Float64Array(points),
    distances: new Float64Array(2 * keys - 1),
    ...{ entropy: 0, topk: 0, overlap: 0, withKeys: 0 },
  };
}

/** The totals of two sets of rows together; takes the arrays of the first. */
export function addTotals(to: HeadTotals, more: HeadTotals): HeadTotals {
  for (const name of ['counts', 'masses', 'curve', 'distances'] as const) {
    const sums = to[name];
    const own = more[name];
    for (let at = 0; at < own.length; at++) sums[at] = Number(sums[at]) + Number(own[at]);
  }
  return {
    ...to,
    entropy: to.entropy + more.entropy,
    topk: to.topk + more.topk,
    overlap: to.overlap + more.overlap,
    withKeys: to.withKeys + more.withKeys,
  };
}

/** Multiply-adds of a batch: about a tenth of a second. */
const BATCH = 2 ** 28;
/** Fewest batches of a head: enough for many threads. */
const BATCHES = 48;

/**
 * Neighbouring rows of about equal cost. They do not depend on the number of threads, so that sums over them come to the
 * same on one thread and on many.
 */
export function rowBatches(head: SurveyedHead): RowRange[] {
  const { queries, headDim } = head;
  const most = Math.min(BATCH / headDim, pairsSeen(head, { from: 0, to: queries }) / BATCHES);
  const batches: RowRange[] = [];
  for (let from = 0; from < queries; ) {
    let to = Math.min(queries, from + ROWS);
    while (to < queries && pairsSeen(head, { from, to: Math.min(queries, to + ROWS) }) <= most)
      to = Math.min(queries, to + ROWS);
    batches.push({ from, to });
    from = to;
  }
  return batches;
}
