import { narrow, signatureOf } from '../../pattern/algebra.ts';
import type { Box, Coverage, Mask } from '../../pattern/mask.ts';
import { rangesOf } from './intervals.ts';
import { greatestCommonDivisor } from './propose-distances.ts';
import type { View } from './view.ts';

/**
 * The size of the blocks that a mask is made of, if it is: every edge of a row or column falls on a multiple of it.
 * Undefined when there is none.
 */
export function blockSize(view: View): number | undefined {
  let size = 0;
  const { n, causal } = view;
  for (const [row, keys] of view.rows)
    for (const [from, to] of rangesOf(keys)) {
      size = greatestCommonDivisor(size, from);
      if (to < n && !(causal && to === row + 1)) size = greatestCommonDivisor(size, to);
      if (size === 1) return undefined;
    }
  for (const [key, rows] of view.columns)
    for (const [from, to] of rangesOf(rows)) {
      if (!(causal && from === key)) size = greatestCommonDivisor(size, from);
      if (to < n) size = greatestCommonDivisor(size, to);
      if (size === 1) return undefined;
    }
  return size > 1 && size < n ? size : undefined;
}

/** A mask made of blocks, on the grid of its blocks: one pair of each stands for all. */
export class BlockSample implements Mask {
  readonly #mask: Mask;
  readonly #size: number;
  readonly #n: number;
  readonly #rowInBlock: number;

  /** `causal`: the mask is cut to the past, so that the last row of a block tells. */
  constructor(mask: Mask, size: number, n: number, causal: boolean) {
    this.#mask = mask;
    this.#size = size;
    this.#n = n;
    this.#rowInBlock = causal ? size - 1 : 0;
  }

  classify(box: Box): Coverage {
    return this.#mask.classify(this.#scaled(box));
  }

  word(row: number, column: number): number {
    const at = Math.min(this.#n - 1, row * this.#size + this.#rowInBlock);
    let word = 0;
    for (let bit = 0; bit < 32 && (column + bit) * this.#size < this.#n; bit++)
      word |= (this.#mask.word(at, (column + bit) * this.#size) & 1) << bit;
    return word;
  }

  signature(box: Box): string | undefined {
    const scaled = this.#scaled(box);
    // A box that ends within a block is smaller than others of as many blocks.
    const isCut = scaled.rowEnd < box.rowEnd * this.#size || scaled.columnEnd < box.columnEnd * this.#size;
    return isCut ? undefined : signatureOf(narrow(this.#mask, scaled), scaled);
  }

  #scaled(box: Box): Box {
    return {
      row: box.row * this.#size,
      rowEnd: Math.min(this.#n, box.rowEnd * this.#size),
      column: box.column * this.#size,
      columnEnd: Math.min(this.#n, box.columnEnd * this.#size),
    };
  }
}
