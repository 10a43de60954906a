import { type Count, ratio, times } from '../compile/count.ts';
import { buildMaskTree, type CompileOptions, type MaskTree } from '../compile/mask-tree.ts';
import { rowProfile } from '../compile/row-counts.ts';
import { bindPattern } from '../pattern/bind.ts';
import type { Pattern } from '../pattern/ir.ts';
import type { Shape } from '../pattern/shape.ts';
import { complexity } from './complexity.ts';
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
  const tree = buildMaskTree(bindPattern(pattern, shape), shape, options);
  return statisticsOf(tree, complexity(pattern), shape.offset);
}

/** The numbers of a compiled mask whose row 0 sits at position `offset`. */
export function statisticsOf(tree: MaskTree, symbolic: string, offset = 0): Statistics {
  const { queries, keys } = tree;
  const pairs = tree.root?.pairs ?? 0;
  const rows = rowProfile(tree);
  const full = tree.root?.fullTiles ?? 0;
  const partial = tree.root?.partialTiles ?? 0;
  const tiles = Math.ceil(queries / tree.tile.queries) * Math.ceil(keys / tree.tile.keys);
  return {
    tokens: keys,
    queries,
    pairs,
    density: ratio(pairs, times(queries, keys)),
    complexity: symbolic,
    keysPerQuery: { min: rows.min, mean: ratio(pairs, queries), max: rows.max },
    emptyQueries: rows.emptyRows,
    range: rangeOf(tree, offset),
    tiles: { size: tree.tile.queries, full, partial, empty: tiles - full - partial },
  };
}
