import { axesOf, type HeadAxes, type Layout } from './attention-tensors.ts';
import { indexOf, toFloat32 } from './convert.ts';
import { TensorFileError } from './dtype.ts';
import type { TensorFile } from './tensor-file.ts';

/** Elements that are read at once. */
const PIECE = 2 ** 22;

/** Which part of a tensor is wanted. */
export interface HeadsWanted {
  readonly layout: Layout;
  /** Of the batch, from 0. */
  readonly batch: number;
  /** Asked between pieces; throwing stops the reading. */
  readonly checkpoint?: () => void;
}

/**
 * Reads the heads of a tensor as float32, [heads][tokens][headDim], piece by piece.
 *
 * @throws TensorFileError when it has other axes, or holds NaN, an infinity or a number beyond float32; the message says where
 */
export async function readHeads(
  file: TensorFile,
  name: string,
  { layout, batch, checkpoint }: HeadsWanted,
): Promise<{ readonly data: Float32Array; readonly axes: HeadAxes }> {
  const facts = file.tensors.get(name);
  const axes = facts && axesOf(facts.shape, layout);
  if (facts === undefined || axes === undefined)
    throw new TensorFileError(`${name} is [${facts?.shape.join(', ') ?? ''}], which is not [${axisNames(layout)}].`);
  const { heads, tokens, headDim } = axes;
  const size = heads * tokens * headDim;
  const start = batch * size;
  const data = new Float32Array(size);
  for (let from = 0; from < size; from += PIECE) {
    checkpoint?.();
    const to = Math.min(size, from + PIECE);
    const piece = toFloat32(await file.read(name, start + from, start + to));
    const bad = piece.findIndex(value => !Number.isFinite(value));
    if (bad >= 0)
      throw new TensorFileError(
        `${name} holds ${piece[bad]} at [${indexOf(start + from + bad, facts.shape).join(', ')}]; attention needs finite numbers.`,
      );
    if (layout.endsWith('hnd')) data.set(piece, from);
    else scatter(piece, from, data, axes);
  }
  return { data, axes };
}

/** Puts elements in the order tokens, heads, head_dim, the first of which is number `from`, where heads come first. */
function scatter(piece: Float32Array, from: number, data: Float32Array, { heads, tokens, headDim }: HeadAxes): void {
  for (let at = 0; at < piece.length; ) {
    const element = from + at;
    const d = element % headDim;
    const vector = Math.floor(element / headDim);
    const head = vector % heads;
    const token = Math.floor(vector / heads);
    const count = Math.min(headDim - d, piece.length - at);
    data.set(piece.subarray(at, at + count), (head * tokens + token) * headDim + d);
    at += count;
  }
}

/** `heads, tokens, head_dim` for `hnd`. */
export function axisNames(layout: Layout): string {
  const names: Readonly<Record<string, string>> = { b: 'batch', h: 'heads', n: 'tokens', d: 'head_dim' };
  return [...layout].map(axis => names[axis]).join(', ');
}
