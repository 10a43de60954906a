/** A colour, each channel 0 to 255. */
export type Rgb = readonly [red: number, green: number, blue: number];

/**
 * Colours of parts in source order: the set of Okabe and Ito (2008), which stays distinct for colour-blind readers.
 * Its black is left out (it is a background in dark themes); more parts than colours start again.
 */
export const PART_COLOURS: readonly Rgb[] = [
  [0, 114, 178],
  [230, 159, 0],
  [0, 158, 115],
  [204, 121, 167],
  [86, 180, 233],
  [213, 94, 0],
  [240, 228, 66],
  [140, 140, 140],
];

/** Colour of the part with this index. */
export function partColour(index: number): Rgb {
  return PART_COLOURS[index % PART_COLOURS.length] ?? [0, 0, 0];
}

/** What surrounds the parts. */
export interface Surroundings {
  readonly background: Rgb;
  /** Lines between cells at high zoom. */
  readonly line: Rgb;
}

export const LIGHT: Surroundings = { background: [255, 255, 255], line: [222, 222, 222] };
export const DARK: Surroundings = { background: [30, 30, 30], line: [56, 56, 56] };
