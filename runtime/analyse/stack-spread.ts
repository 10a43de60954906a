import { bitsBetween, popcount } from '../pattern/bits.ts';
import type { Pair } from './find-pair.ts';
import { OutOfSteps } from './relation.ts';
import { joinedRows, type SharedRows } from './shared-rows.ts';
import { BLOCK_KEYS, type Directions, SpreadKernel } from './spread/spread-kernel.ts';
import type { Field, Stack, Stacked } from './stacking.ts';
import { unheardIn } from './unheard.ts';

/** Blocks of keys by which it is told how long all of them take. */
const SAMPLES = 3;

/**
 * The same for scattered masks: a bit for every query and key, a block of keys at a time, so that memory does not follow
 * their number. Throws OutOfSteps when it would read more than `steps` inputs, which it tells by the first few blocks.
 */
export function stackSpread(stack: Stack<SharedRows>, steps: number, checkpoint?: () => void): Stacked {
  const spread = new Spread(stack, checkpoint);
  if (spread.predicted > steps) throw new OutOfSteps('this mask has too many scattered pairs');
  return spread.finish();
}

/** What a stack of layers connects, as far as it was followed. */
export class Spread {
  readonly #stack: Stack<SharedRows>;
  readonly #checkpoint: (() => void) | undefined;
  readonly #kernel: SpreadKernel;
  readonly #directions: Directions;
  /** Is there just one mask? The mask of all layers together is the last one. */
  readonly #alike: boolean;
  readonly #union: number;
  /** Blocks that were not followed yet. */
  readonly #left: number[];
  #connected = 0;
  #past = 0;
  #hops = 0;
  readonly #byLayer: number[] = [];
  readonly #fields: Field[] = [];
  /** Of the first block that lacks one. */
  #missingPast: Pair | undefined;
  #missingFuture: Pair | undefined;

