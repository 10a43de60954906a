import { bytesOf, type Contents, contentsOf, type Made, piecesOf } from './contents.ts';
import { crc32 } from './crc32.ts';
import { bytesPerElement, elementCount, type Tensor, type TensorDtype, TensorFileError } from './dtype.ts';

/** Tensors by name, and the file's `__metadata__`. */
export interface SafetensorsFile {
  readonly tensors: ReadonlyMap<string, Tensor>;
  readonly metadata: Readonly<Record<string, string>>;
}

/** The format's own limit on its header. */
const MAX_HEADER = 100_000_000;

const dtypeOf: Readonly<Record<string, TensorDtype>> = {
  BOOL: 'bool',
  U8: 'u8',
  I8: 'i8',
  U16: 'u16',
  I16: 'i16',
  U32: 'u32',
  I32: 'i32',
  U64: 'u64',
  I64: 'i64',
  F16: 'f16',
  BF16: 'bf16',
  F32: 'f32',
  F64: 'f64',
};

/** A tensor of a file, and where its bytes are. */
export interface PlacedTensor {
  readonly dtype: TensorDtype;
  readonly shape: readonly number[];
  /** Bytes from the beginning of the file's data. */
  readonly from: number;
  readonly to: number;
}

/**
 * Reads a .safetensors file; the tensors are views of `bytes`. Source: the format's description,
 * huggingface/safetensors (8-byte header length, JSON header, data without gaps).
 *
 * @throws TensorFileError for anything that is not a sound file: lengths, offsets, overlaps, gaps, types and shapes
 * are all checked before they are used
 */
export function readSafetensors(bytes: Uint8Array): SafetensorsFile {
  const dataStart = safetensorsDataStart(bytes, bytes.byteLength);
  const data = bytes.subarray(dataStart);
  const { tensors, metadata } = readSafetensorsHeader(bytes.subarray(8, dataStart), data.byteLength);
  return {
    tensors: new Map(
      [...tensors].map(([name, { dtype, shape, from, to }]) => [name, { dtype, shape, data: data.subarray(from, to) }]),
    ),
    metadata,
  };
}

/**
 * Where the data of a .safetensors file begins; the header's JSON begins at byte 8.
 *
 * @param start the first bytes of the file, at least 8 where it has so many
 * @param size of the whole file
 * @throws TensorFileError when it has no header that fits into it
 */
export function safetensorsDataStart(start: Uint8Array, size: number): number {
  if (size < 8) fail(`it has only ${size} bytes`);
  const length = new DataView(start.buffer, start.byteOffset, start.byteLength).getBigUint64(0, true);
  if (length > BigInt(MAX_HEADER)) fail(`its header claims ${length} bytes; ${MAX_HEADER} are allowed`);
  if (length > BigInt(size - 8))
    fail(`its header claims ${length} bytes, but the file has only ${size - 8} after the length`);
  return 8 + Number(length);
}

/**
 * The tensors that the header of a .safetensors file names, all of them checked.
 *
 * @param bytes the header's JSON
 * @param dataBytes bytes that follow it
 * @throws TensorFileError as `readSafetensors` does
 */
export function readSafetensorsHeader(
  bytes: Uint8Array,
  dataBytes: number,
): { readonly tensors: ReadonlyMap<string, PlacedTensor>; readonly metadata: Readonly<Record<string, string>> } {
  const header = parseHeader(bytes);
  const metadata: Record<string, string> = {};
  const tensors = new Map<string, PlacedTensor>();

  for (const [name, entry] of Object.entries(header)) {
    if (name === '__metadata__') {
      if (!isObject(entry)) fail('its __metadata__ is not an object');
      for (const [key, value] of Object.entries(entry)) {
        if (typeof value !== 'string') fail(`the metadata "${key}" is not a string`);
        define(metadata, key, value);
      }
      continue;
    }
    const quoted = JSON.stringify(name);
    if (!isObject(entry)) fail(`the entry ${quoted} is not an object`);
    const { dtype: written, shape, data_offsets: offsets } = entry;
    const dtype = typeof written === 'string' && Object.hasOwn(dtypeOf, written) ? dtypeOf[written] : undefined;
    if (dtype === undefined) fail(`tensor ${quoted} has the unknown type ${JSON.stringify(written)}`);
    if (!isSizes(shape)) fail(`tensor ${quoted} has no proper shape`);
    if (!isSizes(offsets) || offsets.length !== 2) fail(`tensor ${quoted} has no proper data_offsets`);
    const [from = 0, to = 0] = offsets;
    if (from > to || to > dataBytes) {
      fail(`tensor ${quoted} claims bytes ${from} to ${to} of ${dataBytes}`);
    }
    const needed = elementCount(shape) * bytesPerElement[dtype];
    if (to - from !== needed) {
      fail(`tensor ${quoted} is ${written} [${shape.join(', ')}], which takes ${needed} bytes, but has ${to - from}`);
    }
    tensors.set(name, { dtype, shape, from, to });
  }
  const places = [...tensors].sort(([, a], [, b]) => a.from - b.from || a.to - b.to);
  let end = 0;
  for (const [name, { from, to }] of places) {
    if (from < end) fail(`tensor ${JSON.stringify(name)} overlaps another one`);
    if (from > end) fail(`bytes ${end} to ${from} belong to no tensor`);
    end = to;
  }
  if (end !== dataBytes) fail(`${dataBytes - end} bytes at its end belong to no tensor`);
  return { tensors, metadata };
}

