import { CompileError, type CompileOptions, DEFAULT_TILE } from '../compile/mask-tree.ts';
import { difference, EVERYTHING, NOTHING, narrow, signatureOf } from '../pattern/algebra.ts';
import { bitsBetween } from '../pattern/bits.ts';
import type { Box, Mask } from '../pattern/mask.ts';
import type { Shape } from '../pattern/shape.ts';

/** A query position and a key position, 0-based. */
export interface Pair {
  readonly query: number;
  readonly key: number;
}

/** Most boxes to look at: looking for one pair is meant for answers while somebody types. */
const MAX_BOXES = 2 ** 20;

/**
 * A pair that a mask holds among the queries and keys of a shape, or undefined when it holds none.
 *
 * Walks the same squares as the compiler, but stops at the first pair; squares that were found to be empty are not
 * looked at again where the mask repeats. Throws CompileError beyond `maxNodes` squares.
 */
export function findPair(mask: Mask, shape: Shape, options: CompileOptions = {}): Pair | undefined {
  return new PairSearch(shape, options).start(mask);
}

/** A pair of `inner` that `outer` lacks; undefined when `outer` contains `inner`. Throws CompileError as `findPair`. */
export function pairOutside(inner: Mask, outer: Mask, shape: Shape, options: CompileOptions = {}): Pair | undefined {
  return findPair(difference(inner, outer), shape, options);
}

class PairSearch {
  readonly #shape: Shape;
  readonly #tile: { readonly queries: number; readonly keys: number };
  readonly #checkpoint: (() => void) | undefined;
  readonly #maxBoxes: number;
  readonly #empty = new Set<string>();
  #boxes = 0;

  constructor(shape: Shape, options: CompileOptions) {
    this.#shape = shape;
    this.#tile = options.tile ?? DEFAULT_TILE;
    this.#checkpoint = options.checkpoint;
    this.#maxBoxes = options.maxNodes ?? MAX_BOXES;
  }

  start(mask: Mask): Pair | undefined {
    const { queries, tokens } = this.#shape;
    const side = Math.max(Math.ceil(queries / this.#tile.queries), Math.ceil(tokens / this.#tile.keys));
    return this.#search(mask, side <= 1 ? 0 : 32 - Math.clz32(side - 1), 0, 0);
  }

  #search(inherited: Mask, level: number, tileRow: number, tileColumn: number): Pair | undefined {
    const row = tileRow * this.#tile.queries;
    const column = tileColumn * this.#tile.keys;
    const rows = Math.min(this.#tile.queries * 2 ** level, this.#shape.queries - row);
    const keys = Math.min(this.#tile.keys * 2 ** level, this.#shape.tokens - column);
    if (rows <= 0 || keys <= 0) return undefined;
    const position = this.#shape.offset + row;
    const box: Box = { row: position, rowEnd: position + rows, column, columnEnd: column + keys };
    const mask = narrow(inherited, box);
    if (mask === NOTHING) return undefined;
    if (mask === EVERYTHING) return { query: position, key: column };
    const signature = signatureOf(mask, box);
    const name = signature === undefined ? undefined : `${level},${rows},${keys},${signature}`;
    if (name !== undefined && this.#empty.has(name)) return undefined;
    this.#count();
    const found = level === 0 ? pairInTile(mask, box) : this.#below(mask, level, tileRow, tileColumn);
    if (found === undefined && name !== undefined) this.#empty.add(name);
    return found;
  }

  #below(mask: Mask, level: number, tileRow: number, tileColumn: number): Pair | undefined {
    const half = 2 ** (level - 1);
    return (
      this.#search(mask, level - 1, tileRow, tileColumn) ??
      this.#search(mask, level - 1, tileRow, tileColumn + half) ??
      this.#search(mask, level - 1, tileRow + half, tileColumn) ??
      this.#search(mask, level - 1, tileRow + half, tileColumn + half)
    );
  }

  #count(): void {
    this.#boxes++;
    this.#checkpoint?.();
    if (this.#boxes > this.#maxBoxes)
      throw new CompileError(
        `no pair was found in ${this.#maxBoxes} squares; use a smaller n or a more regular pattern`,
      );
  }
}

function pairInTile(mask: Mask, box: Box): Pair | undefined {
  for (let query = box.row; query < box.rowEnd; query++)
    for (let key = box.column; key < box.columnEnd; key += 32) {
      const bits = mask.word(query, key) & bitsBetween(0, box.columnEnd - key);
      if (bits !== 0) return { query, key: key + 31 - Math.clz32(bits & -bits) };
    }
  return undefined;
}
