import { type KeySet, keySetOf, wordsOf } from '../key-sets.ts';

/** Keys of neighbouring rows in two lists that can be transferred: how many each takes, and which. */
export interface ChosenRows {
  /** [rows] */
  readonly counts: Uint32Array<ArrayBuffer>;
  /** Row after row, in the form that `wordsOf` gives. */
  readonly words: Uint32Array<ArrayBuffer>;
}

/** Collects the keys of rows in order. */
export class RowList {
  readonly #tokens: number;
  readonly #counts: number[] = [];
  #words = new Uint32Array(2 ** 12);
  #length = 0;

  constructor(tokens: number) {
    this.#tokens = tokens;
  }

  /** Takes a copy of ascending keys. */
  add(keys: Uint32Array): void {
    const words = wordsOf(keys, this.#tokens);
    if (this.#length + words.length > this.#words.length) {
      const larger = new Uint32Array(Math.max(2 * this.#words.length, this.#length + words.length));
      larger.set(this.#words.subarray(0, this.#length));
      this.#words = larger;
    }
    this.#words.set(words, this.#length);
    this.#length += words.length;
    this.#counts.push(keys.length);
  }

  done(): ChosenRows {
    return { counts: Uint32Array.from(this.#counts), words: this.#words.slice(0, this.#length) };
  }
}

/** The sets of keys that were collected. */
export function keySetsOf({ counts, words }: ChosenRows, tokens: number): KeySet[] {
  const sets: KeySet[] = [];
  let at = 0;
  for (const count of counts) {
    const { set, length } = keySetOf(words, at, count, tokens);
    sets.push(set);
    at += length;
  }
  return sets;
}
