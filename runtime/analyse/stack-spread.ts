import { bitsBetween, popcount } from '../pattern/bits.ts';
import type { Pair } from './find-pair.ts';
import { OutOfSteps } from './relation.ts';
import { joinedRows, type SharedRows } from './shared-rows.ts';
import type { Field, Stack, Stacked } from './stacking.ts';

/** Words that are held at once. */
const MOST_WORDS = 2 ** 24;
/** Asking an input whether there is anything new takes as long as this many words. */
const INPUT_STEPS = 4;

/**
 * The same for scattered masks: a bit for every query and key, a band of keys at a time. In each layer a query looks
 * only at what is new to those that it sees. Throws OutOfSteps when it would look at more than `steps` words.
 * `mostWords`: of 32 keys each, held at once.
 */
export function stackSpread(
  stack: Stack<SharedRows>,
  steps: number,
  checkpoint?: () => void,
  mostWords = MOST_WORDS,
): Stacked {
  const { tokens, masks, layers, token } = stack;
  const [only] = masks;
  const alike = masks.length === 1 && only !== undefined;
  const all = alike ? masks : [...masks, joinedRows(masks)];
  const union = all.length - 1;
  const spread = new Spread(tokens, all, mostWords, steps, checkpoint);
  let connected = 0;
  let past = 0;
  let hops = 0;
  const byLayer: number[] = [];
  const fields: Field[] = [];
  let missingPast: Pair | undefined;
  let missingFuture: Pair | undefined;
  for (let key = 0; key < tokens; key += spread.keys) {
    spread.begin(key);
    let changes = 0;
    let settled = false;
    let field = token === undefined ? undefined : spread.field(token);
    for (const [layer, mask] of layers.entries()) {
      if (!settled) {
        // Where all layers are alike, one that brings nothing new is the last to look at.
        if (spread.step(mask)) changes++;
        else settled = alike;
        if (token !== undefined) field = spread.field(token);
      }
      byLayer[layer] = (byLayer[layer] ?? 0) + spread.pairs;
      if (token !== undefined) fields[layer] = merged(fields[layer], field, token);
    }
    if (!alike) {
      spread.begin(key);
      changes = 0;
    }
    while (!settled && spread.step(union)) changes++;
    hops = Math.max(hops, changes);
    connected += spread.pairs;
    past += spread.past;
    missingPast ??= spread.missing(true);
    missingFuture ??= spread.missing(false);
    spread.checkPace(key);
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

/** Words [low, high) of each of some nodes; none where low is not below high. */
class Ranges {
  readonly low: Int32Array;
  readonly high: Int32Array;

  constructor(nodes: number) {
    this.low = new Int32Array(nodes);
    this.high = new Int32Array(nodes);
  }

  clear(words: number): void {
    this.low.fill(words);
    this.high.fill(0);
  }
}

/** A mask and what has happened since it was last a layer. */
interface Sight {
  readonly rows: SharedRows;
  /** What is new of each position. */
  readonly news: Ranges;
  /** What each sum holds, [sums][words], and what is new of it in this layer. */
  readonly held: Int32Array;
  readonly heldNews: Ranges;
}

class Spread {
  /** Keys of a band. */
  readonly keys: number;
  /** Pairs of the band that are connected, and those of them whose key is not later. */
  pairs = 0;
  past = 0;

  readonly #tokens: number;
  /** Words of a whole band; of this one. */
  readonly #most: number;
  #words = 0;
  /** The last word when every key is there: a sequence may end within it. */
  #lastFull = -1;
  readonly #sights: readonly Sight[];
  readonly #checkpoint: (() => void) | undefined;
  readonly #steps: number;
  #left: number;
  #first = 0;
  /** [tokens][words]: which keys of the band each position has heard of before this layer, and after it. */
  readonly #now: Int32Array;
  readonly #next: Int32Array;
  /** What this layer changes. */
  readonly #changed: Ranges;
  readonly #queue: Uint32Array;
  /** Who has heard of every key of the band. [tokens] */
  readonly #complete: Uint8Array;

  constructor(
    tokens: number,
    masks: readonly SharedRows[],
    mostWords: number,
    steps: number,
    checkpoint: (() => void) | undefined,
  ) {
    const nodes = masks.reduce((sum, { sums }) => sum + sums, 2 * tokens);
    const words = Math.min(Math.ceil(tokens / 32), Math.max(1, Math.floor(mostWords / nodes)));
    this.#tokens = tokens;
    this.#most = words;
    this.keys = 32 * words;
    this.#sights = masks.map(rows => ({
      rows,
      news: new Ranges(tokens),
      held: new Int32Array(rows.sums * words),
      heldNews: new Ranges(rows.sums),
    }));
    this.#steps = steps;
    this.#left = steps;
    this.#checkpoint = checkpoint;
    this.#now = new Int32Array(tokens * words);
    this.#next = new Int32Array(tokens * words);
    this.#changed = new Ranges(tokens);
    this.#queue = new Uint32Array(tokens);
    this.#complete = new Uint8Array(tokens);
  }

  /** Every position has heard of itself. `first`: first key of the band. */
  begin(first: number): void {
    const keys = Math.min(this.keys, this.#tokens - first);
    this.#first = first;
    this.#words = Math.ceil(keys / 32);
    this.#lastFull = bitsBetween(0, keys - 32 * (this.#words - 1));
    this.#now.fill(0);
    this.#next.fill(0);
    this.#complete.fill(0);
    for (const { news, held } of this.#sights) {
      news.clear(this.#words);
      held.fill(0);
    }
    this.pairs = keys;
    this.past = keys;
    for (let key = 0; key < keys; key++) {
      const word = key >> 5;
      const at = (first + key) * this.#most + word;
      this.#now[at] = 1 << (key & 31);
      this.#next[at] = 1 << (key & 31);
      for (const { news } of this.#sights) {
        news.low[first + key] = word;
        news.high[first + key] = word + 1;
      }
    }
  }

  /** One layer of a mask. @returns whether anybody heard of anything new */
  step(mask: number): boolean {
    const sight = this.#sights[mask];
    if (sight === undefined) throw new RangeError(`there is no mask ${mask}`);
    for (let sum = 0; sum < sight.rows.sums; sum++) {
      if ((sum & 0xfff) === 0) this.#checkpoint?.();
      this.#addUp(sight, sum, sight.held, sum, sight.heldNews);
    }
    const changed = this.#changed;
    let count = 0;
    for (let query = 0; query < this.#tokens; query++) {
      if ((query & 0x3ff) === 0) this.#checkpoint?.();
      if (this.#complete[query] === 1) continue;
      this.#addUp(sight, sight.rows.sums + query, this.#next, query, changed);
      if ((changed.low[query] ?? 0) < (changed.high[query] ?? 0)) this.#queue[count++] = query;
    }
    sight.news.clear(this.#words);
    let any = false;
    for (let index = 0; index < count; index++) if (this.#settle(this.#queue[index] ?? 0)) any = true;
    return any;
  }

  /** Adds to a node what is new of its inputs, and notes where that may have changed it. */
  #addUp({ rows, news, held, heldNews }: Sight, node: number, into: Int32Array, at: number, noted: Ranges): void {
    const { start, from, tokens } = rows;
    const begin = start[node] ?? 0;
    const end = start[node + 1] ?? 0;
    const most = this.#most;
    const own = at * most;
    let lowest = this.#words;
    let highest = 0;
    /** Words before it are complete already. */
    let open = 0;
    for (let index = begin; index < end; index++) {
      const input = from[index] ?? 0;
      const isPosition = input < tokens;
      const source = isPosition ? input : input - tokens;
      const ranges = isPosition ? news : heldNews;
      const low = Math.max(open, ranges.low[source] ?? 0);
      const high = ranges.high[source] ?? 0;
      if (low >= high) continue;
      const values = isPosition ? this.#now : held;
      const shift = source * most - own;
      for (let word = own + low; word < own + high; word++)
        into[word] = (into[word] ?? 0) | (values[word + shift] ?? 0);
      this.#left -= high - low;
      if (low < lowest) lowest = low;
      if (high > highest) highest = high;
      while (open < high && into[own + open] === -1) open++;
    }
    this.#left -= INPUT_STEPS * (1 + end - begin);
    if (this.#left < 0) throw new OutOfSteps('this mask has too many scattered pairs');
    noted.low[at] = lowest;
    noted.high[at] = highest;
  }

  /** Makes what a position has heard of in this layer known. @returns whether that was anything */
  #settle(query: number): boolean {
    const own = query * this.#most;
    let low = this.#words;
    let high = 0;
    for (let word = this.#changed.low[query] ?? 0; word < (this.#changed.high[query] ?? 0); word++) {
      const bits = this.#next[own + word] ?? 0;
      const fresh = bits & ~(this.#now[own + word] ?? 0);
      if (fresh === 0) continue;
      this.#now[own + word] = bits;
      this.pairs += popcount(fresh);
      this.past += popcount(fresh & bitsBetween(0, query - this.#first - 32 * word + 1));
      if (low > word) low = word;
      high = word + 1;
    }
    if (high === 0) return false;
    for (const { news } of this.#sights) {
      news.low[query] = Math.min(news.low[query] ?? 0, low);
      news.high[query] = Math.max(news.high[query] ?? 0, high);
    }
    if (this.#isComplete(own)) this.#complete[query] = 1;
    return true;
  }

  #isComplete(own: number): boolean {
    const last = this.#words - 1;
    if (this.#now[own + last] !== this.#lastFull) return false;
    for (let word = 0; word < last; word++) if (this.#now[own + word] !== -1) return false;
    return true;
  }

  /** Throws OutOfSteps when the bands that are left would take more than there is, going by those until `key`. */
  checkPace(key: number): void {
    const done = Math.min(this.#tokens, key + this.keys) / this.#tokens;
    if ((this.#steps - this.#left) / done > 2 * this.#steps)
      throw new OutOfSteps('this mask has too many scattered pairs');
  }

  /** A pair that is not there, with an earlier key or with a later one. */
  missing(past: boolean): Pair | undefined {
    for (let query = 0; query < this.#tokens; query++) {
      if (this.#complete[query] === 1) continue;
      for (let word = 0; word < this.#words; word++) {
        const column = this.#first + 32 * word;
        const wanted = past ? bitsBetween(0, query - column) : bitsBetween(query - column + 1, this.#tokens - column);
        const bits = wanted & ~(this.#now[query * this.#most + word] ?? 0);
        if (bits !== 0) return { query, key: column + 31 - Math.clz32(bits & -bits) };
      }
    }
    return undefined;
  }

  field(query: number): Field | undefined {
    let keys = 0;
    let first = this.#tokens;
    let last = -1;
    for (let word = 0; word < this.#words; word++) {
      const bits = this.#now[query * this.#most + word] ?? 0;
      if (bits === 0) continue;
      keys += popcount(bits);
      const column = this.#first + 32 * word;
      first = Math.min(first, column + 31 - Math.clz32(bits & -bits));
      last = Math.max(last, column + 31 - Math.clz32(bits));
    }
    return keys === 0 ? undefined : { keys, first, last };
  }
}
