/** Element types that are read and written. */
export type TensorDtype =
  | 'bool'
  | 'u8'
  | 'i8'
  | 'u16'
  | 'i16'
  | 'u32'
  | 'i32'
  | 'u64'
  | 'i64'
  | 'f16'
  | 'bf16'
  | 'f32'
  | 'f64';

/** Bytes of one element. */
export const bytesPerElement: Readonly<Record<TensorDtype, number>> = {
  bool: 1,
  u8: 1,
  i8: 1,
  u16: 2,
  i16: 2,
  u32: 4,
  i32: 4,
  u64: 8,
  i64: 8,
  f16: 2,
  bf16: 2,
  f32: 4,
  f64: 8,
};

/** A dense array in C order, its elements little-endian in `data`. */
export interface Tensor {
  readonly dtype: TensorDtype;
  /** [] is a single number. */
  readonly shape: readonly number[];
  readonly data: Uint8Array;
}

/** A file that is not what it says it is; the message tells people what is wrong with it. */
export class TensorFileError extends Error {
  override readonly name = 'TensorFileError';
}

/** Elements of a shape. Throws TensorFileError for sizes that no file can have. */
export function elementCount(shape: readonly number[]): number {
  let count = 1;
  for (const size of shape) {
    if (!Number.isSafeInteger(size) || size < 0) throw new TensorFileError(`A shape cannot contain ${size}.`);
    count *= size;
    if (!Number.isSafeInteger(count)) throw new TensorFileError(`The shape [${shape.join(', ')}] is too large.`);
  }
  return count;
}
