import { open } from 'node:fs/promises';
import type { ByteSource } from '../../runtime/tensor/tensor-file.ts';
import { cancelled, Failure, fileProblem, wrongUse } from './failure.ts';
import { readWholeFile, STANDARD_INPUT } from './read-file.ts';

const PIECE = 2 ** 28;

/** A file whose bytes are read when they are needed. */
export interface OpenFile extends ByteSource {
  close(): Promise<void>;
}

/**
 * Opens a file to read parts of it; pipes and standard input are read whole.
 *
 * @throws Failure (2) that names the file, also from `read`; (130) when the signal fires
 */
export async function openBytes(file: string, signal: AbortSignal): Promise<OpenFile> {
  const problem = (error: unknown): Failure =>
    error instanceof Failure ? error : wrongUse(`cannot read ${file}: ${fileProblem(error)}`);
  if (file === STANDARD_INPUT) return inMemory(await readWholeFile(file, signal));
  try {
    const handle = await open(file, 'r');
    const status = await handle.stat();
    if (status.isDirectory()) {
      await handle.close();
      throw new Error('it is a folder; name a file in it');
    }
    if (!status.isFile()) {
      await handle.close();
      return inMemory(await readWholeFile(file, signal));
    }
    return {
      size: status.size,
      async read(from, to) {
        const bytes = new Uint8Array(Math.min(to, status.size) - from);
        for (let at = 0; at < bytes.length; ) {
          if (signal.aborted) throw cancelled();
          const length = Math.min(PIECE, bytes.length - at);
          const { bytesRead } = await handle.read(bytes, at, length, from + at).catch((error: unknown) => {
            throw problem(error);
          });
          if (bytesRead === 0) throw wrongUse(`cannot read ${file}: it became shorter meanwhile`);
          at += bytesRead;
        }
        return bytes;
      },
      close: () => handle.close(),
    };
  } catch (error) {
    throw problem(error);
  }
}

function inMemory(bytes: Uint8Array): OpenFile {
  return { size: bytes.length, read: async (from, to) => bytes.subarray(from, to), close: async () => {} };
}
