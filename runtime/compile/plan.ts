import type { Mask } from '../pattern/mask.ts';
import { firstAtLeast } from '../pattern/points-mask.ts';
import type { Shape } from '../pattern/shape.ts';
import {
  buildMaskTree,
  CompileError,
  type CompileOptions,
  checkListed,
  type MaskNode,
  type MaskTree,
} from './mask-tree.ts';
import { FULL_TILE, type TilePlan } from './tile-plan.ts';
import { tilesPerRow } from './tiles-per-row.ts';

/** Most tiles that one plan may list: 12 bytes each with what builds them. */
export const MAX_PLAN_TILES = 2 ** 26;

/** Compiles a bound mask to a plan. Throws CompileError when the mask or its list of tiles is too large. */
export function compilePlan(mask: Mask, shape: Shape, options: CompileOptions = {}): TilePlan {
  return planOf(buildMaskTree(mask, shape, options));
}

/** Lists the tiles of a tree row block by row block, keys ascending. */
export function planOf(tree: MaskTree): TilePlan {
  checkListed(Math.max(tree.queries, tree.keys));
  const entries = tree.root === null ? 0 : tree.root.fullTiles + tree.root.partialTiles;
  if (entries > MAX_PLAN_TILES)
    throw new CompileError(
      `a plan of this mask would list ${entries} tiles (at most ${MAX_PLAN_TILES}); use a smaller n`,
    );
  const blocks = Math.ceil(tree.queries / tree.tile.queries);
  const rowStart = new Uint32Array(blocks + 1);
  for (const [row, tiles] of tilesPerRow(tree).entries()) rowStart[row + 1] = (rowStart[row] ?? 0) + tiles;
  const listed = new TileList(tree, rowStart, entries);
  listed.add(tree.root, tree.levels, 0, 0);
  const { column, maskId, pairs } = listed;
  return {
    tile: tree.tile,
    queries: tree.queries,
    keys: tree.keys,
    rowStart,
    column,
    maskId,
    masks: tree.masks,
    pairs,
  };
}

/** Squares of at least 2**4 tiles a side are copied when they come again, if they have so many tiles for each row of them. */
const COPIED_LEVEL = 4;
const COPIED_PER_ROW = 4;
/** Up to so many tiles are copied one by one. */
const FEW_TILES = 16;

/** Where a square of tiles was first listed. */
interface Listed {
  readonly row: number;
  readonly column: number;
  /** Pairs of each of its rows of tiles, once somebody asked. */
  pairs: Float64Array | undefined;
}

/** Every tile that holds a pair; within each row of tiles, columns come in ascending order. */
class TileList {
  /** [tiles] */
  readonly column: Uint32Array;
  readonly maskId: Uint32Array;
  /** [rows of tiles] */
  readonly pairs: Float64Array;
  readonly #tree: MaskTree;
  readonly #rowStart: Uint32Array;
  /** Where the next tile of each row of tiles goes. */
  readonly #next: Uint32Array;
  readonly #area: number;
  /** Pairs of each stored mask that was listed. */
  readonly #maskPairs: Float64Array;
  readonly #listed = new Map<MaskNode, Listed>();

  constructor(tree: MaskTree, rowStart: Uint32Array, entries: number) {
    this.#tree = tree;
    this.#rowStart = rowStart;
    this.#next = rowStart.slice();
    this.column = new Uint32Array(entries);
    this.maskId = new Uint32Array(entries);
    this.pairs = new Float64Array(rowStart.length - 1);
    this.#area = tree.tile.queries * tree.tile.keys;
    this.#maskPairs = new Float64Array(tree.masks.length / (tree.tile.queries * Math.ceil(tree.tile.keys / 32)));
  }

  add(node: MaskNode | null, level: number, row: number, column: number): void {
    if (node === null) return;
    if (node.full) this.#addFull(node, row, column);
    else if (node.children === undefined) {
      const id = node.maskId ?? 0;
      const pairs = Number(node.pairs);
      this.#maskPairs[id] = pairs;
      this.#addTiles(row, column, 1, id, pairs);
    } else {
      const isCopied =
        level >= COPIED_LEVEL && node.fullTiles + node.partialTiles >= COPIED_PER_ROW * this.#rowsOf(node);
      const listed = isCopied ? this.#listed.get(node) : undefined;
      if (listed !== undefined) {
        this.#copy(node, level, listed, row, column);
        return;
      }
      const half = 2 ** (level - 1);
      this.add(node.children[0], level - 1, row, column);
      this.add(node.children[1], level - 1, row, column + half);
      this.add(node.children[2], level - 1, row + half, column);
      this.add(node.children[3], level - 1, row + half, column + half);
      if (isCopied) this.#listed.set(node, { row, column, pairs: undefined });
    }
  }

  #rowsOf(node: MaskNode): number {
    return Math.ceil(node.rows / this.#tree.tile.queries);
  }

  #addFull(node: MaskNode, row: number, column: number): void {
    const columns = node.keys / this.#tree.tile.keys;
    for (let r = 0; r < this.#rowsOf(node); r++)
      this.#addTiles(row + r, column, columns, FULL_TILE, columns * this.#area);
  }

  /** Neighbours with one mask, and the pairs of them all. */
  #addTiles(row: number, column: number, count: number, id: number, pairs: number): void {
    const at = this.#next[row] ?? 0;
    this.#next[row] = at + count;
    for (let tile = 0; tile < count; tile++) {
      this.column[at + tile] = column + tile;
      this.maskId[at + tile] = id;
    }
    this.pairs[row] = (this.pairs[row] ?? 0) + pairs;
  }

  #copy(node: MaskNode, level: number, from: Listed, row: number, column: number): void {
    const shift = column - from.column;
    const rows = this.#rowsOf(node);
    const pairs = from.pairs ?? new Float64Array(rows);
    for (let r = 0; r < rows; r++) {
      const begin = this.#placeOf(from.row + r, from.column);
      const end = this.#placeOf(from.row + r, from.column + 2 ** level);
      const at = this.#next[row + r] ?? 0;
      this.#next[row + r] = at + end - begin;
      if (end - begin > FEW_TILES) this.maskId.copyWithin(at, begin, end);
      else for (let tile = begin; tile < end; tile++) this.maskId[at + tile - begin] = this.maskId[tile] ?? 0;
      for (let tile = begin; tile < end; tile++) this.column[at + tile - begin] = (this.column[tile] ?? 0) + shift;
      if (from.pairs === undefined) pairs[r] = this.#pairsBetween(begin, end);
      this.pairs[row + r] = (this.pairs[row + r] ?? 0) + (pairs[r] ?? 0);
    }
    from.pairs = pairs;
  }

  /** Of the tiles that are listed in a row, where the first is that is not before a column. */
  #placeOf(row: number, column: number): number {
    return firstAtLeast(this.column, column, this.#rowStart[row] ?? 0, this.#next[row] ?? 0);
  }

  #pairsBetween(begin: number, end: number): number {
    let pairs = 0;
    for (let tile = begin; tile < end; tile++) {
      const id = this.maskId[tile] ?? 0;
      pairs += id === FULL_TILE ? this.#area : (this.#maskPairs[id] ?? 0);
    }
    return pairs;
  }
}
