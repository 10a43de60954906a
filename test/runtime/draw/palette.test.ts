import { describe, expect, it } from 'vitest';
import {
  DARK,
  HIGH_CONTRAST_DARK,
  HIGH_CONTRAST_LIGHT,
  LIGHT,
  ON_NOTHING,
  type OpaquePalette,
  type Rgb,
} from '../../../runtime/draw/palette.ts';

/** Linear light of an sRGB channel. */
function linear(channel: number): number {
  const share = channel / 255;
  return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
}

/** Contrast ratio of WCAG 2.2. */
function contrast(a: Rgb, b: Rgb): number {
  const luminance = ([r, g, blue]: Rgb): number => 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(blue);
  const [lighter, darker] = [luminance(a), luminance(b)].sort((x, y) => y - x) as [number, number];
  return (lighter + 0.05) / (darker + 0.05);
}

/** How people see colours: all cones, and without those for long, middle and short waves (Machado et al., 2009). */
const SIGHTS: Readonly<Record<string, readonly number[]>> = {
  trichromat: [1, 0, 0, 0, 1, 0, 0, 0, 1],
  protanope: [0.152286, 1.052583, -0.204868, 0.114503, 0.786281, 0.099216, -0.003882, -0.048116, 1.051998],
  deuteranope: [0.367322, 0.860646, -0.227968, 0.280085, 0.672501, 0.047413, -0.01182, 0.04294, 0.968881],
  tritanope: [1.255528, -0.076749, -0.178779, -0.078411, 0.930809, 0.147602, 0.004733, 0.691367, 0.3039],
};

/** A colour as somebody sees it, in OKLab (Ottosson, 2020) times 100: equal distances look about equally different. */
function seen(colour: Rgb, sight: readonly number[]): [number, number, number] {
  const from = colour.map(linear);
  const [r, g, b] = [0, 1, 2].map(row =>
    Math.min(
      1,
      Math.max(
        0,
        [0, 1, 2].reduce((sum, k) => sum + sight[3 * row + k]! * from[k]!, 0),
      ),
    ),
  ) as [number, number, number];
  const l = Math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b);
  const m = Math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b);
  const s = Math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b);
  return [
    100 * (0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s),
    100 * (1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s),
    100 * (0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s),
  ];
}

function leastDistance(colours: readonly Rgb[]): number {
  let least = Number.POSITIVE_INFINITY;
  for (const sight of Object.values(SIGHTS)) {
    const all = colours.map(colour => seen(colour, sight));
    for (const [index, a] of all.entries())
      for (const b of all.slice(0, index)) least = Math.min(least, Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]));
  }
  return least;
}

/** Palettes, backgrounds of VS Code's own themes that they appear on, and what is asked of them. */
const cases: readonly [string, OpaquePalette, readonly Rgb[], number, number, number][] = [
  ['light', LIGHT, [LIGHT.background], 3, 13, 22],
  ['dark', DARK, [DARK.background, [31, 31, 31]], 3, 15, 24],
  ['light high contrast', HIGH_CONTRAST_LIGHT, [HIGH_CONTRAST_LIGHT.background], 4.5, 9, 33],
  ['dark high contrast', HIGH_CONTRAST_DARK, [HIGH_CONTRAST_DARK.background], 4.5, 13, 33],
];

describe.each(cases)('the %s palette', (_, palette, backgrounds, contrastAsked, distanceAsked, differenceAsked) => {
  const { parts, difference } = palette;

  it('stands out from its background', () => {
    for (const background of backgrounds)
      for (const part of [...parts, ...difference])
        expect(contrast(part, background), `${part} on ${background}`).toBeGreaterThanOrEqual(contrastAsked);
  });

  it('has colours that nobody takes for each other', () => {
    expect(new Set(parts.map(String)).size).toBe(8);
    expect(leastDistance(parts)).toBeGreaterThanOrEqual(distanceAsked);
    expect(leastDistance(parts.slice(0, 4))).toBeGreaterThanOrEqual(1.3 * distanceAsked);
    // What is widely used as safe, measured in the same way.
    expect(leastDistance(parts)).toBeGreaterThan(2 * leastDistance(ON_NOTHING.parts));
  });

  it('tells what only one of two masks holds from the other, and both from what both hold', () => {
    expect(leastDistance(difference)).toBeGreaterThanOrEqual(differenceAsked);
    // Stripes of two parts stand on the same page, and a difference is easier to read than they are.
    expect(leastDistance(difference)).toBeGreaterThan(leastDistance(parts.slice(0, 3)));
  });
});

it.each([
  ['light', LIGHT],
  ['dark', DARK],
])('what both of two masks hold stands back behind what only one does in the %s palette', (_, palette) => {
  const [first, second, both] = palette.difference.map(colour => contrast(colour, palette.background));
  expect(2 * both!).toBeLessThan(first!);
  expect(2 * both!).toBeLessThan(second!);
});
