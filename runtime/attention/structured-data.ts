import { type SampleShape, sampleInput } from './sample-data.ts';
import type { AttentionInput } from './types.ts';

/**
 * How queries and keys of made-up data are related. Random ones attend to all keys nearly alike, as those of trained models
 * do not:
 *
 * - `random`: independent numbers; see `sampleInput`.
 * - `local`: the score of a pair falls with its distance as a bell, 8 at distance 0 and half of that at 38 tokens: heads
 *   that read the neighbourhood.
 * - `sinks`: the same, and the first four keys have a score of 8 for every query: heads that rest on the first tokens.
 * - `clusters`: each token belongs to one of 16 clusters, which lie scattered over the sequence; pairs of one cluster have a
 *   score of 6, others about 0: heads that look for tokens of a kind.
 * - `needle`: one key in the first three quarters of the sequence, another one in each head, has a score of ln(keys) + 3 for
 *   every query, and takes about 95 % of the weight; the others are about alike: heads that look one thing up.
 *
 * These are natural logarithms of weights with the usual factor 1 / sqrt(headDim), up to noise of about 0.5.
 */
export const SAMPLE_KINDS = ['random', 'local', 'sinks', 'clusters', 'needle'] as const;
export type SampleKind = (typeof SAMPLE_KINDS)[number];

/** Score of the nearest keys, and the distance, in tokens, that is one standard deviation of the bell. */
const LOCAL_SCORE = 8;
const LOCAL_WIDTH = 32;
const SINKS = 4;
const SINK_SCORE = 8;
const CLUSTERS = 16;
const CLUSTER_SCORE = 6;
const NEEDLE_SCORE = 3;
/** Noise of each number: that of a score is about NOISE * sqrt(score), and small beside all of them. */
const NOISE = 0.25;

/**
 * Queries, keys and values with structure, for runs without a file of tensors. The same numbers for the same arguments, up
 * to the rounding of the platform's `Math.cos`. With fewer queries than keys, the queries are the last tokens.
 *
 * @param seed any whole number
 */
export function structuredInput(shape: SampleShape, kind: SampleKind, seed = 0): AttentionInput {
  const input = sampleInput(shape, seed);
  if (kind === 'random') return input;
  const { heads, kvHeads, queries, keys, headDim } = shape;
  const { q, k } = input;
  for (let i = 0; i < q.length; i++) q[i] = NOISE * Number(q[i]);
  for (let i = 0; i < k.length; i++) k[i] = NOISE * Number(k[i]);
  const group = heads / kvHeads;
  for (let kvHead = 0; kvHead < kvHeads; kvHead++) {
    const features = featuresOf(kind, shape, kvHead, seed);
    const add = (data: Float32Array, at: number, feature: (into: Float64Array) => void): void => {
      const into = new Float64Array(headDim);
      feature(into);
      for (let d = 0; d < headDim; d++) data[at + d] = Number(data[at + d]) + Number(into[d]);
    };
    for (let key = 0; key < keys; key++) add(k, (kvHead * keys + key) * headDim, into => features.key(key, into));
    for (let head = kvHead * group; head < (kvHead + 1) * group; head++)
      for (let row = 0; row < queries; row++)
        add(q, (head * queries + row) * headDim, into => features.query(keys - queries + row, into));
  }
  return input;
}

/** What is added to the noise: products of a query's and a key's features are scores times sqrt(headDim). */
interface Features {
  query(position: number, into: Float64Array): void;
  key(position: number, into: Float64Array): void;
}

function featuresOf(kind: SampleKind, { keys, headDim }: SampleShape, kvHead: number, seed: number): Features {
  const draw = randomNumbers(seed * 65_537 + kvHead + 1);
  const scale = Math.sqrt(Math.sqrt(headDim));
  switch (kind) {
    case 'local': {
      const bell = bellFeatures(draw, headDim, scale * Math.sqrt(LOCAL_SCORE));
      return { query: bell, key: bell };
    }
    case 'sinks': {
      // A number of its own for the sinks, where there is more than one.
      const bell = bellFeatures(draw, Math.max(1, headDim - 1), scale * Math.sqrt(LOCAL_SCORE));
      const sink = scale * Math.sqrt(SINK_SCORE);
      const last = headDim - 1;
      return {
        query(position, into) {
          bell(position, into);
          into[last] = sink;
        },
        key(position, into) {
          if (position >= SINKS) bell(position, into);
          into[last] = position < SINKS ? sink : 0;
        },
      };
    }
    case 'clusters': {
      const centres = Array.from({ length: CLUSTERS }, () =>
        direction(draw, headDim, scale * Math.sqrt(CLUSTER_SCORE)),
      );
      const members = Uint8Array.from({ length: keys }, () => Math.floor(draw() * CLUSTERS));
      const centre = (position: number, into: Float64Array): void => into.set(centres[Number(members[position])] ?? []);
      return { query: centre, key: centre };
    }
    default: {
      const size = scale * Math.sqrt(Math.log(keys) + NEEDLE_SCORE);
      const meaning = direction(draw, headDim, size);
      const needle = Math.floor(draw() * Math.max(1, 0.75 * keys));
      return {
        query: (_, into) => into.set(meaning),
        key: (position, into) => {
          if (position === needle) into.set(meaning);
        },
      };
    }
  }
}

/**
 * Random features of a Gaussian kernel (Rahimi and Recht, 2007): cosines and sines at frequencies drawn from a normal
 * distribution; products of those of two positions come to size^2 exp(-distance^2 / (2 width^2)) in the mean.
 */
function bellFeatures(
  draw: () => number,
  dimensions: number,
  size: number,
): (position: number, into: Float64Array) => void {
  const count = Math.max(1, Math.floor(dimensions / 2));
  const frequencies = Array.from({ length: count }, () => normal(draw) / LOCAL_WIDTH);
  const each = size / Math.sqrt(count);
  return (position, into) => {
    frequencies.forEach((frequency, index) => {
      into[2 * index] = each * Math.cos(frequency * position);
      if (2 * index + 1 < dimensions) into[2 * index + 1] = each * Math.sin(frequency * position);
    });
  };
}

/** A vector of this length in a random direction. */
function direction(draw: () => number, dimensions: number, length: number): Float64Array {
  const vector = Float64Array.from({ length: dimensions }, () => normal(draw));
  const norm = Math.hypot(...vector) || 1;
  return vector.map(value => (value / norm) * length);
}

function normal(draw: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - draw())) * Math.cos(2 * Math.PI * draw());
}

/** Numbers from 0 to 1, without 1 ("mulberry32", T. Ettinger). */
function randomNumbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let x = Math.imul(state ^ (state >>> 15), state | 1);
    x ^= x + Math.imul(x ^ (x >>> 7), x | 61);
    return ((x ^ (x >>> 14)) >>> 0) / 2 ** 32;
  };
}
