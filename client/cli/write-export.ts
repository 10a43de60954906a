import { open, stat } from 'node:fs/promises';
import type { FormatName } from '../../runtime/export/format-names.ts';
import { isSecondFile, SECOND_FILE_START } from '../../runtime/export/second-file.ts';
import type { StreamedExport } from '../export/streamed-export.ts';
import type { Progress } from './progress.ts';
import { checkNew, writeFiles } from './write-file.ts';

/** What became of the places of an export. */
export interface WrittenExport {
  readonly files: readonly { readonly path: string; readonly bytes: number }[];
  /** Files of an earlier export that this one has nothing to put in the place of. */
  readonly removed: readonly string[];
  /** Files that lie where this export has nothing to put. */
  readonly left: readonly string[];
}

/**
 * Writes the files of an export to their places: all or none.
 *
 * @throws Failure (2) when one is there already and `force` does not say to replace it, and what `writeFiles` throws
 */
export async function writeExport(
  format: FormatName,
  { files }: StreamedExport,
  places: readonly string[],
  { force = false }: { readonly force?: boolean },
  signal: AbortSignal,
  progress: Progress,
): Promise<WrittenExport> {
  const sizes = files.map(() => 0);
  const total = files.reduce((sum, { size = Number.NaN }) => sum + size, 0);
  async function* counted(contents: AsyncIterable<Uint8Array>, at: number): AsyncGenerator<Uint8Array, void> {
    for await (const piece of contents) {
      yield piece;
      sizes[at] = Number(sizes[at]) + piece.length;
      // What is packed shows only that it goes on.
      if (total > 0) progress.update(sizes.reduce((sum, size) => sum + size, 0) / total);
    }
  }
  const placed = files.map(({ size, contents }, at) => ({
    path: String(places[at]),
    size,
    contents: counted(contents, at),
  }));
  if (!force) for (const { path: place } of placed) await checkNew(place);
  const unused = await existing(places.slice(files.length));
  const stale: string[] = [];
  if (force) for (const place of unused) if (isSecondFile(format.id, await startOf(place))) stale.push(place);
  await writeFiles(placed, signal, stale);
  return {
    files: placed.map(({ path: place }, at) => ({ path: place, bytes: Number(sizes[at]) })),
    removed: stale,
    left: unused.filter(place => !stale.includes(place)),
  };
}

/** Those of some paths at which there is a file. */
async function existing(places: readonly string[]): Promise<readonly string[]> {
  const found = await Promise.all(places.map(place => stat(place).catch(() => undefined)));
  return places.filter((_, at) => found[at]?.isFile());
}

async function startOf(file: string): Promise<Uint8Array> {
  const handle = await open(file);
  try {
    const { bytesRead, buffer } = await handle.read(new Uint8Array(SECOND_FILE_START));
    return buffer.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}