/**
 * Tensors as a .safetensors file. The same input gives the same bytes: tensors are laid out by descending alignment, then
 * by name, metadata by key. The header is padded with spaces so that the data begins at a multiple of 8.
 *
 * @param options `hashed`: the metadata `hash` says the CRC-32 of all data behind the header, as `crc32:0f1e2d3c`; the data are
 * made twice for it
 */
export function safetensorsContents(
  tensors: Readonly<Record<string, Made<Tensor>>>,
  metadata: Readonly<Record<string, string>> = {},
  { hashed = false }: { readonly hashed?: boolean } = {},
): Contents {
  const names = Object.keys(tensors).sort(
    (a, b) => alignment(tensors[b]) - alignment(tensors[a]) || (a < b ? -1 : a > b ? 1 : 0),
  );
  const entries: Record<string, unknown> = {};
  const parts: Made<Tensor>['data'][] = [];
  let at = 0;
  for (const name of names) {
    const tensor = tensors[name];
    if (tensor === undefined) continue;
    const { dtype, shape, data } = tensor;
    if (name === '__metadata__') throw new RangeError('A tensor cannot be called __metadata__.');
    const size = elementCount(shape) * bytesPerElement[dtype];
    if (typeof data !== 'function' && data.byteLength !== size)
      throw new RangeError(`Tensor ${name} is ${dtype} [${shape.join(', ')}] but has ${data.byteLength} bytes.`);
    define(entries, name, { dtype: dtype.toUpperCase(), shape, data_offsets: [at, at + size] });
    parts.push(data);
    at += size;
  }
  function* data(): Generator<Uint8Array, void> {
    for (const part of parts) yield* piecesOf(part);
  }
  const said = hashed ? { ...metadata, hash: hashOf(data()) } : metadata;
  const keys = Object.keys(said).sort();
  const header: Record<string, unknown> = {};
  if (keys.length > 0) {
    const sorted: Record<string, string> = {};
    for (const key of keys) define(sorted, key, Reflect.get(said, key) ?? '');
    define(header, '__metadata__', sorted);
  }
  for (const [name, entry] of Object.entries(entries)) define(header, name, entry);
  const json = new TextEncoder().encode(JSON.stringify(header));
  const length = Math.ceil(json.length / 8) * 8;
  const start = new Uint8Array(8 + length).fill(0x20, 8);
  new DataView(start.buffer).setBigUint64(0, BigInt(length), true);
  start.set(json, 8);
  return contentsOf(function* () {
    yield start;
    yield* data();
  }, start.length + at);
}

/** What the metadata `hash` says of data. */
export function hashOf(data: Iterable<Uint8Array>): string {
  return `crc32:${crc32(data).toString(16).padStart(8, '0')}`;
}

/** The same, all at once. */
export function writeSafetensors(
  tensors: Readonly<Record<string, Tensor>>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array<ArrayBuffer> {
  return bytesOf(safetensorsContents(tensors, metadata));
}

function alignment(tensor: Pick<Tensor, 'dtype'> | undefined): number {
  return tensor === undefined ? 0 : bytesPerElement[tensor.dtype];
}

/** Sets a property whatever its name is, `__proto__` included. */
function define(target: object, name: string, value: unknown): void {
  Object.defineProperty(target, name, { value, enumerable: true, configurable: true, writable: true });
}

function parseHeader(bytes: Uint8Array): Record<string, unknown> {
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    fail('its header is not JSON');
  }
  if (!isObject(header)) fail('its header is not a JSON object');
  return header;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.every(size => Number.isSafeInteger(size) && size >= 0);
}

function fail(what: string): never {
  throw new TensorFileError(`This is not a sound .safetensors file: ${what}.`);
}
