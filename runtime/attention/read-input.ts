import { MAX_LISTED_TOKENS } from '../pattern/shape.ts';
import { toFloat32 } from '../tensor/convert.ts';
import { bytesPerElement, type Tensor, TensorFileError } from '../tensor/dtype.ts';
import { readNpy } from '../tensor/npy.ts';
import { readNpz } from '../tensor/npz.ts';
import { readSafetensors } from '../tensor/safetensors.ts';

export { oneHead } from './one-head.ts';

import type { AttentionInput } from './types.ts';

const FLOATS = new Set<Tensor['dtype']>(['f32', 'f16', 'bf16']);
const LAYOUT = {
  q: '[heads, queries, head_dim]',
  k: '[kv_heads, tokens, head_dim]',
  v: '[kv_heads, tokens, head_dim]',
} as const;
type Name = keyof typeof LAYOUT;
type Shape3 = readonly [number, number, number];

/**
 * Queries, keys and values from the bytes of a file: `q [heads, queries, head_dim]`, `k` and `v` `[kv_heads, tokens,
 * head_dim]` of a .safetensors or .npz file, or a .npy file with one array `[3, heads, tokens, head_dim]` that holds the
 * three in this order. F32, F16 and BF16 (widened to float32).
 *
 * @param name of the file; what it ends with says its kind, and anything else is read as .safetensors
 * @throws TensorFileError when the file is not sound, or the tensors are missing, not floats or do not fit together
 */
export function readAttentionInput(bytes: Uint8Array, name: string): AttentionInput {
  return attentionInput(tensorsOf(bytes, name.toLowerCase()));
}

function tensorsOf(bytes: Uint8Array, name: string): ReadonlyMap<string, Tensor> {
  if (name.endsWith('.npz')) return readNpz(bytes, ['q', 'k', 'v']);
  return name.endsWith('.npy') ? stacked(readNpy(bytes)) : readSafetensors(bytes).tensors;
}

/** The three parts of an array [3, heads, tokens, head_dim]. */
function stacked({ dtype, shape, data }: Tensor): ReadonlyMap<string, Tensor> {
  const [parts, ...rest] = shape;
  if (parts !== 3 || rest.length !== 3)
    throw new TensorFileError(
      `its array is [${shape.join(', ')}], but should be [3, heads, tokens, head_dim]: q, k and v`,
    );
  const size = rest.reduce((product, extent) => product * extent, bytesPerElement[dtype]);
  const part = (index: number): Tensor => ({
    dtype,
    shape: rest,
    data: data.subarray(index * size, (index + 1) * size),
  });
  return new Map([
    ['q', part(0)],
    ['k', part(1)],
    ['v', part(2)],
  ]);
}

/**
 * Checks that tensors q, k and v fit together, and widens them.
 *
 * @throws TensorFileError that says which does not, and what was expected
 */
export function attentionInput(tensors: ReadonlyMap<string, Tensor>): AttentionInput {
  const tensor = (name: Name): { shape: Shape3; tensor: Tensor } => {
    const found = tensors.get(name);
    if (found === undefined) {
      const names = [...tensors.keys()].slice(0, 8).join(', ');
      throw new TensorFileError(`it has no tensor ${name}, which should be ${LAYOUT[name]}; it has ${names || 'none'}`);
    }
    if (!FLOATS.has(found.dtype))
      throw new TensorFileError(`${name} is ${found.dtype.toUpperCase()}; convert it to F32, F16 or BF16`);
    const [a, b, c] = found.shape;
    if (found.shape.length !== 3 || a === undefined || b === undefined || c === undefined)
      throw new TensorFileError(`${name} is [${found.shape.join(', ')}], but should be ${LAYOUT[name]}`);
    if (a === 0 || b === 0 || c === 0) throw new TensorFileError(`${name} is empty: [${found.shape.join(', ')}]`);
    return { shape: [a, b, c], tensor: found };
  };
  const q = tensor('q');
  const k = tensor('k');
  const v = tensor('v');
  const [heads, queries, headDim] = q.shape;
  const [kvHeads, keys] = k.shape;
  const text = (shape: Shape3): string => `[${shape.join(', ')}]`;
  if (text(k.shape) !== text(v.shape))
    throw new TensorFileError(`k is ${text(k.shape)} and v is ${text(v.shape)}, but both should be ${LAYOUT.k}`);
  if (k.shape[2] !== headDim)
    throw new TensorFileError(`q has head_dim ${headDim} and k has ${k.shape[2]}; they should be equal`);
  if (heads % kvHeads !== 0)
    throw new TensorFileError(`q has ${heads} heads and k has ${kvHeads}; the heads of k must divide those of q`);
  if (queries > keys)
    throw new TensorFileError(
      `q has ${queries} queries, but k has only ${keys} tokens; every query is one of the tokens`,
    );
  if (keys > MAX_LISTED_TOKENS)
    throw new TensorFileError(`k has ${keys} tokens; at most ${MAX_LISTED_TOKENS} can be handled`);
  const numbers = (name: Name, from: Tensor): Float32Array => {
    const data = toFloat32(from);
    const bad = data.findIndex(value => !Number.isFinite(value));
    if (bad >= 0)
      throw new TensorFileError(`${name} holds ${data[bad]} (element ${bad}); attention needs finite numbers`);
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
