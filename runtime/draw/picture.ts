import type { Pattern } from '../pattern/ir.ts';
import type { Shape } from '../pattern/shape.ts';
import { LayeredMask } from './layered-mask.ts';
import { type Palette, partColour, type Rgb } from './palette.ts';
import { rasterize } from './raster.ts';
import { cellRectangles, pixelRectangles, type Rectangles } from './rectangles.ts';

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
  /** Are rectangles wanted besides the pixels? For files that hold shapes; they need a palette with a background. */
  readonly rectangles?: boolean;
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
  /** The same as rectangles, where they were asked for and are not too many. */
  readonly rectangles?: Rectangles;
}

/** Draws a mask. Throws PatternError. */
export function drawMask(pattern: Pattern, shape: Shape, choice: PictureChoice): Picture {
  const { mask, parts } = LayeredMask.of(pattern, shape);
  return drawLayers(
    mask,
    parts.map(({ label }) => label),
    shape,
    choice,
  );
}

/** Draws a mask that is bound already; `labels` of its parts, null for those that are not to be told. */
export function drawLayers(
  mask: LayeredMask,
  labels: readonly (string | null)[],
  shape: Shape,
  choice: PictureChoice,
): Picture {
  const { side, palette, stripes = false, checkpoint } = choice;
  const { rows, keys } = choice.crop ?? { rows: [0, shape.queries], keys: [0, shape.tokens] };
  const high = rows[1] - rows[0];
  const wide = keys[1] - keys[0];
  const longer = Math.max(high, wide);
  const scale = longer >= side ? longer / side : 1 / Math.floor(side / longer);
  const width = Math.max(1, Math.round(wide / scale));
  const height = Math.max(1, Math.round(high / scale));
  // Where a pixel is many cells, a part begins with the pixel that its first cell lies in.
  const pixelOf = scale <= 1 ? (cell: number) => Math.round(cell / scale) : (cell: number) => Math.floor(cell / scale);
  const view = { x: pixelOf(keys[0]), y: pixelOf(rows[0]), scale, width, height };
  const asked = checkpoint && { checkpoint };
  const { pixels, approximate } = rasterize(mask, shape, view, { palette, stripes, ...asked });
  const rectangles = (): Rectangles | undefined => {
    if (choice.rectangles !== true || palette.background === null) return undefined;
    if (scale <= 1) return cellRectangles(mask, shape, { rows, keys }, { palette, stripes, unit: 1 / scale });
    // Stripes would be a rectangle for each of their pixels.
    const plain = stripes ? rasterize(mask, shape, view, { palette, ...asked }).pixels : pixels;
    return pixelRectangles(plain, width, height, palette.background);
  };
  const found = rectangles();
  return {
    pixels,
    width,
    height,
    scale,
    parts: labels.flatMap((label, index) => (label === null ? [] : [{ label, colour: partColour(palette, index) }])),
    approximate,
    ...(found && { rectangles: found }),
  };
}
