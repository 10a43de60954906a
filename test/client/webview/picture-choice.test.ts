import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cellAt } from '../../../client/webview/mask/camera.ts';
import { fileName, inSight, paletteFor, typedSide } from '../../../client/webview/save/picture-choice.ts';
import { DARK, HIGH_CONTRAST_DARK, LIGHT } from '../../../runtime/draw/palette.ts';

describe('what is saved of a picture', () => {
  it('is what the camera sees: every cell in sight, and none that is not', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0.05, max: 8, noNaN: true }),
        fc.double({ min: -60, max: 60, noNaN: true }),
        fc.double({ min: -60, max: 60, noNaN: true }),
        (scale, row, column) => {
          const extent = { queries: 70, keys: 50 };
          const size = { width: 40, height: 30 };
          const camera = { scale, row, column };
          const crop = inSight(camera, size, extent) ?? { rows: [0, 70], keys: [0, 50] };
          for (let y = 0; y < size.height; y++)
            for (let x = 0; x < size.width; x++) {
              const cell = cellAt(camera, x, y, extent);
              if (cell === undefined) continue;
              // The picture on the page moves by whole pixels, so that its edge may be a cell further.
              const slack = Math.ceil(scale);
              expect(cell.row).toBeGreaterThanOrEqual(crop.rows[0] - slack);
              expect(cell.row).toBeLessThan(crop.rows[1] + slack);
              expect(cell.column).toBeGreaterThanOrEqual(crop.keys[0] - slack);
              expect(cell.column).toBeLessThan(crop.keys[1] + slack);
            }
          expect(crop.rows[1]).toBeGreaterThan(crop.rows[0]);
          expect(crop.rows[1] - crop.rows[0]).toBeLessThanOrEqual(size.height * scale + 2);
          expect(crop.keys[0]).toBeGreaterThanOrEqual(0);
          expect(crop.keys[1]).toBeLessThanOrEqual(50);
        },
      ),
    );
  });

  it('is the whole mask where all of it is in sight', () => {
    const extent = { queries: 8, keys: 8 };
    expect(inSight(null, { width: 10, height: 10 }, extent)).toBeNull();
    expect(inSight({ scale: 1, row: -1, column: -1 }, { width: 10, height: 10 }, extent)).toBeNull();
    expect(inSight({ scale: 1, row: 2, column: 0 }, { width: 10, height: 10 }, extent)).toEqual({
      rows: [2, 8],
      keys: [0, 8],
    });
  });

  it('has a name that every file system takes', () => {
    expect(fileName(['mine'], 4096, null)).toBe('mine-4096');
    expect(fileName(['p (tried out)', 'p (written)'], 16, { rows: [2, 8], keys: [0, 8] })).toBe(
      'p-tried-out--vs-p-written--16-2to8x0to8',
    );
  });

  it('has a side within limits, and the colours that were asked for', () => {
    expect(typedSide(' 2048 ')).toEqual({ side: 2048 });
    for (const text of ['', '8', '8193', '1e3', '-5', '12.5']) expect(typedSide(text)).toHaveProperty('problem');
    expect(paletteFor('shown', HIGH_CONTRAST_DARK)).toBe(HIGH_CONTRAST_DARK);
    expect(paletteFor('light', HIGH_CONTRAST_DARK)).toBe(LIGHT);
    expect(paletteFor('dark', LIGHT)).toBe(DARK);
  });
});
