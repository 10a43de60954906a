import fc from 'fast-check';
import { expect, it } from 'vitest';
import { LayeredMask } from '../../../runtime/draw/layered-mask.ts';
import { TILE_EMPTY, TILE_FULL, TILE_PARTIAL, tileCover } from '../../../runtime/draw/tile-cover.ts';
import { squareShape } from '../../../runtime/pattern/shape.ts';
import { arbitraryPattern } from '../arbitrary-pattern.ts';
import { allows } from '../brute-force.ts';

it('tells empty, full and partial tiles apart, pair by pair', () => {
  fc.assert(
    fc.property(
      arbitraryPattern,
      fc.integer({ min: 1, max: 70 }),
      fc.integer({ min: 1, max: 40 }),
      (pattern, n, tile) => {
        const shape = squareShape(n);
        const tiles = Math.ceil(n / tile);
        const range = { tile, row: tiles >> 1, rowEnd: tiles, column: 0, columnEnd: tiles };
        const cover = tileCover(LayeredMask.of(pattern, shape).mask, shape, range);
        let at = 0;
        for (let y = range.row; y < tiles; y++)
          for (let x = 0; x < tiles; x++) {
            let lit = 0;
            let all = 0;
            for (let i = y * tile; i < Math.min(n, (y + 1) * tile); i++)
              for (let j = x * tile; j < Math.min(n, (x + 1) * tile); j++) {
                all++;
                if (allows(pattern, shape, i, j)) lit++;
              }
            const expected = lit === 0 ? TILE_EMPTY : lit === all ? TILE_FULL : TILE_PARTIAL;
            expect(cover[at++], `tile (${y}, ${x})`).toBe(expected);
          }
        expect(at).toBe(cover.length);
      },
    ),
    { numRuns: 150 },
  );
}, 60_000);
