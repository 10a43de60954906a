import fc from 'fast-check';
import { expect, it } from 'vitest';
import { compose } from '../../../../client/webview/mask/compose.ts';
import { type PlacedTile, TILE_SIDE, type Tile } from '../../../../client/webview/mask/tile.ts';

function tileOf(seed: number): Tile {
  const pixels = new Uint32Array(TILE_SIDE ** 2).map((_, at) => (at * 2_654_435_761 + seed) >>> 0);
  return { scale: 1, x: 0, y: 0, pixels, approximate: false, mayImprove: false };
}

const tiles = [1, 2, 3].map(tileOf);
const placed = fc.record({
  tile: fc.constantFrom(...tiles),
  x: fc.integer({ min: -600, max: 80 }),
  y: fc.integer({ min: -600, max: 60 }),
  width: fc.oneof(fc.constant(TILE_SIDE), fc.integer({ min: 1, max: 2000 })),
  height: fc.oneof(fc.constant(TILE_SIDE), fc.integer({ min: 1, max: 2000 })),
});

it('gives every pixel the colour of the last tile that covers it, at the middle of the pixel', () => {
  fc.assert(
    fc.property(fc.array(placed, { maxLength: 4 }), all => {
      const [width, height] = [71, 53];
      const pixels = new Uint32Array(width * height).fill(7);
      compose({ width, height, tiles: all }, pixels);
      const covers = ({ x, y, width: wide, height: high }: PlacedTile, px: number, py: number): boolean =>
        px >= x && px < x + wide && py >= y && py < y + high;
      for (let y = 0; y < height; y++)
        for (let x = 0; x < width; x++) {
          const last = all.findLast(tile => covers(tile, x, y));
          const along = (at: number, start: number, length: number): number =>
            Math.floor(((at - start + 0.5) / length) * TILE_SIDE);
          const expected =
            last === undefined
              ? 0
              : last.tile.pixels[along(y, last.y, last.height) * TILE_SIDE + along(x, last.x, last.width)];
          if (pixels[y * width + x] !== expected) expect(pixels[y * width + x], `(${x}, ${y})`).toBe(expected);
        }
    }),
  );
});
