import { randomBytes } from 'node:crypto';
import { chmod, copyFile, link, open, rename, stat, statfs, unlink } from 'node:fs/promises';
import path from 'node:path';
import type { FileContents, FilePlaces } from './put-in-place.ts';

/** At most so much is handed to the system at once: a cancelled export should not wait for it. */
const PIECE = 2 ** 26;

/** Files of the disk, by their paths. `goOn` is asked before each piece that is written, and may throw. */
export function diskPlaces(goOn: () => void = () => undefined): FilePlaces<string> {
  return {
    // Short, because names have a limit.
    unused: place => path.join(path.dirname(place), `.sparse-${process.pid}-${randomBytes(4).toString('hex')}.tmp`),
    async write(place, { size, contents }) {
      await checkRoom(path.dirname(path.resolve(place)), size ?? 0);
      await writePieces(place, 'wx', contents, goOn);
    },
    async move(from, to) {
      const replaced = await stat(to).catch(() => undefined);
      if (replaced !== undefined) await chmod(from, replaced.mode);
      await rename(from, to);
    },
    async keep(place, copy) {
      if ((await stat(place).catch(() => undefined)) === undefined) return false;
      // Not every file system has a second name for a file.
      await link(place, copy).catch(() => copyFile(place, copy));
      return true;
    },
    remove: unlink,
  };
}

/** Writes to a file that is new (`wx`), or to whatever is there (`w`). */
export async function writePieces(
  file: string,
  flags: 'w' | 'wx',
  contents: FileContents['contents'],
  goOn: () => void,
): Promise<void> {
  const handle = await open(file, flags);
  try {
    for await (const piece of contents)
      for (let at = 0; at < piece.length; ) {
        goOn();
        const { bytesWritten } = await handle.write(piece, at, Math.min(PIECE, piece.length - at));
        at += bytesWritten;
      }
  } finally {
    await handle.close();
  }
}

/** Fails now rather than when the disk is full. */
async function checkRoom(folder: string, size: number): Promise<void> {
  const system = await statfs(folder).catch(() => undefined);
  if (system === undefined || size <= system.bavail * system.bsize) return;
  const gibibytes = (bytes: number): string =>
    `${(bytes / 2 ** 30).toLocaleString('en-US', { maximumFractionDigits: 1 })} GiB`;
  throw new Error(`it would take ${gibibytes(size)}, and the disk has ${gibibytes(system.bavail * system.bsize)} left`);
}
