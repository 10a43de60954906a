import type { Pattern } from '../pattern/ir.ts';
import type { Shape } from '../pattern/shape.ts';
import { LayeredMask } from './layered-mask.ts';
import { type Palette, partColour, type Rgb } from './palette.ts';
import { rasterize } from './raster.ts';

/** Rows and keys of a mask, [from, to); row 0 is the first query. */
export interface Crop {
  readonly rows: readonly [from: number, to: number];
  readonly keys: readonly [from: number, to: number];
}

export interface PictureChoice {
  /** Pixels of the longer side at most; fewer cells than that become squares of several. */
  readonly side: number;
  /** Without a background the picture is drawn on nothing: the less of a pixel is lit, the more transparent it is. */
  readonly palette: Palette;
  /** Are cells that several parts light striped in their colours? Default: they have the first part's colour alone. */
  readonly stripes?: boolean;
  /** Default: the whole mask. */
  readonly crop?: Crop;
  /** Asked now and then; throwing stops the drawing. */
  readonly checkpoint?: () => void;
}

/** A mask, or a part of it, as pixels: rows of queries from top to bottom. */
export interface Picture {
  /** RGBA, [height][width][4]. */
  readonly pixels: Uint8ClampedArray<ArrayBuffer>;
  readonly width: number;
  readonly height: number;
  /** Cells along the side of a pixel; below 1 a cell covers several pixels. */
  readonly scale: number;
  /** What lit the cells, and its colour. */
  readonly parts: readonly { readonly label: string; readonly colour: Rgb }[];
  /** Some pixels show the density of a sample. */
  readonly approximate: boolean;
}

/** Draws a mask. Throws PatternError. */
export function drawMask(pattern: Pattern, shape: Shape, choice: PictureChoice): Picture {
  const { side, palette, stripes = false, checkpoint } = choice;
  const { rows, keys } = choice.crop ?? { rows: [0, shape.queries], keys: [0, shape.tokens] };
  const high = rows[1] - rows[0];
  const wide = keys[1] - keys[0];
  const longer = Math.max(high, wide);
  const scale = longer >= side ? longer / side : 1 / Math.floor(side / longer);
  const width = Math.max(1, Math.round(wide / scale));
  const height = Math.max(1, Math.round(high / scale));
  const { mask, parts } = LayeredMask.of(pattern, shape);
  // Where a pixel is many cells, a part begins with the pixel that its first cell lies in.
  const pixelOf = scale <= 1 ? (cell: number) => Math.round(cell / scale) : (cell: number) => Math.floor(cell / scale);
  const view = { x: pixelOf(keys[0]), y: pixelOf(rows[0]), scale, width, height };
  const { pixels, approximate } = rasterize(mask, shape, view, { palette, stripes, ...(checkpoint && { checkpoint }) });
  return {
    pixels,
    width,
    height,
    scale,
    parts: parts.map(({ label }, index) => ({ label, colour: partColour(palette, index) })),
    approximate,
  };
}
