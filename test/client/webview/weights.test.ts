import { describe, expect, it } from 'vitest';
import { leastWeight, Ramp, shareOf } from '../../../client/webview/run/ramp.ts';
import { gridOf } from '../../../client/webview/run/weights-overlay.ts';
import { DARK, HIGH_CONTRAST_DARK, HIGH_CONTRAST_LIGHT, LIGHT, type Rgb } from '../../../runtime/draw/palette.ts';

/** Relative luminance (WCAG 2.2). */
function luminance(colour: Rgb): number {
  const [red, green, blue] = colour.map(channel => {
    const share = channel / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

describe('colours of weights', () => {
  it('go one way in lightness, away from the background of every theme', () => {
    for (const palette of [LIGHT, DARK, HIGH_CONTRAST_LIGHT, HIGH_CONTRAST_DARK]) {
      const ramp = new Ramp(palette);
      const distances = Array.from({ length: 21 }, (_, index) =>
        Math.abs(luminance(ramp.colour(index / 20)) - luminance(palette.background)),
      );
      expect(distances).toEqual([...distances].sort((a, b) => a - b));
      // The largest has at least 7 : 1 to the background.
      const [bright, dark] = [luminance(ramp.colour(1)), luminance(palette.background)].sort((a, b) => b - a);
      expect((bright! + 0.05) / (dark! + 0.05)).toBeGreaterThan(7);
    }
  });

  it('are by orders of magnitude, from a tenth of even attention or less', () => {
    expect(leastWeight(512)).toBe(1e-4);
    expect(leastWeight(1)).toBe(0.1);
    expect([0, 1e-4, 1e-2, 1].map(weight => shareOf(weight, 1e-4))).toEqual([0, 0, expect.closeTo(0.5, 9), 1]);
  });
});

describe('squares of the picture', () => {
  const size = { width: 400, height: 300 };

  it('are pairs from near by, and powers of two of them from far away', () => {
    const near = gridOf({ scale: 0.1, row: 5, column: 7 }, { queries: 100, keys: 100 }, size);
    expect(near.side).toBe(1);
    expect([near.row, near.column]).toEqual([5, 7]);
    expect(near.rows).toBeGreaterThanOrEqual(30);
    const far = gridOf({ scale: 100, row: -10_000, column: 0 }, { queries: 20_000, keys: 33_000 }, size);
    expect(far).toEqual({ side: 512, row: 0, rows: 40, column: 0, columns: 65 });
  });

  it('stay where they are while the picture moves', () => {
    const at = (row: number) => gridOf({ scale: 10, row, column: 0 }, { queries: 8192, keys: 8192 }, size);
    expect(at(3).side).toBe(32);
    expect(at(35).row - at(3).row).toBe(1);
    expect(at(8000).row + at(8000).rows).toBe(256);
  });

  it('are there for a single pair', () => {
    expect(gridOf({ scale: 1 / 64, row: -1, column: -1 }, { queries: 1, keys: 1 }, size)).toEqual({
      side: 1,
      row: 0,
      rows: 1,
      column: 0,
      columns: 1,
    });
  });
});
