import { bitsBetween, popcount } from '../pattern/bits.ts';
import type { Box } from '../pattern/mask.ts';
import type { Shape } from '../pattern/shape.ts';
import type { LayeredMask } from './layered-mask.ts';
import { type Palette, partColour, type Rgb, stripeAt } from './palette.ts';

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
  /** What pictures of the same mask, scale and palette have found out, for the next one to read and to add to. */
  readonly known?: Map<string, Mixture | null>;
  /** Words that may be read for pixels that cover many cells before rows are sampled. */
  readonly maxWords?: number;
}

export interface Raster {
  /** RGBA, [height][width][4]; transparent outside the mask. */
  readonly pixels: Uint8ClampedArray<ArrayBuffer>;
  /** True when some pixels show the density of a sample of their rows. */
  readonly approximate: boolean;
}

/** Rows, and words of a row, that a pixel looks at when it may not look at all. */
const SAMPLED_ROWS = 4;
const SAMPLED_WORDS = 2;

/** Cells at least this many pixels wide get lines between them. */
const LINED_CELL = 8;

/**
 * Draws a mask: cells in the colour of the part that lit them, or, where a pixel covers many cells, the mixture of
 * their colours, the stronger the denser they are.
 */
export function rasterize(mask: LayeredMask, shape: Shape, view: View, options: RasterOptions): Raster {
  const painter = new Painter(shape, view, options);
  const columns = visible(view.x, view.scale, view.width, shape.tokens);
  const rows = visible(view.y, view.scale, view.height, shape.queries);
  if (columns.from < columns.to && rows.from < rows.to) {
    painter.background(rows, columns);
    if (view.scale <= 1) painter.cells(mask, rows, columns);
    else painter.densities(mask, rows.from, rows.to, columns.from, columns.to);
  }
  return { pixels: painter.pixels, approximate: painter.approximate };
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

/** The cells of one pixel. */
export interface Mixture {
  /** Share of lit cells. */
  readonly density: number;
  readonly colour: Rgb;
}

class Painter {
  readonly pixels: Uint8ClampedArray<ArrayBuffer>;
  approximate = false;
  readonly #shape: Shape;
  readonly #view: View;
  readonly #palette: Palette;
  readonly #stripes: boolean;
  readonly #checkpoint: (() => void) | undefined;
  readonly #known: Map<string, Mixture | null>;
  #wordsLeft: number;
  #steps = 0;

  constructor(shape: Shape, view: View, options: RasterOptions) {
    this.pixels = new Uint8ClampedArray(view.width * view.height * 4);
    this.#shape = shape;
    this.#view = view;
    this.#palette = options.palette;
    this.#stripes = options.stripes === true;
    this.#checkpoint = options.checkpoint;
    this.#known = options.known ?? new Map();
    this.#wordsLeft = options.maxWords ?? 2 ** 25;
  }

  background(rows: Range, columns: Range): void {
    const background = this.#palette.background;
    if (background === null) return;
    for (let y = rows.from; y < rows.to; y++)
      for (let x = columns.from; x < columns.to; x++) this.#put(x, y, background);
  }

  /** Every cell covers at least a pixel. */
  cells(mask: LayeredMask, rows: Range, columns: Range): void {
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
      this.#step();
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
          this.#cell(row, key + 31 - Math.clz32(bit), parts);
        }
      }
    }
    if (1 / view.scale >= LINED_CELL) this.#lines(rows, columns, firstRow, lastRow, firstKey, lastKey);
  }

  /** Every pixel covers at least a cell: rectangles of pixels are split until they are uniform. */
  densities(mask: LayeredMask, top: number, bottom: number, left: number, right: number): void {
    const box = this.#boxOf(top, bottom, left, right);
    const inBox = mask.narrow(box);
    if (inBox === null) return;
    this.#step();
    const uniform = inBox.uniform(!this.#stripes);
    if (uniform !== undefined) {
      this.#fill(top, bottom, left, right, uniform);
      return;
    }
    if (bottom - top === 1 && right - left === 1) {
      const mixture = this.#mixtureOf(inBox, box);
      if (mixture !== null) this.#shade(left, top, mixture);
      return;
    }
    const middleY = bottom - top > 1 ? (top + bottom) >> 1 : bottom;
    const middleX = right - left > 1 ? (left + right) >> 1 : right;
    this.densities(inBox, top, middleY, left, middleX);
    if (middleX < right) this.densities(inBox, top, middleY, middleX, right);
    if (middleY < bottom) this.densities(inBox, middleY, bottom, left, middleX);
    if (middleX < right && middleY < bottom) this.densities(inBox, middleY, bottom, middleX, right);
  }

  #mixtureOf(mask: LayeredMask, box: Box): Mixture | null {
    const signature = mask.signature(box);
    const name = signature && `${box.rowEnd - box.row},${box.columnEnd - box.column},${signature}`;
    const known = name === undefined ? undefined : this.#known.get(name);
    if (known !== undefined) return known;
    const mixture = this.#count(mask, box);
    if (name !== undefined) this.#known.set(name, mixture);
    return mixture;
  }

  #count(mask: LayeredMask, box: Box): Mixture | null {
    const rows = box.rowEnd - box.row;
    const words = Math.ceil((box.columnEnd - box.column) / 32);
    // When the budget is spent, a pixel looks at a few words spread over it.
    const sampled = this.#wordsLeft < rows * words;
    const rowStep = sampled ? Math.max(1, Math.floor(rows / SAMPLED_ROWS)) : 1;
    const wordStep = sampled ? Math.max(1, Math.floor(words / SAMPLED_WORDS)) : 1;
    if (rowStep > 1 || wordStep > 1) this.approximate = true;
    let lit = 0;
    let looked = 0;
    const shares = new Map<number, number>();
    for (let row = box.row; row < box.rowEnd; row += rowStep) {
      // A single row may take long: random ones are drawn.
      this.#checkpoint?.();
      for (let column = box.column; column < box.columnEnd; column += 32 * wordStep) {
        this.#wordsLeft--;
        looked += Math.min(32, box.columnEnd - column);
        let any = 0;
        this.#litBy(mask, row, column, bitsBetween(0, box.columnEnd - column), (part, bits) => {
          any |= bits;
          shares.set(part, (shares.get(part) ?? 0) + popcount(bits));
        });
        lit += popcount(any);
      }
    }
    if (lit === 0) return null;
    let red = 0;
    let green = 0;
    let blue = 0;
    const all = [...shares.values()].reduce((sum, count) => sum + count, 0);
    for (const [part, count] of shares) {
      const [r, g, b] = partColour(this.#palette, part);
      red += (r * count) / all;
      green += (g * count) / all;
      blue += (b * count) / all;
    }
    return { density: lit / looked, colour: [red, green, blue] };
  }

  /** A thin line stays visible; full density is the full colour. */
  #shade(x: number, y: number, { density, colour }: Mixture): void {
    const strength = 0.3 + 0.7 * Math.sqrt(density);
    if (this.#palette.background === null) {
      this.#put(x, y, colour, 255 * strength);
      return;
    }
    const [r, g, b] = this.#palette.background;
    this.#put(x, y, [r + (colour[0] - r) * strength, g + (colour[1] - g) * strength, b + (colour[2] - b) * strength]);
  }

  /** The cells that a rectangle of pixels covers; every visible cell belongs to exactly one pixel. */
  #boxOf(top: number, bottom: number, left: number, right: number): Box {
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

  #cell(row: number, key: number, parts: readonly number[]): void {
    const view = this.#view;
    const top = Math.max(0, Math.round(row / view.scale) - view.y);
    const bottom = Math.min(view.height, Math.round((row + 1) / view.scale) - view.y);
    const left = Math.max(0, Math.round(key / view.scale) - view.x);
    const right = Math.min(view.width, Math.round((key + 1) / view.scale) - view.x);
    this.#fill(top, bottom, left, right, parts);
  }

  /** Paints pixels in the colour of a part, or striped in those of several. */
  #fill(top: number, bottom: number, left: number, right: number, parts: readonly number[]): void {
    const colours = parts.map(part => partColour(this.#palette, part));
    const [first] = colours;
    if (first === undefined) return;
    const view = this.#view;
    for (let y = top; y < bottom; y++)
      for (let x = left; x < right; x++) {
        const striped =
          this.#stripes && colours.length > 1 ? colours[stripeAt(view.x + x, view.y + y, colours.length)] : first;
        this.#put(x, y, striped ?? first);
      }
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
    const { line } = this.#palette;
    if (line === null) return;
    for (let row = firstRow; row <= lastRow; row++) {
      const y = Math.round(row / view.scale) - view.y;
      if (y >= rows.from && y < rows.to) for (let x = columns.from; x < columns.to; x++) this.#put(x, y, line);
    }
    for (let key = firstKey; key <= lastKey; key++) {
      const x = Math.round(key / view.scale) - view.x;
      if (x >= columns.from && x < columns.to) for (let y = rows.from; y < rows.to; y++) this.#put(x, y, line);
    }
  }

  #put(x: number, y: number, colour: Rgb, alpha = 255): void {
    const at = 4 * (y * this.#view.width + x);
    this.pixels[at] = colour[0];
    this.pixels[at + 1] = colour[1];
    this.pixels[at + 2] = colour[2];
    this.pixels[at + 3] = alpha;
  }

  #step(): void {
    if ((++this.#steps & 0x1f) === 0) this.#checkpoint?.();
  }
}
