import { difference, intersection, union } from '../pattern/algebra.ts';
import type { Mask } from '../pattern/mask.ts';
import { LayeredMask } from './layered-mask.ts';

/** Two masks of one shape as one, in which the parts are what only the first, only the second, and both hold, in this order. */
export function differenceMask(first: Mask, second: Mask): LayeredMask {
  return LayeredMask.ofMasks(union(first, second), [
    difference(first, second),
    difference(second, first),
    intersection(first, second),
  ]);
}
