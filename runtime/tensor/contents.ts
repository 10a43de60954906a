/** Bytes that are made while they are read. A piece may be overwritten as soon as the next one is asked for. */
export type Pieces = () => Iterable<Uint8Array>;

/** An array that may be made while it is written: its bytes, or what makes them. */
export type Made<T extends { readonly data: Uint8Array }> = T extends unknown
  ? Omit<T, 'data'> & { readonly data: Uint8Array | Pieces }
  : never;

/**
 * What is in a file: pieces of at most a mebibyte, made while they are read, so that no file is ever in memory as a whole.
 * Each piece is the reader's own. Every reading makes the same bytes.
 */
export interface Contents extends Iterable<Uint8Array<ArrayBuffer>> {
  /** Bytes of all pieces; undefined where only making them tells, as of what is packed. */
  readonly size: number | undefined;
}

const PIECE = 2 ** 20;

/** What some pieces, however short or long, are the contents of. Reading throws RangeError when they are not of that size. */
export function contentsOf(pieces: Pieces, size?: number): Contents {
  return { size, [Symbol.iterator]: () => gathered(pieces, size) };
}

/** Bytes that are there already. */
export function contentsOfBytes(bytes: Uint8Array): Contents {
  return contentsOf(() => [bytes], bytes.length);
}

/** A text, in UTF-8. */
export function contentsOfText(text: string): Contents {
  return contentsOfBytes(new TextEncoder().encode(text));
}

/** All bytes at once. */
export function bytesOf(contents: Contents): Uint8Array<ArrayBuffer> {
  const pieces: Iterable<Uint8Array> = contents.size === undefined ? [...contents] : contents;
  const size = contents.size ?? [...pieces].reduce((sum, { length }) => sum + length, 0);
  const whole = new Uint8Array(size);
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}

/** The pieces of bytes that are there, or that are made. */
export function piecesOf(data: Uint8Array | Pieces): Iterable<Uint8Array> {
  return typeof data === 'function' ? data() : [data];
}

function* gathered(pieces: Pieces, size: number | undefined): Generator<Uint8Array<ArrayBuffer>, void> {
  let done = 0;
  const empty = (): Uint8Array<ArrayBuffer> => new Uint8Array(Math.min(PIECE, (size ?? PIECE + done) - done));
  let open = empty();
  let filled = 0;
  for (const piece of pieces()) {
    for (let at = 0; at < piece.length; ) {
      const count = Math.min(piece.length - at, open.length - filled);
      if (count === 0) throw new RangeError(`more than ${size} bytes were made`);
      open.set(piece.subarray(at, at + count), filled);
      at += count;
      filled += count;
      if (filled < open.length) continue;
      done += filled;
      yield open;
      [open, filled] = [empty(), 0];
    }
  }
  if (size !== undefined && done !== size) throw new RangeError(`${done + filled} of ${size} bytes were made`);
  if (filled > 0) yield open.slice(0, filled);
}
