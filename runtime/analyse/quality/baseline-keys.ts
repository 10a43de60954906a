/**
 * What a mask is measured against: attention of every query to every key, or to itself and the keys before it, which is
 * what a model that was trained causally computes.
 */
export type Baseline = 'full' | 'causal';

/** Pairs of a baseline in one row: those keys are 0 up to it. */
export function baselineKeys(baseline: Baseline, row: number, keys: number, offset: number): number {
  return baseline === 'full' ? keys : Math.min(keys, offset + row + 1);
}
