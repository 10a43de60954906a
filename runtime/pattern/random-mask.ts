import type { Box, Coverage, Mask } from './mask.ts';
import { multiplyHigh, philox } from './philox.ts';

/** What a draw depends on besides the row. */
export interface RandomKey {
  readonly seed: number;
  readonly layer: number;
  readonly head: number;
}

/**
 * The keys drawn for one row, ascending: `count` distinct values below `tokens`.
 *
 * Word t of row i is word t % 4 of Philox4x32-10 with counter (i, floor(t / 4), head, layer) and key
 * (seed mod 2**32, floor(seed / 2**32)). Floyd's method draws without replacement: for t = 0 .. count-1, let
 * m = tokens - count + t and x = floor(word t * (m + 1) / 2**32); take x, or m when x is taken already.
 */
export function drawKeys(count: number, tokens: number, row: number, key: RandomKey): Uint32Array {
  const taken = count > DENSE_DRAW ? new Uint8Array(tokens) : undefined;
  const drawn = new Set<number>();
  const philoxKey = [key.seed >>> 0, Math.floor(key.seed / 2 ** 32) >>> 0] as const;
  let words: readonly number[] = [];
  for (let t = 0; t < count; t++) {
    if (t % 4 === 0) words = philox([row, t / 4, key.head, key.layer], philoxKey);
    const last = tokens - count + t;
    const x = multiplyHigh(words[t % 4] ?? 0, last + 1);
    if (taken === undefined) drawn.add(drawn.has(x) ? last : x);
    else taken[taken[x] === 0 ? x : last] = 1;
  }
  if (taken === undefined) return Uint32Array.from(drawn).sort();
  const keys = new Uint32Array(count);
  let next = 0;
  for (let position = 0; position < tokens; position++) if (taken[position] === 1) keys[next++] = position;
  return keys;
}

/** Draws of more keys mark them in an array of all positions. */
const DENSE_DRAW = 2 ** 12;
/** Most keys, over all rows, that one mask may draw. */
export const MAX_DRAWS = 2 ** 30;

/** Rows are drawn and indexed in groups of up to this many, fewer where each draws many keys. */
const LARGEST_GROUP = 64;
const GROUP_KEYS = 2 ** 18;
/** In boxes up to this height every drawn key is counted. */
const COUNTED_ROWS = 16;
/** Boxes taller than this are not searched for drawn keys. */
const SEARCHED_ROWS = 1024;
/** Drawn keys that are kept; the oldest groups go first. */
const KEPT_KEYS = 2 ** 24;

interface Group {
  /** [rows of the group][count], each row ascending. */
  readonly keys: Uint32Array;
  /** All keys of the group, ascending: tells quickly whether a span of columns holds any. */
  readonly merged: Uint32Array;
}

/** A fixed number of keys drawn at random for each row (fewer than `tokens`). */
export class RandomMask implements Mask {
  readonly #count: number;
  readonly #tokens: number;
  readonly #key: RandomKey;
  /** Rows of a group. */
  readonly #rows: number;
  readonly #groups = new Map<number, Group>();
  readonly #keptGroups: number;
  #lastIndex = -1;
  #last: Group | undefined;

  constructor(count: number, tokens: number, key: RandomKey) {
    this.#count = count;
    this.#tokens = tokens;
    this.#key = key;
    this.#rows = Math.min(LARGEST_GROUP, Math.max(1, Math.floor(GROUP_KEYS / Math.max(1, count))));
    this.#keptGroups = Math.max(2, Math.floor(KEPT_KEYS / (2 * this.#rows * Math.max(1, count))));
  }

  classify(box: Box): Coverage {
    if (this.#count === 0) return 'empty';
    const rows = box.rowEnd - box.row;
    if (rows > SEARCHED_ROWS) return 'mixed';
    if (rows <= COUNTED_ROWS) {
      let drawn = 0;
      for (let row = box.row; row < box.rowEnd; row++) drawn += this.#drawnIn(row, box.column, box.columnEnd);
      return drawn === 0 ? 'empty' : drawn === rows * (box.columnEnd - box.column) ? 'full' : 'mixed';
    }
    const last = Math.floor((box.rowEnd - 1) / this.#rows);
    for (let group = Math.floor(box.row / this.#rows); group <= last; group++)
      if (this.#groupReaches(group, box)) return 'mixed';
    return 'empty';
  }

  word(row: number, column: number): number {
    const { keys } = this.#group(Math.floor(row / this.#rows));
    const end = ((row % this.#rows) + 1) * this.#count;
    let word = 0;
    for (let at = firstAtLeast(keys, column, end - this.#count, end); at < end; at++) {
      const bit = (keys[at] ?? 0) - column;
      if (bit > 31) break;
      word |= 1 << bit;
    }
    return word;
  }

  /** Every row is its own. */
  signature(): undefined {
    return undefined;
  }

  /** How many keys of the row lie in [from, to). */
  #drawnIn(row: number, from: number, to: number): number {
    const { keys } = this.#group(Math.floor(row / this.#rows));
    const start = (row % this.#rows) * this.#count;
    const end = start + this.#count;
    return firstAtLeast(keys, to, start, end) - firstAtLeast(keys, from, start, end);
  }

  /** Does any row of the group hold a key in the box's columns? */
  #groupReaches(index: number, box: Box): boolean {
    const { merged } = this.#group(index);
    const first = merged[firstAtLeast(merged, box.column, 0, merged.length)];
    return first !== undefined && first < box.columnEnd;
  }

  #group(index: number): Group {
    if (index === this.#lastIndex && this.#last !== undefined) return this.#last;
    const group = this.#groups.get(index) ?? this.#draw(index);
    this.#lastIndex = index;
    this.#last = group;
    return group;
  }

  #draw(index: number): Group {
    const rows = Math.min(this.#rows, this.#tokens - index * this.#rows);
    const keys = new Uint32Array(rows * this.#count);
    for (let row = 0; row < rows; row++)
      keys.set(drawKeys(this.#count, this.#tokens, index * this.#rows + row, this.#key), row * this.#count);
    const group = { keys, merged: keys.slice().sort() };
    if (this.#groups.size >= this.#keptGroups) {
      const oldest = this.#groups.keys().next();
      if (!oldest.done) this.#groups.delete(oldest.value);
    }
    this.#groups.set(index, group);
    return group;
  }
}

/** Index of the first element of [from, to) that is at least `bound`, in a part of an array that ascends; else `to`. */
function firstAtLeast(keys: Uint32Array, bound: number, from: number, to: number): number {
  let low = from;
  let high = to;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((keys[middle] ?? 0) < bound) low = middle + 1;
    else high = middle;
  }
  return low;
}
