import { bitsBetween, popcount } from '../pattern/bits.ts';
import type { Pair } from './find-pair.ts';
import { distancesIn, type Neighbours } from './neighbours.ts';
import { OutOfSteps } from './relation.ts';
import type { Field, Stack, Stacked } from './stacking.ts';

/** Words that are held at once, twice. */
const MOST_WORDS = 2 ** 23;

/** Words that are looked at in one layer. */
export function spreadCost(tokens: number, pairs: number): number {
  return Math.ceil(tokens / 32) * (pairs + tokens);
}

/**
 * The same for masks of few scattered pairs: a bit for every query and key, a band of keys at a time. Throws OutOfSteps
 * when it would look at more than `steps` words. `mostWords`: of 32 keys each, held at once for all positions, twice.
 */
export function stackSpread(
  stack: Stack<Neighbours>,
  steps: number,
  checkpoint?: () => void,
  mostWords = MOST_WORDS,
): Stacked {
  const { tokens, masks, layers, token } = stack;
  const words = Math.min(Math.ceil(tokens / 32), Math.max(1, Math.floor(mostWords / tokens)));
  const spread = new Spread(tokens, words, steps, checkpoint);
  const [only] = masks;
  const union = masks.length === 1 && only !== undefined ? only : joined(masks, tokens);
  // Nothing is begun that is certain not to come to its end.
  const farthest = distancesIn(union, 0).reduce((most, distance) => Math.max(most, distance), 0);
  if (farthest * spreadCost(tokens, union.key.length) > steps)
    throw new OutOfSteps('this mask has too many scattered pairs');
  let connected = 0;
  let past = 0;
  let hops = 0;
  const byLayer: number[] = [];
  const fields: Field[] = [];
  let missingPast: Pair | undefined;
  let missingFuture: Pair | undefined;
  for (let key = 0; key < tokens; key += 32 * words) {
    spread.begin(key);
    let changes = 0;
    let settled = false;
    let pairs = spread.pairs();
    let field = token === undefined ? undefined : spread.field(token);
    for (const [layer, mask] of layers.entries()) {
      const neighbours = masks[mask];
      if (!settled && neighbours !== undefined) {
        // Where all layers are alike, one that brings nothing new is the last to look at.
        if (spread.step(neighbours)) changes++;
        else settled = masks.length === 1;
        pairs = spread.pairs();
        if (token !== undefined) field = spread.field(token);
      }
      byLayer[layer] = (byLayer[layer] ?? 0) + pairs.all;
      if (token !== undefined) fields[layer] = merged(fields[layer], field, token);
    }
    if (masks.length > 1) {
      spread.begin(key);
      changes = 0;
    }
    while (!settled && spread.step(union)) changes++;
    hops = Math.max(hops, changes);
    const closed = spread.pairs();
    connected += closed.all;
    past += closed.past;
    missingPast ??= spread.missing(true);
    missingFuture ??= spread.missing(false);
  }
  const needed = byLayer.indexOf(connected) + 1 || byLayer.length;
  return {
    connected,
    past,
    future: connected - past + tokens,
    hops,
    byLayer: byLayer.slice(0, needed),
    fields: fields.slice(0, needed),
    missing: { past: missingPast, future: missingFuture },
  };
}

function merged(field: Field | undefined, more: Field | undefined, token: number): Field {
  if (field === undefined) return more ?? { keys: 0, first: token, last: token };
  if (more === undefined) return field;
  return {
    keys: field.keys + more.keys,
    first: Math.min(field.first, more.first),
    last: Math.max(field.last, more.last),
  };
}

class Spread {
  readonly #tokens: number;
  readonly #words: number;
  readonly #checkpoint: (() => void) | undefined;
  #left: number;
  #first = 0;
  /** [tokens][words]: which keys of the band each position has heard of. */
  #now: Int32Array;
  #next: Int32Array;
  /** Who has heard of every key of the band. [tokens] */
  readonly #complete: Uint8Array;

