import { bitsBetween, popcount } from '../pattern/bits.ts';
import type { Box } from '../pattern/mask.ts';
import { halves, middleOf } from './halves.ts';
import type { LayeredMask } from './layered-mask.ts';
import type { RasterMemory, Tally } from './raster-memory.ts';

/** Rows, and words of a row, that are looked at where there is no time to look at all. */
const SAMPLED_ROWS = 4;
const SAMPLED_WORDS = 2;

/** Words of a box that are quicker read than thought about. */
const FEW_WORDS = 64;
/** What dividing a box costs, in words. */
const DIVISION = 16;

/** Counts lit cells of boxes by the parts that light them. */
export class Counting {
  readonly #stripes: boolean;
  readonly #memory: RasterMemory;
  readonly #checkpoint: (() => void) | undefined;
  #wordsLeft: number;

  /**
   * @param stripes does a cell count for each of its parts? Else for the first alone.
   * @param maxWords words that may be read, together, before boxes are sampled
   */
  constructor(stripes: boolean, memory: RasterMemory, maxWords: number, checkpoint: (() => void) | undefined) {
    this.#stripes = stripes;
    this.#memory = memory;
    this.#wordsLeft = maxWords;
    this.#checkpoint = checkpoint;
  }

  /** The cells of a box that the mask was narrowed to; undefined when the words do not suffice. */
  count(mask: LayeredMask, box: Box): Tally | undefined {
    const rows = box.rowEnd - box.row;
    const words = Math.ceil((box.columnEnd - box.column) / 32);
    const { points } = mask;
    // They are found already, which took longer than it takes to count them.
    if (points !== undefined) {
      const tally: Tally = new Float64Array(1 + mask.parts);
      mask.eachPoint(points, !this.#stripes, (_row, _column, parts) => {
        add(tally, 0, 1);
        for (const part of parts) add(tally, 1 + part, 1);
      });
      return tally;
    }
    const signature = rows * words <= FEW_WORDS ? undefined : mask.signature(box);
    if (signature === undefined) {
      if (this.#wordsLeft < rows * words) return undefined;
      this.#wordsLeft -= rows * words;
      return this.#read(mask, box, 1, 1);
    }
    const name = `${rows},${box.columnEnd - box.column},${signature}`;
    const known = this.#memory.tallies.get(name);
    if (known !== undefined) return known;
    this.#wordsLeft -= DIVISION;
    if (this.#wordsLeft < 0) return undefined;
    const tally: Tally = new Float64Array(1 + mask.parts);
    for (const quarter of quarters(box)) {
      const inside = mask.narrow(quarter);
      if (inside === null) continue;
      const uniform = inside.uniform(!this.#stripes);
      if (uniform !== undefined) {
        const cells = (quarter.rowEnd - quarter.row) * (quarter.columnEnd - quarter.column);
        add(tally, 0, cells);
        for (const part of uniform) add(tally, 1 + part, cells);
        continue;
      }
      const counted = this.count(inside, quarter);
      if (counted === undefined) return undefined;
      for (const [index, cells] of counted.entries()) add(tally, index, cells);
    }
    this.#memory.tallies.set(name, tally);
    return tally;
  }

  /** The same of a few words spread over the box, with how many cells were looked at. */
  sample(mask: LayeredMask, box: Box): { readonly tally: Tally; readonly looked: number } {
    const rows = box.rowEnd - box.row;
    const words = Math.ceil((box.columnEnd - box.column) / 32);
    const rowStep = Math.max(1, Math.floor(rows / SAMPLED_ROWS));
    const wordStep = Math.max(1, Math.floor(words / SAMPLED_WORDS));
    let across = 0;
    for (let word = 0; word < words; word += wordStep) across += Math.min(32, box.columnEnd - box.column - 32 * word);
    return {
      tally: this.#read(mask, box, rowStep, wordStep),
      looked: Math.ceil(rows / rowStep) * across,
    };
  }

  #read(mask: LayeredMask, box: Box, rowStep: number, wordStep: number): Tally {
    const tally: Tally = new Float64Array(1 + mask.parts);
    let any = 0;
    const lit = (part: number, bits: number): void => {
      any |= bits;
      add(tally, 1 + part, popcount(bits));
    };
    for (let row = box.row; row < box.rowEnd; row += rowStep) {
      // A single row may take long: random ones are drawn.
      this.#checkpoint?.();
      for (let column = box.column; column < box.columnEnd; column += 32 * wordStep) {
        any = 0;
        const inside = bitsBetween(0, box.columnEnd - column);
        if (this.#stripes) mask.word(row, column, inside, lit);
        else mask.firstWord(row, column, inside, lit);
        add(tally, 0, popcount(any));
      }
    }
    return tally;
  }
}

function add(tally: Tally, index: number, cells: number): void {
  tally[index] = (tally[index] ?? 0) + cells;
}

/**
 * A box in two or four, at the numbers with the most factors of two: a mask that repeats has the same quarters in many
 * boxes, wherever those begin.
 */
function quarters({ row, rowEnd, column, columnEnd }: Box): Box[] {
  const middleRow = middleOf(row, rowEnd);
  const middleColumn = middleOf(column, columnEnd);
  const rows = halves(row, rowEnd, middleRow.at, middleRow.size >= middleColumn.size);
  const columns = halves(column, columnEnd, middleColumn.at, middleColumn.size >= middleRow.size);
  return rows.flatMap(([top, bottom]) =>
    columns.map(([left, right]) => ({ row: top, rowEnd: bottom, column: left, columnEnd: right })),
  );
}
