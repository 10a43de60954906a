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

/** The rows of a head's mask, whatever order its plans have. */
export class MaskRows {
  /** [queries]: keys that each row has. */
  readonly perRow: Uint32Array;
  readonly #words: number;
  readonly #plans: readonly TilePlan[];
  /** [plans][queries]: where a query row stands in the plan's order. */
  readonly #placeOf: readonly (Uint32Array | undefined)[];

  /** @param keys of the sequence */
  constructor(plans: readonly TilePlan[], queries: number, keys: number) {
    this.perRow = keysPerRow(plans, queries);
    this.#words = Math.ceil(keys / 32);
    this.#plans = plans;
    this.#placeOf = plans.map(({ queryOrder }) => {
      if (queryOrder === undefined) return undefined;
      const places = new Uint32Array(queryOrder.length);
      queryOrder.forEach((query, place) => {
        places[query] = place;
      });
      return places;
    });
  }

  /** Bits of the keys that the query rows `from` to `to` (without it) may attend to: [rows][ceil(keys / 32)]. */
  read(from: number, to: number): Uint32Array<ArrayBuffer> {
    const words = this.#words;
    const bits = new Uint32Array((to - from) * words);
    for (let row = from; row < to; row++)
      if (Number(this.perRow[row]) > 0)
        this.#readRow(row, bits.subarray((row - from) * words, (row - from + 1) * words));
    return bits;
  }

  #readRow(row: number, bits: Uint32Array): void {
    this.#plans.forEach((plan, index) => {
      const { tile, rowStart, column, maskId, masks, keyOrder } = plan;
      const place = this.#placeOf[index]?.[row] ?? row;
      const block = Math.floor(place / tile.queries);
      const words = wordsPerRow(plan);
      for (let entry = Number(rowStart[block]); entry < Number(rowStart[block + 1]); entry++) {
        const id = Number(maskId[entry]);
        const at = id * wordsPerMask(plan) + (place - block * tile.queries) * words;
        const first = Number(column[entry]) * tile.keys;
        for (let word = 0; word < words; word++) {
          const from = first + 32 * word;
          // The last word of a tile whose keys are an odd multiple of 16 has half the bits.
          const full = tile.keys - 32 * word >= 32 ? 0xffffffff : 0xffff;
          const some = id === FULL_TILE ? full : Number(masks[at + word]);
          if (keyOrder === undefined) setBits(bits, from, some);
          else
            for (let left = some; left !== 0; left &= left - 1) {
              const key = Number(keyOrder[from + 31 - Math.clz32(left & -left)]);
              bits[key >>> 5] = Number(bits[key >>> 5]) | (1 << (key & 31));
            }
        }
      }
    });
  }
}

/** Adds 32 bits from a position on, which is a multiple of 16. */
function setBits(bits: Uint32Array, from: number, word: number): void {
  const at = from >>> 5;
  bits[at] = Number(bits[at]) | (word << (from & 31));
  if ((from & 31) !== 0 && at + 1 < bits.length) bits[at + 1] = Number(bits[at + 1]) | (word >>> 16);
}
