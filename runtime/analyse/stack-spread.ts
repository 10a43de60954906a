import { bitsBetween, popcount } from '../pattern/bits.ts';
import type { Pair } from './find-pair.ts';
import { OutOfSteps } from './relation.ts';
import { joinedRows, type SharedRows } from './shared-rows.ts';
import type { Field, Stack, Stacked } from './stacking.ts';

/** Words that are held at once. */
const MOST_WORDS = 2 ** 23;
/** Asking an input whether there is anything new in a group takes as long as this many words. */
const INPUT_STEPS = 4;
/** Words of a group: one bit each of a number. */
const GROUP = 32;
/** Up to as many new words of a group are looked at one by one, more of them all together with those of other inputs. */
const FEW_WORDS = 8;

/**
 * The same for scattered masks: a bit for every query and key, a band of keys at a time. In each layer a query looks
 * only at what is new to those that it sees, where it still lacks something. Throws OutOfSteps when it would look at more than `steps` words.
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
    past += spread.past();
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

/** A mask and what has happened since it was last a layer. */
interface Sight {
  readonly rows: SharedRows;
  /** What is to be added to the number of a sum (from `tokens` on) for its row among what is known. */
  readonly shift: number;
  /** Words in which something is new of each position and each sum: a bit for each. [tokens + sums][groups] */
  readonly news: Int32Array;
}

class Spread {
  /** Keys of a band. */
  readonly keys: number;
  /** Pairs of the band that are connected. */
  pairs = 0;

  readonly #tokens: number;
  /** Words of a whole band; of this one. */
  readonly #most: number;
  #words = 0;
  /** Groups of words of a whole band. */
  readonly #groups: number;
  readonly #sights: readonly Sight[];
  readonly #checkpoint: (() => void) | undefined;
  readonly #steps: number;
  #left: number;
  #first = 0;
  /**
   * Which keys of the band each position has heard of before this layer, and what the sums of each mask hold.
   * [tokens + sums of all masks][words]
   */
  readonly #known: Int32Array;
  /** What positions have heard of after this layer. [tokens][words] */
  readonly #next: Int32Array;
  /** Words that still lack a key, as bits, by row of what is known. [tokens + sums of all masks][groups] */
  readonly #open: Int32Array;
  /** Words that this layer may change, as bits. [tokens][groups] */
  readonly #changed: Int32Array;
  /** Positions of which others hear only in ways that begin at a position that nobody hears of. [tokens] */
  readonly #unheard: Uint8Array;
  /** All keys that others than those can hear of, then all keys; a sequence may end within a word. [2][words] */
  readonly #full: Int32Array;
  readonly #queue: Uint32Array;
  /** Where the inputs lie that are to be added together. */
  readonly #pending = new Uint32Array(4);

