import { coverageOf, NOTHING } from './algebra.ts';
import type { Box, Coverage, Mask } from './mask.ts';
import { multiplyHigh, philox } from './philox.ts';
import { firstAtLeast, PointsMask } from './points-mask.ts';

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
  const keys = new Uint32Array(count);
  if (count <= SPARSE_DRAW) {
    drawFew(keys, tokens, row, key);
    return keys;
  }
  const taken = count > DENSE_DRAW ? new Uint8Array(tokens) : undefined;
  const drawn = new DrawnSet(taken === undefined ? count : 0);
  const philoxKey = [key.seed >>> 0, Math.floor(key.seed / 2 ** 32) >>> 0] as const;
  let words: readonly number[] = [];
  for (let t = 0; t < count; t++) {
    if (t % 4 === 0) words = philox([row, t / 4, key.head, key.layer], philoxKey);
    const last = tokens - count + t;
    const x = multiplyHigh(words[t % 4] ?? 0, last + 1);
    if (taken === undefined) {
      // `last` is more than anything that was drawn before.
      keys[t] = drawn.add(x) ? x : last;
      if (keys[t] !== x) drawn.add(last);
    } else taken[taken[x] === 0 ? x : last] = 1;
  }
  if (taken === undefined) return keys.sort();
  let next = 0;
  for (let position = 0; position < tokens; position++) if (taken[position] === 1) keys[next++] = position;
  return keys;
}

/** The same without a set: what is drawn stays in order, and a few keys are quickly looked through. */
function drawFew(keys: Uint32Array, tokens: number, row: number, key: RandomKey): void {
  const philoxKey = [key.seed >>> 0, Math.floor(key.seed / 2 ** 32) >>> 0] as const;
  let words: readonly number[] = [];
  for (let t = 0; t < keys.length; t++) {
    if (t % 4 === 0) words = philox([row, t / 4, key.head, key.layer], philoxKey);
    const last = tokens - keys.length + t;
    const x = multiplyHigh(words[t % 4] ?? 0, last + 1);
    let at = t;
    while (at > 0 && (keys[at - 1] ?? 0) > x) at--;
    if (at > 0 && keys[at - 1] === x) {
      // `last` is more than anything that was drawn before.
      keys[t] = last;
      continue;
    }
    keys.copyWithin(at + 1, at, t);
    keys[at] = x;
  }
}

/** A set of so many positions at the most: a table in which each is near its own place. */
class DrawnSet {
  /** Position + 1; 0: free. At least half of it is. */
  readonly #table: Uint32Array;
  readonly #mask: number;

  constructor(most: number) {
    const size = 2 ** Math.ceil(Math.log2(2 * Math.max(1, most)));
    this.#table = new Uint32Array(size);
    this.#mask = size - 1;
  }

  /** False when it was there. */
  add(position: number): boolean {
    for (let at = Math.imul(position, 0x9e3779b1) >>> 7; ; at++) {
      const there = this.#table[at & this.#mask];
      if (there === position + 1) return false;
      if (there !== 0) continue;
      this.#table[at & this.#mask] = position + 1;
      return true;
    }
  }
}

/** Draws of more keys look them up in a set. */
const SPARSE_DRAW = 16;
/** Draws of more keys mark them in an array of all positions. */
const DENSE_DRAW = 2 ** 12;
/** Most keys, over all rows, that one mask may draw. */
export const MAX_DRAWS = 2 ** 30;

/** Rows are drawn and indexed in groups of up to this many, fewer where each draws many keys. */
const LARGEST_GROUP = 1024;
const GROUP_KEYS = 2 ** 18;
/** Boxes up to this height are searched for drawn keys even where a group is lower; taller than a group and this, never. */
const SEARCHED_ROWS = 256;
/** The same where each row has keys in the box: finding several takes little longer than finding one. */
const LISTED_ROWS = 4096;
/** Looking a row up takes as long as sorting so many pairs. */
const SORTING = 4;
/** Room for pairs that are being found; it grows. */
const SOME_PAIRS = 64;
/** Drawn keys that are kept; the oldest groups go first. */
const KEPT_KEYS = 2 ** 22;

interface Group {
  /** [rows of the group][count], each row ascending. */
  readonly keys: Uint32Array;
  /**
   * Every drawn pair as `column * LARGEST_GROUP + row of the group`, ascending: those of a few columns lie together. Made
   * when it is first asked for.
   */
  byColumn: Float64Array | undefined;
}

/** Most keys, over all rows, of a mask that is kept for whoever asks for the same one, and how many are kept. */
const SHARED_KEYS = 2 ** 15;
const SHARED_MASKS = 32;

const shared = new Map<string, RandomMask>();
/** Larger ones, as long as somebody holds them: a pattern and its parts draw the same keys. */
const held = new Map<string, WeakRef<RandomMask>>();

/**
 * `count` keys (fewer than `tokens`) for each row, drawn at random. The same draw is asked for again and again while
 * somebody edits what stands around it, so that the last small ones are kept.
 */
export function randomMask(count: number, tokens: number, key: RandomKey): RandomMask {
  const name = [count, tokens, key.seed, key.layer, key.head].join();
  if (count * tokens > SHARED_KEYS) return heldMask(name) ?? hold(name, new RandomMask(count, tokens, key));
  const mask = shared.get(name) ?? new RandomMask(count, tokens, key);
  shared.delete(name);
  shared.set(name, mask);
  const oldest = shared.keys().next();
  if (shared.size > SHARED_MASKS && !oldest.done) shared.delete(oldest.value);
  return mask;
}

