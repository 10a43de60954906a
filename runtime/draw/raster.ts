import { bitsBetween } from '../pattern/bits.ts';
import type { Box } from '../pattern/mask.ts';
import type { PointsMask } from '../pattern/points-mask.ts';
import type { Shape } from '../pattern/shape.ts';
import { evenBlock, LARGEST_BLOCK } from './even-scale.ts';
import { halves, middleOf } from './halves.ts';
import type { LayeredMask } from './layered-mask.ts';
import { type Palette, partColour, STRIPE } from './palette.ts';
import { type Mixture, RasterMemory } from './raster-memory.ts';
import { type PixelBox, packed, Surface } from './surface.ts';
import { Counting } from './tally.ts';

/**
 * What part of the mask a picture shows. The mask lies on a plane of pixels without end, its first query and key at pixel
 * (0, 0); pictures cut out of one plane at one scale fit together, cell for cell.
 */
export interface View {
  /** The plane's pixel at the top left corner of the picture; whole, negative outside the mask. */
  readonly x: number;
  readonly y: number;
  /** Cells per pixel, the same along both axes; below 1 a cell covers several pixels. */
  readonly scale: number;
  /** Pixels. */
  readonly width: number;
  readonly height: number;
}

export interface RasterOptions {
  readonly palette: Palette;
  /** Are cells that several parts light striped in their colours? Left out: they have the first part's colour alone. */
  readonly stripes?: boolean;
  /** Asked now and then; throwing stops the drawing. */
  readonly checkpoint?: () => void;
  /** What pictures of the same mask, scale, palette and stripes have found out. */
  readonly memory?: RasterMemory;
  /** Words that may be read for pixels that cover many cells before rows are sampled. */
  readonly maxWords?: number;
}

export interface Raster {
  /** RGBA, [height][width][4]; transparent outside the mask. */
  readonly pixels: Uint8ClampedArray<ArrayBuffer>;
  /** True when some pixels show the density of a sample of their rows. */
  readonly approximate: boolean;
}

/** Cells at least this many pixels wide get lines between them. */
const LINED_CELL = 8;

/** Steps of a drawing between two looks at whether it is enough. */
const STEPS = 4;

/** Side of the smallest squares of pixels that are drawn once where the mask repeats. */
const LEAST_BLOCK = 16;

/**
 * Draws a mask: cells in the colour of the part that lit them, or, where a pixel covers many cells, the mixture of
 * their colours, the stronger the denser they are.
 */
export function rasterize(mask: LayeredMask, shape: Shape, view: View, options: RasterOptions): Raster {
  const drawing = new Drawing(mask, shape, view, options);
  drawing.goOn(() => false);
  return drawing;
}

interface Range {
  readonly from: number;
  readonly to: number;
}

/** Pixels [from, to) of a picture that starts at `start` and show some of the cells 0..count. */
function visible(start: number, scale: number, size: number, count: number): Range {
  // A pixel that covers many cells also counts where the mask covers only some of it: an edge may be all there is to see.
  const end = scale < 1 ? Math.round(count / scale) : Math.ceil(count / scale);
  return { from: Math.max(0, Math.min(size, -start)), to: Math.max(0, Math.min(size, end - start)) };
}

/** What is left to do: a box of pixels to draw, or one that is drawn and to be remembered. */
type Left = { readonly pixels: PixelBox } & (
  | { readonly mask: LayeredMask }
  | { readonly mask: null; readonly name: string; readonly sampled: number }
);

/** A picture in the making, for those who have something else to do in between. */
export class Drawing implements Raster {
  readonly #surface: Surface;
  readonly #shape: Shape;
  readonly #view: View;
  readonly #palette: Palette;
  readonly #stripes: boolean;
  readonly #checkpoint: (() => void) | undefined;
  readonly #memory: RasterMemory;
  readonly #counting: Counting;
  /** Side of the squares of pixels that hold the same numbers of cells wherever they lie; Infinity: none do. */
  readonly #block: number;
  readonly #left: Left[] = [];
  readonly #cells: Generator<void> | undefined;
  #sampled = 0;

