import { bitsBetween, popcount } from '../pattern/bits.ts';
import type { Box, Coverage, Mask } from '../pattern/mask.ts';
import { firstAtLeast } from '../pattern/points-mask.ts';

/** Keys that a query attends to. */
export interface KeySet {
  /** How many of them lie in [from, to). */
  count(from: number, to: number): number;
  /** 32 bits: bit b is set for key `column + b`. */
  word(column: number): number;
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

  /** Content hardly ever repeats. */
  signature(): undefined {
    return undefined;
  }
}
