import type { AttentionInput, AttentionResult } from '../../runtime/attention/types.ts';
import { MAX_LISTED_TOKENS } from '../../runtime/pattern/shape.ts';
import { fromFloat32, toFloat32 } from '../../runtime/tensor/convert.ts';
import type { Tensor } from '../../runtime/tensor/dtype.ts';
import { readSafetensors, writeSafetensors } from '../../runtime/tensor/safetensors.ts';
import { messageOf, wrongUse } from './failure.ts';
import { readWholeFile } from './read-file.ts';

const FLOATS = new Set<Tensor['dtype']>(['f32', 'f16', 'bf16']);
const LAYOUT = {
  q: '[heads, queries, head_dim]',
  k: '[kv_heads, tokens, head_dim]',
  v: '[kv_heads, tokens, head_dim]',
} as const;
type Name = keyof typeof LAYOUT;
type Shape3 = readonly [number, number, number];

/**
 * Reads q, k and v from a .safetensors file.
 *
 * @throws Failure (2) when the file is not sound, or the tensors are missing, not floats or do not fit together
 */
export async function readInput(file: string, signal: AbortSignal): Promise<AttentionInput> {
  const contents = await readWholeFile(file, signal);
  let tensors: ReadonlyMap<string, Tensor>;
  try {
    ({ tensors } = readSafetensors(contents));
  } catch (error) {
    throw wrongUse(`${file}: ${messageOf(error)}`);
  }
  const tensor = (name: Name): { shape: Shape3; tensor: Tensor } => {
    const found = tensors.get(name);
    if (found === undefined) {
      const names = [...tensors.keys()].slice(0, 8).join(', ');
      throw wrongUse(`${file} has no tensor ${name}, which should be ${LAYOUT[name]}; it has ${names || 'none'}`);
    }
    if (!FLOATS.has(found.dtype))
      throw wrongUse(`${file}: ${name} is ${found.dtype.toUpperCase()}; convert it to F32, F16 or BF16`);
    const [a, b, c] = found.shape;
    if (found.shape.length !== 3 || a === undefined || b === undefined || c === undefined)
      throw wrongUse(`${file}: ${name} is [${found.shape.join(', ')}], but should be ${LAYOUT[name]}`);
    if (a === 0 || b === 0 || c === 0) throw wrongUse(`${file}: ${name} is empty: [${found.shape.join(', ')}]`);
    return { shape: [a, b, c], tensor: found };
  };
  const q = tensor('q');
  const k = tensor('k');
  const v = tensor('v');
  const [heads, queries, headDim] = q.shape;
  const [kvHeads, keys] = k.shape;
  const text = (shape: Shape3): string => `[${shape.join(', ')}]`;
  if (text(k.shape) !== text(v.shape))
    throw wrongUse(`${file}: k is ${text(k.shape)} and v is ${text(v.shape)}, but both should be ${LAYOUT.k}`);
  if (k.shape[2] !== headDim)
    throw wrongUse(`${file}: q has head_dim ${headDim} and k has ${k.shape[2]}; they should be equal`);
  if (heads % kvHeads !== 0)
    throw wrongUse(`${file}: q has ${heads} heads and k has ${kvHeads}; the heads of k must divide those of q`);
  if (queries > keys)
    throw wrongUse(
      `${file}: q has ${queries} queries, but k has only ${keys} tokens; every query is one of the tokens`,
    );
  if (keys > MAX_LISTED_TOKENS)
    throw wrongUse(`${file}: k has ${keys} tokens; at most ${MAX_LISTED_TOKENS} can be handled`);
  const numbers = (name: Name, from: Tensor): Float32Array => {
    const data = toFloat32(from);
    const bad = data.findIndex(value => !Number.isFinite(value));
    if (bad >= 0)
      throw wrongUse(`${file}: ${name} holds ${data[bad]} (element ${bad}); attention needs finite numbers`);
    return data;
  };
  return {
    q: numbers('q', q.tensor),
    k: numbers('k', k.tensor),
    v: numbers('v', v.tensor),
    heads,
    kvHeads,
    queries,
    keys,
    headDim,
  };
}

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

/** The bytes of a .safetensors file with `o [heads, queries, head_dim]` and `lse [heads, queries]`, both F32. */
export function outputFile(
  { heads, queries, headDim }: Pick<AttentionInput, 'heads' | 'queries' | 'headDim'>,
  result: AttentionResult,
  metadata: Readonly<Record<string, string>>,
): Uint8Array {
  return writeSafetensors(
    { o: fromFloat32(result.o, [heads, queries, headDim]), lse: fromFloat32(result.lse, [heads, queries]) },
    metadata,
  );
}
