import { narrow, signatureOf } from './algebra.ts';
import { bitsBetween } from './bits.ts';
import type { Box, Coverage, Mask } from './mask.ts';

/** Query and key in the same block of `size` positions. */
export class SameBlockMask implements Mask {
  readonly #size: number;

  constructor(size: number) {
    this.#size = size;
  }

  classify(box: Box): Coverage {
    const firstRow = Math.floor(box.row / this.#size);
    const lastRow = Math.floor((box.rowEnd - 1) / this.#size);
    const firstColumn = Math.floor(box.column / this.#size);
    const lastColumn = Math.floor((box.columnEnd - 1) / this.#size);
    if (lastRow < firstColumn || lastColumn < firstRow) return 'empty';
    return firstRow === lastRow && firstColumn === lastColumn ? 'full' : 'mixed';
  }

  word(row: number, column: number): number {
    const start = Math.floor(row / this.#size) * this.#size;
    return bitsBetween(start - column, start + this.#size - column);
  }

  signature(box: Box): string {
    const start = Math.floor(box.row / this.#size) * this.#size;
    return `${box.row - start},${box.column - start}`;
  }
}

/** A mask over a grid of blocks, each block of pairs wholly in or out. */
export class BlockedMask implements Mask {
  readonly #size: number;
  readonly #grid: Mask;

  constructor(size: number, grid: Mask) {
    this.#size = size;
    this.#grid = grid;
  }

  classify(box: Box): Coverage {
    const blocks = this.#blocks(box);
    const coverage = this.#grid.classify(blocks);
    if (coverage !== 'mixed') return coverage;
    // One block is either in or out; asking for its bit settles what the grid's own classification left open.
    if (blocks.rowEnd - blocks.row === 1 && blocks.columnEnd - blocks.column === 1)
      return (this.#grid.word(blocks.row, blocks.column) & 1) === 0 ? 'empty' : 'full';
    return 'mixed';
  }

  word(row: number, column: number): number {
    const blockRow = Math.floor(row / this.#size);
    const first = Math.floor(column / this.#size);
    const last = Math.floor((column + 31) / this.#size);
    const bits = this.#grid.word(blockRow, first);
    let word = 0;
    for (let block = first; block <= last; block++) {
      if ((bits & (1 << (block - first))) === 0) continue;
      const start = block * this.#size - column;
      word |= bitsBetween(start, start + this.#size);
    }
    return word;
  }

  signature(box: Box): string | undefined {
    const blocks = this.#blocks(box);
    const inner = signatureOf(narrow(this.#grid, blocks), blocks);
    return inner === undefined ? undefined : `${box.row % this.#size},${box.column % this.#size},${inner}`;
  }

  #blocks(box: Box): Box {
    return {
      row: Math.floor(box.row / this.#size),
      rowEnd: Math.ceil(box.rowEnd / this.#size),
      column: Math.floor(box.column / this.#size),
      columnEnd: Math.ceil(box.columnEnd / this.#size),
    };
  }
}
