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

/**
 * The elements of an integer tensor as uint32, in C order.
 *
 * @throws TensorFileError when data and shape do not fit together, or a number is negative or beyond 2^32 - 1
 */
export function toUint32({ dtype, shape, data }: Tensor): Uint32Array<ArrayBuffer> {
  const count = elementCount(shape);
  if (data.byteLength !== count * bytesPerElement[dtype])
    throw new TensorFileError(`A ${dtype} tensor [${shape.join(', ')}] cannot have ${data.byteLength} bytes.`);
  const out = new Uint32Array(count);
  if (dtype === 'u32' && isLittleEndian) {
    new Uint8Array(out.buffer).set(data);
    return out;
  }
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const read = readers[dtype];
  for (let i = 0; i < count; i++) {
    const value = read(view, i);
    out[i] = value;
    if (out[i] !== value) throw new TensorFileError(`It holds ${value} where a whole number from 0 on belongs.`);
  }
  return out;
}

/** The bytes of 1, little-endian; 0 has none but the sign of floating-point numbers. */
const bytesOfOne: Readonly<Record<TensorDtype, readonly number[]>> = {
  bool: [1],
  u8: [1],
  i8: [1],
  u16: [1, 0],
  i16: [1, 0],
  u32: [1, 0, 0, 0],
  i32: [1, 0, 0, 0],
  u64: [1, 0, 0, 0, 0, 0, 0, 0],
  i64: [1, 0, 0, 0, 0, 0, 0, 0],
  f16: [0, 0x3c],
  bf16: [0x80, 0x3f],
  f32: [0, 0, 0x80, 0x3f],
  f64: [0, 0, 0, 0, 0, 0, 0xf0, 0x3f],
};

/**
 * The elements of a tensor of truth values, one byte each, in C order: booleans, or numbers that are 0 or 1.
 *
 * @returns [elements], 0 or 1; the tensor's own bytes where they are just that
 * @throws TensorFileError when data and shape do not fit together, or an element is anything else
 */
export function toTruths({ dtype, shape, data }: Tensor): Uint8Array {
  const count = elementCount(shape);
  const size = bytesPerElement[dtype];
  if (data.byteLength !== count * size)
    throw new TensorFileError(`A ${dtype} tensor [${shape.join(', ')}] cannot have ${data.byteLength} bytes.`);
  const one = bytesOfOne[dtype];
  const isFloat = dtype === 'f16' || dtype === 'bf16' || dtype === 'f32' || dtype === 'f64';
  const out = size === 1 ? data : new Uint8Array(count);
  for (let i = 0; i < count; i++) {
    let isZero = true;
    let isOne = true;
    for (let b = 0; b < size; b++) {
      const byte = data[i * size + b] ?? 0;
      if (byte !== one[b]) isOne = false;
      if (byte !== 0 && !(isFloat && b === size - 1 && byte === 0x80)) isZero = false;
    }
    if (isOne) {
      if (size > 1) out[i] = 1;
    } else if (!isZero) {
      const value = readers[dtype](new DataView(data.buffer, data.byteOffset, data.byteLength), i);
      // A byte of a boolean that is neither 0 nor 1 was not written by anybody who meant a boolean.
      const shown = dtype === 'bool' ? `the byte ${data[i]}` : String(value);
      throw new TensorFileError(`It holds ${shown} at [${indexOf(i, shape).join(', ')}], which is neither 0 nor 1.`);
    }
  }
  return out;
}

/** Where an element, counted in C order, stands in a tensor of that shape. */
export function indexOf(element: number, shape: readonly number[]): number[] {
  const index: number[] = [];
  let rest = element;
  for (const extent of [...shape].reverse()) {
    index.unshift(rest % extent);
    rest = Math.floor(rest / extent);
  }
  return index;
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
  return { dtype: 'u32', shape, data: littleEndian(values) };
}

/** An int32 tensor. */
export function fromInt32(values: Int32Array, shape: readonly number[]): Tensor {
  return { dtype: 'i32', shape, data: littleEndian(values) };
}

/** An int64 tensor. */
export function fromInt64(values: BigInt64Array, shape: readonly number[]): Tensor {
  return { dtype: 'i64', shape, data: littleEndian(values) };
}

const isLittleEndian = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1;

/** The bytes of an array as files hold them: its own, or where the machine is big-endian, a copy turned round. */
export function littleEndian(values: Int32Array | Uint32Array | BigInt64Array): Uint8Array {
  const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  if (isLittleEndian) return bytes;
  const copy = bytes.slice();
  const size = values.BYTES_PER_ELEMENT;
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
