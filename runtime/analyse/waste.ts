import { type Count, plus, ratio, times } from '../compile/count.ts';
import { buildMaskTree, type CompileOptions, type MaskNode, type MaskTree } from '../compile/mask-tree.ts';
import type { Mask } from '../pattern/mask.ts';
import type { Shape } from '../pattern/shape.ts';
import { countsByRows, listedCounts } from './listed-counts.ts';
import type { TileUse } from './tile-use.ts';

/** The same mask cut into square tiles of several sizes. */
export interface Waste {
  /** Allowed pairs. */
  readonly needed: Count;
  /** Smallest tile first. */
  readonly sizes: readonly TileUse[];
  /** Side of the largest tile that computes at most 10 % more pairs than the smallest one. */
  readonly best: number;
}

export const WASTE_TILES = [16, 32, 64, 128, 256] as const;
/** How many more pairs than the smallest tile the best one may compute: larger tiles keep a processor busier. */
const TOLERANCE = 1.1;

/**
 * Needed against computed pairs for square tiles of 16 to 256, and the best one.
 *
 * One walk knows all: of a tree in the smallest tiles a square of 2**k tiles a side that holds a pair is a tile 2**k times
 * as large; of scattered pairs every row is read once.
 * Exact. Throws CompileError when the mask is too large to look at in tiles of 16.
 */
export function wasteOf(mask: Mask, shape: Shape, options: CompileOptions = {}): Waste {
  if (countsByRows(mask, shape)) {
    const squares = WASTE_TILES.map(size => ({ queries: size, keys: size }));
    const { pairs, tiles } = listedCounts(mask, shape, squares, options);
    return wasteIn(
      pairs,
      tiles.map(({ use }) => use),
    );
  }
  const [smallest] = WASTE_TILES;
  const tree = buildMaskTree(mask, shape, { ...options, tile: { queries: smallest, keys: smallest } });
  return wasteIn(
    tree.root?.pairs ?? 0,
    WASTE_TILES.map(size => tileUse(tree, Math.log2(size / smallest))),
  );
}

function wasteIn(needed: Count, sizes: readonly TileUse[]): Waste {
  const [smallest] = WASTE_TILES;
  const least = Number(sizes[0]?.computed ?? 0);
  const best = sizes.findLast(({ computed }) => Number(computed) <= TOLERANCE * least)?.tile.queries ?? smallest;
  return { needed, sizes, best };
}

/** What the tiles of a tree compute, or those of 2**level tiles a side. Exact. */
export function tileUse(tree: MaskTree, level = 0): TileUse {
  const scale = 2 ** level;
  const tile = { queries: tree.tile.queries * scale, keys: tree.tile.keys * scale };
  const { tiles, pairs, keys } = new TileCounter(tile, level).count(tree.root, tree.levels);
  return {
    tile,
    tiles,
    computed: pairs,
    loadedKeys: keys,
    used: pairs === 0 ? 1 : ratio(tree.root?.pairs ?? 0, pairs),
    speedUp: ratio(times(tree.queries, tree.keys), pairs),
  };
}

interface Counted {
  readonly tiles: number;
  readonly pairs: Count;
  readonly keys: Count;
}

const NONE: Counted = { tiles: 0, pairs: 0, keys: 0 };

/** Adds up the squares of one level; squares that are one node are counted once. */
class TileCounter {
  readonly #tile: { readonly queries: number; readonly keys: number };
  readonly #level: number;
  readonly #known = new Map<MaskNode, Counted>();

  constructor(tile: { readonly queries: number; readonly keys: number }, level: number) {
    this.#tile = tile;
    this.#level = level;
  }

  count(node: MaskNode | null, level: number): Counted {
    if (node === null) return NONE;
    if (level <= this.#level) return { tiles: 1, pairs: times(node.rows, node.keys), keys: node.keys };
    if (node.full) {
      const blocks = Math.ceil(node.rows / this.#tile.queries);
      return {
        tiles: blocks * Math.ceil(node.keys / this.#tile.keys),
        pairs: times(node.rows, node.keys),
        keys: times(blocks, node.keys),
      };
    }
    const known = this.#known.get(node);
    if (known !== undefined) return known;
    let tiles = 0;
    let pairs: Count = 0;
    let keys: Count = 0;
    for (const child of node.children ?? []) {
      const part = this.count(child, level - 1);
      tiles += part.tiles;
      pairs = plus(pairs, part.pairs);
      keys = plus(keys, part.keys);
    }
    const counted = { tiles, pairs, keys };
    this.#known.set(node, counted);
    return counted;
  }
}
