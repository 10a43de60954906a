import type { Rgb } from './palette.ts';

/** The cells of one pixel. */
export interface Mixture {
  /** Share of lit cells. */
  readonly density: number;
  readonly colour: Rgb;
}

/** Square of pixels that was drawn. */
export interface DrawnBlock {
  readonly pixels: Uint32Array;
  /** Are some of them densities of samples? */
  readonly approximate: boolean;
}

/** Lit cells of a box, and how many of them each part lights, by its index: [1 + parts]. */
export type Tally = Float64Array;

/** Different pixels, and boxes of cells, that are remembered. */
const MOST_NAMES = 2 ** 17;
/** Pixels of remembered blocks: 4 MiB. */
const MOST_PIXELS = 2 ** 20;

/**
 * What pictures of one mask in one palette at one scale have found out, by name: for the next one to read and to add to.
 * It forgets everything when it is full.
 */
export class RasterMemory {
  /** Null: no cell is lit. Only of pixels that were not sampled. */
  readonly mixtures = new Limited<Mixture | null>(MOST_NAMES);
  readonly tallies = new Limited<Tally>(MOST_NAMES);
  readonly #blocks = new Map<string, DrawnBlock>();
  #pixels = 0;

  /** How many squares are remembered. */
  get blocks(): number {
    return this.#blocks.size;
  }

  block(name: string): DrawnBlock | undefined {
    return this.#blocks.get(name);
  }

  keepBlock(name: string, block: DrawnBlock): void {
    if (this.#pixels >= MOST_PIXELS) {
      this.#blocks.clear();
      this.#pixels = 0;
    }
    if (!this.#blocks.has(name)) this.#pixels += block.pixels.length;
    this.#blocks.set(name, block);
  }
}

class Limited<T> {
  readonly #most: number;
  readonly #all = new Map<string, T>();

  constructor(most: number) {
    this.#most = most;
  }

  get(name: string): T | undefined {
    return this.#all.get(name);
  }

  set(name: string, value: T): void {
    if (this.#all.size >= this.#most) this.#all.clear();
    this.#all.set(name, value);
  }
}
