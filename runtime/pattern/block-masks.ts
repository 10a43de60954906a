import { coverageOf, EVERYTHING, NOTHING, narrow, overLeaves, signatureOf } from './algebra.ts';
import { bitsBetween } from './bits.ts';
import { Progression } from './difference-mask.ts';
import {
  boxAround,
  type Lattice,
  type LatticeMask,
  latticeOf,
  type Regrouping,
  type Run,
  runWordOf,
} from './lattice.ts';
import type { Box, Coverage, Mask } from './mask.ts';

/** Query and key in the same block of `size` positions. */
export class SameBlockMask implements LatticeMask {
  readonly size: number;

  constructor(size: number) {
    this.size = size;
  }

  classify(box: Box): Coverage {
    const firstRow = Math.floor(box.row / this.size);
    const lastRow = Math.floor((box.rowEnd - 1) / this.size);
    const firstColumn = Math.floor(box.column / this.size);
    const lastColumn = Math.floor((box.columnEnd - 1) / this.size);
    if (lastRow < firstColumn || lastColumn < firstRow) return 'empty';
    return firstRow === lastRow && firstColumn === lastColumn ? 'full' : 'mixed';
  }

  word(row: number, column: number): number {
    const start = Math.floor(row / this.size) * this.size;
    return bitsBetween(start - column, start + this.size - column);
  }

  signature(box: Box): string {
    const start = Math.floor(box.row / this.size) * this.size;
    return `${box.row - start},${box.column - start}`;
  }

  classifyLattice(rows: Lattice, columns: Lattice): Coverage {
    return this.classify(boxAround(rows, columns, Number.POSITIVE_INFINITY));
  }

  runWord(row: number, columns: Run): number {
    return runWordOf(this, row, columns);
  }

  runSignature(rows: Run, columns: Run): string {
    const coverage = this.classifyLattice(latticeOf(rows), latticeOf(columns));
    const start = Math.floor(rows.start / this.size) * this.size;
    return coverage === 'mixed'
      ? `${rows.start - start},${columns.start - start},${rows.stride},${columns.stride}`
      : coverage;
  }

  /** Blocks are as dense as can be. */
  regroupings(): readonly Regrouping[] {
    return [];
  }
}

/** A mask over a grid of blocks of `size` positions: each block of pairs is wholly in or out. */
export function blockedMask(size: number, grid: Mask): Mask {
  return overLeaves(grid, leaf => new BlockedMask(size, leaf));
}

/** A mask of blocks. */
export interface Grid {
  /** Positions of a block. */
  readonly size: number;
  /** Which blocks of pairs are in. */
  readonly grid: Mask;
}

/** The grid of a mask that is an expression of such masks with blocks of one size; undefined for any other. */
export function gridOf(mask: Mask): Grid | undefined {
  let size: number | undefined;
  let isGrid = true;
  const grid = overLeaves(mask, leaf => {
    const own = leaf instanceof BlockedMask || leaf instanceof SameBlockMask ? leaf.size : undefined;
    size ??= own;
    if (own === undefined || own !== size) isGrid = false;
    return leaf instanceof BlockedMask ? leaf.grid : new Progression(0, 0);
  });
  return isGrid && size !== undefined ? { size, grid } : undefined;
}

class BlockedMask implements Mask, Grid {
  /** Its signature says the size and names what the grid holds. */
  readonly kin = BlockedMask;
  readonly size: number;
  readonly grid: Mask;

  constructor(size: number, grid: Mask) {
    this.size = size;
    this.grid = grid;
  }

  classify(box: Box): Coverage {
    return coverageOf(this.#narrowed(this.#blocks(box)));
  }

  narrow(box: Box): Mask {
    const grid = this.#narrowed(this.#blocks(box));
    if (grid === NOTHING || grid === EVERYTHING) return grid;
    return grid === this.grid ? this : new BlockedMask(this.size, grid);
  }

  word(row: number, column: number): number {
    const blockRow = Math.floor(row / this.size);
    const first = Math.floor(column / this.size);
    const last = Math.floor((column + 31) / this.size);
    const bits = this.grid.word(blockRow, first);
    let word = 0;
    for (let block = first; block <= last; block++) {
      if ((bits & (1 << (block - first))) === 0) continue;
      const start = block * this.size - column;
      word |= bitsBetween(start, start + this.size);
    }
    return word;
  }

  signature(box: Box): string | undefined {
    const blocks = this.#blocks(box);
    const inner = signatureOf(narrow(this.grid, blocks), blocks);
    return inner === undefined ? undefined : `${this.size},${box.row % this.size},${box.column % this.size},${inner}`;
  }

  #narrowed(blocks: Box): Mask {
    const grid = narrow(this.grid, blocks);
    if (grid === NOTHING || grid === EVERYTHING) return grid;
    // One block is either in or out; asking for its bit settles what the grid's own classification left open.
    if (blocks.rowEnd - blocks.row === 1 && blocks.columnEnd - blocks.column === 1)
      return (grid.word(blocks.row, blocks.column) & 1) === 0 ? NOTHING : EVERYTHING;
    return grid;
  }

  #blocks(box: Box): Box {
    return {
      row: Math.floor(box.row / this.size),
      rowEnd: Math.ceil(box.rowEnd / this.size),
      column: Math.floor(box.column / this.size),
      columnEnd: Math.ceil(box.columnEnd / this.size),
    };
  }
}
