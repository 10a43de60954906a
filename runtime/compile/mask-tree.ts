import { EVERYTHING, NOTHING, narrow, signatureOf } from '../pattern/algebra.ts';
import { bitsBetween, popcount } from '../pattern/bits.ts';
import type { Box, Mask } from '../pattern/mask.ts';
import { MAX_LISTED_TOKENS, type Shape } from '../pattern/shape.ts';
import { type Count, plus, times } from './count.ts';
import { MaskStore } from './mask-store.ts';
import { FULL_TILE } from './tile-plan.ts';

/** Query rows and keys of a tile. */
export interface TileSize {
  readonly queries: number;
  readonly keys: number;
}

/**
 * A square of 2**level x 2**level tiles. Squares that hold the same mask are one node, so that a tree over a million
 * tokens has as many nodes as the mask has distinct stretches, not as it has tiles.
 */
export interface MaskNode {
  /** Allowed pairs. */
  readonly pairs: Count;
  /** Query rows and keys of the node that lie inside the plan. */
  readonly rows: number;
  readonly keys: number;
  readonly fullTiles: number;
  readonly partialTiles: number;
  /** Every pair attends, and every tile lies wholly inside the plan. */
  readonly full: boolean;
  /** Index of the stored mask of a single tile (FULL_TILE when full); undefined for larger nodes. */
  readonly maskId: number | undefined;
  /** Top left, top right, bottom left, bottom right; undefined for a full node and a tile. Null: no pair. */
  readonly children: readonly [MaskNode | null, MaskNode | null, MaskNode | null, MaskNode | null] | undefined;
}

/** A mask of `queries` x `keys` pairs as a quadtree with shared nodes. */
export interface MaskTree {
  readonly tile: TileSize;
  readonly queries: number;
  readonly keys: number;
  /** The root covers 2**levels tiles along each side. Null when the mask is empty. */
  readonly root: MaskNode | null;
  readonly levels: number;
  /** Distinct masks of partial tiles, [masks][tile.queries][ceil(tile.keys / 32)]. */
  readonly masks: Uint32Array;
}

/** Limits of one compilation. */
export interface CompileOptions {
  readonly tile?: TileSize;
  /** Most nodes to look at before giving up with a CompileError. */
  readonly maxNodes?: number;
  /** Asked now and then; throwing stops the compilation. */
  readonly checkpoint?: () => void;
}

export const DEFAULT_TILE: TileSize = { queries: 64, keys: 64 };
export const DEFAULT_MAX_NODES = 2 ** 23;
/** Distinct tile masks may take this many bytes. */
const MAX_MASK_BYTES = 2 ** 30;

/** A mask that is too large or too irregular to compile; the message says what to do. */
export class CompileError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'CompileError';
  }
}

/** Whatever keeps something for every position asks first. Throws CompileError. */
export function checkListed(tokens: number): void {
  if (tokens > MAX_LISTED_TOKENS)
    throw new CompileError(
      `this keeps something for every position, for at most ${MAX_LISTED_TOKENS} tokens, and n = ${tokens}; use a smaller n`,
    );
}

/** Tiles this size or smaller per side are accepted. */
function checkTile(tile: TileSize): void {
  for (const side of [tile.queries, tile.keys])
    if (!Number.isInteger(side) || side < 16 || side > 256 || side % 16 !== 0)
      throw new CompileError(`a tile side is a multiple of 16 from 16 to 256, got ${side}`);
}

/**
 * Builds the tree of a mask at a shape: rows are the shape's queries (row r at position offset + r), columns its keys.
 * Cost follows the number of distinct mixed squares. Throws CompileError beyond `maxNodes`.
 */
export function buildMaskTree(mask: Mask, shape: Shape, options: CompileOptions = {}): MaskTree {
  const tile = options.tile ?? DEFAULT_TILE;
  checkTile(tile);
  return new TreeBuilder(mask, shape, tile, options).build();
}

class TreeBuilder {
  readonly #mask: Mask;
  readonly #shape: Shape;
  readonly #tile: TileSize;
  readonly #words: number;
  readonly #maxNodes: number;
  readonly #checkpoint: (() => void) | undefined;
  readonly #known = new Map<string, MaskNode | null>();
  readonly #masks: MaskStore;
  /** The tile that is being drawn. */
  readonly #drawn: Uint32Array;
  #nodes = 0;

  constructor(mask: Mask, shape: Shape, tile: TileSize, options: CompileOptions) {
    this.#mask = mask;
    this.#shape = shape;
    this.#tile = tile;
    this.#words = Math.ceil(tile.keys / 32);
    this.#maxNodes = options.maxNodes ?? DEFAULT_MAX_NODES;
    this.#checkpoint = options.checkpoint;
    this.#drawn = new Uint32Array(tile.queries * this.#words);
    this.#masks = new MaskStore(this.#drawn.length);
  }

