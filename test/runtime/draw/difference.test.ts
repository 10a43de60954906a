import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { differenceMask } from '../../../runtime/draw/difference.ts';
import { LIGHT, partColour } from '../../../runtime/draw/palette.ts';
import { rasterize } from '../../../runtime/draw/raster.ts';
import { bindPattern } from '../../../runtime/pattern/bind.ts';
import { squareShape } from '../../../runtime/pattern/shape.ts';
import { arbitraryPattern } from '../arbitrary-pattern.ts';
import { allows } from '../brute-force.ts';

describe('the difference of two masks', () => {
  it('has each pair in the part of those that hold it', () => {
    fc.assert(
      fc.property(arbitraryPattern, arbitraryPattern, fc.integer({ min: 1, max: 50 }), (first, second, n) => {
        const shape = squareShape(n);
        const mask = differenceMask(bindPattern(first, shape), bindPattern(second, shape));
        const view = { x: 0, y: 0, scale: 1, width: n, height: n };
        const { pixels } = rasterize(mask, shape, view, { palette: LIGHT, stripes: true });
        for (let i = 0; i < n; i++)
          for (let j = 0; j < n; j++) {
            const [a, b] = [allows(first, shape, i, j), allows(second, shape, i, j)];
            const colour = a || b ? partColour(LIGHT, a && b ? 2 : a ? 0 : 1) : LIGHT.background;
            expect([...pixels.subarray(4 * (i * n + j), 4 * (i * n + j) + 3)]).toEqual([...colour]);
          }
      }),
      { numRuns: 60 },
    );
  });
});
