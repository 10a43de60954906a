import { type Count, ratio, times } from '../compile/count.ts';
import {
  buildMaskTree,
  type CompileOptions,
  DEFAULT_TILE,
  type MaskTree,
  type TileSize,
} from '../compile/mask-tree.ts';
import { type RowProfile, rowProfile } from '../compile/row-counts.ts';
import { bindPattern } from '../pattern/bind.ts';
import type { Pattern } from '../pattern/ir.ts';
import type { Mask } from '../pattern/mask.ts';
import type { Shape } from '../pattern/shape.ts';
import { complexity } from './complexity.ts';
import { countsByRows, listedCounts } from './listed-counts.ts';
import { type Range, rangeOf } from './range.ts';

/** The numbers of one mask. All are exact. */
export interface Statistics {
  /** Keys. */
  readonly tokens: number;
  /** Query rows. */
  readonly queries: number;
  /** Allowed pairs: a bigint where a double is not exact. */
  readonly pairs: Count;
  /** pairs / (queries * tokens). */
  readonly density: number;
  /** Symbolic pairs, e.g. `O(n * size)`. */
  readonly complexity: string;
  readonly keysPerQuery: { readonly min: number; readonly mean: number; readonly max: number };
  /** Queries that attend to nothing. */
  readonly emptyQueries: number;
  /** Farthest key that a query attends to, back and ahead, in tokens. */
  readonly range: Range;
  /** Tiles of `size` x `size` pairs (`full`: wholly inside and all allowed). */
  readonly tiles: { readonly size: number; readonly full: number; readonly partial: number; readonly empty: number };
}

/**
 * Counts a pattern at a shape without looking at every pair.
 * Throws PatternError when the pattern has no meaning there and CompileError when it is too large to count.
 */
export function statistics(pattern: Pattern, shape: Shape, options: CompileOptions = {}): Statistics {
  const mask = bindPattern(pattern, shape);
  return countsByRows(mask, shape)
    ? listedStatistics(mask, shape, complexity(pattern, shape), options)
    : statisticsOf(buildMaskTree(mask, shape, options), complexity(pattern, shape), shape.offset);
}

function listedStatistics(mask: Mask, shape: Shape, symbolic: string, options: CompileOptions): Statistics {
  const { queries, tokens } = shape;
  const tile = options.tile ?? DEFAULT_TILE;
  const { pairs, rows, range, tiles } = listedCounts(mask, shape, [tile], options);
  const full = tiles[0]?.full ?? 0;
  return told(
    { queries, keys: tokens, tile, pairs, rows, range, full, partial: (tiles[0]?.use.tiles ?? 0) - full },
    symbolic,
  );
}

/** The numbers of a compiled mask whose row 0 sits at position `offset`. */
export function statisticsOf(tree: MaskTree, symbolic: string, offset = 0): Statistics {
  const { queries, keys, tile, root } = tree;
  return told(
    {
      ...{ queries, keys, tile },
      pairs: root?.pairs ?? 0,
      rows: rowProfile(tree),
      range: rangeOf(tree, offset),
      full: root?.fullTiles ?? 0,
      partial: root?.partialTiles ?? 0,
    },
    symbolic,
  );
}

/** What was counted. */
interface Counts {
  readonly queries: number;
  readonly keys: number;
  readonly tile: TileSize;
  readonly pairs: Count;
  readonly rows: RowProfile;
  readonly range: Range;
  /** Tiles. */
  readonly full: number;
  readonly partial: number;
}

function told({ queries, keys, tile, pairs, rows, range, full, partial }: Counts, symbolic: string): Statistics {
  const tiles = Math.ceil(queries / tile.queries) * Math.ceil(keys / tile.keys);
  return {
    tokens: keys,
    queries,
    pairs,
    density: ratio(pairs, times(queries, keys)),
    complexity: symbolic,
    keysPerQuery: { min: rows.min, mean: ratio(pairs, queries), max: rows.max },
    emptyQueries: rows.emptyRows,
    range,
    tiles: { size: tile.queries, full, partial, empty: tiles - full - partial },
  };
}
