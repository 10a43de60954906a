import { FULL_TILE, rowBlocks, type TilePlan, wordsPerMask, wordsPerRow } from './tile-plan.ts';

/**
 * A plan as a dense mask, one byte for each pair.
 *
 * @returns [queries][keys], 1 where the query may attend to the key
 */
export function denseMask(plan: TilePlan): Uint8Array<ArrayBuffer> {
  const { queries, keys } = plan;
  const dense = new Uint8Array(queries * keys);
  forEachRun(plan, (row, from, to) => dense.fill(1, row * keys + from, row * keys + to));
  return dense;
}

/**
 * Calls `visit` with every maximal run of allowed keys within a tile, [from, to) of a query row. Rows of one row block
 * may be interleaved, but the runs of one row come in ascending order.
 */
export function forEachRun(plan: TilePlan, visit: (row: number, from: number, to: number) => void): void {
  const { tile, queries, keys, rowStart, column, maskId, masks } = plan;
  for (let block = 0; block < rowBlocks(plan); block++) {
    const first = block * tile.queries;
    const rows = Math.min(tile.queries, queries - first);
    for (let entry = Number(rowStart[block]); entry < Number(rowStart[block + 1]); entry++) {
      const key0 = Number(column[entry]) * tile.keys;
      const width = Math.min(tile.keys, keys - key0);
      const id = Number(maskId[entry]);
      for (let r = 0; r < rows; r++) {
        if (id === FULL_TILE) {
          visit(first + r, key0, key0 + width);
          continue;
        }
        const words = id * wordsPerMask(plan) + r * wordsPerRow(plan);
        let start = -1;
        for (let c = 0; c <= width; c++) {
          const allowed = c < width && ((Number(masks[words + (c >>> 5)]) >>> (c & 31)) & 1) === 1;
          if (allowed && start < 0) start = c;
          if (!allowed && start >= 0) {
            visit(first + r, key0 + start, key0 + c);
            start = -1;
          }
        }
      }
    }
  }
}
