import { EVERYTHING, NOTHING } from '../pattern/algebra.ts';
import { bitsBetween, popcount } from '../pattern/bits.ts';
import type { Box, Coverage, Mask } from '../pattern/mask.ts';
import { firstAtLeast } from '../pattern/points-mask.ts';

/** Boxes of this many words, 32 pairs each, are written out: 512 x 512 pairs. */
const WRITTEN_WORDS = 2 ** 13;

/** Keys that a query attends to. */
export interface KeySet {
  /** How many of them lie in [from, to). */
  count(from: number, to: number): number;
  /** 32 bits: bit b is set for key `column + b`. */
  word(column: number): number;
  /** Sets the bits of its keys in [from, to): bit (key - from) of the words from `at` on, which are 0. */
  write(from: number, to: number, words: Uint32Array, at: number): void;
}

/** The set of some ascending keys of a sequence, in whichever form is smaller. The keys may be kept, not copied. */
export function keySet(ascending: Uint32Array, tokens: number): KeySet {
  return keySetOf(wordsOf(ascending, tokens), 0, ascending.length, tokens).set;
}

/** Ascending keys as they are kept: the list itself, or a bit for each token where that is smaller. */
export function wordsOf(ascending: Uint32Array, tokens: number): Uint32Array {
  const words = Math.ceil(tokens / 32);
  if (ascending.length <= words) return ascending;
  const bits = new Uint32Array(words);
  for (const key of ascending) bits[key >>> 5] = (bits[key >>> 5] as number) | (1 << (key & 31));
  return bits;
}

/** The set of `count` keys that `wordsOf` wrote from `at` on, and how many words they take. */
export function keySetOf(
  words: Uint32Array,
  at: number,
  count: number,
  tokens: number,
): { readonly set: KeySet; readonly length: number } {
  const most = Math.ceil(tokens / 32);
  const length = Math.min(count, most);
  const own = words.subarray(at, at + length);
  return { set: count <= most ? new ListedKeys(own) : new KeyBits(own), length };
}

class ListedKeys implements KeySet {
  readonly #keys: Uint32Array;

  constructor(ascending: Uint32Array) {
    this.#keys = ascending;
  }

  count(from: number, to: number): number {
    const first = firstAtLeast(this.#keys, from, 0, this.#keys.length);
    return firstAtLeast(this.#keys, to, first, this.#keys.length) - first;
  }

  word(column: number): number {
    let word = 0;
    for (let at = firstAtLeast(this.#keys, column, 0, this.#keys.length); at < this.#keys.length; at++) {
      const bit = (this.#keys[at] ?? 0) - column;
      if (bit > 31) break;
      word |= 1 << bit;
    }
    return word;
  }

  write(from: number, to: number, words: Uint32Array, at: number): void {
    for (let next = firstAtLeast(this.#keys, from, 0, this.#keys.length); next < this.#keys.length; next++) {
      const bit = (this.#keys[next] as number) - from;
      if (bit >= to - from) break;
      words[at + (bit >>> 5)] = (words[at + (bit >>> 5)] as number) | (1 << (bit & 31));
    }
  }
}

class KeyBits implements KeySet {
  readonly #words: Uint32Array;

  constructor(words: Uint32Array) {
    this.#words = words;
  }

  count(from: number, to: number): number {
    let count = 0;
    for (let word = from >>> 5; word << 5 < to; word++)
      count += popcount((this.#words[word] ?? 0) & bitsBetween(from - 32 * word, to - 32 * word));
    return count;
  }

  word(column: number): number {
    const at = column >>> 5;
    const shift = column & 31;
    const word = this.#words[at] ?? 0;
    return shift === 0 ? word | 0 : (word >>> shift) | ((this.#words[at + 1] ?? 0) << (32 - shift));
  }

  write(from: number, to: number, words: Uint32Array, at: number): void {
    for (let column = from; column < to; column += 32)
      words[at + ((column - from) >>> 5)] = this.word(column) & bitsBetween(0, to - column);
  }
}

/** A set of keys for each of some neighbouring rows; the other rows are empty. Rows may share a set. */
export class KeySetsMask implements Mask {
  readonly #sets: readonly KeySet[];
  readonly #firstRow: number;

  /** `sets[r]` belongs to row `firstRow + r`. */
  constructor(sets: readonly KeySet[], firstRow: number) {
    this.#sets = sets;
    this.#firstRow = firstRow;
  }

  classify({ row, rowEnd, column, columnEnd }: Box): Coverage {
    let some = false;
    let all = true;
    for (let i = row; i < rowEnd; i++) {
      const keys = this.#sets[i - this.#firstRow]?.count(column, columnEnd) ?? 0;
      some ||= keys > 0;
      all &&= keys === columnEnd - column;
      if (some && !all) return 'mixed';
    }
    return all ? 'full' : 'empty';
  }

  word(row: number, column: number): number {
    return this.#sets[row - this.#firstRow]?.word(column) ?? 0;
  }

  /** Small boxes are written out: their sets are asked once, and not for every tile. */
  narrow(box: Box): Mask {
    const rows = box.rowEnd - box.row;
    const words = Math.ceil((box.columnEnd - box.column) / 32);
    if (rows * words > WRITTEN_WORDS) {
      const coverage = this.classify(box);
      return coverage === 'empty' ? NOTHING : coverage === 'full' ? EVERYTHING : this;
    }
    const bits = new Uint32Array(rows * words);
    for (let row = 0; row < rows; row++)
      this.#sets[box.row + row - this.#firstRow]?.write(box.column, box.columnEnd, bits, row * words);
    return new WrittenBox(bits, box).narrow(box);
  }

  /** Content hardly ever repeats. */
  signature(): undefined {
    return undefined;
  }
}

/** The pairs of a box, bit by bit. */
class WrittenBox implements Mask {
  readonly #bits: Uint32Array;
  readonly #box: Box;
  readonly #words: number;

  /** `bits` is [rows of the box][words], bit 0 of a row being the first column of the box. */
  constructor(bits: Uint32Array, box: Box) {
    this.#bits = bits;
    this.#box = box;
    this.#words = bits.length / (box.rowEnd - box.row);
  }

  classify({ row, rowEnd, column, columnEnd }: Box): Coverage {
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

  word(row: number, column: number): number {
    const bit = column - this.#box.column;
    const at = (row - this.#box.row) * this.#words + (bit >>> 5);
    const shift = bit & 31;
    const word = this.#bits[at] ?? 0;
    if (shift === 0) return word | 0;
    const next = (bit >>> 5) + 1 < this.#words ? (this.#bits[at + 1] ?? 0) : 0;
    return (word >>> shift) | (next << (32 - shift));
  }

  narrow(box: Box): Mask {
    const coverage = this.classify(box);
    return coverage === 'empty' ? NOTHING : coverage === 'full' ? EVERYTHING : this;
  }

  signature(): undefined {
    return undefined;
  }
}
