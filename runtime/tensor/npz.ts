import { unzipSync, zipSync } from 'fflate';
import { type Tensor, TensorFileError } from './dtype.ts';
import { type NpyArray, readNpy, writeNpy } from './npy.ts';

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
  let unpacked = 0;
  let files: Record<string, Uint8Array>;
  try {
    files = unzipSync(bytes, {
      filter({ name, size, originalSize }) {
        if (!name.endsWith('.npy') || (wanted !== undefined && !wanted.includes(name.slice(0, -4)))) return false;
        // Deflate packs at most 1032 bytes into one: more is a lie that would only allocate memory.
        if (originalSize > 1032 * size + 1024) throw new TensorFileError(`The sizes in this .npz file are false.`);
        unpacked += originalSize;
        if (unpacked > MAX_UNPACKED)
          throw new TensorFileError(`This .npz file unpacks to more than ${MAX_UNPACKED} bytes.`);
        return true;
      },
    });
  } catch (error) {
    if (error instanceof TensorFileError) throw error;
    throw new TensorFileError(
      `This is not a .npz file that can be read: ${error instanceof Error ? error.message : error}.`,
    );
  }
  return new Map(Object.entries(files).map(([name, data]) => [name.slice(0, -4), readNpy(data)]));
}
