import { fullPlan } from '../../attention/full-plan.ts';
import type { ChosenRows } from './chosen-rows.ts';
import { CANDIDATE_TILE, type RowProgress, type RowSelector, type Vectors } from './row-rule.ts';

/**
 * For each of some vectors the `most` others with the largest dot products, of equal ones the first.
 *
 * @param vectors [vectors][size]
 * @param others [others][size]
 */
export function nearest(
  rows: RowSelector,
  vectors: Vectors,
  others: Vectors,
  size: number,
  most: number,
  progress?: RowProgress,
): Promise<ChosenRows> {
  const candidates = fullPlan(vectors.length / size, others.length / size, CANDIDATE_TILE);
  return rows.choose(
    { rule: { kind: 'largest', keys: most }, q: vectors, k: others, headDim: size, candidates },
    progress,
  );
}

/** The place of the one that is nearest to each vector. */
export async function nearestOne(
  rows: RowSelector,
  vectors: Vectors,
  others: Vectors,
  size: number,
  progress?: RowProgress,
): Promise<Uint32Array> {
  // A single key is listed as itself.
  return (await nearest(rows, vectors, others, size, 1, progress)).words;
}
