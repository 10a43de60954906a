import { bitsBetween } from './bits.ts';
import { type Lattice, type LatticeMask, latticeEnd, type Regrouping, type Run, runWordOf } from './lattice.ts';
import type { Box, Coverage, Mask } from './mask.ts';
import type { PositionSet } from './position-set.ts';

function coverageOf(count: number, all: number): Coverage {
  return count === 0 ? 'empty' : count === all ? 'full' : 'mixed';
}

/** All keys of the listed query rows. */
export class RowMask implements Mask {
  readonly #rows: PositionSet;

  constructor(rows: PositionSet) {
    this.#rows = rows;
  }

  classify(box: Box): Coverage {
    return coverageOf(this.#rows.count(box.row, box.rowEnd), box.rowEnd - box.row);
  }

  word(row: number): number {
    return this.#rows.has(row) ? -1 : 0;
  }

  signature(box: Box): string {
    return this.#rows.signature(box.row, box.rowEnd);
  }
}

/** The listed keys of every query. */
export class ColumnMask implements Mask {
  readonly #columns: PositionSet;

  constructor(columns: PositionSet) {
    this.#columns = columns;
  }

  classify(box: Box): Coverage {
    return coverageOf(this.#columns.count(box.column, box.columnEnd), box.columnEnd - box.column);
  }

  word(_row: number, column: number): number {
    return this.#columns.word(column);
  }

  signature(box: Box): string {
    return this.#columns.signature(box.column, box.columnEnd);
  }
}

/** The last `columns` keys of every `stride`, for every query. */
export class PeriodicColumnMask implements LatticeMask {
  readonly #stride: number;
  readonly #columns: number;

  constructor(stride: number, columns: number) {
    this.#stride = stride;
    this.#columns = columns;
  }

  classify(box: Box): Coverage {
    return coverageOf(this.#below(box.columnEnd) - this.#below(box.column), box.columnEnd - box.column);
  }

  word(_row: number, column: number): number {
    let word = 0;
    const phase = column % this.#stride;
    for (let start = this.#stride - this.#columns - phase; start < 32; start += this.#stride)
      word |= bitsBetween(start, start + this.#columns);
    return word;
  }

  signature(box: Box): string {
    return String(box.column % this.#stride);
  }

  classifyLattice(_rows: Lattice, columns: Lattice): Coverage {
    // Where all steps of the lattice are whole periods, the first of them shows what all hold.
    const end = columns.stride % this.#stride === 0 ? columns.start + columns.width : latticeEnd(columns);
    const held = this.#below(end) - this.#below(columns.start);
    return coverageOf(held, end - columns.start);
  }

  runWord(row: number, columns: Run): number {
    return runWordOf(this, row, columns);
  }

  runSignature(_rows: Run, columns: Run): string {
    return `${columns.start % this.#stride},${columns.stride}`;
  }

  regroupings(): readonly Regrouping[] {
    return this.#stride === 1 ? [] : [{ chunk: Number.POSITIVE_INFINITY, stride: this.#stride, keysOnly: true }];
  }

  /** Allowed keys smaller than `position`. */
  #below(position: number): number {
    const whole = Math.floor(position / this.#stride);
    return whole * this.#columns + Math.max(0, (position % this.#stride) - (this.#stride - this.#columns));
  }
}
