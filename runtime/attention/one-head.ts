import type { AttentionInput } from './types.ts';

/** One head of a problem, with the key/value head that it reads. */
export function oneHead(input: AttentionInput, head: number): AttentionInput {
  const { q, k, v, heads, kvHeads, queries, keys, headDim } = input;
  const kvHead = Math.floor((head * kvHeads) / heads);
  const part = (data: Float32Array, index: number, size: number): Float32Array =>
    data.subarray(index * size, (index + 1) * size);
  return {
    ...input,
    q: part(q, head, queries * headDim),
    k: part(k, kvHead, keys * headDim),
    v: part(v, kvHead, keys * headDim),
    heads: 1,
    kvHeads: 1,
  };
}
