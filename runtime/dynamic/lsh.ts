import { intersection, union } from '../pattern/algebra.ts';
import { Progression } from '../pattern/difference-mask.ts';
import type { Mask } from '../pattern/mask.ts';
import { philox } from '../pattern/philox.ts';
import { AT_ONCE, fourDots, paddedLength } from './four-dots.ts';
import type { Method } from './method.ts';
import { SharedLabelMask } from './shared-label.ts';

/**
 * `lsh(buckets, rounds, seed)`: the candidates that share a bucket with the query in any round, and the query's own key
 * (Kitaev et al., Reformer, 2020). The bucket of x is the place of the largest entry of [xR; -xR], of equal ones the first;
 * the length of x does not matter to it.
 */
export const lsh: Method = ({ args, candidates, shape, content, checkpoint }) => {
  const buckets = args.number('buckets');
  if (buckets === 1) return candidates;
  const seed = args.number('seed');
  const self: Mask = new Progression(0, 0);
  let pairs = self;
  for (let round = 0; round < args.number('rounds'); round++) {
    const rotation = rotationOf(content.headDim, buckets / 2, round, seed);
    const label = (data: Float32Array): Uint32Array =>
      bucketsOf(data, content.headDim, rotation, buckets / 2, checkpoint);
    pairs = union(pairs, new SharedLabelMask(label(content.q), label(content.k), buckets, shape.offset));
  }
  return intersection(pairs, candidates);
};

/**
 * A matrix R of nearly normal numbers, [columns][headDim], and rows of 0 up to a multiple of four. Entry (d, c) of round t is the sum of the sixteen bytes of
 * Philox4x32-10 with counter (c, d, t, 0) and key (seed mod 2**32, floor(seed / 2**32)), less 2040, which is its mean: whole
 * numbers, the same on every machine.
 */
export function rotationOf(headDim: number, columns: number, round: number, seed: number): Float64Array {
  const key = [seed >>> 0, Math.floor(seed / 2 ** 32) >>> 0] as const;
  const rotation = new Float64Array(paddedLength(columns, headDim));
  for (let c = 0; c < columns; c++)
    for (let d = 0; d < headDim; d++) {
      let sum = -2040;
      for (const word of philox([c, d, round, 0], key))
        sum += (word & 255) + ((word >>> 8) & 255) + ((word >>> 16) & 255) + (word >>> 24);
      rotation[c * headDim + d] = sum;
    }
  return rotation;
}

/** Vectors between looks at whether to stop. */
const VECTORS_AT_ONCE = 256;

function bucketsOf(
  data: Float32Array,
  headDim: number,
  rotation: Float64Array,
  columns: number,
  checkpoint: (() => void) | undefined,
): Uint32Array {
  const labels = new Uint32Array(data.length / headDim);
  const entries = new Float64Array(AT_ONCE);
  for (let row = 0; row < labels.length; row++) {
    if (row % VECTORS_AT_ONCE === 0) checkpoint?.();
    const at = row * headDim;
    let largest = Number.NEGATIVE_INFINITY;
    let smallest = Number.POSITIVE_INFINITY;
    let first = 0;
    let last = 0;
    for (let c = 0; c < columns; c++) {
      if (c % AT_ONCE === 0) fourDots(rotation, c, headDim, data, at, entries);
      const entry = entries[c % AT_ONCE] as number;
      if (entry > largest) {
        largest = entry;
        first = c;
      }
      if (entry < smallest) {
        smallest = entry;
        last = c;
      }
    }
    labels[row] = largest >= -smallest ? first : columns + last;
  }
  return labels;
}
