import { forEachRun } from '../compile/dense.ts';
import { rowBlocks, type TilePlan } from '../compile/tile-plan.ts';

/**
 * Calls `visit` with every query row of a plan in ascending order, and the maximal runs of its keys: from, to, from, to...,
 * each half-open, ascending. Takes memory for one row of tiles.
 */
export function forEachRow(plan: TilePlan, visit: (row: number, runs: readonly number[]) => void): void {
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
    for (const [row, runs] of rows.entries()) visit(first + row, runs);
  }
}
