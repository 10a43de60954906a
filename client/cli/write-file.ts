import { constants } from 'node:fs';
import { access, open, realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { diskPlaces, writePieces } from '../export/disk.node.ts';
import { type FileContents, type PlacedFile, PlaceError, putInPlace } from '../export/put-in-place.ts';
import { cancelled, Failure, fileProblem, wrongUse } from './failure.ts';

/**
 * Fails now rather than after long work when a path cannot be written.
 *
 * @throws Failure (2) that names the path
 */
export async function checkWritable(file: string): Promise<void> {
  if (file === '') throw wrongUse('the path of the file to write is empty');
  const existing = await stat(file).catch(() => undefined);
  if (existing?.isDirectory() === true) throw wrongUse(`cannot write ${file}: it is a folder; add the name of a file`);
  if (existing !== undefined) {
    try {
      // It could be replaced all the same, but whoever protected it does not want that.
      // Files are opened, because that is what the system allows or not; a pipe would wait for its reader.
      if (existing.isFile()) await (await open(file, 'r+')).close();
      else await access(file, constants.W_OK);
    } catch (error) {
      throw wrongUse(`cannot write ${file}: ${fileProblem(error)}`);
    }
    // Devices and pipes are written to in place.
    if (!existing.isFile()) return;
  }
  const folder = path.dirname(existing === undefined ? path.resolve(file) : await realpath(file));
  try {
    if (!(await stat(folder)).isDirectory()) throw wrongUse(`cannot write ${file}: ${folder} is not a folder`);
    await access(folder, constants.W_OK);
  } catch (error) {
    if (error instanceof Failure) throw error;
    throw wrongUse(`cannot write ${file}: ${folder}: ${fileProblem(error)}`);
  }
}

/**
 * Fails when there is a file already. Devices and pipes are written to all the same.
 *
 * @throws Failure (2) that names the path
 */
export async function checkNew(file: string): Promise<void> {
  const existing = await stat(file).catch(() => undefined);
  if (existing?.isFile() === true) throw wrongUse(`${file} exists already; add --force to replace it`);
}

/** A file to write. */
export interface FileToWrite extends FileContents {
  readonly path: string;
}

/**
 * Writes files all or none, and each whole or not at all: a reader sees the old contents or the new, and a failure leaves
 * nothing behind. Devices and pipes are written to, never replaced. `stale` are files that go away when the others are there.
 *
 * @throws Failure (2) when a path cannot be written, (130) when `signal` fires; whatever making the contents throws
 */
export async function writeFiles(
  files: readonly FileToWrite[],
  signal: AbortSignal,
  stale: readonly string[] = [],
): Promise<void> {
  const goOn = (): void => {
    if (signal.aborted) throw cancelled();
  };
  const placed: PlacedFile<string>[] = [];
  /** By the place that a link leads to. */
  const named = new Map<string, string>();
  const devices: FileToWrite[] = [];
  for (const file of files) {
    await checkWritable(file.path);
    const existing = await stat(file.path).catch(() => undefined);
    if (existing !== undefined && !existing.isFile()) devices.push(file);
    else {
      const place = existing === undefined ? file.path : await realpath(file.path);
      placed.push({ place, size: file.size, contents: file.contents });
      named.set(place, file.path);
    }
  }
  try {
    await putInPlace(placed, stale, diskPlaces(goOn));
    for (const { path: place, contents } of devices) await writePieces(place, 'w', contents, goOn);
  } catch (error) {
    if (error instanceof Failure) throw error;
    if (error instanceof PlaceError && error.cause instanceof Failure) throw error.cause;
    if (!(error instanceof PlaceError)) throw error;
    const file = named.get(String(error.place)) ?? String(error.place);
    throw wrongUse(`cannot write ${file}: ${fileProblem(error.cause)}`);
  }
}

/** One file whose bytes are all there. Throws what `writeFiles` throws. */
export function writeWholeFile(file: string, contents: Uint8Array, signal: AbortSignal): Promise<void> {
  return writeFiles([{ path: file, size: contents.length, contents: [contents] }], signal);
}
