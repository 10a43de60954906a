/** Binary digits of a scale: steps of 0.8 to 1.6 %. */
const DIGITS = 7;

/** Side of the largest squares of pixels that a drawing looks at as a whole. */
export const LARGEST_BLOCK = 64;

/**
 * The next scale, at least as large, at which the plane of pixels repeats: squares of at most LARGEST_BLOCK pixels hold
 * the same numbers of cells wherever they lie, so that a mask that repeats is drawn once. Up to 1 cell per pixel every
 * scale will do. `up: false`: the nearest one, larger or smaller.
 */
export function evenScale(scale: number, { up }: { readonly up: boolean }): number {
  if (scale <= 1) return scale;
  const unit = 2 ** (Math.floor(Math.log2(scale)) + 1 - DIGITS);
  return (up ? Math.ceil(scale / unit) : Math.round(scale / unit)) * unit;
}

/**
 * The side, a power of two, of the smallest squares of pixels that hold the same numbers of cells wherever they lie;
 * Infinity where those up to LARGEST_BLOCK do not.
 */
export function evenBlock(scale: number): number {
  for (let side = 1; side <= LARGEST_BLOCK; side *= 2) if (Number.isInteger(side * scale)) return side;
  return Number.POSITIVE_INFINITY;
}
