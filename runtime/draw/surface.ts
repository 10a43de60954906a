import { type Palette, partColour, type Rgb, stripeAt } from './palette.ts';

/** Where a picture lies on the plane of pixels: its top left pixel, and how many there are. */
export interface Place {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** Rows of pixels [top, bottom) and columns [left, right) of a picture. */
export interface PixelBox {
  readonly top: number;
  readonly bottom: number;
  readonly left: number;
  readonly right: number;
}

const bytes = new Uint8ClampedArray(4);
const word = new Uint32Array(bytes.buffer);

/** A colour as the four bytes of a pixel. */
export function packed([red, green, blue]: Rgb, alpha = 255): number {
  bytes[0] = red;
  bytes[1] = green;
  bytes[2] = blue;
  bytes[3] = alpha;
  return word[0] ?? 0;
}

/** The pixels of a picture. */
export class Surface {
  /** RGBA, [height][width][4]. */
  readonly pixels: Uint8ClampedArray<ArrayBuffer>;
  readonly #words: Uint32Array<ArrayBuffer>;
  readonly #place: Place;
  readonly #palette: Palette;
  readonly #stripes: boolean;

  /** `stripes`: cells that several parts light have all their colours. */
  constructor(place: Place, palette: Palette, stripes: boolean) {
    this.pixels = new Uint8ClampedArray(place.width * place.height * 4);
    this.#words = new Uint32Array(this.pixels.buffer);
    this.#place = place;
    this.#palette = palette;
    this.#stripes = stripes;
  }

  put(x: number, y: number, colour: number): void {
    this.#words[y * this.#place.width + x] = colour;
  }

  fill({ top, bottom, left, right }: PixelBox, colour: number): void {
    const { width } = this.#place;
    for (let y = top; y < bottom; y++) this.#words.fill(colour, y * width + left, y * width + right);
  }

  /** Paints pixels in the colour of a part, or striped in those of several; nothing when there is none. */
  paint(box: PixelBox, parts: readonly number[]): void {
    const [first] = parts;
    if (first === undefined) return;
    if (!this.#stripes || parts.length === 1) {
      this.fill(box, packed(partColour(this.#palette, first)));
      return;
    }
    const colours = parts.map(part => packed(partColour(this.#palette, part)));
    const { x, y, width } = this.#place;
    for (let row = box.top; row < box.bottom; row++)
      for (let column = box.left; column < box.right; column++)
        this.#words[row * width + column] = colours[stripeAt(x + column, y + row, colours.length)] ?? 0;
  }

  /** A copy of some pixels, row by row. */
  cut({ top, bottom, left, right }: PixelBox): Uint32Array {
    const { width } = this.#place;
    const all = new Uint32Array((bottom - top) * (right - left));
    for (let y = top; y < bottom; y++)
      all.set(this.#words.subarray(y * width + left, y * width + right), (y - top) * (right - left));
    return all;
  }

  /** Puts such a copy somewhere else. */
  paste({ top, bottom, left, right }: PixelBox, all: Uint32Array): void {
    const across = right - left;
    for (let y = top; y < bottom; y++)
      this.#words.set(all.subarray((y - top) * across, (y - top + 1) * across), y * this.#place.width + left);
  }
}
