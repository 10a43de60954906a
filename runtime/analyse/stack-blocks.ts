import { buildMaskTree, type CompileOptions, type MaskTree } from '../compile/mask-tree.ts';
import { planOf } from '../compile/plan.ts';
import { FULL_TILE } from '../compile/tile-plan.ts';
import type { Mask } from '../pattern/mask.ts';
import { squareShape } from '../pattern/shape.ts';
import type { Neighbours } from './neighbours.ts';
import { type SharedRows, sharedRows } from './shared-rows.ts';
import { stackSpread } from './stack-spread.ts';
import type { Field, Stack, Stacked } from './stacking.ts';

/** Sides of blocks, the finest first. */
export const BLOCK_SIDES = [16, 32, 64, 128, 256] as const;

/**
 * The same for masks that hold all pairs of a block of queries and a block of keys or none of them, by following blocks
 * in the place of positions; undefined for other masks. Throws OutOfSteps and CompileError.
 */
export function stackBlocks(stack: Stack<Mask>, steps: number, options: CompileOptions = {}): Stacked | undefined {
  const { tokens, token } = stack;
  const treesOf = (side: number): MaskTree[] => stack.masks.map(mask => treeOf(mask, tokens, side, options));
  const isWhole = ({ root }: MaskTree): boolean => (root?.partialTiles ?? 0) === 0;
  // Blocks that are whole or empty consist of smaller ones that are.
  if (tokens % BLOCK_SIDES[0] !== 0 || !treesOf(BLOCK_SIDES[0]).every(isWhole)) return undefined;
  for (const side of BLOCK_SIDES.toReversed()) {
    if (tokens % side !== 0) continue;
    const trees = treesOf(side);
    if (!trees.every(isWhole)) continue;
    const masks = trees.map(tree => blocksOf(tree).every);
    // Inside of a block everybody has to see everybody, or one block would stand for positions that differ.
    if (!masks.every(seesItself)) return undefined;
    const blocks = stackSpread(
      {
        tokens: tokens / side,
        masks: masks.map(blocks => rowsOf(blocks, options.checkpoint)),
        layers: stack.layers,
        ...(token === undefined ? {} : { token: Math.floor(token / side) }),
      },
      steps,
      options.checkpoint,
    );
    return unfolded(blocks, tokens / side, side);
  }
  return undefined;
}

/** Blocks of keys of which some pair is there, and those of which every pair is, by block of queries. */
export function blocksOf(tree: MaskTree): { readonly some: Neighbours; readonly every: Neighbours } {
  const { rowStart, column, maskId } = planOf(tree);
  const start = new Uint32Array(rowStart.length);
  const full = column.filter((_, entry) => maskId[entry] === FULL_TILE);
  for (let row = 0; row + 1 < rowStart.length; row++) {
    let count = 0;
    for (let entry = rowStart[row] ?? 0; entry < (rowStart[row + 1] ?? 0); entry++)
      if (maskId[entry] === FULL_TILE) count++;
    start[row + 1] = (start[row] ?? 0) + count;
  }
  return { some: { start: rowStart, key: column }, every: { start, key: full } };
}

/** The same blocks, as rows that share what they have alike. */
export function rowsOf({ start, key }: Neighbours, checkpoint?: () => void): SharedRows {
  return sharedRows(
    start.length - 1,
    (query, run) => {
      for (let at = start[query] ?? 0; at < (start[query + 1] ?? 0); at++) run(key[at] ?? 0, (key[at] ?? 0) + 1);
    },
    checkpoint,
  );
}

const trees = new WeakMap<Mask, Map<string, MaskTree>>();

/** The tree of a mask in square tiles, built once for as long as somebody has the mask. Throws CompileError. */
export function treeOf(mask: Mask, tokens: number, side: number, options: CompileOptions): MaskTree {
  let own = trees.get(mask);
  if (own === undefined) {
    own = new Map();
    trees.set(mask, own);
  }
  // The empty mask is one and the same at every length.
  const key = `${tokens},${side}`;
  let tree = own.get(key);
  if (tree === undefined) {
    tree = buildMaskTree(mask, squareShape(tokens), { ...options, tile: { queries: side, keys: side } });
    own.set(key, tree);
  }
  return tree;
}

/** Does every position see itself? */
export function seesItself({ start, key }: Neighbours): boolean {
  for (let query = 0; query + 1 < start.length; query++)
    if (!key.subarray(start[query] ?? 0, start[query + 1] ?? 0).includes(query)) return false;
  return true;
}

/** Every block as its positions. */
function unfolded(blocks: Stacked, count: number, side: number): Stacked {
  const pairs = side ** 2;
  // On the diagonal of blocks lie keys that are earlier and such that are later.
  const half = (count: number, diagonal: number): number =>
    (count - diagonal) * pairs + (diagonal * (pairs + side)) / 2;
  const { past, future } = blocks.missing;
  return {
    connected: blocks.connected * pairs,
    past: half(blocks.past, count),
    future: half(blocks.future, count),
    // Positions of one block are a step apart.
    hops: Math.max(1, blocks.hops),
    byLayer: blocks.byLayer.map(connected => connected * pairs),
    fields: blocks.fields.map(
      ({ keys, first, last }): Field => ({ keys: keys * side, first: first * side, last: (last + 1) * side - 1 }),
    ),
    missing: {
      past: past && { query: past.query * side, key: past.key * side },
      future: future && { query: future.query * side, key: future.key * side },
    },
  };
}
