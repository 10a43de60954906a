import { intersection, union } from '../pattern/algebra.ts';
import { Progression } from '../pattern/difference-mask.ts';
import type { Mask } from '../pattern/mask.ts';
import { philox } from '../pattern/philox.ts';
import type { Method } from './method.ts';
import { nearestOne } from './rows/nearest.ts';
import { SharedLabelMask } from './shared-label.ts';

/**
 * `lsh(buckets, rounds, seed)`: the candidates that share a bucket with the query in any round, and the query's own key
 * (Kitaev et al., Reformer, 2020). The bucket of x is the place of the largest entry of [xR; -xR], of equal ones the first;
 * the length of x does not matter to it.
 */
export const lsh: Method = async ({ args, candidates, shape, content, rows, checkpoint, signal, onProgress }) => {
  const buckets = args.number('buckets');
  if (buckets === 1) return candidates;
  const { q, k, headDim } = content;
  const rounds = args.number('rounds');
  const self: Mask = new Progression(0, 0);
  let pairs = self;
  let done = 0;
  for (let round = 0; round < rounds; round++) {
    checkpoint?.();
    const rotation = rotationOf(headDim, buckets / 2, round, args.number('seed'));
    const label = async (vectors: Float32Array): Promise<Uint32Array> => {
      const labels = await nearestOne(rows, vectors, rotation, headDim, { signal });
      onProgress?.(++done / (2 * rounds));
      return labels;
    };
    pairs = union(pairs, new SharedLabelMask(await label(q), await label(k), buckets, shape.offset));
  }
  return intersection(pairs, candidates);
};

/**
 * The columns of [R, -R], [2 columns][headDim], for a matrix R of nearly normal numbers. Entry (d, c) of R in round t is the
 * sum of the sixteen bytes of Philox4x32-10 with counter (c, d, t, 0) and key (seed mod 2**32, floor(seed / 2**32)), less
 * 2040, which is its mean: whole numbers, the same on every machine.
 */
function rotationOf(headDim: number, columns: number, round: number, seed: number): Float64Array {
  const key = [seed >>> 0, Math.floor(seed / 2 ** 32) >>> 0] as const;
  const rotation = new Float64Array(2 * columns * headDim);
  for (let c = 0; c < columns; c++)
    for (let d = 0; d < headDim; d++) {
      let sum = -2040;
      for (const word of philox([c, d, round, 0], key))
        sum += (word & 255) + ((word >>> 8) & 255) + ((word >>> 16) & 255) + (word >>> 24);
      rotation[c * headDim + d] = sum;
      rotation[(columns + c) * headDim + d] = -sum;
    }
  return rotation;
}