  constructor(mask: LayeredMask, shape: Shape, view: View, options: RasterOptions) {
    this.#surface = new Surface(view, options.palette, options.stripes === true);
    this.#shape = shape;
    this.#view = view;
    this.#palette = options.palette;
    this.#stripes = options.stripes === true;
    this.#checkpoint = options.checkpoint;
    this.#memory = options.memory ?? new RasterMemory();
    this.#counting = new Counting(this.#stripes, this.#memory, options.maxWords ?? 2 ** 25, options.checkpoint);
    this.#block = evenBlock(view.scale);
    const columns = visible(view.x, view.scale, view.width, shape.tokens);
    const rows = visible(view.y, view.scale, view.height, shape.queries);
    if (columns.from >= columns.to || rows.from >= rows.to) return;
    const pixels = { top: rows.from, bottom: rows.to, left: columns.from, right: columns.to };
    const { background } = options.palette;
    if (background !== null) this.#surface.fill(pixels, packed(background));
    if (view.scale <= 1) this.#cells = this.#drawCells(mask, rows, columns);
    else this.#left.push({ pixels, mask });
  }

  get pixels(): Uint8ClampedArray<ArrayBuffer> {
    return this.#surface.pixels;
  }

  get approximate(): boolean {
    return this.#sampled > 0;
  }