  /** Follows a few blocks of keys. Throws OutOfSteps where the engine has no WebAssembly SIMD. */
  constructor(stack: Stack<SharedRows>, checkpoint?: () => void) {
    const { tokens, masks } = stack;
    this.#stack = stack;
    this.#checkpoint = checkpoint;
    this.#alike = masks.length === 1;
    const union = joinedRows(masks);
    const all = this.#alike ? masks : [...masks, union];
    this.#union = all.length - 1;
    this.#directions = directionsOf(union);
    const kernel = SpreadKernel.create(tokens, all, unheardIn(union), this.#directions);
    if (kernel === undefined) throw new OutOfSteps('this engine has no WebAssembly SIMD');
    this.#kernel = kernel;
    const blocks = Math.ceil(tokens / BLOCK_KEYS);
    const samples = new Set(
      Array.from({ length: SAMPLES }, (_, index) => Math.floor(((index + 0.5) * blocks) / SAMPLES)),
    );
    for (const block of samples) this.#follow(block);
    this.predicted = (kernel.steps / samples.size) * blocks;
    this.#left = Array.from({ length: blocks }, (_, block) => block).filter(block => !samples.has(block));
  }

  /** Inputs that will have been read when all is done. */
  readonly predicted: number;

  /** Follows what is left. */
  finish(): Stacked {
    for (const block of this.#left) this.#follow(block);
    this.#left.length = 0;
    const connected = this.#connected;
    const needed = this.#byLayer.indexOf(connected) + 1 || this.#byLayer.length;
    return {
      connected,
      past: this.#past,
      future: connected - this.#past + this.#stack.tokens,
      hops: this.#hops,
      byLayer: this.#byLayer.slice(0, needed),
      fields: this.#fields.slice(0, needed),
      missing: { past: this.#missingPast, future: this.#missingFuture },
    };
  }

  #follow(block: number): void {
    const kernel = this.#kernel;
    const { tokens, layers, token } = this.#stack;
    const first = block * BLOCK_KEYS;
    const keys = Math.min(BLOCK_KEYS, tokens - first);
    kernel.begin(first);
    let changes = 0;
    let settled = false;
    let field = token === undefined ? undefined : this.#field(token, first);
    for (const [layer, mask] of layers.entries()) {
      if (!settled) {
        this.#checkpoint?.();
        // Where all layers are alike, one that brings nothing new is the last to look at.
        if (kernel.layer(mask)) changes++;
        else settled = this.#alike;
        if (token !== undefined) field = this.#field(token, first);
      }
      this.#byLayer[layer] = (this.#byLayer[layer] ?? 0) + kernel.pairs;
      if (token !== undefined) this.#fields[layer] = merged(this.#fields[layer], field, token);
    }
    if (!this.#alike) {
      kernel.begin(first);
      changes = 0;
    }
    while (!settled && kernel.layer(this.#union)) {
      this.#checkpoint?.();
      changes++;
    }
    this.#hops = Math.max(this.#hops, changes);
    this.#connected += kernel.pairs;
    this.#countPast(first, keys);
  }

  /** Counts the pairs whose key is not later, and finds one that is not connected. */
  #countPast(first: number, keys: number): void {
    const kernel = this.#kernel;
    const { tokens } = this.#stack;
    let past = kernel.pairsOf(first + keys, tokens);
    for (let key = 0; key < keys; key++)
      for (let word = 0; 32 * word <= key; word++)
        past += popcount(kernel.word(first + key, word) & bitsBetween(0, key + 1 - 32 * word));
    this.#past += past;
    const below = (keys * (keys + 1)) / 2 + (tokens - first - keys) * keys;
    const isFirst = (known: Pair | undefined): boolean => known === undefined || first < known.key;
    if (past < below && isFirst(this.#missingPast)) this.#missingPast = this.#missing(first, keys, true);
    if (kernel.pairs - past < tokens * keys - below && isFirst(this.#missingFuture))
      this.#missingFuture = this.#missing(first, keys, false);
  }

  /** A pair that is not there, with an earlier key or with a later one. */
  #missing(first: number, keys: number, past: boolean): Pair | undefined {
    for (let query = past ? first + 1 : 0; query < (past ? this.#stack.tokens : first + keys); query++)
      for (let word = 0; 32 * word < keys; word++) {
        const column = first + 32 * word;
        const inside = bitsBetween(0, first + keys - column);
        const wanted = past ? bitsBetween(0, query - column) : bitsBetween(query - column + 1, 32);
        const bits = wanted & inside & ~this.#kernel.word(query, word);
        if (bits !== 0) return { query, key: column + 31 - Math.clz32(bits & -bits) };
      }
    return undefined;
  }

  #field(query: number, begin: number): Field | undefined {
    let keys = 0;
    let first = this.#stack.tokens;
    let last = -1;
    for (let word = 0; 32 * word < BLOCK_KEYS; word++) {
      const bits = this.#kernel.word(query, word);
      if (bits === 0) continue;
      keys += popcount(bits);
      const column = begin + 32 * word;
      first = Math.min(first, column + 31 - Math.clz32(bits & -bits));
      last = Math.max(last, column + 31 - Math.clz32(bits));
    }
    return keys === 0 ? undefined : { keys, first, last };
  }
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

/** Which way anybody looks. */
function directionsOf({ tokens, sums, start, from }: SharedRows): Directions {
  const first = new Uint32Array(sums);
  const last = new Uint32Array(sums);
  let ahead = false;
  let back = false;
  for (let node = 0; node < sums + tokens; node++) {
    let least = tokens;
    let most = 0;
    for (let at = start[node] ?? 0; at < (start[node + 1] ?? 0); at++) {
      const input = from[at] ?? 0;
      least = Math.min(least, input < tokens ? input : (first[input - tokens] ?? 0));
      most = Math.max(most, input < tokens ? input : (last[input - tokens] ?? 0));
    }
    if (node < sums) {
      first[node] = least;
      last[node] = most;
    } else {
      if (most > node - sums) ahead = true;
      if (least < node - sums) back = true;
    }
  }
  return { ahead, back };
}
