import { coverageOf, EVERYTHING, NOTHING } from './algebra.ts';
import type { Box, Coverage, Mask } from './mask.ts';

/** Several pairs, and one in a large box, hardly ever meet their like, and names take time and memory. */
const LARGEST_SIGNED_BOX = 2 ** 14;

/**
 * A short list of single pairs. It knows all that its own box holds: each narrowing leaves fewer to look at, and a single
 * pair at the same place of two boxes is one to the compiler.
 */
export class PointsMask implements Mask {
  /** The signature is the whole content, whichever mask the pairs come from. */
  readonly kin = PointsMask;
  /** Ascending; pair k is (rows[k], columns[k]). */
  readonly #rows: Uint32Array;
  /** Ascending within a row. */
  readonly #columns: Uint32Array;

  private constructor(rows: Uint32Array, columns: Uint32Array) {
    this.#rows = rows;
    this.#columns = columns;
  }

  /**
   * The pairs (rows[k], columns[k]), different ones, sorted by row and then by column, all inside `box`: NOTHING when
   * there are none, EVERYTHING when they fill it.
   */
  static of(rows: Uint32Array, columns: Uint32Array, box: Box): Mask {
    if (rows.length === 0) return NOTHING;
    if (rows.length === (box.rowEnd - box.row) * (box.columnEnd - box.column)) return EVERYTHING;
    return new PointsMask(rows, columns);
  }

  /** Calls back with each pair, row by row. */
  each(pair: (row: number, column: number) => void): void {
    for (let at = 0; at < this.#rows.length; at++) pair(this.#rows[at] ?? 0, this.#columns[at] ?? 0);
  }

  classify(box: Box): Coverage {
    return coverageOf(this.narrow(box));
  }

  narrow(box: Box): Mask {
    const start = firstAtLeast(this.#rows, box.row, 0, this.#rows.length);
    const end = firstAtLeast(this.#rows, box.rowEnd, start, this.#rows.length);
    let inside = 0;
    for (let at = start; at < end; at++) if (isBetween(this.#columns[at], box.column, box.columnEnd)) inside++;
    if (inside === this.#rows.length && inside < (box.rowEnd - box.row) * (box.columnEnd - box.column)) return this;
    const rows = new Uint32Array(inside);
    const columns = new Uint32Array(inside);
    let next = 0;
    for (let at = start; at < end; at++) {
      const column = this.#columns[at] ?? 0;
      if (!isBetween(column, box.column, box.columnEnd)) continue;
      rows[next] = this.#rows[at] ?? 0;
      columns[next++] = column;
    }
    return PointsMask.of(rows, columns, box);
  }

  word(row: number, column: number): number {
    let word = 0;
    for (let at = firstAtLeast(this.#rows, row, 0, this.#rows.length); this.#rows[at] === row; at++) {
      const bit = (this.#columns[at] ?? 0) - column;
      if (bit > 31) break;
      if (bit >= 0) word |= 1 << bit;
    }
    return word;
  }

  signature(box: Box): string | undefined {
    const [row] = this.#rows;
    const [column] = this.#columns;
    if (this.#rows.length !== 1 || row === undefined || column === undefined) return undefined;
    if ((box.rowEnd - box.row) * (box.columnEnd - box.column) > LARGEST_SIGNED_BOX) return undefined;
    return `${row - box.row},${column - box.column}`;
  }
}

function isBetween(value: number | undefined, from: number, to: number): boolean {
  return value !== undefined && value >= from && value < to;
}

/** Index of the first element of [from, to) that is at least `bound`, in a part of an array that ascends; else `to`. */
export function firstAtLeast(ascending: Uint32Array | Float64Array, bound: number, from: number, to: number): number {
  let low = from;
  let high = to;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((ascending[middle] ?? 0) < bound) low = middle + 1;
    else high = middle;
  }
  return low;
}