function heldMask(name: string): RandomMask | undefined {
  return held.get(name)?.deref();
}

function hold(name: string, mask: RandomMask): RandomMask {
  for (const [each, reference] of held) if (reference.deref() === undefined) held.delete(each);
  held.set(name, new WeakRef(mask));
  return mask;
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
    this.#keptGroups = Math.max(2, Math.floor(KEPT_KEYS / (this.#rows * Math.max(1, count))));
  }

  classify(box: Box): Coverage {
    return coverageOf(this.narrow(box));
  }

  /** In boxes that are not too tall, the drawn pairs themselves. */
  narrow(box: Box): Mask {
    if (this.#count === 0) return NOTHING;
    const rows = box.rowEnd - box.row;
    const share = (box.columnEnd - box.column) / this.#tokens;
    const most = this.#count * share >= 1 ? LISTED_ROWS : SEARCHED_ROWS;
    if (rows > Math.max(this.#rows, most)) return this;
    // Row by row, or all that the columns hold in whole groups: what is less to look at. The latter has to be sorted, too.
    const first = Math.floor(box.row / this.#rows);
    const last = Math.floor((box.rowEnd - 1) / this.#rows);
    const inColumns = (last - first + 1) * this.#rows * this.#count * share;
    return rows <= SORTING * inColumns ? this.#byRow(box) : this.#byColumn(box, first, last);
  }

  #byRow(box: Box): Mask {
    let rows = new Uint32Array(SOME_PAIRS);
    let columns = new Uint32Array(SOME_PAIRS);
    let found = 0;
    for (let row = box.row; row < box.rowEnd; row++) {
      const { keys } = this.#group(Math.floor(row / this.#rows));
      const end = ((row % this.#rows) + 1) * this.#count;
      for (let at = firstAtLeast(keys, box.column, end - this.#count, end); at < end; at++) {
        const column = keys[at] ?? 0;
        if (column >= box.columnEnd) break;
        if (found === rows.length) {
          rows = doubled(rows);
          columns = doubled(columns);
        }
        rows[found] = row;
        columns[found++] = column;
      }
    }
    return PointsMask.of(rows.slice(0, found), columns.slice(0, found), box);
  }

  #byColumn(box: Box, first: number, last: number): Mask {
    const found: number[] = [];
    for (let index = first; index <= last; index++) {
      const byColumn = this.#columnsOf(this.#group(index));
      const top = index * this.#rows;
      const from = firstAtLeast(byColumn, box.column * LARGEST_GROUP, 0, byColumn.length);
      for (let at = from; at < byColumn.length; at++) {
        const pair = byColumn[at] ?? 0;
        const column = Math.floor(pair / LARGEST_GROUP);
        if (column >= box.columnEnd) break;
        const row = top + (pair % LARGEST_GROUP);
        if (row >= box.row && row < box.rowEnd) found.push(row * this.#tokens + column);
      }
    }
    const pairs = Float64Array.from(found).sort();
    const rows = new Uint32Array(pairs.length);
    const columns = new Uint32Array(pairs.length);
    for (const [at, pair] of pairs.entries()) {
      rows[at] = Math.floor(pair / this.#tokens);
      columns[at] = pair % this.#tokens;
    }
    return PointsMask.of(rows, columns, box);
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

  /** Drawn anew, so that nothing is kept for a walk through all rows. */
  keysOf(row: number): Uint32Array {
    return drawKeys(this.#count, this.#tokens, row, this.#key);
  }

  /** Taller boxes than are searched never repeat. */
  signature(): undefined {
    return undefined;
  }

  #group(index: number): Group {
    if (index === this.#lastIndex && this.#last !== undefined) return this.#last;
    const group = this.#groups.get(index) ?? this.#draw(index);
    this.#lastIndex = index;
    this.#last = group;
    return group;
  }

  #columnsOf(group: Group): Float64Array {
    if (group.byColumn !== undefined) return group.byColumn;
    const byColumn = Float64Array.from(group.keys);
    for (let at = 0; at < byColumn.length; at++)
      byColumn[at] = (byColumn[at] ?? 0) * LARGEST_GROUP + Math.floor(at / this.#count);
    byColumn.sort();
    group.byColumn = byColumn;
    return byColumn;
  }

  #draw(index: number): Group {
    const rows = Math.min(this.#rows, this.#tokens - index * this.#rows);
    const keys = new Uint32Array(rows * this.#count);
    for (let row = 0; row < rows; row++)
      keys.set(drawKeys(this.#count, this.#tokens, index * this.#rows + row, this.#key), row * this.#count);
    const group: Group = { keys, byColumn: undefined };
    if (this.#groups.size >= this.#keptGroups) {
      const oldest = this.#groups.keys().next();
      if (!oldest.done) this.#groups.delete(oldest.value);
    }
    this.#groups.set(index, group);
    return group;
  }
}

function doubled(some: Uint32Array<ArrayBuffer>): Uint32Array<ArrayBuffer> {
  const more = new Uint32Array(2 * some.length);
  more.set(some);
  return more;
}
