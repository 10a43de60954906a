import { bytesOf, type Contents, contentsOf, type Made, piecesOf } from './contents.ts';
import { bytesPerElement, elementCount, type Tensor, type TensorDtype, TensorFileError } from './dtype.ts';

/** A numpy array: a tensor, or text in bytes (`S3`), which scipy uses to name formats. */
export type NpyArray =
  | Tensor
  | { readonly dtype: 'bytes'; readonly width: number; readonly shape: readonly number[]; readonly data: Uint8Array };

const descrOf: Readonly<Partial<Record<TensorDtype, string>>> = {
  bool: '|b1',
  u8: '|u1',
  i8: '|i1',
  u16: '<u2',
  i16: '<i2',
  u32: '<u4',
  i32: '<i4',
  u64: '<u8',
  i64: '<i8',
  f16: '<f2',
  f32: '<f4',
  f64: '<f8',
};

const magic = Uint8Array.of(0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59);

/**
 * The bytes before the data of a .npy file: format 1.0 (NEP 1), C order, padded so that the data begins at a multiple
 * of 64.
 */
export function npyHeader(dtype: TensorDtype | { readonly bytes: number }, shape: readonly number[]): Uint8Array {
  const descr = typeof dtype === 'string' ? descrOf[dtype] : `|S${dtype.bytes}`;
  if (descr === undefined) throw new RangeError(`.npy files cannot hold ${dtype}; convert to f32.`);
  const tuple = shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(', ')})`;
  const text = `{'descr': '${descr}', 'fortran_order': False, 'shape': ${tuple}, }`;
  const total = Math.ceil((10 + text.length + 1) / 64) * 64;
  const header = new Uint8Array(total).fill(0x20);
  header.set(magic);
  header.set([1, 0, (total - 10) & 255, (total - 10) >>> 8], 6);
  header.set(new TextEncoder().encode(text), 10);
  header[total - 1] = 0x0a;
  return header;
}

/** An array as a .npy file. */
export function npyContents(array: Made<NpyArray>): Contents {
  const { shape, data } = array;
  const header = npyHeader(array.dtype === 'bytes' ? { bytes: array.width } : array.dtype, shape);
  const size = elementCount(shape) * (array.dtype === 'bytes' ? array.width : bytesPerElement[array.dtype]);
  if (typeof data !== 'function' && data.byteLength !== size)
    throw new RangeError(`An array [${shape.join(', ')}] cannot have ${data.byteLength} bytes.`);
  return contentsOf(function* () {
    yield header;
    yield* piecesOf(data);
  }, header.length + size);
}

/** The same, all at once. */
export function writeNpy(array: NpyArray): Uint8Array<ArrayBuffer> {
  return bytesOf(npyContents(array));
}

/**
 * Reads a .npy file, formats 1.0 to 3.0, any byte order, C or Fortran order; the result is little-endian, in C order.
 *
 * @throws TensorFileError for anything that is not a sound file or holds other than numbers and booleans
 */
export function readNpy(bytes: Uint8Array): Tensor {
  const array = readNpyArray(bytes);
  if (array.dtype === 'bytes') fail(`it holds text in ${array.width} bytes; numbers and booleans can be read`);
  return array;
}

/** The same for an array that may also hold text in bytes, as scipy's names of formats are. */
export function readNpyArray(bytes: Uint8Array): NpyArray {
  const { start, dtype, width, shape, swapped, fortran } = readNpyHeader(bytes, bytes.byteLength);
  let ordered = bytes.subarray(start);
  if (swapped) {
    ordered = ordered.slice();
    for (let at = 0; at < ordered.length; at += width) ordered.subarray(at, at + width).reverse();
  }
  if (fortran) ordered = toRowMajor(ordered, shape, width);
  return dtype === 'bytes' ? { dtype, width, shape, data: ordered } : { dtype, shape, data: ordered };
}

/** What the header of a .npy file says, and where the data begins. */
export interface NpyHeader {
  readonly start: number;
  readonly dtype: TensorDtype | 'bytes';
  /** Bytes of an element. */
  readonly width: number;
  readonly shape: readonly number[];
  /** Big-endian elements; Fortran order of more than one axis. */
  readonly swapped: boolean;
  readonly fortran: boolean;
}

/** A header is no longer than this with its length: sound ones are short, and it bounds the matching. */
export const MAX_NPY_HEADER = 12 + 65_536;

/**
 * Reads the header of a .npy file.
 *
 * @param bytes the beginning of the file: all of it, or MAX_NPY_HEADER bytes
 * @param size of the whole file
 * @throws TensorFileError as `readNpy` does
 */
export function readNpyHeader(bytes: Uint8Array, size: number): NpyHeader {
  if (bytes.byteLength < 10 || magic.some((byte, i) => bytes[i] !== byte)) fail('it does not begin as one');
  const major = Number(bytes[6]);
  if (major < 1 || major > 3) fail(`its format version ${major} is unknown`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (major > 1 && bytes.byteLength < 12) fail('it ends within its header');
  const [start, length] = major === 1 ? [10, view.getUint16(8, true)] : [12, view.getUint32(8, true)];
  if (start + length > size)
    fail(`its header claims ${length} bytes, but the file has only ${size - start} after the length`);
  if (start + length > MAX_NPY_HEADER) fail(`its header claims ${length} bytes`);
  const text = new TextDecoder().decode(bytes.subarray(start, start + length));
  const descr = /'descr'\s*:\s*'([^']*)'/.exec(text)?.[1];
  const order = /'fortran_order'\s*:\s*(True|False)/.exec(text)?.[1];
  const tuple = /'shape'\s*:\s*\(([\d\s,L]*)\)/.exec(text)?.[1];
  if (descr === undefined) fail('it holds structured data, not numbers');
  if (order === undefined || tuple === undefined) fail('its header is incomplete');
  const shape = tuple
    .split(',')
    .map(part => part.trim().replace(/L$/, ''))
    .filter(part => part !== '')
    .map(Number);
  const textWidth = Number(/^\|S([1-9]\d{0,5})$/.exec(descr)?.[1] ?? 0);
  const { dtype, swapped } = textWidth > 0 ? { dtype: 'bytes' as const, swapped: false } : parseDescr(descr);
  const width = dtype === 'bytes' ? textWidth : bytesPerElement[dtype];
  const needed = elementCount(shape) * width;
  const found = size - start - length;
  if (found !== needed) fail(`${descr} [${shape.join(', ')}] takes ${needed} bytes, but the file has ${found}`);
  return { start: start + length, dtype, width, shape, swapped, fortran: order === 'True' && shape.length > 1 };
}

function parseDescr(descr: string): { dtype: TensorDtype; swapped: boolean } {
  const order = descr[0] ?? '';
  for (const [dtype, known] of Object.entries(descrOf)) {
    if (known.slice(1) !== descr.slice(1)) continue;
    if (order === '<' || order === '=' || order === '|' || order === '>') {
      return { dtype: dtype as TensorDtype, swapped: order === '>' };
    }
  }
  return fail(`it holds ${JSON.stringify(descr)}; numbers and booleans can be read`);
}

/** Fortran order to C order. */
function toRowMajor(data: Uint8Array, shape: readonly number[], size: number): Uint8Array {
  const out = new Uint8Array(data.length);
  const count = data.length / size;
  const position = shape.map(() => 0);
  const strides: number[] = [];
  let stride = 1;
  for (const extent of shape) {
    strides.push(stride);
    stride *= extent;
  }
  for (let i = 0; i < count; i++) {
    const from = position.reduce((sum, at, axis) => sum + at * Number(strides[axis]), 0) * size;
    out.set(data.subarray(from, from + size), i * size);
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      const next = Number(position[axis]) + 1;
      position[axis] = next < Number(shape[axis]) ? next : 0;
      if (position[axis] !== 0) break;
    }
  }
  return out;
}

function fail(what: string): never {
  throw new TensorFileError(`This is not a .npy file that can be read: ${what}.`);
}
