import type { CompileOptions } from '../compile/mask-tree.ts';
import type { Mask } from '../pattern/mask.ts';
import type { Shape } from '../pattern/shape.ts';
import { isListed } from './row-reader.ts';
import { treeMask } from './tree-mask.ts';

/** Squares of the trees that masks are read off: beyond, a mask itself is asked. */
const MOST_NODES = 2 ** 19;

/** The same mask for whoever asks again and again: read off its tree, but where its pairs are listed or too irregular. */
export function quickMask(mask: Mask, shape: Shape, options: CompileOptions): Mask {
  if (isListed(mask)) return mask;
  return treeMask(mask, shape, { ...options, maxNodes: Math.min(MOST_NODES, options.maxNodes ?? MOST_NODES) });
}
