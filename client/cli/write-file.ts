import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { access, chmod, open, realpath, rename, stat, unlink } from 'node:fs/promises';
import path from 'node:path';
import { cancelled, Failure, fileProblem, wrongUse } from './failure.ts';

const PIECE = 2 ** 26;

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

/**
 * Writes a file whole or not at all: a reader sees the old contents or the new, and a failure leaves nothing behind.
 *
 * @throws Failure (2) when the path cannot be written, (130) when `signal` fires
 */
export async function writeWholeFile(file: string, contents: Uint8Array, signal: AbortSignal): Promise<void> {
  await checkWritable(file);
  const existing = await stat(file).catch(() => undefined);
  try {
    // Devices and pipes are written to, never replaced.
    if (existing !== undefined && !existing.isFile()) await write(file, 'w', contents, signal);
    else await replace(existing === undefined ? file : await realpath(file), contents, existing?.mode, signal);
  } catch (error) {
    if (error instanceof Failure) throw error;
    throw wrongUse(`cannot write ${file}: ${fileProblem(error)}`);
  }
}

async function replace(
  file: string,
  contents: Uint8Array,
  mode: number | undefined,
  signal: AbortSignal,
): Promise<void> {
  // In the same folder, because a rename is atomic within a file system only. Short, because names have a limit.
  const temporary = path.join(path.dirname(file), `.sparse-${process.pid}-${randomBytes(4).toString('hex')}.tmp`);
  try {
    await write(temporary, 'wx', contents, signal);
    if (mode !== undefined) await chmod(temporary, mode);
    await rename(temporary, file);
  } catch (error) {
    await unlink(temporary).catch(() => {});
    throw error;
  }
}

async function write(file: string, flags: 'w' | 'wx', contents: Uint8Array, signal: AbortSignal): Promise<void> {
  const handle = await open(file, flags);
  try {
    for (let at = 0; at < contents.length; ) {
      if (signal.aborted) throw cancelled();
      const { bytesWritten } = await handle.write(contents, at, Math.min(PIECE, contents.length - at));
      at += bytesWritten;
    }
  } finally {
    await handle.close();
  }
}
