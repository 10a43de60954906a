import { OutOfSteps } from './relation.ts';
import type { RowReader } from './row-reader.ts';

/**
 * The keys of every query as sums of stretches that rows share: a window's keys are a few aligned stretches, and what
 * many rows have alike is there once. Node s < `sums` is a sum of its own, node sums + i is query i. The inputs of node
 * x are `from[start[x]]` to `from[start[x + 1] - 1]`: an input below `tokens` is a position, any other is the sum
 * input - tokens, which comes before x.
 */
export interface SharedRows {
  readonly tokens: number;
  readonly sums: number;
  /** [sums + tokens + 1] */
  readonly start: Uint32Array;
  readonly from: Uint32Array;
}

/** Stretches that all rows together may have: beyond, putting them together alone takes too long. */
const MOST_RUNS = 2 ** 25;
/** Pairs that may be listed one by one, at 4 bytes. */
const MOST_LISTED = 2 ** 24;
/** Distinct aligned stretches. */
const MOST_NODES = 2 ** 24;
const FIRST_NODES = 2 ** 12;
/** Distinct stretches for each row by which rows that have something in common have met again. */
const NODES_TO_MEET = 4;

/** Puts the rows of a mask together, or lists them where they have little in common. Throws OutOfSteps where that is too long. */
export function sharedRows(tokens: number, read: RowReader, checkpoint?: () => void): SharedRows {
  const stretches = new Stretches(tokens);
  const roots = new Uint32Array(tokens);
  let left = MOST_RUNS;
  let pairs = 0;
  for (let query = 0; query < tokens; query++) {
    if ((query & 0xff) === 0) checkpoint?.();
    const runs = read(query);
    for (let at = 0; at < runs.length; at += 2) pairs += (runs[at + 1] ?? 0) - (runs[at] ?? 0);
    left -= runs.length / 2;
    if (left < 0) throw new OutOfSteps('the rows of this mask have too many stretches');
    roots[query] = stretches.of(runs);
    if (stretches.count > NODES_TO_MEET * tokens && 2 * stretches.count > pairs)
      return listedRows(tokens, read, checkpoint);
  }
  return stretches.summed(roots);
}

/** Every key of every row. */
function listedRows(tokens: number, read: RowReader, checkpoint?: () => void): SharedRows {
  const start = new Uint32Array(tokens + 1);
  let from = new Uint32Array(FIRST_NODES);
  let end = 0;
  for (let query = 0; query < tokens; query++) {
    if ((query & 0xff) === 0) checkpoint?.();
    const runs = read(query);
    for (let at = 0; at < runs.length; at += 2)
      for (let key = runs[at] ?? 0; key < (runs[at + 1] ?? 0); key++) {
        if (end === MOST_LISTED) throw new OutOfSteps('this mask has too many scattered pairs');
        if (end === from.length) from = grown(from);
        from[end++] = key;
      }
    start[query + 1] = end;
  }
  return { tokens, sums: 0, start, from: from.slice(0, end) };
}

/** All pairs of several masks. */
export function joinedRows(all: readonly SharedRows[]): SharedRows {
  const [first] = all;
  if (first === undefined) throw new RangeError('there is no mask to join');
  if (all.length === 1) return first;
  const { tokens } = first;
  const sums = all.reduce((sum, rows) => sum + rows.sums, 0);
  const start = new Uint32Array(sums + tokens + 1);
  const from = new Uint32Array(all.reduce((sum, rows) => sum + rows.from.length, 0));
  let node = 0;
  let end = 0;
  const add = (rows: SharedRows, own: number, shift: number): void => {
    for (let at = rows.start[own] ?? 0; at < (rows.start[own + 1] ?? 0); at++) {
      const input = rows.from[at] ?? 0;
      from[end++] = input < tokens ? input : input + shift;
    }
  };
  let shift = 0;
  for (const rows of all) {
    for (let own = 0; own < rows.sums; own++) {
      add(rows, own, shift);
      start[++node] = end;
    }
    shift += rows.sums;
  }
  for (let query = 0; query < tokens; query++) {
    shift = 0;
    for (const rows of all) {
      add(rows, rows.sums + query, shift);
      shift += rows.sums;
    }
    start[++node] = end;
  }
  return { tokens, sums, start, from };
}

/** Sets of keys as halves of halves of the sequence; equal ones have equal numbers. Number k + 1 is the key k alone, 0 none. */
class Stretches {
  readonly #tokens: number;
  #left = new Uint32Array(FIRST_NODES);
  #right = new Uint32Array(FIRST_NODES);
  #count = 0;
  /** Slots of a hash table of all sets with two halves. */
  #index = new Uint32Array(2 * FIRST_NODES);
  /** Parts of a set from the first keys to the last, and the level of the smallest stretch around each and the next. */
  readonly #open = new Uint32Array(64);
  readonly #meeting = new Uint8Array(64);
  /** The sets of all keys of an aligned stretch, by level and place. */
  readonly #whole: Uint32Array[];

  constructor(tokens: number) {
    this.#tokens = tokens;
    const levels = 32 - Math.clz32(tokens);
    this.#whole = Array.from({ length: levels }, (_, level) => new Uint32Array(Math.ceil(tokens / 2 ** level)));
  }

  /** Distinct sets of two halves. */
  get count(): number {
    return this.#count;
  }

