import type { TilePlan } from '../../compile/tile-plan.ts';
import type { SimtShape } from './wgsl/simt.ts';

/** What is left to choose for an element and a padded head dimension. */
export type SimtChoice = Omit<SimtShape, 'element' | 'dim'>;

/**
 * Shapes of the portable kernel, for a padded head dimension and a tile, the one that is most often the fastest first. Every
 * device has the 16 KiB of workgroup memory and the 256 threads that they need at most.
 */
export function simtShapes(dim: number, tile: TilePlan['tile']): readonly [SimtChoice, ...SimtChoice[]] {
  const step = tile.keys % 32 === 0 ? 32 : 16;
  const plain = { rowQuads: 1, keyQuads: 1, portions: 1, round: 16 };
  const few = { ...plain, rows: tile.queries > 16 ? 32 : 16, step };
  if (tile.queries <= 32) return [few];
  const many = { ...plain, rows: 64 };
  if (tile.keys % 64 !== 0) return [{ ...many, step }, { ...many, step, rowQuads: 2 }, few];
  const fourKeys = { ...many, step: 64, rowQuads: 2 };
  const eightKeys = { ...many, step: 64, keyQuads: 2, portions: 2 };
  // Wide heads leave a thread no registers for more than four rows and keys.
  const small = { ...many, step: 64, portions: 2 };
  return dim <= 128 ? [fourKeys, eightKeys, few] : [small, fourKeys, eightKeys, few];
}

/** The shape for software, which computes most quickly with few threads and takes seconds to compile long shaders. */
export function softwareShape(tile: TilePlan['tile']): SimtChoice {
  const [few] = simtShapes(16, { ...tile, queries: Math.min(32, tile.queries) });
  return { ...few, keyQuads: 2, round: 4 };
}

/** Multiples of 16 that hold a head. */
export function paddedDim(headDim: number): number {
  return Math.ceil(headDim / 16) * 16;
}
