import { unzipSync, Zip, ZipDeflate } from 'fflate';
import { bytesOf, type Contents, contentsOf, type Made } from './contents.ts';
import { type Tensor, TensorFileError } from './dtype.ts';
import { type NpyArray, npyContents, readNpy, readNpyArray } from './npy.ts';

/** More is refused before it is unpacked. */
const MAX_UNPACKED = 2 ** 31;

/** The compressor keeps at least as much as it is given at once. */
const PORTION = 2 ** 16;

/**
 * Arrays as a .npz file, a zip of .npy files as `numpy.savez_compressed` makes it. They are packed one after the other while
 * the contents are read, so that the size of each stands behind it and not before. The same arrays give the same bytes.
 *
 * @param arrays by name, in the order of the file; all together less than 4 GiB, because the zip library knows no ZIP64
 */
export function npzContents(arrays: Readonly<Record<string, Made<NpyArray>>>): Contents {
  return contentsOf(function* () {
    let packed: Uint8Array[] = [];
    const taken = (): Uint8Array[] => {
      const pieces = packed;
      packed = [];
      return pieces;
    };
    const zip = new Zip((problem, piece) => {
      if (problem !== null) throw problem;
      packed.push(piece);
    });
    for (const [name, array] of Object.entries(arrays)) {
      const file = new ZipDeflate(`${name}.npy`, { level: 6 });
      // The earliest date of a zip file; in local time, as fflate reads it back.
      file.mtime = new Date(1980, 0, 1);
      zip.add(file);
      for (const piece of npyContents(array))
        for (let at = 0; at < piece.length; at += PORTION) {
          file.push(piece.subarray(at, at + PORTION));
          yield* taken();
        }
      file.push(new Uint8Array(), true);
    }
    zip.end();
    yield* taken();
  });
}

/** The same, all at once. */
export function writeNpz(arrays: Readonly<Record<string, NpyArray>>): Uint8Array<ArrayBuffer> {
  return bytesOf(npzContents(arrays));
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
