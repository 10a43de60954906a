import { bitsBetween } from './bits.ts';
import type { Box, Coverage, Mask } from './mask.ts';

/** More document ends than this in one box are not worth a signature. */
const SIGNED_ENDS = 16;

/** Query and key in the same of several documents that follow one another. */
export class DocumentMask implements Mask {
  /** Where each document begins, and the end of the last one. */
  readonly #starts: readonly number[];

  constructor(starts: readonly number[]) {
    this.#starts = starts;
  }

  classify(box: Box): Coverage {
    const firstRow = this.#documentOf(box.row);
    const lastRow = this.#documentOf(box.rowEnd - 1);
    const firstColumn = this.#documentOf(box.column);
    const lastColumn = this.#documentOf(box.columnEnd - 1);
    if (lastRow < firstColumn || lastColumn < firstRow) return 'empty';
    return firstRow === lastRow && firstColumn === lastColumn ? 'full' : 'mixed';
  }

  word(row: number, column: number): number {
    const document = this.#documentOf(row);
    return bitsBetween((this.#starts[document] ?? 0) - column, (this.#starts[document + 1] ?? 0) - column);
  }

  signature(box: Box): string | undefined {
    const rows = this.#ends(box.row, box.rowEnd);
    const columns = this.#ends(box.column, box.columnEnd);
    if (rows.length + columns.length > SIGNED_ENDS) return undefined;
    return `${this.#documentOf(box.row) - this.#documentOf(box.column)};${rows.join()};${columns.join()}`;
  }

  /** Where documents begin inside [from, to), counted from `from`. */
  #ends(from: number, to: number): number[] {
    const ends: number[] = [];
    for (let document = this.#documentOf(from) + 1; document < this.#starts.length; document++) {
      const start = this.#starts[document] ?? to;
      if (start >= to || ends.length > SIGNED_ENDS) break;
      ends.push(start - from);
    }
    return ends;
  }

  #documentOf(position: number): number {
    let low = 0;
    let high = this.#starts.length - 1;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if ((this.#starts[middle] ?? 0) <= position) low = middle;
      else high = middle;
    }
    return low;
  }
}
