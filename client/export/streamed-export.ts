import type { Exported } from '../../runtime/export/request.ts';

/** What an export consists of, before its bytes are made: plain data, which travels between threads. */
export interface ExportOutline {
  readonly files: readonly { readonly extension: string; readonly size: number | undefined }[];
  readonly addedPairs: number;
}

/** The next piece of a file; null when all of it was given. */
export type Piece = Uint8Array<ArrayBuffer> | null;

/** The side of an export that makes its bytes: pieces are made when they are asked for, and handed over. */
export interface PieceMaker {
  readonly outline: ExportOutline;
  /** `file`: which of the files. */
  next(file: number): Piece;
}

export function pieceMaker({ files, addedPairs }: Exported): PieceMaker {
  const readers = files.map(({ contents }) => contents[Symbol.iterator]());
  return {
    outline: { files: files.map(({ extension, contents: { size } }) => ({ extension, size })), addedPairs },
    next(file) {
      const reader = readers[file];
      if (reader === undefined) throw new RangeError(`there is no file ${file}`);
      const { done, value } = reader.next();
      return done === true ? null : value;
    },
  };
}

/** A file that a thread makes while it is read here. It can be read once. */
export interface StreamedFile {
  readonly extension: string;
  /** Bytes; undefined where only making them tells. */
  readonly size: number | undefined;
  readonly contents: AsyncIterable<Uint8Array>;
}

/** An export whose bytes are made in a thread. */
export interface StreamedExport {
  /** The file that was asked for, and those that lie beside it under the same name. */
  readonly files: readonly StreamedFile[];
  readonly addedPairs: number;
}

/** The other side: `ask` gets a piece of a file from the thread. One is made ahead while the last is written. */
export function streamedExport(outline: ExportOutline, ask: (file: number) => Promise<Piece>): StreamedExport {
  const { files, addedPairs } = outline;
  return {
    files: files.map(({ extension, size }, file) => ({ extension, size, contents: readAhead(() => ask(file)) })),
    addedPairs,
  };
}

async function* readAhead(next: () => Promise<Piece>): AsyncGenerator<Uint8Array, void> {
  const ask = (): Promise<Piece> => {
    const asked = next();
    // Whoever stops reading does not hear of it.
    asked.catch(() => undefined);
    return asked;
  };
  let coming = ask();
  for (let piece = await coming; piece !== null; piece = await coming) {
    coming = ask();
    yield piece;
  }
}
