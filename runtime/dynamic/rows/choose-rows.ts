import { rowBlocks } from '../../compile/tile-plan.ts';
import { type ChosenRows, RowList } from './chosen-rows.ts';
import type { RowKernel } from './row-kernel.ts';
import { CANDIDATE_TILE, type RowRequest, type Vectors } from './row-rule.ts';

/** Neighbouring row blocks: from <= block < to. */
export interface BlockRange {
  readonly from: number;
  readonly to: number;
}

/**
 * Chooses the keys of some row blocks with a kernel that has the keys of the head. Yields after each block, so that a caller
 * that shares its thread can pause or give up.
 *
 * @param q [rows of these blocks][headDim]
 */
export function* chooseRows(
  kernel: RowKernel,
  { rule, candidates, headDim }: Omit<RowRequest, 'q' | 'k'>,
  { from, to }: BlockRange,
  q: Vectors,
): Generator<void, ChosenRows> {
  const list = new RowList(candidates.keys);
  const size = CANDIDATE_TILE.queries * headDim;
  for (let block = from; block < to; block++) {
    const rows = q.subarray((block - from) * size, (block - from + 1) * size);
    kernel.chooseBlock(rule, candidates, block, rows, (_, keys) => list.add(keys));
    yield;
  }
  return list.done();
}

/** Query rows of some blocks, [rows][headDim]. */
export function queriesOf({ q, headDim }: RowRequest, { from, to }: BlockRange): Vectors {
  const size = CANDIDATE_TILE.queries * headDim;
  return q.subarray(from * size, to * size);
}

/** All row blocks of a request. */
export function allBlocks({ candidates }: RowRequest): BlockRange {
  return { from: 0, to: rowBlocks(candidates) };
}
