import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cellAt, pan, wholeMask, zoomAbout } from '../../../../client/webview/mask/camera.ts';

const extents = fc.record({
  queries: fc.integer({ min: 1, max: 2 ** 22 }),
  keys: fc.integer({ min: 1, max: 2 ** 22 }),
});
const sizes = fc.record({ width: fc.integer({ min: 50, max: 4000 }), height: fc.integer({ min: 50, max: 4000 }) });

describe('camera', () => {
  it('shows the whole mask, centred', () => {
    fc.assert(
      fc.property(extents, sizes, (extent, size) => {
        const camera = wholeMask(extent, size);
        expect(camera.row).toBeLessThanOrEqual(0);
        expect(camera.column).toBeLessThanOrEqual(0);
        expect(camera.row + size.height * camera.scale).toBeGreaterThanOrEqual(extent.queries);
        expect(camera.column + size.width * camera.scale).toBeGreaterThanOrEqual(extent.keys);
        expect(camera.row + (size.height * camera.scale) / 2).toBeCloseTo(extent.queries / 2, 3);
      }),
    );
  });

  it('keeps the cell under the pointer while zooming in', () => {
    fc.assert(
      fc.property(extents, sizes, fc.double({ min: 1, max: 1.5, noNaN: true }), (extent, size, factor) => {
        const before = wholeMask(extent, size);
        const [x, y] = [size.width / 2, size.height / 2];
        const after = zoomAbout(before, factor, x, y, extent, size);
        expect(Math.abs(after.row + y * after.scale - (before.row + y * before.scale))).toBeLessThan(
          1e-6 * extent.queries + 1e-6,
        );
        expect(Math.abs(after.column + x * after.scale - (before.column + x * before.scale))).toBeLessThan(
          1e-6 * extent.keys + 1e-6,
        );
      }),
    );
  });

  it('never loses the mask, however far it is moved', () => {
    fc.assert(
      fc.property(
        extents,
        sizes,
        fc.integer({ min: -1e9, max: 1e9 }),
        fc.integer({ min: -1e9, max: 1e9 }),
        (extent, size, dx, dy) => {
          const camera = pan(wholeMask(extent, size), dx, dy, extent, size);
          expect(camera.row).toBeLessThan(extent.queries);
          expect(camera.column).toBeLessThan(extent.keys);
          expect(camera.row + size.height * camera.scale).toBeGreaterThan(0);
          expect(camera.column + size.width * camera.scale).toBeGreaterThan(0);
        },
      ),
    );
  });

  it('finds the cell under a point and none outside', () => {
    const camera = { row: -1, column: 2, scale: 0.5 };
    const extent = { queries: 4, keys: 8 };
    expect(cellAt(camera, 0, 2, extent)).toEqual({ row: 0, column: 2 });
    expect(cellAt(camera, 11, 9, extent)).toEqual({ row: 3, column: 7 });
    expect(cellAt(camera, 0, 0, extent)).toBeUndefined();
    expect(cellAt(camera, 12, 4, extent)).toBeUndefined();
  });
});