  /** The set of some stretches, given as [from, to, from, to, ...]. */
  of(runs: readonly number[]): number {
    const nodes = this.#open;
    const levels = this.#meeting;
    let depth = 0;
    let before = 0;
    for (let at = 0; at < runs.length; at += 2) {
      const to = runs[at + 1] ?? 0;
      for (let from = runs[at] ?? 0; from < to; ) {
        // The largest aligned stretch that begins here and ends in time.
        const room = 31 - Math.clz32(to - from);
        const level = from === 0 ? room : Math.min(room, 31 - Math.clz32(from & -from));
        if (depth > 0) {
          // What lies together in a smaller stretch than this one and the last is complete.
          const meeting = 32 - Math.clz32(from ^ before);
          while (depth > 1 && (levels[depth - 2] ?? 0) < meeting) depth = this.#close(depth);
          levels[depth - 1] = meeting;
        }
        nodes[depth++] = this.#stretch(level, from / 2 ** level);
        before = from;
        from += 2 ** level;
      }
    }
    while (depth > 1) depth = this.#close(depth);
    return depth === 0 ? 0 : (nodes[0] ?? 0);
  }

  /** Makes one of the last two parts that are open. @returns how many are left */
  #close(depth: number): number {
    this.#open[depth - 2] = this.#pair(this.#open[depth - 2] ?? 0, this.#open[depth - 1] ?? 0);
    return depth - 1;
  }

  #stretch(level: number, place: number): number {
    if (level === 0) return place + 1;
    const known = this.#whole[level]?.[place] ?? 0;
    if (known !== 0) return known;
    const made = this.#pair(this.#stretch(level - 1, 2 * place), this.#stretch(level - 1, 2 * place + 1));
    const row = this.#whole[level];
    if (row !== undefined) row[place] = made;
    return made;
  }

  #pair(left: number, right: number): number {
    if (left === 0) return right;
    if (right === 0) return left;
    const last = this.#index.length - 1;
    let slot = hashOf(left, right) & last;
    for (let at = this.#index[slot] ?? 0; at !== 0; at = this.#index[slot] ?? 0) {
      if (this.#left[at - 1] === left && this.#right[at - 1] === right) return this.#tokens + at;
      slot = (slot + 1) & last;
    }
    if (this.#count >= MOST_NODES) throw new OutOfSteps('the rows of this mask have too little in common');
    if (this.#count === this.#left.length) {
      this.#left = grown(this.#left);
      this.#right = grown(this.#right);
    }
    this.#left[this.#count] = left;
    this.#right[this.#count] = right;
    this.#count++;
    this.#index[slot] = this.#count;
    if (2 * this.#count > this.#index.length) this.#reindex();
    return this.#tokens + this.#count;
  }

  #reindex(): void {
    this.#index = new Uint32Array(2 * this.#index.length);
    const last = this.#index.length - 1;
    for (let at = 1; at <= this.#count; at++) {
      let slot = hashOf(this.#left[at - 1] ?? 0, this.#right[at - 1] ?? 0) & last;
      while (this.#index[slot] !== 0) slot = (slot + 1) & last;
      this.#index[slot] = at;
    }
  }

  /** The rows with these sets; a set is a sum of its own where that saves work. */
  summed(roots: Uint32Array): SharedRows {
    const tokens = this.#tokens;
    const used = new Uint32Array(this.#count);
    const mark = (set: number): void => {
      if (set > tokens) used[set - tokens - 1] = (used[set - tokens - 1] ?? 0) + 1;
    };
    for (const root of roots) mark(root);
    // Halves are made before what they are halves of: from the last set down, whoever uses a set is known before it.
    for (let at = this.#count; at-- > 0; )
      if (used[at] !== 0) {
        mark(this.#left[at] ?? 0);
        mark(this.#right[at] ?? 0);
      }
    /** Inputs of a set written out, and the number of the sum that it is (0: it is none). */
    const width = new Uint32Array(this.#count);
    const sumOf = new Uint32Array(this.#count);
    let sums = 0;
    let inputs = 0;
    const widthOf = (set: number): number => {
      if (set === 0) return 0;
      return set <= tokens || sumOf[set - tokens - 1] !== 0 ? 1 : (width[set - tokens - 1] ?? 0);
    };
    for (let at = 0; at < this.#count; at++) {
      const uses = used[at] ?? 0;
      if (uses === 0) continue;
      const own = widthOf(this.#left[at] ?? 0) + widthOf(this.#right[at] ?? 0);
      width[at] = own;
      if (uses * own <= own + uses) continue;
      sumOf[at] = ++sums;
      inputs += own;
    }
    for (const root of roots) inputs += widthOf(root);
    const start = new Uint32Array(sums + tokens + 1);
    const from = new Uint32Array(inputs);
    let end = 0;
    const write = (set: number): void => {
      if (set === 0) return;
      if (set <= tokens) from[end++] = set - 1;
      else if (sumOf[set - tokens - 1] !== 0) from[end++] = tokens + (sumOf[set - tokens - 1] ?? 0) - 1;
      else {
        write(this.#left[set - tokens - 1] ?? 0);
        write(this.#right[set - tokens - 1] ?? 0);
      }
    };
    let node = 0;
    for (let at = 0; at < this.#count; at++) {
      if (sumOf[at] === 0) continue;
      write(this.#left[at] ?? 0);
      write(this.#right[at] ?? 0);
      start[++node] = end;
    }
    for (const root of roots) {
      write(root);
      start[++node] = end;
    }
    return { tokens, sums, start, from };
  }
}

function hashOf(left: number, right: number): number {
  const hash = Math.imul(Math.imul(left, 0x9e3779b1) ^ Math.imul(right, 0x85ebca6b), 0x2c1b3c6d);
  return hash ^ (hash >>> 15);
}

function grown(array: Uint32Array): Uint32Array<ArrayBuffer> {
  const larger = new Uint32Array(2 * array.length);
  larger.set(array);
  return larger;
}
