import { axesOf, type HeadAxes, type Layout } from './attention-tensors.ts';
import { indexOf, toFloat32 } from './convert.ts';
import { TensorFileError } from './dtype.ts';
import type { TensorFile } from './tensor-file.ts';

/** Elements that are read at once. */
const PIECE = 2 ** 22;

/** Heads `from` to `to`, without `to`. */
export interface HeadRange {
  readonly from: number;
  readonly to: number;
}

/** Which part of a tensor is wanted. */
export interface HeadsWanted {
  readonly layout: Layout;
  /** Of the batch, from 0. */
  readonly batch: number;
  /** The heads `from` to `to`, without `to`; default: all. */
  readonly heads?: HeadRange;
  /** Asked between pieces; throwing stops the reading. */
  readonly checkpoint?: () => void;
}

/**
 * Reads heads of a tensor as float32, [heads][tokens][headDim], piece by piece: of a file in which heads come first those
 * alone, of another one all, of which the others are dropped.
 *
 * @throws TensorFileError when it has other axes, or holds NaN, an infinity or a number beyond float32; the message says where
 */
export async function readHeads(
  file: TensorFile,
  name: string,
  { layout, batch, heads: wanted, checkpoint }: HeadsWanted,
): Promise<{ readonly data: Float32Array; readonly axes: HeadAxes }> {
  const facts = file.tensors.get(name);
  const axes = facts && axesOf(facts.shape, layout);
  if (facts === undefined || axes === undefined)
    throw new TensorFileError(`${name} is [${facts?.shape.join(', ') ?? ''}], which is not [${axisNames(layout)}].`);
  const { tokens, headDim } = axes;
  const { from: first, to: end } = wanted ?? { from: 0, to: axes.heads };
  const headsFirst = layout.endsWith('hnd');
  const perHead = tokens * headDim;
  const begin = batch * axes.heads * perHead + (headsFirst ? first * perHead : 0);
  const size = (headsFirst ? end - first : axes.heads) * perHead;
  const data = new Float32Array((end - first) * perHead);
  for (let from = 0; from < size; from += PIECE) {
    checkpoint?.();
    const to = Math.min(size, from + PIECE);
    const piece = toFloat32(await file.read(name, begin + from, begin + to));
    const bad = piece.findIndex(value => !Number.isFinite(value));
    if (bad >= 0)
      throw new TensorFileError(
        `${name} holds ${piece[bad]} at [${indexOf(begin + from + bad, facts.shape).join(', ')}]; attention needs finite numbers.`,
      );
    if (headsFirst) data.set(piece, from);
    else scatter(piece, from, data, axes, { from: first, to: end });
  }
  return { data, axes };
}

/**
 * Puts elements in the order tokens, heads, head_dim, the first of which is number `from`, where heads come first; drops
 * those of other heads.
 */
function scatter(
  piece: Float32Array,
  from: number,
  data: Float32Array,
  { heads, tokens, headDim }: HeadAxes,
  wanted: HeadRange,
): void {
  for (let at = 0; at < piece.length; ) {
    const element = from + at;
    const d = element % headDim;
    const vector = Math.floor(element / headDim);
    const head = vector % heads;
    const token = Math.floor(vector / heads);
    const count = Math.min(headDim - d, piece.length - at);
    if (head >= wanted.from && head < wanted.to)
      data.set(piece.subarray(at, at + count), ((head - wanted.from) * tokens + token) * headDim + d);
    at += count;
  }
}

/** `heads, tokens, head_dim` for `hnd`. */
export function axisNames(layout: Layout): string {
  const names: Readonly<Record<string, string>> = { b: 'batch', h: 'heads', n: 'tokens', d: 'head_dim' };
  return [...layout].map(axis => names[axis]).join(', ');
}
