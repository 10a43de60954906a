import { bytesPerElement, elementCount, type Tensor, type TensorDtype, TensorFileError } from './dtype.ts';
import { bfloatToNumber, halfToNumber, numberToHalf } from './half.ts';

/**
 * The elements as float32, in C order; f16 and bf16 are widened, wider numbers are rounded.
 *
 * @throws TensorFileError when data and shape do not fit together
 */
export function toFloat32({ dtype, shape, data }: Tensor): Float32Array<ArrayBuffer> {
  const count = elementCount(shape);
  if (data.byteLength !== count * bytesPerElement[dtype]) {
    throw new TensorFileError(`A ${dtype} tensor [${shape.join(', ')}] cannot have ${data.byteLength} bytes.`);
  }
  const out = new Float32Array(count);
  if (dtype === 'f32' && isLittleEndian) {
    new Uint8Array(out.buffer).set(data);
    return out;
  }
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const read = readers[dtype];
  for (let i = 0; i < count; i++) out[i] = read(view, i);
  return out;
}

/** A float32 tensor. */
export function fromFloat32(values: Float32Array, shape: readonly number[], dtype: 'f32' | 'f16' = 'f32'): Tensor {
  if (values.length !== elementCount(shape)) {
    throw new RangeError(`${values.length} numbers do not fill [${shape.join(', ')}].`);
  }
  const data = new Uint8Array(values.length * bytesPerElement[dtype]);
  const view = new DataView(data.buffer);
  for (let i = 0; i < values.length; i++) {
    if (dtype === 'f16') view.setUint16(2 * i, numberToHalf(Number(values[i])), true);
    else view.setFloat32(4 * i, Number(values[i]), true);
  }
  return { dtype, shape, data };
}

/** A uint32 tensor. */
export function fromUint32(values: Uint32Array, shape: readonly number[]): Tensor {
  return { dtype: 'u32', shape, data: littleEndian(values, 4) };
}

/** An int32 tensor. */
export function fromInt32(values: Int32Array, shape: readonly number[]): Tensor {
  return { dtype: 'i32', shape, data: littleEndian(values, 4) };
}

/** An int64 tensor. */
export function fromInt64(values: BigInt64Array, shape: readonly number[]): Tensor {
  return { dtype: 'i64', shape, data: littleEndian(values, 8) };
}

const isLittleEndian = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1;

/** The bytes of an array, reversed element by element where the machine is big-endian. */
function littleEndian(values: ArrayBufferView, size: number): Uint8Array {
  const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  if (isLittleEndian) return bytes;
  const copy = bytes.slice();
  for (let at = 0; at < copy.length; at += size) copy.subarray(at, at + size).reverse();
  return copy;
}

const readers: Readonly<Record<TensorDtype, (view: DataView, index: number) => number>> = {
  bool: (view, i) => (view.getUint8(i) === 0 ? 0 : 1),
  u8: (view, i) => view.getUint8(i),
  i8: (view, i) => view.getInt8(i),
  u16: (view, i) => view.getUint16(2 * i, true),
  i16: (view, i) => view.getInt16(2 * i, true),
  u32: (view, i) => view.getUint32(4 * i, true),
  i32: (view, i) => view.getInt32(4 * i, true),
  u64: (view, i) => Number(view.getBigUint64(8 * i, true)),
  i64: (view, i) => Number(view.getBigInt64(8 * i, true)),
  f16: (view, i) => halfToNumber(view.getUint16(2 * i, true)),
  bf16: (view, i) => bfloatToNumber(view.getUint16(2 * i, true)),
  f32: (view, i) => view.getFloat32(4 * i, true),
  f64: (view, i) => view.getFloat64(8 * i, true),
};
