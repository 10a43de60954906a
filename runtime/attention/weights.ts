import { FULL_TILE, type TilePlan, wordsPerMask, wordsPerRow } from '../compile/tile-plan.ts';
import type { AttentionInput, PlanParts } from './types.ts';

/** Squares of `side` x `side` pairs: `rows` x `columns` of them, from square (row, column) on. */
export interface WeightGrid {
  readonly side: number;
  readonly row: number;
  readonly rows: number;
  readonly column: number;
  readonly columns: number;
}

export interface WeightsOfGrid {
  /** [rows][columns]: the mean and the largest weight of the pairs of each square; NaN where it has none. */
  readonly mean: Float32Array<ArrayBuffer>;
  readonly max: Float32Array<ArrayBuffer>;
  /** Were all pairs looked at? Otherwise some rows and keys stand for the others of their square. */
  readonly exact: boolean;
}

/** Rows of a square that are looked at, and keys in each of them. */
const MOST_ROWS = 4;
const MOST_KEYS = 8;

/**
 * Attention weights of one head, exp(q . k * scale - lse), by squares of pairs; `lse` is that of a run over these plans.
 *
 * @param lse [heads][queries]
 * @param scale default 1 / sqrt(headDim)
 */
export function attentionWeights(
  input: AttentionInput,
  parts: PlanParts,
  lse: Float32Array,
  head: number,
  grid: WeightGrid,
  scale: number = 1 / Math.sqrt(input.headDim),
): WeightsOfGrid {
  const { q, k, heads, kvHeads, queries, keys, headDim } = input;
  const { side, rows, columns } = grid;
  const kvHead = Math.floor((head * kvHeads) / heads);
  const plans = parts.map(({ plans: all, headPlan }) => all[headPlan[head] ?? -1]).filter(plan => plan !== undefined);
  const firstKey = grid.column * side;
  const endKey = Math.min(keys, firstKey + columns * side);
  const sum = new Float64Array(columns);
  const count = new Uint32Array(columns);
  const seen = new Uint32Array(columns);
  const mean = new Float32Array(rows * columns).fill(Number.NaN);
  const max = new Float32Array(rows * columns).fill(Number.NaN);
  const everyRow = Math.max(1, Math.ceil(side / MOST_ROWS));
  const everyKey = Math.max(1, Math.ceil(side / MOST_KEYS));
  for (let y = 0; y < rows; y++) {
    sum.fill(0);
    count.fill(0);
    const first = (grid.row + y) * side;
    for (let row = first; row < Math.min(queries, first + side); row += everyRow) {
      seen.fill(0);
      const queryAt = (head * queries + row) * headDim;
      const norm = Number(lse[head * queries + row]);
      for (const plan of plans)
        eachKey(plan, row, firstKey, endKey, key => {
          const x = Math.floor((key - firstKey) / side);
          const turn = Number(seen[x]);
          seen[x] = turn + 1;
          if (turn % everyKey !== 0) return;
          const keyAt = (kvHead * keys + key) * headDim;
          let score = 0;
          for (let d = 0; d < headDim; d++) score += Number(q[queryAt + d]) * Number(k[keyAt + d]);
          const weight = Math.exp(score * scale - norm);
          sum[x] = Number(sum[x]) + weight;
          count[x] = Number(count[x]) + 1;
          const at = y * columns + x;
          if (!(Number(max[at]) >= weight)) max[at] = weight;
        });
    }
    for (let x = 0; x < columns; x++)
      if (Number(count[x]) > 0) mean[y * columns + x] = Number(sum[x]) / Number(count[x]);
  }
  return { mean, max, exact: everyRow === 1 && everyKey === 1 };
}

/** Calls back with the keys from `first` to `end` that a query row may attend to, in the order of the plan. */
function eachKey(plan: TilePlan, queryRow: number, first: number, end: number, found: (key: number) => void): void {
  const { tile, keys, rowStart, column, maskId, masks, keyOrder } = plan;
  const row = rowOf(plan, queryRow);
  const block = Math.floor(row / tile.queries);
  const words = (row % tile.queries) * wordsPerRow(plan);
  for (let entry = Number(rowStart[block]); entry < Number(rowStart[block + 1]); entry++) {
    const from = Number(column[entry]) * tile.keys;
    if (keyOrder === undefined && (from + tile.keys <= first || from >= end)) continue;
    const id = Number(maskId[entry]);
    const at = id * wordsPerMask(plan) + words;
    for (let c = 0; c < tile.keys && from + c < keys; c++) {
      if (id !== FULL_TILE && ((Number(masks[at + (c >>> 5)]) >>> (c & 31)) & 1) === 0) continue;
      const key = keyOrder?.[from + c] ?? from + c;
      if (key >= first && key < end) found(key);
    }
  }
}

/** Rows of the plan by query row, for plans with an order of their own. */
const rowsOfQueries = new WeakMap<Uint32Array, Uint32Array>();

function rowOf({ queryOrder }: TilePlan, queryRow: number): number {
  if (queryOrder === undefined) return queryRow;
  let rows = rowsOfQueries.get(queryOrder);
  if (rows === undefined) {
    rows = new Uint32Array(queryOrder.length);
    for (let row = 0; row < queryOrder.length; row++) rows[Number(queryOrder[row])] = row;
    rowsOfQueries.set(queryOrder, rows);
  }
  return Number(rows[queryRow]);
}
