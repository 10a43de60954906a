import { forEachRun } from '../compile/dense.ts';
import { rowBlocks, type TilePlan } from '../compile/tile-plan.ts';

/** A query row of a mask, and the maximal runs of its keys: from, to, from, to..., each half-open, ascending. */
export interface MaskRow {
  readonly row: number;
  readonly runs: readonly number[];
}

/** Every query row of a plan in ascending order. Takes memory for one row of tiles. */
export function* maskRows(plan: TilePlan): Generator<MaskRow, void> {
  const { tile, queries, rowStart } = plan;
  for (let block = 0; block < rowBlocks(plan); block++) {
    const first = block * tile.queries;
    const rows: number[][] = Array.from({ length: Math.min(tile.queries, queries - first) }, () => []);
    const band = { ...plan, queries: rows.length, rowStart: rowStart.subarray(block, block + 2) };
    forEachRun(band, (row, from, to) => {
      const runs = rows[row];
      if (runs === undefined) return;
      if (runs.at(-1) === from) runs[runs.length - 1] = to;
      else runs.push(from, to);
    });
    for (const [at, runs] of rows.entries()) yield { row: first + at, runs };
  }
}
