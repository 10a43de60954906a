import type { Mask } from '../pattern/mask.ts';
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
  const pairs = new Float64Array(blocks);
  const column = new Uint32Array(entries);
  const maskId = new Uint32Array(entries);
  const next = rowStart.slice();
  visitTiles(tree, (row, tileColumn, count, id, tilePairs) => {
    const at = next[row] ?? 0;
    next[row] = at + count;
    for (let tile = 0; tile < count; tile++) {
      column[at + tile] = tileColumn + tile;
      maskId[at + tile] = id;
    }
    pairs[row] = (pairs[row] ?? 0) + tilePairs;
  });
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

type TileVisitor = (row: number, column: number, count: number, maskId: number, pairs: number) => void;

/**
 * Visits every tile that holds a pair, or `count` neighbours with one mask at once, and the pairs of them all; within
 * each row of tiles, columns come in ascending order.
 */
function visitTiles(tree: MaskTree, visit: TileVisitor): void {
  const area = tree.tile.queries * tree.tile.keys;
  const walk = (node: MaskNode | null, level: number, row: number, column: number): void => {
    if (node === null) return;
    if (node.full) {
      const rows = node.rows / tree.tile.queries;
      const columns = node.keys / tree.tile.keys;
      for (let r = 0; r < rows; r++) visit(row + r, column, columns, FULL_TILE, columns * area);
    } else if (node.maskId !== undefined) visit(row, column, 1, node.maskId, Number(node.pairs));
    else if (node.children !== undefined) {
      const half = 2 ** (level - 1);
      walk(node.children[0], level - 1, row, column);
      walk(node.children[1], level - 1, row, column + half);
      walk(node.children[2], level - 1, row + half, column);
      walk(node.children[3], level - 1, row + half, column + half);
    }
  };
  walk(tree.root, tree.levels, 0, 0);
}
