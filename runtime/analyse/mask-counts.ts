import type { Count } from '../compile/count.ts';
import { buildMaskTree, type CompileOptions, DEFAULT_TILE } from '../compile/mask-tree.ts';
import type { Mask } from '../pattern/mask.ts';
import type { Shape } from '../pattern/shape.ts';
import { lastRows, mostKeysAtOnce } from './key-lifetime.ts';
import { countsByRows, listedCounts } from './listed-counts.ts';
import { type Range, rangeOf } from './range.ts';
import type { TileUse } from './tile-use.ts';
import { tileUse } from './waste.ts';

/** What a mask costs a kernel and a decoder. All numbers are exact. */
export interface MaskCounts {
  readonly pairs: Count;
  readonly use: Pick<TileUse, 'computed' | 'loadedKeys'>;
  readonly range: Range;
  /** Most keys that are needed at once while decoding. */
  readonly kept: number;
}

/** Counts a mask at a shape. Throws CompileError. */
export function countMask(mask: Mask, shape: Shape, options: CompileOptions = {}): MaskCounts {
  const { last, ...counts } = countsByRows(mask, shape) ? byRows(mask, shape, options) : byTree(mask, shape, options);
  return { ...counts, kept: mostKeysAtOnce(last, shape.offset, shape.queries) };
}

interface Counted extends Omit<MaskCounts, 'kept'> {
  /** See `lastRows`. */
  readonly last: Int32Array;
}

function byRows(mask: Mask, shape: Shape, options: CompileOptions): Counted {
  const { pairs, range, last, tiles } = listedCounts(mask, shape, [options.tile ?? DEFAULT_TILE], options);
  return { pairs, range, last, use: tiles[0]?.use ?? { computed: 0, loadedKeys: 0 } };
}

function byTree(mask: Mask, shape: Shape, options: CompileOptions): Counted {
  const tree = buildMaskTree(mask, shape, options);
  const use = tileUse(tree);
  options.checkpoint?.();
  const range = rangeOf(tree, shape.offset);
  options.checkpoint?.();
  return { pairs: tree.root?.pairs ?? 0, use, range, last: lastRows(tree, options.checkpoint) };
}
