import { EVERYTHING, NOTHING, narrow, overLeaves, signatureOf } from './algebra.ts';
import type { Box, Coverage, Mask } from './mask.ts';

/** (i, j) where the other mask holds (j, i). `tokens`: length of the sequence. */
export function transposedMask(of: Mask, tokens: number): Mask {
  return overLeaves(of, leaf => new TransposedMask(leaf, tokens));
}

class TransposedMask implements Mask {
  /** Its signature names what the other mask holds. */
  readonly kin = TransposedMask;
  readonly keysOf?: (row: number) => Uint32Array;
  readonly #of: Mask;
  readonly #tokens: number;
  /** Words of the other mask for the 32 rows that were asked last, by column: a word here needs 32 rows there. */
  #rows = -1;
  readonly #blocks = new Map<number, Int32Array>();

  constructor(of: Mask, tokens: number) {
    this.#of = of;
    this.#tokens = tokens;
    if (of.keysOf !== undefined) this.keysOf = columnsOf(of.keysOf.bind(of), tokens);
  }

  classify(box: Box): Coverage {
    return this.#of.classify(transposed(box));
  }

  narrow(box: Box): Mask {
    const of = narrow(this.#of, transposed(box));
    if (of === NOTHING || of === EVERYTHING) return of;
    return of === this.#of ? this : new TransposedMask(of, this.#tokens);
  }

  word(row: number, column: number): number {
    const block = this.#block(row - (row % 32), column);
    const bit = row % 32;
    let word = 0;
    for (let key = 0; key < 32; key++) word |= (((block[key] ?? 0) >>> bit) & 1) << key;
    return word;
  }

  /** Words of the rows column..column+31 of the other mask, beginning at its column `rows`. */
  #block(rows: number, column: number): Int32Array {
    if (rows !== this.#rows) {
      this.#rows = rows;
      this.#blocks.clear();
    }
    let block = this.#blocks.get(column);
    if (block === undefined) {
      const end = Math.min(32, this.#tokens - column);
      block = new Int32Array(32);
      for (let key = 0; key < end; key++) block[key] = this.#of.word(column + key, rows);
      this.#blocks.set(column, block);
    }
    return block;
  }

  signature(box: Box): string | undefined {
    const other = transposed(box);
    return signatureOf(narrow(this.#of, other), other);
  }
}

/** Who holds a column, put together when it is first asked for. */
function columnsOf(keysOf: (row: number) => Uint32Array, tokens: number): (column: number) => Uint32Array {
  let known: { readonly start: Uint32Array; readonly rows: Uint32Array } | undefined;
  const listed = (): { readonly start: Uint32Array; readonly rows: Uint32Array } => {
    const start = new Uint32Array(tokens + 1);
    for (let row = 0; row < tokens; row++) for (const key of keysOf(row)) start[key + 1] = (start[key + 1] ?? 0) + 1;
    for (let key = 0; key < tokens; key++) start[key + 1] = (start[key + 1] ?? 0) + (start[key] ?? 0);
    const rows = new Uint32Array(start[tokens] ?? 0);
    const end = start.slice();
    for (let row = 0; row < tokens; row++)
      for (const key of keysOf(row)) {
        const at = end[key] ?? 0;
        rows[at] = row;
        end[key] = at + 1;
      }
    return { start, rows };
  };
  return column => {
    known ??= listed();
    return known.rows.subarray(known.start[column], known.start[column + 1]);
  };
}

function transposed({ row, rowEnd, column, columnEnd }: Box): Box {
  return { row: column, rowEnd: columnEnd, column: row, columnEnd: rowEnd };
}