  constructor(
    tokens: number,
    masks: readonly SharedRows[],
    mostWords: number,
    steps: number,
    checkpoint: (() => void) | undefined,
  ) {
    const rows = masks.reduce((sum, { sums }) => sum + sums, tokens);
    const words = Math.min(Math.ceil(tokens / 32), Math.max(1, Math.floor(mostWords / (rows + tokens))));
    const groups = Math.ceil(words / GROUP);
    this.#tokens = tokens;
    this.#most = words;
    this.#groups = groups;
    this.keys = 32 * words;
    let shift = 0;
    this.#sights = masks.map(rows => {
      const sight = { rows, shift, news: new Int32Array((tokens + rows.sums) * groups) };
      shift += rows.sums;
      return sight;
    });
    this.#steps = steps;
    this.#left = steps;
    this.#checkpoint = checkpoint;
    this.#known = new Int32Array(rows * words);
    this.#next = new Int32Array(tokens * words);
    this.#open = new Int32Array(rows * groups);
    this.#changed = new Int32Array(tokens * groups);
    this.#full = new Int32Array(2 * words);
    const union = masks[masks.length - 1];
    this.#unheard = union === undefined ? new Uint8Array(tokens) : unheardIn(union);
    this.#queue = new Uint32Array(tokens);
  }

  /** Every position has heard of itself. `first`: first key of the band. */
  begin(first: number): void {
    const keys = Math.min(this.keys, this.#tokens - first);
    this.#first = first;
    this.#words = Math.ceil(keys / 32);
    this.#known.fill(0);
    this.#next.fill(0);
    this.#full.fill(0);
    for (let word = 0; word < this.#words; word++) {
      const all = bitsBetween(0, keys - 32 * word);
      let heard = all;
      for (let bits = all; bits !== 0; bits &= bits - 1) {
        const bit = bits & -bits;
        if (this.#unheard[first + 32 * word + 31 - Math.clz32(bit)] === 1) heard &= ~bit;
      }
      this.#full[word] = heard;
      this.#full[this.#most + word] = all;
    }
    for (let group = 0; group < this.#groups; group++) {
      const words = bitsBetween(0, this.#words - GROUP * group);
      for (let at = group; at < this.#open.length; at += this.#groups) this.#open[at] = words;
    }
    for (const { news } of this.#sights) news.fill(0);
    this.pairs = 0;
    this.#changed.fill(0);
    for (let key = 0; key < keys; key++) {
      const word = key >> 5;
      this.#next[(first + key) * this.#most + word] = 1 << (key & 31);
      this.#changed[(first + key) * this.#groups + (word >> 5)] = 1 << (word & 31);
      this.#settle(first + key);
    }
  }

  /** One layer of a mask. @returns whether anybody heard of anything new */
  step(mask: number): boolean {
    const sight = this.#sights[mask];
    if (sight === undefined) throw new RangeError(`there is no mask ${mask}`);
    const { rows, shift, news } = sight;
    const tokens = this.#tokens;
    for (let sum = 0; sum < rows.sums; sum++) {
      if ((sum & 0xfff) === 0) this.#checkpoint?.();
      const row = tokens + shift + sum;
      if (this.#addUp(sight, sum, this.#known, row, news, tokens + sum)) this.#close(row);
    }
    const changed = this.#changed;
    let count = 0;
    for (let query = 0; query < tokens; query++) {
      if ((query & 0x3ff) === 0) this.#checkpoint?.();
      if (this.#addUp(sight, rows.sums + query, this.#next, query, changed, query)) this.#queue[count++] = query;
    }
    news.fill(0, 0, tokens * this.#groups);
    let any = false;
    for (let index = 0; index < count; index++) if (this.#settle(this.#queue[index] ?? 0)) any = true;
    return any;
  }

  /**
   * Adds to a node what is new of its inputs, and notes the words in which that may have changed it.
   * @returns whether there are any
   */
  #addUp(
    { rows, shift, news }: Sight,
    node: number,
    into: Int32Array,
    row: number,
    noted: Int32Array,
    notedRow: number,
  ): boolean {
    const { start, from, tokens } = rows;
    const begin = start[node] ?? 0;
    const end = start[node + 1] ?? 0;
    const groups = this.#groups;
    const most = this.#most;
    const pending = this.#pending;
    const target = this.#targetOf(row);
    let any = false;
    for (let group = 0; group < groups; group++) {
      const open = this.#open[row * groups + group] ?? 0;
      let touched = 0;
      if (open !== 0) {
        const first = GROUP * group;
        const own = row * most + first;
        let count = 0;
        let index = begin;
        for (; index < end; index++) {
          const input = from[index] ?? 0;
          const words = (news[input * groups + group] ?? 0) & open;
          if (words === 0) continue;
          touched |= words;
          const source = (input < tokens ? input : input + shift) * most + first;
          const looked = popcount(words);
          if (looked <= FEW_WORDS) {
            this.#left -= looked;
            for (let bits = words; bits !== 0; bits &= bits - 1) {
              const word = 31 - Math.clz32(bits & -bits);
              into[own + word] = (into[own + word] ?? 0) | (this.#known[source + word] ?? 0);
            }
            continue;
          }
          pending[count++] = source;
          if (count < pending.length) continue;
          count = 0;
          // Nothing is lacking: what the other inputs have does not matter.
          if (this.#addPending(into, own, first, target + first, pending.length)) break;
        }
        if (count > 0) this.#addPending(into, own, first, target + first, count);
        this.#left -= INPUT_STEPS * (1 + Math.min(index + 1, end) - begin);
      }
      noted[notedRow * groups + group] = touched;
      if (touched !== 0) any = true;
    }
    if (this.#left < 0) throw new OutOfSteps('this mask has too many scattered pairs');
    return any;
  }

  /** Where the keys begin of which a row can hold no more. */
  #targetOf(row: number): number {
    return row < this.#tokens && this.#unheard[row] === 0 ? 0 : this.#most;
  }

  /** Adds a group of words of one to four inputs, in one go. @returns whether the group is complete then */
  #addPending(into: Int32Array, own: number, first: number, target: number, count: number): boolean {
    const known = this.#known;
    const full = this.#full;
    const width = Math.min(GROUP, this.#words - first);
    this.#left -= width * count;
    const a = this.#pending[0] ?? 0;
    const b = count > 1 ? (this.#pending[1] ?? 0) : a;
    let lacking = 0;
    if (count <= 2) {
      for (let word = 0; word < width; word++) {
        const bits = (into[own + word] ?? 0) | (known[a + word] ?? 0) | (known[b + word] ?? 0);
        into[own + word] = bits;
        lacking |= bits ^ (full[target + word] ?? 0);
      }
      return lacking === 0;
    }
    const c = this.#pending[2] ?? 0;
    const d = count > 3 ? (this.#pending[3] ?? 0) : c;
    for (let word = 0; word < width; word++) {
      const two = (into[own + word] ?? 0) | (known[a + word] ?? 0) | (known[b + word] ?? 0);
      const bits = two | (known[c + word] ?? 0) | (known[d + word] ?? 0);
      into[own + word] = bits;
      lacking |= bits ^ (full[target + word] ?? 0);
    }
    return lacking === 0;
  }

  /** Notes which words of a sum are complete. */
  #close(row: number): void {
    for (let group = 0; group < this.#groups; group++) {
      let open = this.#open[row * this.#groups + group] ?? 0;
      for (let bits = open; bits !== 0; bits &= bits - 1) {
        const word = 31 - Math.clz32(bits & -bits);
        const at = GROUP * group + word;
        if (this.#known[row * this.#most + at] === this.#full[this.#most + at]) open &= ~(1 << word);
      }
      this.#open[row * this.#groups + group] = open;
    }
  }

  /** Makes what a position has heard of in this layer known. @returns whether that was anything */
  #settle(query: number): boolean {
    const known = this.#known;
    const target = this.#targetOf(query);
    let any = false;
    let pairs = 0;
    for (let group = 0; group < this.#groups; group++) {
      let news = 0;
      let complete = 0;
      const first = GROUP * group;
      const own = query * this.#most + first;
      for (let words = this.#changed[query * this.#groups + group] ?? 0; words !== 0; words &= words - 1) {
        const word = 31 - Math.clz32(words & -words);
        const bits = this.#next[own + word] ?? 0;
        const fresh = bits & ~(known[own + word] ?? 0);
        if (fresh === 0) continue;
        known[own + word] = bits;
        pairs += popcount(fresh);
        news |= 1 << word;
        if (bits === this.#full[target + first + word]) complete |= 1 << word;
      }
      if (news === 0) continue;
      any = true;
      const at = query * this.#groups + group;
      this.#open[at] = (this.#open[at] ?? 0) & ~complete;
      for (const sight of this.#sights) sight.news[at] = (sight.news[at] ?? 0) | news;
    }
    this.pairs += pairs;
    return any;
  }

  /** Throws OutOfSteps when the bands that are left would take more than there is, going by those until `key`. */
  checkPace(key: number): void {
    const done = Math.min(this.#tokens, key + this.keys) / this.#tokens;
    if ((this.#steps - this.#left) / done > 2 * this.#steps)
      throw new OutOfSteps('this mask has too many scattered pairs');
  }

  /** Connected pairs of the band whose key is not later. */
  past(): number {
    let pairs = 0;
    for (let query = this.#first; query < this.#tokens; query++)
      for (let word = 0; word < this.#words; word++) {
        const earlier = bitsBetween(0, query - this.#first - 32 * word + 1);
        if (earlier === 0) break;
        pairs += popcount((this.#known[query * this.#most + word] ?? 0) & earlier);
      }
    return pairs;
  }

  /** A pair that is not there, with an earlier key or with a later one. */
  missing(past: boolean): Pair | undefined {
    for (let query = 0; query < this.#tokens; query++) {
      for (let word = 0; word < this.#words; word++) {
        const column = this.#first + 32 * word;
        const wanted = past ? bitsBetween(0, query - column) : bitsBetween(query - column + 1, this.#tokens - column);
        const bits = wanted & ~(this.#known[query * this.#most + word] ?? 0);
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
      const bits = this.#known[query * this.#most + word] ?? 0;
      if (bits === 0) continue;
      keys += popcount(bits);
      const column = this.#first + 32 * word;
      first = Math.min(first, column + 31 - Math.clz32(bits & -bits));
      last = Math.max(last, column + 31 - Math.clz32(bits));
    }
    return keys === 0 ? undefined : { keys, first, last };
  }
}

/**
 * 1 for positions that nobody hears of but others of them: whoever is not one of them hears of none of them, so
 * that it is complete without them. [tokens]
 */
function unheardIn({ tokens, sums, start, from }: SharedRows): Uint8Array {
  /** By how many others each position and each sum is used that are not known to be unheard. */
  const users = new Uint32Array(tokens + sums);
  const nodeOf = (input: number): number => (input < tokens ? sums + input : input - tokens);
  const eachInput = (of: number, visit: (input: number) => void): void => {
    const node = nodeOf(of);
    for (let at = start[node] ?? 0; at < (start[node + 1] ?? 0); at++) {
      const input = from[at] ?? 0;
      if (input !== of) visit(input);
    }
  };
  for (let of = 0; of < users.length; of++)
    eachInput(of, input => {
      users[input] = (users[input] ?? 0) + 1;
    });
  const queue = new Uint32Array(tokens + sums);
  let end = 0;
  for (let of = 0; of < users.length; of++) if (users[of] === 0) queue[end++] = of;
  for (let next = 0; next < end; next++)
    eachInput(queue[next] ?? 0, input => {
      users[input] = (users[input] ?? 0) - 1;
      if (users[input] === 0) queue[end++] = input;
    });
  return Uint8Array.from(users.subarray(0, tokens), count => (count === 0 ? 1 : 0));
}
