import { bitsBetween, popcount } from './bits.ts';
import type { Box, Coverage, Mask } from './mask.ts';

/** Side of the blocks whose pairs are counted. */
const BLOCK = 32;
/** Words that are looked at one by one to settle what the counts of blocks leave open. */
const MAX_SCANNED = 1024;

/** A mask that is written out bit by bit. */
export class BitMatrixMask implements Mask {
  readonly #words: Uint32Array;
  readonly #tokens: number;
  readonly #rowWords: number;
  /** Blocks along each side. */
  readonly #blocks: number;
  /** [blocks + 1][blocks + 1]: pairs in all blocks above and to the left. */
  readonly #above: Uint32Array;

  /** `words` is [tokens][ceil(tokens / 32)], its bits past the last key 0. */
  constructor(words: Uint32Array, tokens: number) {
    this.#words = words;
    this.#tokens = tokens;
    this.#rowWords = Math.ceil(tokens / 32);
    this.#blocks = Math.ceil(tokens / BLOCK);
    this.#above = this.#count();
  }

  classify(box: Box): Coverage {
    const top = Math.floor(box.row / BLOCK);
    const bottom = Math.ceil(box.rowEnd / BLOCK);
    const left = Math.floor(box.column / BLOCK);
    const right = Math.ceil(box.columnEnd / BLOCK);
    const around = this.#pairs(top, bottom, left, right);
    if (around === 0) return 'empty';
    const end = (block: number): number => Math.min(block * BLOCK, this.#tokens);
    const area = (end(bottom) - top * BLOCK) * (end(right) - left * BLOCK);
    if (around === area) return 'full';
    const rows = box.rowEnd - box.row;
    const columns = box.columnEnd - box.column;
    // The box is those blocks: there is nothing more to know.
    if (rows * columns === area) return 'mixed';
    return rows * Math.ceil(columns / 32) <= MAX_SCANNED ? this.#scan(box) : 'mixed';
  }

  word(row: number, column: number): number {
    const at = row * this.#rowWords + (column >>> 5);
    const shift = column & 31;
    const word = this.#words[at] ?? 0;
    if (shift === 0) return word | 0;
    const next = (column >>> 5) + 1 < this.#rowWords ? (this.#words[at + 1] ?? 0) : 0;
    return (word >>> shift) | (next << (32 - shift));
  }

  /** Nothing is known of how it came about, so nothing repeats. */
  signature(): undefined {
    return undefined;
  }

  #scan({ row, rowEnd, column, columnEnd }: Box): Coverage {
    let some = false;
    let all = true;
    for (let i = row; i < rowEnd; i++)
      for (let j = column; j < columnEnd; j += 32) {
        const inside = bitsBetween(0, columnEnd - j);
        const bits = this.word(i, j) & inside;
        some ||= bits !== 0;
        all &&= bits === inside;
        if (some && !all) return 'mixed';
      }
    return all ? 'full' : 'empty';
  }

  #pairs(top: number, bottom: number, left: number, right: number): number {
    const at = (row: number, column: number): number => this.#above[row * (this.#blocks + 1) + column] ?? 0;
    return at(bottom, right) - at(top, right) - at(bottom, left) + at(top, left);
  }

  #count(): Uint32Array {
    const side = this.#blocks + 1;
    const above = new Uint32Array(side * side);
    for (let row = 0; row < this.#tokens; row++) {
      const block = (Math.floor(row / BLOCK) + 1) * side + 1;
      const start = row * this.#rowWords;
      for (let word = 0; word < this.#rowWords; word++)
        above[block + word] = (above[block + word] ?? 0) + popcount(this.#words[start + word] ?? 0);
    }
    for (let row = 1; row < side; row++) {
      let left = 0;
      for (let column = 1; column < side; column++) {
        const at = row * side + column;
        left += above[at] ?? 0;
        above[at] = left + (above[at - side] ?? 0);
      }
    }
    return above;
  }
}
