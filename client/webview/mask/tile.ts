/** Pixels along a side of a tile. */
export const TILE_SIDE = 256;

/** A square of the mask's plane of pixels at one scale: it starts at pixel (x, y) * TILE_SIDE. */
export interface TilePlace {
  /** Cells per pixel. */
  readonly scale: number;
  readonly x: number;
  readonly y: number;
}

/** The same for the same place. */
export function nameOf({ scale, x, y }: TilePlace): string {
  return `${scale},${x},${y}`;
}

/** A square that was drawn. */
export interface Tile extends TilePlace {
  /** RGBA in the byte order of canvases; each pixel is opaque, or 0 outside the mask. [TILE_SIDE][TILE_SIDE] */
  readonly pixels: Uint32Array<ArrayBuffer>;
  /** Does it show densities of sampled rows? */
  readonly approximate: boolean;
  /** Would a longer look at the mask make a better tile? */
  readonly mayImprove: boolean;
}

/** A tile on the picture. Its pixels cover a square of `width` x `height`, in whole device pixels. */
export interface PlacedTile {
  readonly tile: Tile;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/**
 * What a renderer draws: every pixel has the colour of the last tile that covers it, and is clear where none does. Nothing
 * is blended or smoothed, so that all renderers come to the same pixels.
 */
export interface Frame {
  /** Device pixels. */
  readonly width: number;
  readonly height: number;
  readonly tiles: readonly PlacedTile[];
}

/** Widest and highest that a tile is drawn: products of whole numbers stay below 2^31 in every renderer. */
export const LARGEST_PLACED = 2 ** 20;

/**
 * The pixel of a tile that is seen at a distance of `offset` pixels from where it is placed with this width or height:
 * the one in which the middle of the pixel lies. Whole numbers only, as the shader computes it.
 */
export function texelAt(offset: number, placed: number): number {
  return Math.floor(((2 * offset + 1) * TILE_SIDE) / (2 * placed));
}
