import type { PlanParts } from '../../attention/types.ts';
import { FULL_TILE, rowBlocks, type TilePlan, wordsPerMask, wordsPerRow } from '../../compile/tile-plan.ts';
import { popcount } from '../../pattern/bits.ts';

/** The plans of one head, one for each part of its mask. */
export function plansOfHead(parts: PlanParts, head: number): readonly TilePlan[] {
  return parts.map(({ plans, headPlan }) => {
    const plan = plans[headPlan[head] ?? -1];
    if (plan === undefined) throw new RangeError(`head ${head} has no plan`);
    return plan;
  });
}

/** Keys that each query row of a mask may attend to: [queries]. */
export function keysPerRow(plans: readonly TilePlan[], queries: number): Uint32Array {
  const counts = new Uint32Array(queries);
  for (const plan of plans) {
    const { tile, rowStart, maskId, masks, queryOrder } = plan;
    const words = wordsPerRow(plan);
    for (let block = 0; block < rowBlocks(plan); block++) {
      const first = block * tile.queries;
      const rows = Math.min(tile.queries, queries - first);
      for (let entry = Number(rowStart[block]); entry < Number(rowStart[block + 1]); entry++) {
        const id = Number(maskId[entry]);
        for (let row = 0; row < rows; row++) {
          let keys = tile.keys;
          if (id !== FULL_TILE) {
            const at = id * wordsPerMask(plan) + row * words;
            keys = 0;
            for (let word = at; word < at + words; word++) keys += popcount(Number(masks[word]));
          }
          const query = queryOrder?.[first + row] ?? first + row;
          counts[query] = Number(counts[query]) + keys;
        }
      }
    }
  }
  return counts;
}

/**
 * Does a mask let a query see a key that comes after it? Query row r sits at position `offset + r`. Costs as much as the
 * tiles that cross the diagonal; of plans with an order of their own, as all of their pairs.
 */
export function seesLaterKeys(plan: TilePlan, offset: number): boolean {
  const { tile, rowStart, column, maskId, masks, queryOrder, keyOrder } = plan;
  for (let block = 0; block < rowBlocks(plan); block++) {
    const first = block * tile.queries;
    const rows = Math.min(tile.queries, plan.queries - first);
    for (let entry = Number(rowStart[block]); entry < Number(rowStart[block + 1]); entry++) {
      const from = Number(column[entry]) * tile.keys;
      const isOrdered = queryOrder !== undefined || keyOrder !== undefined;
      if (!isOrdered && from + tile.keys - 1 <= offset + first) continue;
      const id = Number(maskId[entry]);
      for (let row = 0; row < rows; row++) {
        const position = offset + (queryOrder?.[first + row] ?? first + row);
        const words = id * wordsPerMask(plan) + row * wordsPerRow(plan);
        for (let c = 0; c < tile.keys; c++) {
          if (id !== FULL_TILE && ((Number(masks[words + (c >>> 5)]) >>> (c & 31)) & 1) === 0) continue;
          if ((keyOrder?.[from + c] ?? from + c) > position) return true;
        }
      }
    }
  }
  return false;
}
