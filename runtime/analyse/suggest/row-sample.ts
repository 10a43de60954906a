import { breathe, throwIfAborted } from '../../attention/abort.ts';
import { scramble } from '../../attention/sample-data.ts';
import type { AttentionInput } from '../../attention/types.ts';
import { baselineKeys } from '../quality/baseline.ts';
import type { CurveShape } from '../quality/curve.ts';
import { ROWS, type RowKernel } from '../quality/row-kernel.ts';
import type { Oracle } from './oracle.ts';

/** Probabilities that a sample holds at most: 32 MiB of sums. */
const MOST_NUMBERS = 2 ** 22;
const FEWEST_ROWS = 64;
/** How long the calling thread computes before it lets others have their turn. */
const SLICE_MS = 25;

/** Full attention's probabilities in some rows of a head. */
export interface RowSample {
  /** Query rows, ascending. */
  readonly rows: readonly number[];
  /** [rows][keys + 1]: the sum of the row's probabilities of all keys before one. */
  readonly before: Float64Array;
}

/**
 * The query rows that a sample has: all of them up to 2,048 tokens, otherwise one of each stretch of equal length, at a place
 * in it that differs from stretch to stretch, so that no stride falls into step with them.
 */
export function sampledRows(queries: number, keys: number): number[] {
  const count = Math.min(queries, Math.max(FEWEST_ROWS, Math.floor(MOST_NUMBERS / keys)));
  return Array.from({ length: count }, (_, index) => {
    const from = Math.floor((index * queries) / count);
    const to = Math.floor(((index + 1) * queries) / count);
    return from + (scramble(index) % (to - from));
  });
}

/**
 * Computes these rows of a head.
 *
 * @param options `oracle` gets their probabilities too
 * @throws DOMException named AbortError when the signal fires
 */
export async function sampleRowsOf(
  kernel: RowKernel,
  input: AttentionInput,
  head: number,
  { baseline, queries, keys, offset }: CurveShape,
  options: { readonly scale: number; readonly signal?: AbortSignal | undefined; readonly oracle?: Oracle | undefined },
): Promise<RowSample> {
  const { scale, signal, oracle } = options;
  const { q, k, heads, kvHeads, headDim } = input;
  const kvHead = Math.floor((head * kvHeads) / heads);
  kernel.useKeys(k.subarray(kvHead * keys * headDim, (kvHead + 1) * keys * headDim), headDim);
  const rows = sampledRows(queries, keys);
  const before = new Float64Array(rows.length * (keys + 1));
  const gathered = new Float32Array(ROWS * headDim);
  let since = performance.now();
  for (let first = 0; first < rows.length; first += ROWS) {
    const some = rows.slice(first, first + ROWS);
    some.forEach((row, index) => {
      const at = (head * queries + row) * headDim;
      gathered.set(q.subarray(at, at + headDim), index * headDim);
    });
    const seen = some.map(row => baselineKeys(baseline, row, keys, offset));
    kernel.compute(gathered.subarray(0, some.length * headDim), seen, scale);
    seen.forEach((count, index) => {
      const p = kernel.row(index, count);
      oracle?.add(p, keys);
      const start = (first + index) * (keys + 1);
      let sum = 0;
      for (let key = 0; key < keys; key++) {
        before[start + key] = sum;
        if (key < count) sum += Number(p[key]);
      }
      before[start + keys] = sum;
    });
    if (performance.now() - since < SLICE_MS) continue;
    await breathe();
    throwIfAborted(signal);
    since = performance.now();
  }
  return { rows, before };
}

/** Where a head's probability lies: what lists of columns and diagonals are made from. */
export interface Whereabouts {
  /** [keys] by key, of queries at most so far from it: [distance class][keys], classes as `classOf` has them. */
  readonly columns: readonly Float64Array[];
  /** [2 keys - 1] by distance: element d is that of `position - key = d - (keys - 1)`. */
  readonly distances: Float64Array;
}

/** 0 for the query's own position, 1 for a distance of 1, 2 for 2 and 3, 3 for 4 to 7, and so on. */
export function classOf(distance: number): number {
  return 32 - Math.clz32(Math.abs(distance));
}

export function noWhereabouts(keys: number): Whereabouts {
  return {
    columns: Array.from({ length: classOf(keys - 1) + 1 }, () => new Float64Array(keys)),
    distances: new Float64Array(2 * keys - 1),
  };
}

/** Adds a head's sample. */
export function addWhereabouts(to: Whereabouts, { rows, before }: RowSample, { keys, offset }: CurveShape): void {
  rows.forEach((row, index) => {
    const start = index * (keys + 1);
    const position = offset + row;
    for (let key = 0; key < keys; key++) {
      const p = Number(before[start + key + 1]) - Number(before[start + key]);
      if (p === 0) continue;
      const distance = position - key;
      const column = to.columns[classOf(distance)];
      if (column !== undefined) column[key] = Number(column[key]) + p;
      const at = distance + keys - 1;
      to.distances[at] = Number(to.distances[at]) + p;
    }
  });
}
