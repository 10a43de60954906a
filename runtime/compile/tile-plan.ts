/** Value of `maskId` for a tile in which every pair attends. */
export const FULL_TILE = 0xffffffff;

/**
 * A compiled mask: for each block of query rows the tiles of keys that hold at least one pair, in ascending order
 * (compressed sparse rows over tiles). All arrays can be transferred to a worker.
 *
 * A tile is FULL only when it lies wholly inside the plan and every pair in it attends; the short tiles at a ragged
 * end always carry a mask, so a kernel that honours masks needs no bounds check on keys.
 * Identical masks are stored once.
 */
export interface TilePlan {
  /** Query rows and keys of one tile; `keys` is a multiple of 16. */
  readonly tile: { readonly queries: number; readonly keys: number };
  /** Query rows of the plan. */
  readonly queries: number;
  /** Keys of the plan. */
  readonly keys: number;
  /** [ceil(queries / tile.queries) + 1]: where each row block's entries begin. */
  readonly rowStart: Uint32Array;
  /** [entries]: key tile of each entry. */
  readonly column: Uint32Array;
  /** [entries]: index into `masks`, or FULL_TILE. */
  readonly maskId: Uint32Array;
  /** [unique masks][tile.queries][ceil(tile.keys / 32)]: bit c of word w of row r is key 32 w + c of the tile. */
  readonly masks: Uint32Array;
  /** [row blocks]: allowed pairs in each row block. */
  readonly pairs: Float64Array;
  /** [queries]: row a of the plan is query row `queryOrder[a]`. Absent: the order of the sequence. */
  readonly queryOrder?: Uint32Array;
  /** [keys]: column b of the plan is key `keyOrder[b]`. Absent: the order of the sequence. */
  readonly keyOrder?: Uint32Array;
}

/** 32-bit words of one row of a tile. */
export function wordsPerRow(plan: Pick<TilePlan, 'tile'>): number {
  return Math.ceil(plan.tile.keys / 32);
}

/** 32-bit words of one stored mask. */
export function wordsPerMask(plan: Pick<TilePlan, 'tile'>): number {
  return plan.tile.queries * wordsPerRow(plan);
}

/** Row blocks of a plan. */
export function rowBlocks(plan: Pick<TilePlan, 'rowStart'>): number {
  return plan.rowStart.length - 1;
}

/** Number of distinct stored masks. */
export function maskCount(plan: TilePlan): number {
  return plan.masks.length / wordsPerMask(plan);
}

/** Allowed pairs of the whole plan. */
export function planPairs(plan: TilePlan): number {
  let sum = 0;
  for (const pairs of plan.pairs) sum += pairs;
  return sum;
}

/** The buffers of a plan, each once, to transfer it to another thread. */
export function buffersOf(plan: TilePlan): readonly ArrayBuffer[] {
  const arrays = [plan.rowStart, plan.column, plan.maskId, plan.masks, plan.pairs, plan.queryOrder, plan.keyOrder];
  const buffers = new Set<ArrayBuffer>();
  for (const array of arrays) if (array !== undefined) buffers.add(array.buffer as ArrayBuffer);
  return [...buffers];
}
