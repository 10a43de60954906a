import { open } from 'node:fs/promises';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { cancelled, Failure, fileProblem, wrongUse } from './failure.ts';

/** No `.sparse` file is this long; something else was named by mistake. */
const LONGEST_SOURCE = 2 ** 24;
const PIECE = 2 ** 28;

/** The word for standard input where a file can be named. */
export const STANDARD_INPUT = '-';

/** A `.sparse` file as it was named on the command line. */
export interface SourceFile {
  /** As the user wrote it; `<stdin>` for standard input. */
  readonly path: string;
  readonly uri: string;
  /** null when the file is no text; `problem` then says what it is. */
  readonly text: string | null;
  readonly problem: string;
}

/**
 * Reads a `.sparse` file.
 *
 * @throws Failure (2) when there is no such file or it cannot be read
 */
export async function readSource(file: string, signal: AbortSignal): Promise<SourceFile> {
  const contents = await readWholeFile(file, signal, LONGEST_SOURCE + 1);
  // What it imports is meant from the folder that the command was given in.
  const shown = file === STANDARD_INPUT ? '<stdin>' : file;
  const uri = pathToFileURL(path.resolve(shown)).href;
  const unreadable = (problem: string): SourceFile => ({ path: shown, uri, text: null, problem });
  if (contents.length > LONGEST_SOURCE) return unreadable('this is no .sparse file: it has more than 16 MiB');
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(contents);
  } catch {
    return unreadable('this is no text file in UTF-8');
  }
  if (text.includes('\0')) return unreadable('this is a binary file, not text');
  return { path: shown, uri, text, problem: '' };
}

/**
 * Reads a file, or as much of it as `limit` allows; `-` is standard input.
 *
 * @throws Failure (2) that names the file
 */
export async function readWholeFile(
  file: string,
  signal: AbortSignal,
  limit = Number.POSITIVE_INFINITY,
): Promise<Uint8Array<ArrayBuffer>> {
  try {
    return await readBytes(file, signal, limit);
  } catch (error) {
    if (error instanceof Failure) throw error;
    throw wrongUse(`cannot read ${file === STANDARD_INPUT ? 'standard input' : file}: ${fileProblem(error)}`);
  }
}

/** The same, but rejects with whatever kept the file from being read; Failure (130) when it was cancelled. */
export async function readBytes(file: string, signal: AbortSignal, limit: number): Promise<Uint8Array<ArrayBuffer>> {
  if (file === STANDARD_INPUT) return readStandardInput(signal, limit);
  const handle = await open(file, 'r');
  try {
    const status = await handle.stat();
    if (status.isDirectory()) throw new Error('it is a folder; name a file in it');
    // Pipes have no size: their contents are collected as they come.
    const pieces: Uint8Array[] = [];
    let total = 0;
    const whole = status.isFile() ? new Uint8Array(Math.min(status.size, limit)) : undefined;
    while (total < limit) {
      if (signal.aborted) throw cancelled();
      const piece = whole === undefined ? new Uint8Array(65536) : whole.subarray(total, total + PIECE);
      if (piece.length === 0) break;
      const { bytesRead } = await handle.read(piece, 0, piece.length);
      if (bytesRead === 0) break;
      if (whole === undefined) pieces.push(piece.subarray(0, bytesRead));
      total += bytesRead;
    }
    if (whole !== undefined) return whole.subarray(0, total);
    return joined(pieces, total);
  } finally {
    await handle.close();
  }
}

async function readStandardInput(signal: AbortSignal, limit: number): Promise<Uint8Array<ArrayBuffer>> {
  if (!process.stdin.readable) throw wrongUse('standard input can be read once only');
  const stop = (): void => void process.stdin.destroy();
  signal.addEventListener('abort', stop);
  try {
    const pieces: Uint8Array[] = [];
    let total = 0;
    for await (const piece of process.stdin as AsyncIterable<Buffer>) {
      pieces.push(piece.subarray(0, limit - total));
      total = Math.min(limit, total + piece.length);
      if (total === limit) break;
    }
    if (signal.aborted) throw cancelled();
    return joined(pieces, total);
  } catch (error) {
    if (signal.aborted) throw cancelled();
    throw error;
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

function joined(pieces: readonly Uint8Array[], total: number): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(total);
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}
