import type { Count } from '../compile/count.ts';

/** What a kernel computes that works on whole tiles and leaves out those without a pair. */
export interface TileUse {
  /** Query rows and keys of a tile. */
  readonly tile: { readonly queries: number; readonly keys: number };
  /** Tiles that hold at least one pair. */
  readonly tiles: number;
  /** Pairs of those tiles; what a last tile has past the end of the sequence does not count. */
  readonly computed: Count;
  /** Keys that those tiles load, each tile its own. */
  readonly loadedKeys: Count;
  /** needed / computed, 0 to 1; 1 for an empty mask, which wastes nothing. */
  readonly used: number;
  /** All pairs / computed: how much faster than full attention such a kernel can be at most. Infinity for an empty mask. */
  readonly speedUp: number;
}
