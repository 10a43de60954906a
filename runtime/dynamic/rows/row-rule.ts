import type { TilePlan } from '../../compile/tile-plan.ts';
import type { ChosenRows } from './chosen-rows.ts';

/** What a query takes of its candidates by its scores q . k. */
export type RowRule =
  /** As many with the largest scores, ties to the smaller key. */
  | { readonly kind: 'largest'; readonly keys: number }
  /** The fewest, by descending score, whose softmax of score * scale reaches a share; ties to the smaller key. */
  | { readonly kind: 'mass'; readonly mass: number; readonly scale: number };

/** Row-major vectors. */
export type Vectors = Float32Array | Float64Array;

/** A choice of keys for every row of queries: those of a head, or whatever vectors others are chosen for by their products. */
export interface RowRequest {
  readonly rule: RowRule;
  /** [queries][headDim], finite */
  readonly q: Vectors;
  /** [tokens][headDim], finite */
  readonly k: Vectors;
  readonly headDim: number;
  /** The pairs to choose among, in tiles of CANDIDATE_TILE and the order of the sequence. */
  readonly candidates: TilePlan;
}

export const CANDIDATE_TILE = { queries: 64, keys: 64 } as const;

export interface RowProgress {
  readonly signal?: AbortSignal | undefined;
  /** Called with the share that is done, 0 to 1. */
  readonly onProgress?: ((done: number) => void) | undefined;
}

/**
 * Chooses keys by score, row by row. Scores are float64 sums in the order of the vectors' numbers, so that every selector
 * chooses the same to the last tie.
 */
export interface RowSelector {
  /**
   * The keys of each query row, all rows in order.
   *
   * @throws DOMException named AbortError when the signal fires
   */
  choose(request: RowRequest, progress?: RowProgress): Promise<ChosenRows>;
  /** Why an earlier choice of where to compute was not used, in words for the user. */
  notes(): readonly string[];
  dispose(): void;
}

/** Multiply-adds of some row blocks' scores. */
export function scoresCost({ candidates, headDim }: RowRequest, from: number, to: number): number {
  const tiles = (candidates.rowStart[to] ?? 0) - (candidates.rowStart[from] ?? 0);
  return (tiles + to - from) * CANDIDATE_TILE.queries * CANDIDATE_TILE.keys * headDim;
}
