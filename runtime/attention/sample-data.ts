import type { AttentionInput } from './types.ts';

export interface SampleShape {
  readonly heads: number;
  readonly kvHeads: number;
  readonly queries: number;
  readonly keys: number;
  readonly headDim: number;
}

/**
 * Random queries, keys and values, roughly normal with mean 0 and variance 1, for runs without a file of tensors.
 * Number i of a tensor depends on (seed, tensor, i) alone and uses integer arithmetic only, so it is the same bits on
 * every platform.
 *
 * @param seed any whole number
 */
export function sampleInput(shape: SampleShape, seed = 0): AttentionInput {
  const { heads, kvHeads, queries, keys, headDim } = shape;
  return {
    ...shape,
    q: sampleTensor(heads * queries * headDim, seed, 0),
    k: sampleTensor(kvHeads * keys * headDim, seed, 1),
    v: sampleTensor(kvHeads * keys * headDim, seed, 2),
  };
}

/** The sum of twelve uniform bytes has variance 12 (256^2 - 1) / 12 = 65535. */
const SPREAD = Math.sqrt(65535);

function sampleTensor(length: number, seed: number, tensor: number): Float32Array {
  const data = new Float32Array(length);
  const key = scramble(scramble(seed >>> 0) ^ (tensor + 1));
  for (let i = 0; i < length; i++) {
    const a = scramble(key ^ scramble(i));
    const b = scramble(a ^ 0x9e3779b9);
    const c = scramble(b ^ 0x85ebca6b);
    data[i] = (byteSum(a) + byteSum(b) + byteSum(c) - 12 * 127.5) / SPREAD;
  }
  return data;
}

function byteSum(x: number): number {
  return (x & 255) + ((x >>> 8) & 255) + ((x >>> 16) & 255) + (x >>> 24);
}

/** Bijective 32-bit mix ("lowbias32", C. Wellons, hash-prospector). */
export function scramble(value: number): number {
  let x = value >>> 0;
  x = Math.imul(x ^ (x >>> 16), 0x7feb352d);
  x = Math.imul(x ^ (x >>> 15), 0x846ca68b);
  return (x ^ (x >>> 16)) >>> 0;
}
