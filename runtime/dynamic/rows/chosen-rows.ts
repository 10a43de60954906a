import { popcount } from '../../pattern/bits.ts';
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
    this.#roomFor(words.length).set(words);
    this.#added(words.length, keys.length);
  }

  /**
   * Takes a copy of `count` keys, a list or a bit for each token where that is smaller, and of some more, ascending, that are
   * not among them.
   */
  addBoth(words: Uint32Array, count: number, more: Uint32Array): void {
    const bits = Math.ceil(this.#tokens / 32);
    const all = count + more.length;
    const room = this.#roomFor(Math.min(all, bits));
    if (all <= bits) {
      let from = count - 1;
      let next = more.length - 1;
      room.set(words);
      // From the end, until all of the few are in.
      for (let to = all - 1; next >= 0; to--) {
        const [one, other] = [from < 0 ? -1 : (words[from] as number), more[next] as number];
        room[to] = Math.max(one, other);
        if (one > other) from--;
        else next--;
      }
    } else {
      room.fill(0);
      if (count > bits) room.set(words);
      for (const list of count > bits ? [more] : [words, more])
        for (const key of list) room[key >>> 5] = (room[key >>> 5] as number) | (1 << (key & 31));
    }
    this.#added(room.length, all);
  }

  /** Room for so many words at the end. */
  #roomFor(words: number): Uint32Array {
    if (this.#length + words > this.#words.length) {
      const larger = new Uint32Array(Math.max(2 * this.#words.length, this.#length + words));
      larger.set(this.#words.subarray(0, this.#length));
      this.#words = larger;
    }
    return this.#words.subarray(this.#length, this.#length + words);
  }

  #added(words: number, keys: number): void {
    this.#length += words;
    this.#counts.push(keys);
  }

  done(): ChosenRows {
    return { counts: Uint32Array.from(this.#counts), words: this.#words.slice(0, this.#length) };
  }
}

/** The rows of several lists, one list after the other. */
export function joined(lists: readonly ChosenRows[]): ChosenRows {
  const [only] = lists;
  if (only !== undefined && lists.length === 1) return only;
  return { counts: concatenated(lists.map(list => list.counts)), words: concatenated(lists.map(list => list.words)) };
}

function concatenated(parts: readonly Uint32Array[]): Uint32Array<ArrayBuffer> {
  const all = new Uint32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** The keys of each row, ascending. */
export function keysOf({ counts, words }: ChosenRows, tokens: number): Uint32Array[] {
  const most = Math.ceil(tokens / 32);
  let at = 0;
  return Array.from(counts, count => {
    const own = words.subarray(at, at + Math.min(count, most));
    at += own.length;
    return count <= most ? own : listedBits(own);
  });
}

/** Ascending keys of which there is a bit for each. */
export function listedBits(words: Uint32Array): Uint32Array {
  let count = 0;
  for (const word of words) count += popcount(word);
  const keys = new Uint32Array(count);
  let next = 0;
  for (let at = 0; at < words.length; at++)
    for (let left = words[at] as number; left !== 0; left &= left - 1)
      keys[next++] = 32 * at + 31 - Math.clz32(left & -left);
  return keys;
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
