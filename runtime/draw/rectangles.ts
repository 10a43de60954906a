import { bitsBetween } from '../pattern/bits.ts';
import type { Shape } from '../pattern/shape.ts';
import type { LayeredMask } from './layered-mask.ts';
import { type Palette, partColour, type Rgb } from './palette.ts';

/** A picture as rectangles of one filling each, on a plane of units. */
export interface Rectangles {
  /** Left, top, width and height in units, and an index into `fills`. [rectangles][5] */
  readonly boxes: Uint32Array<ArrayBuffer>;
  /** One colour, or several in stripes. */
  readonly fills: readonly (readonly Rgb[])[];
  /** Pixels along the side of a unit: those of a cell, or 1 where a pixel is many cells. */
  readonly unit: number;
}

/** What each place of a grid is filled with. */
interface Filled {
  /** Index into `fills` plus 1; 0 where there is nothing. [height][width] */
  readonly of: Uint32Array;
  readonly width: number;
  readonly height: number;
  readonly fills: readonly (readonly Rgb[])[];
}

/** Beyond so many, an image is the smaller file. */
const MOST_RECTANGLES = 2 ** 16;

/**
 * The cells of a mask, [from, to) of its rows and keys, as rectangles; undefined where they are too many. `stripes`: are
 * cells that several parts light striped in their colours?
 */
export function cellRectangles(
  mask: LayeredMask,
  shape: Shape,
  { rows, keys }: { readonly rows: readonly [number, number]; readonly keys: readonly [number, number] },
  { palette, stripes, unit }: { readonly palette: Palette; readonly stripes: boolean; readonly unit: number },
): Rectangles | undefined {
  const [width, height] = [keys[1] - keys[0], rows[1] - rows[0]];
  const of = new Uint32Array(width * height);
  const fills: (readonly Rgb[])[] = [];
  const fillOf = new Map<string, number>();
  const numberOf = (parts: readonly number[]): number => {
    const name = parts.join();
    let fill = fillOf.get(name);
    if (fill === undefined) {
      fill = fills.push(parts.map(part => partColour(palette, part)));
      fillOf.set(name, fill);
    }
    return fill;
  };
  const box = { row: shape.offset + rows[0], rowEnd: shape.offset + rows[1], column: keys[0], columnEnd: keys[1] };
  const inBox = mask.narrow(box);
  for (let row = rows[0]; row < rows[1] && inBox !== null; row++)
    for (let key = keys[0]; key < keys[1]; key += 32) {
      const lit: number[][] = [];
      const see = (part: number, bits: number): void => {
        for (let rest = bits; rest !== 0; rest &= rest - 1) {
          const bit = 31 - Math.clz32(rest & -rest);
          lit[bit] = [...(lit[bit] ?? []), part];
        }
      };
      const inside = bitsBetween(0, keys[1] - key);
      if (stripes) inBox.word(shape.offset + row, key, inside, see);
      else inBox.firstWord(shape.offset + row, key, inside, see);
      for (const [bit, parts] of lit.entries())
        if (parts !== undefined) of[(row - rows[0]) * width + key - keys[0] + bit] = numberOf(parts);
    }
  return merged({ of, width, height, fills }, unit);
}

/** Pixels as rectangles of one colour, without those of the background; undefined where they are too many. */
export function pixelRectangles(
  pixels: Uint8ClampedArray,
  width: number,
  height: number,
  background: Rgb,
): Rectangles | undefined {
  const of = new Uint32Array(width * height);
  const fills: (readonly Rgb[])[] = [];
  const fillOf = new Map<number, number>();
  const packed = (red: number, green: number, blue: number): number => (red << 16) | (green << 8) | blue;
  const nothing = packed(...background);
  for (let at = 0; at < of.length; at++) {
    const [red = 0, green = 0, blue = 0, alpha = 0] = pixels.subarray(4 * at, 4 * at + 4);
    const colour = packed(red, green, blue);
    if (alpha === 0 || colour === nothing) continue;
    let fill = fillOf.get(colour);
    if (fill === undefined) {
      fill = fills.push([[red, green, blue]]);
      fillOf.set(colour, fill);
    }
    of[at] = fill;
  }
  return merged({ of, width, height, fills }, 1);
}

/** Runs along the rows, those that lie under each other and are alike as one. */
function merged({ of, width, height, fills }: Filled, unit: number): Rectangles | undefined {
  const boxes: number[] = [];
  /** By its left side, where the rectangle that ends in the row before begins in `boxes`, plus 1. */
  let open = new Uint32Array(width);
  for (let y = 0; y < height; y++) {
    const next = new Uint32Array(width);
    for (let x = 0; x < width; ) {
      const fill = of[y * width + x] ?? 0;
      let end = x + 1;
      while (end < width && of[y * width + end] === fill) end++;
      if (fill !== 0) {
        const above = (open[x] ?? 0) - 1;
        if (above >= 0 && boxes[above + 2] === end - x && boxes[above + 4] === fill - 1) {
          boxes[above + 3] = (boxes[above + 3] ?? 0) + 1;
          next[x] = above + 1;
        } else {
          next[x] = boxes.length + 1;
          boxes.push(x, y, end - x, 1, fill - 1);
          if (boxes.length > 5 * MOST_RECTANGLES) return undefined;
        }
      }
      x = end;
    }
    open = next;
  }
  return { boxes: Uint32Array.from(boxes), fills, unit };
}
