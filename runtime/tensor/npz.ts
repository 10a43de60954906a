import { unzipSync, zipSync } from 'fflate';
import { type Tensor, TensorFileError } from './dtype.ts';
import { type NpyArray, readNpy, readNpyArray, writeNpy } from './npy.ts';

/** More is refused before it is unpacked. */
const MAX_UNPACKED = 2 ** 31;

/**
 * Writes a .npz file, a zip of .npy files as `numpy.savez_compressed` makes it. The same arrays give the same bytes.
 *
 * @param arrays by name, in the order of the file
 */
export function writeNpz(arrays: Readonly<Record<string, NpyArray>>): Uint8Array<ArrayBuffer> {
  const entries = Object.entries(arrays).map(([name, array]) => [`${name}.npy`, writeNpy(array)] as const);
  // The earliest date of a zip file; in local time, as fflate reads it back.
  const mtime = new Date(1980, 0, 1);
  return new Uint8Array(zipSync(Object.fromEntries(entries), { level: 6, mtime }));
}

/**
 * Reads the arrays of a .npz file.
 *
 * @param wanted names to read; all when absent
 * @throws TensorFileError when it is not a sound file, or unpacks to more than 2 GiB
 */
export function readNpz(bytes: Uint8Array, wanted?: readonly string[]): Map<string, Tensor> {
  return new Map([...unpack(bytes, wanted, MAX_UNPACKED)].map(([name, data]) => [name, readNpy(data)]));
}

/**
 * The same for arrays that may also hold text in bytes, as scipy's names of formats are.
 *
 * @param most bytes that the wanted arrays may unpack to
 */
export function readNpzArrays(bytes: Uint8Array, wanted: readonly string[], most: number): Map<string, NpyArray> {
  return new Map([...unpack(bytes, wanted, most)].map(([name, data]) => [name, readNpyArray(data)]));
}

/** Names of the arrays in a .npz file, none of which is unpacked. Throws TensorFileError when it is not a sound file. */
export function namesOfNpz(bytes: Uint8Array): string[] {
  const names: string[] = [];
  unzip(bytes, name => {
    names.push(name);
    return false;
  });
  return names;
}

function unpack(bytes: Uint8Array, wanted: readonly string[] | undefined, most: number): Map<string, Uint8Array> {
  let unpacked = 0;
  return unzip(bytes, (name, { size, originalSize }) => {
    if (wanted !== undefined && !wanted.includes(name)) return false;
    // Deflate packs at most 1032 bytes into one: more is a lie that would only allocate memory.
    if (originalSize > 1032 * size + 1024) throw new TensorFileError(`The sizes in this .npz file are false.`);
    unpacked += originalSize;
    if (unpacked > most) throw new TensorFileError(`This .npz file unpacks to more than ${most} bytes.`);
    return true;
  });
}

type Wants = (name: string, sizes: { readonly size: number; readonly originalSize: number }) => boolean;

/** The bytes of the arrays that are wanted, by name. */
function unzip(bytes: Uint8Array, wants: Wants): Map<string, Uint8Array> {
  try {
    const files = unzipSync(bytes, {
      filter: ({ name, ...sizes }) => name.endsWith('.npy') && wants(name.slice(0, -4), sizes),
    });
    return new Map(Object.entries(files).map(([name, data]) => [name.slice(0, -4), data]));
  } catch (error) {
    if (error instanceof TensorFileError) throw error;
    throw new TensorFileError(
      `This is not a .npz file that can be read: ${error instanceof Error ? error.message : error}.`,
    );
  }
}