  /** Draws until it is enough, and again when it is called again. Returns true when the picture is complete. */
  goOn(enough: () => boolean): boolean {
    for (let steps = 1; ; steps++) {
      if (!this.#step()) return true;
      if (steps % STEPS !== 0) continue;
      if (steps % (8 * STEPS) === 0) this.#checkpoint?.();
      if (enough()) return false;
    }
  }

  #step(): boolean {
    if (this.#cells !== undefined) return this.#cells.next().done !== true;
    const left = this.#left.pop();
    if (left === undefined) return false;
    if (left.mask !== null) this.#divide(left.mask, left.pixels);
    else
      this.#memory.keepBlock(left.name, {
        pixels: this.#surface.cut(left.pixels),
        approximate: this.#sampled > left.sampled,
      });
    return true;
  }

  /** Every cell covers at least a pixel. */
  *#drawCells(mask: LayeredMask, rows: Range, columns: Range): Generator<void> {
    const view = this.#view;
    const firstRow = this.#cellAt(view.y + rows.from, this.#shape.queries);
    const lastRow = this.#cellAt(view.y + rows.to - 1, this.#shape.queries);
    const firstKey = this.#cellAt(view.x + columns.from, this.#shape.tokens);
    const lastKey = this.#cellAt(view.x + columns.to - 1, this.#shape.tokens);
    const box: Box = {
      row: this.#shape.offset + firstRow,
      rowEnd: this.#shape.offset + lastRow + 1,
      column: firstKey,
      columnEnd: lastKey + 1,
    };
    const inBox = mask.narrow(box);
    const lit: { readonly part: number; readonly bits: number }[] = [];
    for (let row = firstRow; row <= lastRow && inBox !== null; row++) {
      for (let key = firstKey; key <= lastKey; key += 32) {
        lit.length = 0;
        this.#litBy(inBox, this.#shape.offset + row, key, bitsBetween(0, lastKey + 1 - key), (part, bits) => {
          lit.push({ part, bits });
        });
        const all = lit.map(({ part }) => part);
        for (let rest = lit.reduce((any, { bits }) => any | bits, 0); rest !== 0; rest &= rest - 1) {
          const bit = rest & -rest;
          const parts = lit.every(({ bits }) => (bits & bit) !== 0)
            ? all
            : lit.flatMap(({ part, bits }) => ((bits & bit) === 0 ? [] : part));
          this.#surface.paint(this.#pixelsOf(row, key + 31 - Math.clz32(bit)), parts);
        }
      }
      yield;
    }
    if (1 / view.scale >= LINED_CELL) this.#lines(rows, columns, firstRow, lastRow, firstKey, lastKey);
  }

  /** Every pixel covers at least a cell: boxes of pixels are divided until they are uniform. */
  #divide(mask: LayeredMask, pixels: PixelBox): void {
    const box = this.#boxOf(pixels);
    const inBox = mask.narrow(box);
    if (inBox === null) return;
    const uniform = inBox.uniform(!this.#stripes);
    if (uniform !== undefined) {
      this.#surface.paint(pixels, uniform);
      return;
    }
    const { top, bottom, left, right } = pixels;
    if (inBox.points !== undefined && (bottom - top > 1 || right - left > 1)) {
      this.#scatter(inBox, inBox.points, pixels);
      return;
    }
    if (bottom - top === 1 && right - left === 1) {
      const mixture = this.#mixtureOf(inBox, box);
      if (mixture !== null) this.#surface.put(left, top, this.#shade(mixture));
      return;
    }
    if (this.#isBlock(pixels)) {
      const name = this.#nameOf(inBox, box, pixels);
      const known = name === undefined ? undefined : this.#memory.block(name);
      if (known !== undefined) {
        this.#surface.paste(pixels, known.pixels);
        if (known.approximate) this.#sampled++;
        return;
      }
      if (name !== undefined) this.#left.push({ pixels, mask: null, name, sampled: this.#sampled });
    }
    // At the same lines of the plane in every picture, so that they have the same blocks.
    const { x, y } = this.#view;
    const middleY = middleOf(y + top, y + bottom);
    const middleX = middleOf(x + left, x + right);
    const rows = halves(top, bottom, middleY.at - y, middleY.size >= middleX.size);
    const columns = halves(left, right, middleX.at - x, middleX.size >= middleY.size);
    for (const [rowFrom, rowTo] of rows)
      for (const [from, to] of columns)
        this.#left.push({ pixels: { top: rowFrom, bottom: rowTo, left: from, right: to }, mask: inBox });
  }

  /** Single cells that are listed go to their pixels at once. */
  #scatter(mask: LayeredMask, points: PointsMask, { top, bottom, left, right }: PixelBox): void {
    this.#checkpoint?.();
    const { x, y } = this.#view;
    const width = right - left;
    const rowEdges = edgesOf(top, bottom, pixel => this.#shape.offset + this.#edge(y + pixel, this.#shape.queries));
    const columnEdges = edgesOf(left, right, pixel => this.#edge(x + pixel, this.#shape.tokens));
    const size = 1 + mask.parts;
    const tallies = new Float64Array(size * width * (bottom - top));
    let below = 0;
    mask.eachPoint(points, !this.#stripes, (row, column, parts) => {
      // Row by row, but the columns begin anew with each.
      while (row >= (rowEdges[below + 1] ?? 0)) below++;
      const at = size * (below * width + lastAtMost(columnEdges, column));
      tallies[at] = (tallies[at] ?? 0) + 1;
      for (const part of parts) tallies[at + 1 + part] = (tallies[at + 1 + part] ?? 0) + 1;
    });
    for (let row = top; row < bottom; row++)
      for (let column = left; column < right; column++) {
        const at = size * ((row - top) * width + column - left);
        const lit = tallies[at] ?? 0;
        if (lit === 0) continue;
        const pixel = { top: row, bottom: row + 1, left: column, right: column + 1 };
        const box = this.#boxOf(pixel);
        const all = (box.rowEnd - box.row) * (box.columnEnd - box.column);
        // A full pixel may be striped.
        if (lit === all) this.#divide(mask, pixel);
        else {
          const colour = this.#blend(tallies.subarray(at, at + size));
          this.#surface.put(column, row, this.#shade({ density: lit / all, colour }));
        }
      }
  }

  /** Is this one of the squares that repeat where the mask does? */
  #isBlock({ top, bottom, left, right }: PixelBox): boolean {
    const side = bottom - top;
    if (side < LEAST_BLOCK || side > LARGEST_BLOCK || side !== right - left || side % this.#block !== 0) return false;
    const { x, y } = this.#view;
    return (x + left) % side === 0 && (y + top) % side === 0;
  }

  /** Blocks with the same name look the same; undefined when this one is like no other. */
  #nameOf(mask: LayeredMask, box: Box, { top, bottom, left }: PixelBox): string | undefined {
    const signature = mask.signature(box);
    if (signature === undefined) return undefined;
    const { x, y } = this.#view;
    const period = this.#stripes ? stripePeriod(mask.lit) : 1;
    const phase = (x + left + y + top) % period;
    return `${bottom - top},${phase},${box.rowEnd - box.row},${box.columnEnd - box.column},${signature}`;
  }

  #mixtureOf(mask: LayeredMask, box: Box): Mixture | null {
    const signature = mask.signature(box);
    const name = signature && `${box.rowEnd - box.row},${box.columnEnd - box.column},${signature}`;
    const known = name === undefined ? undefined : this.#memory.mixtures.get(name);
    if (known !== undefined) return known;
    const all = (box.rowEnd - box.row) * (box.columnEnd - box.column);
    const counted = this.#counting.count(mask, box);
    const { tally, looked } =
      counted === undefined ? this.#counting.sample(mask, box) : { tally: counted, looked: all };
    if (looked < all) this.#sampled++;
    const [lit = 0] = tally;
    const mixture = lit === 0 ? null : { density: lit / looked, colour: this.#blend(tally) };
    if (name !== undefined && looked === all) this.#memory.mixtures.set(name, mixture);
    return mixture;
  }

  #blend(tally: Float64Array): Mixture['colour'] {
    let [red, green, blue, all] = [0, 0, 0, 0];
    for (let part = 0; part + 1 < tally.length; part++) {
      const cells = tally[part + 1] ?? 0;
      if (cells === 0) continue;
      const [r, g, b] = partColour(this.#palette, part);
      red += r * cells;
      green += g * cells;
      blue += b * cells;
      all += cells;
    }
    return [red / all, green / all, blue / all];
  }

  /** A thin line stays visible; full density is the full colour. */
  #shade({ density, colour }: Mixture): number {
    const strength = 0.3 + 0.7 * Math.sqrt(density);
    if (this.#palette.background === null) return packed(colour, 255 * strength);
    const [r, g, b] = this.#palette.background;
    return packed([r + (colour[0] - r) * strength, g + (colour[1] - g) * strength, b + (colour[2] - b) * strength]);
  }

  /** The cells that a box of pixels covers; every visible cell belongs to exactly one pixel. */
  #boxOf({ top, bottom, left, right }: PixelBox): Box {
    const { x, y } = this.#view;
    const rowAt = (pixel: number): number => this.#edge(y + pixel, this.#shape.queries);
    const keyAt = (pixel: number): number => this.#edge(x + pixel, this.#shape.tokens);
    const row = Math.min(rowAt(top), this.#shape.queries - 1);
    const column = Math.min(keyAt(left), this.#shape.tokens - 1);
    return {
      row: this.#shape.offset + row,
      rowEnd: this.#shape.offset + Math.max(row + 1, rowAt(bottom)),
      column,
      columnEnd: Math.max(column + 1, keyAt(right)),
    };
  }

  /** The first cell of a pixel of the plane. */
  #edge(pixel: number, count: number): number {
    const { scale } = this.#view;
    // The last pixel ends with the mask: multiplying may round to just before its last cell.
    if (pixel >= count / scale) return count;
    return Math.max(0, Math.min(count, Math.floor(pixel * scale)));
  }

  /** The cell in whose middle, or nearest to it, a pixel of the plane lies. */
  #cellAt(pixel: number, count: number): number {
    return Math.max(0, Math.min(count - 1, Math.floor((pixel + 0.5) * this.#view.scale)));
  }

  #pixelsOf(row: number, key: number): PixelBox {
    const view = this.#view;
    return {
      top: Math.max(0, Math.round(row / view.scale) - view.y),
      bottom: Math.min(view.height, Math.round((row + 1) / view.scale) - view.y),
      left: Math.max(0, Math.round(key / view.scale) - view.x),
      right: Math.min(view.width, Math.round((key + 1) / view.scale) - view.x),
    };
  }

  #litBy(
    mask: LayeredMask,
    row: number,
    column: number,
    inside: number,
    lit: (part: number, bits: number) => void,
  ): void {
    if (!this.#stripes) mask.firstWord(row, column, inside, lit);
    else mask.word(row, column, inside, lit);
  }

  #lines(rows: Range, columns: Range, firstRow: number, lastRow: number, firstKey: number, lastKey: number): void {
    const view = this.#view;
    if (this.#palette.line === null) return;
    const line = packed(this.#palette.line);
    for (let row = firstRow; row <= lastRow; row++) {
      const y = Math.round(row / view.scale) - view.y;
      if (y >= rows.from && y < rows.to)
        this.#surface.fill({ top: y, bottom: y + 1, left: columns.from, right: columns.to }, line);
    }
    for (let key = firstKey; key <= lastKey; key++) {
      const x = Math.round(key / view.scale) - view.x;
      if (x >= columns.from && x < columns.to)
        this.#surface.fill({ top: rows.from, bottom: rows.to, left: x, right: x + 1 }, line);
    }
  }
}

/** After so many pixels stripes of any of this many colours begin again. */
function stripePeriod(colours: number): number {
  let period = 1;
  for (let count = 2; count <= colours; count++) {
    let multiple = period;
    while (multiple % count !== 0) multiple += period;
    period = multiple;
  }
  return STRIPE * period;
}

/** The first cells of pixels from `from` on, and where the last one ends: [to - from + 1]. */
function edgesOf(from: number, to: number, edge: (pixel: number) => number): Float64Array {
  return Float64Array.from({ length: to - from + 1 }, (_, index) => edge(from + index));
}

/** The last of ascending numbers, but for the very last one, that is at most `value`. */
function lastAtMost(ascending: Float64Array, value: number): number {
  let low = 0;
  let high = ascending.length - 2;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((ascending[middle] ?? 0) <= value) low = middle;
    else high = middle - 1;
  }
  return low;
}