  build(): MaskTree {
    const { queries, tokens } = this.#shape;
    const side = Math.max(Math.ceil(queries / this.#tile.queries), Math.ceil(tokens / this.#tile.keys));
    const levels = side <= 1 ? 0 : 32 - Math.clz32(side - 1);
    const root = this.#node(this.#mask, levels, 0, 0);
    return { tile: this.#tile, queries, keys: tokens, root, levels, masks: this.#masks.contents() };
  }

  /** The node of 2**level tiles a side whose first tile is (tileRow, tileColumn). */
  #node(inherited: Mask, level: number, tileRow: number, tileColumn: number): MaskNode | null {
    const row = tileRow * this.#tile.queries;
    const key = tileColumn * this.#tile.keys;
    const rowSpan = this.#tile.queries * 2 ** level;
    const keySpan = this.#tile.keys * 2 ** level;
    const rows = Math.min(rowSpan, this.#shape.queries - row);
    const keys = Math.min(keySpan, this.#shape.tokens - key);
    if (rows <= 0 || keys <= 0) return null;
    const position = this.#shape.offset + row;
    const box: Box = { row: position, rowEnd: position + rows, column: key, columnEnd: key + keys };
    const mask = narrow(inherited, box);
    if (mask === NOTHING) return null;
    const signature = signatureOf(mask, box);
    const name =
      mask === EVERYTHING
        ? `${level},${rows},${keys}`
        : signature === undefined
          ? undefined
          : `${level},${rows},${keys},${signature}`;
    if (name !== undefined) {
      const known = this.#known.get(name);
      if (known !== undefined) return known;
    }
    this.#count();
    const whole = rows % this.#tile.queries === 0 && keys % this.#tile.keys === 0;
    const node =
      mask === EVERYTHING && whole
        ? this.#full(level, rows, keys)
        : level === 0
          ? this.#tileNode(mask, box)
          : this.#branch(mask, level, tileRow, tileColumn, rows, keys);
    if (name !== undefined) this.#known.set(name, node);
    return node;
  }

  #count(): void {
    this.#nodes++;
    this.#checkpoint?.();
    if (this.#masks.bytes > MAX_MASK_BYTES)
      throw new CompileError(
        `the distinct tiles of this mask take more than ${MAX_MASK_BYTES / 2 ** 20} MiB at n = ${this.#shape.tokens}; use a smaller n or a more regular pattern`,
      );
    if (this.#nodes > this.#maxNodes)
      throw new CompileError(
        `this mask has more than ${this.#maxNodes} distinct stretches at n = ${this.#shape.tokens}; use a smaller n or a more regular pattern`,
      );
  }

  #full(level: number, rows: number, keys: number): MaskNode {
    return {
      pairs: times(rows, keys),
      rows,
      keys,
      fullTiles: (rows / this.#tile.queries) * (keys / this.#tile.keys),
      partialTiles: 0,
      full: true,
      maskId: level === 0 ? FULL_TILE : undefined,
      children: undefined,
    };
  }

  #tileNode(mask: Mask, box: Box): MaskNode | null {
    const rows = box.rowEnd - box.row;
    const keys = box.columnEnd - box.column;
    const words = this.#drawn.fill(0);
    let pairs = 0;
    for (let row = 0; row < rows; row++) {
      for (let word = 0; word < this.#words; word++) {
        const inside = bitsBetween(0, keys - 32 * word);
        if (inside === 0) break;
        const bits = mask.word(box.row + row, box.column + 32 * word) & inside;
        words[row * this.#words + word] = bits;
        pairs += popcount(bits);
      }
    }
    if (pairs === 0) return null;
    if (pairs === this.#tile.queries * this.#tile.keys) return this.#full(0, rows, keys);
    return {
      pairs,
      rows,
      keys,
      fullTiles: 0,
      partialTiles: 1,
      full: false,
      maskId: this.#masks.idOf(words),
      children: undefined,
    };
  }

  #branch(mask: Mask, level: number, tileRow: number, tileColumn: number, rows: number, keys: number): MaskNode | null {
    const half = 2 ** (level - 1);
    const children = [
      this.#node(mask, level - 1, tileRow, tileColumn),
      this.#node(mask, level - 1, tileRow, tileColumn + half),
      this.#node(mask, level - 1, tileRow + half, tileColumn),
      this.#node(mask, level - 1, tileRow + half, tileColumn + half),
    ] as const;
    let pairs: Count = 0;
    let fullTiles = 0;
    let partialTiles = 0;
    for (const child of children) {
      if (child === null) continue;
      pairs = plus(pairs, child.pairs);
      fullTiles += child.fullTiles;
      partialTiles += child.partialTiles;
    }
    if (pairs === 0) return null;
    if (partialTiles === 0 && pairs === times(rows, keys))
      return { ...this.#full(level, rows, keys), maskId: undefined };
    return { pairs, rows, keys, fullTiles, partialTiles, full: false, maskId: undefined, children };
  }
}