  constructor(tokens: number, words: number, steps: number, checkpoint: (() => void) | undefined) {
    this.#tokens = tokens;
    this.#words = words;
    this.#left = steps;
    this.#checkpoint = checkpoint;
    this.#now = new Int32Array(tokens * words);
    this.#next = new Int32Array(tokens * words);
    this.#complete = new Uint8Array(tokens);
  }

  /** Every position has heard of itself. `first`: first key of the band. */
  begin(first: number): void {
    this.#first = first;
    this.#now.fill(0);
    this.#complete.fill(0);
    for (let key = first; key < Math.min(this.#tokens, first + 32 * this.#words); key++)
      this.#now[key * this.#words + ((key - first) >> 5)] = 1 << ((key - first) & 31);
  }

  /** One layer. @returns whether anybody heard of anything new */
  step({ start, key }: Neighbours): boolean {
    const [now, next, words] = [this.#now, this.#next, this.#words];
    this.#left -= words * (key.length + this.#tokens);
    if (this.#left < 0) throw new OutOfSteps('this mask has too many scattered pairs');
    next.set(now);
    let changed = false;
    for (let query = 0; query < this.#tokens; query++) {
      if ((query & 0xfff) === 0) this.#checkpoint?.();
      if (this.#complete[query] === 1) continue;
      const own = query * words;
      for (let at = start[query] ?? 0; at < (start[query + 1] ?? 0); at++) {
        const from = (key[at] ?? 0) * words;
        for (let word = 0; word < words; word++) next[own + word] = (next[own + word] ?? 0) | (now[from + word] ?? 0);
      }
      let same = true;
      let every = -1;
      for (let word = 0; word < words; word++) {
        same &&= next[own + word] === now[own + word];
        every &= next[own + word] ?? 0;
      }
      changed ||= !same;
      if (every === -1) this.#complete[query] = 1;
    }
    [this.#now, this.#next] = [next, now];
    return changed;
  }

  pairs(): { readonly all: number; readonly past: number } {
    let all = 0;
    let past = 0;
    for (let query = 0; query < this.#tokens; query++)
      for (let word = 0; word < this.#words; word++) {
        const bits = this.#now[query * this.#words + word] ?? 0;
        if (bits === 0) continue;
        all += popcount(bits);
        past += popcount(bits & bitsBetween(0, query - this.#first - 32 * word + 1));
      }
    return { all, past };
  }

  /** A pair that is not there, with an earlier key or with a later one. */
  missing(past: boolean): Pair | undefined {
    for (let query = 0; query < this.#tokens; query++)
      for (let word = 0; word < this.#words; word++) {
        const column = this.#first + 32 * word;
        const wanted = past ? bitsBetween(0, query - column) : bitsBetween(query - column + 1, this.#tokens - column);
        const bits = wanted & ~(this.#now[query * this.#words + word] ?? 0);
        if (bits !== 0) return { query, key: column + 31 - Math.clz32(bits & -bits) };
      }
    return undefined;
  }

  field(query: number): Field | undefined {
    let keys = 0;
    let first = this.#tokens;
    let last = -1;
    for (let word = 0; word < this.#words; word++) {
      const bits = this.#now[query * this.#words + word] ?? 0;
      if (bits === 0) continue;
      keys += popcount(bits);
      const column = this.#first + 32 * word;
      first = Math.min(first, column + 31 - Math.clz32(bits & -bits));
      last = Math.max(last, column + 31 - Math.clz32(bits));
    }
    return keys === 0 ? undefined : { keys, first, last };
  }
}

/** All pairs of several masks; pairs of more than one are there more than once. */
function joined(masks: readonly Neighbours[], tokens: number): Neighbours {
  const start = new Uint32Array(tokens + 1);
  const key = new Uint32Array(masks.reduce((sum, mask) => sum + mask.key.length, 0));
  let end = 0;
  for (let query = 0; query < tokens; query++) {
    for (const mask of masks) {
      const own = mask.key.subarray(mask.start[query] ?? 0, mask.start[query + 1] ?? 0);
      key.set(own, end);
      end += own.length;
    }
    start[query + 1] = end;
  }
  return { start, key };
}
