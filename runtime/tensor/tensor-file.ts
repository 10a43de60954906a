import { bytesPerElement, elementCount, type Tensor, type TensorDtype, TensorFileError } from './dtype.ts';
import { MAX_NPY_HEADER, readNpy, readNpyHeader } from './npy.ts';
import { readNpz } from './npz.ts';
import { readSafetensorsHeader, safetensorsDataStart } from './safetensors.ts';

/** Bytes that are read when they are needed: a file, or memory. */
export interface ByteSource {
  readonly size: number;
  /** Bytes [from, to). */
  read(from: number, to: number): Promise<Uint8Array>;
}

/** What is known of a tensor before it is read. */
export interface TensorFacts {
  readonly dtype: TensorDtype;
  readonly shape: readonly number[];
}

/** A file of tensors, of which parts are read. */
export interface TensorFile {
  /** In the order of the file. */
  readonly tensors: ReadonlyMap<string, TensorFacts>;
  /** Elements [from, to) of a tensor in C order, as a tensor of one axis. Throws RangeError when there is none of that name. */
  read(name: string, from: number, to: number): Promise<Tensor>;
}

/** Larger .npz files, and .npy files in another byte order or in Fortran order, are refused: they are read whole. */
export const MAX_WHOLE = 2 ** 31;

const OPENING_BRACE = 0x7b;

/** The name of the array of a .npy file. */
export const ONLY_ARRAY = 'array';

/**
 * Opens a .safetensors, .npy or .npz file, whichever its first bytes say it is. Of .safetensors and of plain .npy files only
 * the header is read before a part is asked for.
 *
 * A .npy file whose first axis has three elements and is followed by three or four others holds q, k and v one after the
 * other, under these names; any other, and each where `stacked` is false, is one tensor with the name ONLY_ARRAY.
 *
 * @throws TensorFileError when it is not sound, or too large to be read whole where that is needed
 */
export async function openTensorFile(
  source: ByteSource,
  { stacked = true }: { readonly stacked?: boolean } = {},
): Promise<TensorFile> {
  const start = await source.read(0, Math.min(source.size, 9));
  if (beginsWith(start, 0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59)) return openNpy(source, stacked);
  if (beginsWith(start, 0x50, 0x4b, 3, 4) || beginsWith(start, 0x50, 0x4b, 5, 6)) {
    const arrays = readNpz(await whole(source, 'A .npz file'));
    return ofParts(new Map([...arrays].map(([name, tensor]) => [name, inMemory(tensor)])));
  }
  // The header of a .safetensors file is an object after eight bytes with its length.
  if (start[8] !== OPENING_BRACE)
    throw new TensorFileError(
      source.size === 0 ? 'The file is empty.' : 'This is neither a .safetensors nor a .npz or .npy file.',
    );
  const dataStart = safetensorsDataStart(start, source.size);
  const { tensors } = readSafetensorsHeader(await source.read(8, dataStart), source.size - dataStart);
  return ofParts(
    new Map([...tensors].map(([name, facts]) => [name, ranged(source, facts, dataStart + facts.from)] as const)),
  );
}

/** Several tensors as one file. */
export function joinTensorFiles(files: Readonly<Record<string, TensorFile>>): TensorFile {
  const facts = new Map<string, TensorFacts>();
  for (const [name, { tensors }] of Object.entries(files)) {
    const only = tensors.get(ONLY_ARRAY);
    if (only === undefined)
      throw new TensorFileError(
        `The file for ${name} holds ${[...tensors.keys()].join(', ') || 'nothing'}, not one array.`,
      );
    facts.set(name, only);
  }
  return {
    tensors: facts,
    read(name, from, to) {
      const file = files[name];
      if (file === undefined) throw new RangeError(`there is no tensor ${name}`);
      return file.read(ONLY_ARRAY, from, to);
    },
  };
}

interface Part extends TensorFacts {
  read(from: number, to: number): Promise<Uint8Array>;
}

function ofParts(parts: ReadonlyMap<string, Part>): TensorFile {
  return {
    tensors: parts,
    async read(name, from, to) {
      const part = parts.get(name);
      if (part === undefined) throw new RangeError(`there is no tensor ${name}`);
      return { dtype: part.dtype, shape: [to - from], data: await part.read(from, to) };
    },
  };
}

function ranged(source: ByteSource, { dtype, shape }: TensorFacts, start: number): Part {
  const width = bytesPerElement[dtype];
  return { dtype, shape, read: (from, to) => source.read(start + from * width, start + to * width) };
}

function inMemory({ dtype, shape, data }: Tensor): Part {
  const width = bytesPerElement[dtype];
  return { dtype, shape, read: async (from, to) => data.subarray(from * width, to * width) };
}

async function openNpy(source: ByteSource, stacked: boolean): Promise<TensorFile> {
  const header = readNpyHeader(await source.read(0, Math.min(source.size, MAX_NPY_HEADER)), source.size);
  const { dtype, shape, start, swapped, fortran } = header;
  const isPlain = !swapped && !fortran && dtype !== 'bytes';
  const array = isPlain
    ? ranged(source, { dtype, shape }, start)
    : inMemory(readNpy(await whole(source, 'A .npy file in Fortran order or with big-endian numbers')));
  const [three, ...rest] = array.shape;
  if (!stacked || three !== 3 || rest.length < 3 || rest.length > 4) return ofParts(new Map([[ONLY_ARRAY, array]]));
  const size = elementCount(rest);
  const names = ['q', 'k', 'v'];
  return ofParts(
    new Map(
      names.map((name, index) => [
        name,
        {
          dtype: array.dtype,
          shape: rest,
          read: (from: number, to: number) => array.read(index * size + from, index * size + to),
        },
      ]),
    ),
  );
}

async function whole(source: ByteSource, what: string): Promise<Uint8Array> {
  if (source.size > MAX_WHOLE)
    throw new TensorFileError(
      `${what} has to be read whole, and this one has ${source.size} bytes; at most ${MAX_WHOLE} are. Write it as .safetensors.`,
    );
  return source.read(0, source.size);
}

function beginsWith(bytes: Uint8Array, ...start: readonly number[]): boolean {
  return start.every((byte, at) => bytes[at] === byte);
}
