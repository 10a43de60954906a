import { MAX_LISTED_TOKENS } from '../pattern/shape.ts';
import {
  axesOf,
  guessLayout,
  type HeadAxes,
  type LayerTensors,
  type Layout,
  type Role,
} from '../tensor/attention-tensors.ts';
import { type TensorDtype, TensorFileError } from '../tensor/dtype.ts';
import { axisNames, type HeadRange, readHeads } from '../tensor/read-heads.ts';
import type { TensorFile } from '../tensor/tensor-file.ts';
import type { AttentionInput } from './types.ts';

const FLOATS = new Set<TensorDtype>(['f32', 'f16', 'bf16', 'f64']);

/** Which part of a layer's tensors is meant. */
export interface LayerChoice {
  /** Order of the axes; default as `guessLayout` finds it. */
  readonly layout?: Layout;
  /** Of the batch, from 0; default 0. */
  readonly batch?: number;
}

/** Which tensors of a file are meant, where its names and shapes leave it open. */
export interface TensorChoice extends LayerChoice {
  /** As `findLayers` takes them. */
  readonly names?: Readonly<Partial<Record<Role, string>>>;
}

/** Sizes of the axes of a layer's queries, keys and values, and their order. */
export interface LayerSizes extends Readonly<Record<Role, HeadAxes>> {
  readonly layout: Layout;
}

/**
 * The sizes of a layer's tensors, none of which is read.
 *
 * @throws TensorFileError when they are of different kinds, no floats, or empty
 */
export function layerSizes(
  { tensors }: TensorFile,
  names: LayerTensors,
  { layout: wanted, batch = 0 }: LayerChoice = {},
): LayerSizes {
  const shapeOf = (role: Role): readonly number[] => tensors.get(names[role])?.shape ?? [];
  const layout = wanted ?? guessLayout(names.k, shapeOf('k'));
  const sizes = { layout, q: axesIn('q'), k: axesIn('k'), v: axesIn('v') };
  if (String(shapeOf('k')) !== String(shapeOf('v')))
    throw new TensorFileError(
      `${names.k} is [${shapeOf('k').join(', ')}] and ${names.v} is [${shapeOf('v').join(', ')}]; they should be equal`,
    );
  checkTogether(names, sizes);
  return sizes;

  function axesIn(role: Role): HeadAxes {
    const tensor = names[role];
    const shape = shapeOf(role);
    const dtype = tensors.get(tensor)?.dtype ?? 'f32';
    if (!FLOATS.has(dtype))
      throw new TensorFileError(`${tensor} is ${dtype.toUpperCase()}; convert it to F32, F16 or BF16`);
    const found = axesOf(shape, layout);
    if (found === undefined)
      throw new TensorFileError(`${tensor} is [${shape.join(', ')}], but should be [${axisNames(layout)}]`);
    if (shape.includes(0)) throw new TensorFileError(`${tensor} is empty: [${shape.join(', ')}]`);
    if (batch >= found.batch)
      throw new TensorFileError(`there is no --batch ${batch}: ${tensor} has a batch of ${found.batch}`);
    return found;
  }
}

/** Throws TensorFileError when q, k and v of a layer are of different kinds. */
function checkTogether(names: LayerTensors, { q, k }: LayerSizes): void {
  if (q.headDim !== k.headDim)
    throw new TensorFileError(
      `${names.q} has head_dim ${q.headDim} and ${names.k} has ${k.headDim}; they should be equal`,
    );
  if (q.heads % k.heads !== 0)
    throw new TensorFileError(
      `${names.q} has ${q.heads} heads and ${names.k} has ${k.heads}; the heads of k must divide those of q`,
    );
  if (q.tokens > k.tokens)
    throw new TensorFileError(
      `${names.q} has ${q.tokens} queries, but ${names.k} has only ${k.tokens} tokens; every query is one of the tokens`,
    );
  if (k.tokens > MAX_LISTED_TOKENS)
    throw new TensorFileError(`${names.k} has ${k.tokens} tokens; at most ${MAX_LISTED_TOKENS} can be handled`);
}

/**
 * Queries, keys and values of one layer of a file, as float32: of all heads, or of some and the key/value heads that they
 * read. Those are a whole number of groups that share one, or a part of one group.
 *
 * @param sizes as `layerSizes` gives them
 * @throws TensorFileError when a number is not finite
 */
export async function readLayerInput(
  file: TensorFile,
  names: LayerTensors,
  { layout, q, k }: LayerSizes,
  { batch = 0, heads, checkpoint }: LayerChoice & { readonly heads?: HeadRange; readonly checkpoint?: () => void } = {},
): Promise<AttentionInput> {
  const own = heads ?? { from: 0, to: q.heads };
  const group = q.heads / k.heads;
  const shared = { from: Math.floor(own.from / group), to: Math.ceil(own.to / group) };
  const part = async (role: Role): Promise<Float32Array> => {
    const range = role === 'q' ? own : shared;
    return (await readHeads(file, names[role], { layout, batch, heads: range, ...(checkpoint && { checkpoint }) }))
      .data;
  };
  return {
    q: await part('q'),
    k: await part('k'),
    v: await part('v'),
    heads: own.to - own.from,
    kvHeads: shared.to - shared.from,
    queries: q.tokens,
    keys: k.tokens,
    headDim: q.headDim,
  };
}
