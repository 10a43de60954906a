import type { OpaquePalette, Rgb } from '../../../runtime/draw/palette.ts';

/**
 * Colours of weights, from few to many: "cividis" (Nuñez, Anderton and Renslow, 2018), which people see alike whether or not
 * they lack a kind of cones, and whose lightness grows evenly.
 */
const CIVIDIS: readonly Rgb[] = [
  [0, 32, 76],
  [49, 68, 107],
  [87, 92, 109],
  [124, 123, 120],
  [163, 153, 118],
  [207, 190, 104],
  [255, 234, 70],
];
/** The end that is near the colour of the background is left out. */
const FIRST = 0.14;

/** Colours for a theme: the largest weight is the farthest from the background. */
export class Ramp {
  readonly #reversed: boolean;

  constructor({ background: [red, green, blue] }: OpaquePalette) {
    this.#reversed = red + green + blue > 384;
  }

  /** `share`: 0 to 1. */
  colour(share: number): Rgb {
    const within = FIRST + (1 - FIRST) * Math.min(1, Math.max(0, share));
    const at = (this.#reversed ? 1 - within : within) * (CIVIDIS.length - 1);
    const index = Math.min(CIVIDIS.length - 2, Math.floor(at));
    const from = CIVIDIS[index] ?? [0, 0, 0];
    const to = CIVIDIS[index + 1] ?? from;
    const channel = (which: 0 | 1 | 2): number => Math.round(from[which] + (to[which] - from[which]) * (at - index));
    return [channel(0), channel(1), channel(2)];
  }
}

/** Weights have orders of magnitude: the share of a weight between `least` and 1 on a logarithmic scale. */
export function shareOf(weight: number, least: number): number {
  return weight <= least ? 0 : 1 - Math.log(weight) / Math.log(least);
}

/** The weight at which the scale begins: at most a tenth of that of even attention to all keys. */
export function leastWeight(tokens: number): number {
  // Of the text, which is exact: powers are not.
  return Number(`1e-${1 + Math.ceil(Math.log10(tokens))}`);
}
