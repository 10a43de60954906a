/** A colour, each channel 0 to 255. */
export type Rgb = readonly [red: number, green: number, blue: number];

/** The colours of a picture. */
export interface Palette {
  /** What no part lights; null leaves it transparent, and where few cells are lit, what lies beneath shows through. */
  readonly background: Rgb | null;
  /** Lines between cells at high zoom; null draws none. */
  readonly line: Rgb | null;
  /** Of parts in source order; more parts than colours start again. */
  readonly parts: readonly Rgb[];
}

/** A palette with something behind the cells. */
export interface OpaquePalette extends Palette {
  readonly background: Rgb;
  readonly line: Rgb;
  /** Of the difference of two masks: what only the first, only the second, and both hold. */
  readonly difference: readonly [first: Rgb, second: Rgb, both: Rgb];
}

/*
 * The colours of parts were searched for: as far from each other as can be, the first four farther still, for people
 * with all cones and for those without the long, middle or short ones, at a contrast to the background of at least 3 : 1
 * (WCAG 2.2, 1.4.11), or 4.5 : 1 in high contrast. The tests measure both. In the same way those of a difference were, as
 * the blue and the warm colour that are farthest from each other and from a grey. In light and dark that grey stands back:
 * who compares wants to see what differs. In high contrast it is as strong as they are.
 */

export const LIGHT: OpaquePalette = {
  background: [255, 255, 255],
  line: [222, 222, 222],
  parts: [
    [30, 45, 107],
    [173, 61, 16],
    [56, 163, 155],
    [128, 56, 199],
    [218, 92, 248],
    [116, 27, 13],
    [146, 151, 6],
    [0, 116, 114],
  ],
  difference: [
    [0, 0, 160],
    [140, 20, 0],
    [142, 142, 142],
  ],
};

export const DARK: OpaquePalette = {
  background: [30, 30, 30],
  line: [56, 56, 56],
  parts: [
    [14, 182, 252],
    [207, 43, 9],
    [24, 100, 220],
    [236, 179, 49],
    [6, 253, 254],
    [139, 92, 129],
    [250, 252, 144],
    [157, 156, 140],
  ],
  difference: [
    [80, 200, 255],
    [245, 170, 40],
    [112, 112, 112],
  ],
};

export const HIGH_CONTRAST_LIGHT: OpaquePalette = {
  background: [255, 255, 255],
  line: [128, 128, 128],
  parts: [
    [52, 10, 207],
    [168, 93, 120],
    [96, 93, 28],
    [153, 0, 131],
    [130, 85, 247],
    [114, 31, 7],
    [125, 119, 34],
    [94, 54, 79],
  ],
  difference: [
    [50, 0, 245],
    [215, 55, 0],
    [0, 0, 0],
  ],
};

export const HIGH_CONTRAST_DARK: OpaquePalette = {
  background: [0, 0, 0],
  line: [128, 128, 128],
  parts: [
    [56, 103, 255],
    [186, 88, 62],
    [30, 248, 131],
    [197, 150, 199],
    [143, 107, 162],
    [107, 188, 90],
    [254, 255, 247],
    [240, 194, 245],
  ],
  difference: [
    [75, 100, 250],
    [215, 60, 0],
    [226, 226, 226],
  ],
};

/**
 * On nothing, for pictures that appear on light and dark alike: the colours of Okabe and Ito (2008) without their black,
 * which is a background in dark themes.
 */
export const ON_NOTHING: Palette = {
  background: null,
  line: null,
  parts: [
    [0, 114, 178],
    [230, 159, 0],
    [0, 158, 115],
    [204, 121, 167],
    [86, 180, 233],
    [213, 94, 0],
    [240, 228, 66],
    [140, 140, 140],
  ],
};

const differences = new WeakMap<OpaquePalette, OpaquePalette>();

/** The palette of a picture whose parts are those of a difference: the same object for the same palette. */
export function differencePalette(palette: OpaquePalette): OpaquePalette {
  const known = differences.get(palette) ?? { ...palette, parts: palette.difference };
  differences.set(palette, known);
  return known;
}

/** Colour of the part with this index. */
export function partColour({ parts }: Pick<Palette, 'parts'>, index: number): Rgb {
  return parts[index % parts.length] ?? [0, 0, 0];
}

/** Pixels that a stripe is wide, measured along an axis. */
export const STRIPE = 4;

/**
 * Which of `count` colours a pixel has where several parts light its cell: diagonal stripes on a plane without end, so
 * that pictures that meet fit together.
 */
export function stripeAt(x: number, y: number, count: number): number {
  return Math.floor((x + y) / STRIPE) % count;
}
