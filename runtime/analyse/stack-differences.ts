import { popcount } from '../pattern/bits.ts';
import { OutOfSteps } from './relation.ts';
import type { Field, Stack, Stacked } from './stacking.ts';

/**
 * The same for causal masks that depend on the distance i - j alone, given as their distances (ascending, 0 to
 * tokens - 1): what is connected depends on the distance too, because a way from key to query stays between them.
 * Throws OutOfSteps when it would look at more than `steps` words.
 */
export function stackDifferences(stack: Stack<readonly number[]>, steps: number, checkpoint?: () => void): Stacked {
  const { tokens, masks, layers, token } = stack;
  const words = Math.ceil(tokens / 32);
  let left = steps;
  /** Distances of two steps in a row; each position keeps what it has. */
  const extended = (reached: Uint32Array<ArrayBuffer>, distances: readonly number[]): Uint32Array<ArrayBuffer> => {
    const next = reached.slice();
    for (const distance of distances) {
      left -= words;
      if (left < 0) throw new OutOfSteps('this mask has too many different distances');
      checkpoint?.();
      orShifted(next, reached, distance);
    }
    if (tokens % 32 !== 0) next[words - 1] = (next[words - 1] ?? 0) & (2 ** (tokens % 32) - 1);
    return next;
  };
  const union = [...new Set(masks.flat())].sort((a, b) => a - b);
  const start = new Uint32Array(words);
  start[0] = 1;
  let closure = start;
  let hops = 0;
  for (;;) {
    const next = extended(closure, union);
    if (isSame(next, closure)) break;
    closure = next;
    hops++;
  }
  const byLayer: number[] = [];
  const fields: Field[] = [];
  let reached = start;
  for (const layer of layers) {
    if (byLayer.length > 0 && isSame(reached, closure)) break;
    reached = extended(reached, masks[layer] ?? []);
    byLayer.push(pairsOf(reached, tokens));
    if (token !== undefined) fields.push(fieldOf(reached, token));
  }
  const connected = pairsOf(closure, tokens);
  const unreached = firstMissing(closure, tokens);
  return {
    connected,
    past: connected,
    future: tokens,
    hops,
    byLayer,
    fields,
    missing: {
      past: unreached === undefined ? undefined : { query: unreached, key: 0 },
      future: tokens === 1 ? undefined : { query: 0, key: 1 },
    },
  };
}

function orShifted(into: Uint32Array, from: Uint32Array, by: number): void {
  const whole = Math.floor(by / 32);
  const bits = by % 32;
  for (let word = into.length - 1; word >= whole; word--) {
    const high = (from[word - whole] ?? 0) << bits;
    const low = bits === 0 ? 0 : (from[word - whole - 1] ?? 0) >>> (32 - bits);
    into[word] = (into[word] ?? 0) | high | low;
  }
}

function isSame(a: Uint32Array, b: Uint32Array): boolean {
  return a.every((word, index) => word === b[index]);
}

function firstMissing(distances: Uint32Array, tokens: number): number | undefined {
  for (let distance = 0; distance < tokens; distance++)
    if (((distances[distance >> 5] ?? 0) & (1 << (distance & 31))) === 0) return distance;
  return undefined;
}

/** A distance d is that of tokens - d pairs. */
function pairsOf(distances: Uint32Array, tokens: number): number {
  let pairs = 0;
  visit(distances, tokens, distance => {
    pairs += tokens - distance;
  });
  return pairs;
}

function fieldOf(distances: Uint32Array, token: number): Field {
  let keys = 0;
  let farthest = 0;
  visit(distances, token + 1, distance => {
    keys++;
    farthest = distance;
  });
  return { keys, first: token - farthest, last: token };
}

function visit(distances: Uint32Array, end: number, found: (distance: number) => void): void {
  for (let word = 0; 32 * word < end; word++) {
    const all = distances[word] ?? 0;
    if (popcount(all) === 0) continue;
    for (let bits = all; bits !== 0; bits &= bits - 1) {
      const distance = 32 * word + 31 - Math.clz32(bits & -bits);
      if (distance < end) found(distance);
    }
  }
}
