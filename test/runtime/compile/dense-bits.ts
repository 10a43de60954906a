import { FULL_TILE, type TilePlan, wordsPerMask, wordsPerRow } from '../../../runtime/compile/tile-plan.ts';

/** Bit of a plan, following its documented layout; throws when the plan breaks a promise. */
export function denseBits(plan: TilePlan): Uint8Array {
  const bits = new Uint8Array(plan.queries * plan.keys);
  for (let block = 0; block + 1 < plan.rowStart.length; block++) {
    let previous = -1;
    for (let at = plan.rowStart[block]!; at < plan.rowStart[block + 1]!; at++) {
      const column = plan.column[at]!;
      // Not `expect`, which takes longer than all the rest of a small tile.
      if (!(column > previous)) throw new Error(`tile column ${column} follows ${previous} in row block ${block}`);
      previous = column;
      const id = plan.maskId[at]!;
      let any = false;
      for (let r = 0; r < plan.tile.queries; r++)
        for (let c = 0; c < plan.tile.keys; c++) {
          const word = id === FULL_TILE ? -1 : plan.masks[id * wordsPerMask(plan) + r * wordsPerRow(plan) + (c >> 5)]!;
          if (((word >>> (c & 31)) & 1) === 0) continue;
          any = true;
          const row = block * plan.tile.queries + r;
          const key = column * plan.tile.keys + c;
          if (row >= plan.queries || key >= plan.keys) throw new Error(`bit outside the plan at (${row}, ${key})`);
          bits[row * plan.keys + key] = 1;
        }
      if (!any) throw new Error(`the tile at row block ${block}, column ${column} is empty`);
    }
  }
  return bits;
}
