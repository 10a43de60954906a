import { type Frame, type PlacedTile, TILE_SIDE, texelAt } from './tile.ts';

/** Draws a frame on the processor into `pixels`, [height][width]. */
export function compose({ width, height, tiles }: Frame, pixels: Uint32Array): void {
  pixels.fill(0);
  for (const placed of tiles) composeTile(placed, width, height, pixels);
}

function composeTile(placed: PlacedTile, width: number, height: number, pixels: Uint32Array): void {
  const source = placed.tile.pixels;
  const left = Math.max(0, placed.x);
  const right = Math.min(width, placed.x + placed.width);
  const top = Math.max(0, placed.y);
  const bottom = Math.min(height, placed.y + placed.height);
  if (left >= right || top >= bottom) return;
  if (placed.width === TILE_SIDE && placed.height === TILE_SIDE) {
    for (let y = top; y < bottom; y++) {
      const from = (y - placed.y) * TILE_SIDE - placed.x;
      pixels.set(source.subarray(from + left, from + right), y * width + left);
    }
    return;
  }
  const columns = new Uint16Array(right - left);
  for (let x = left; x < right; x++) columns[x - left] = texelAt(x - placed.x, placed.width);
  for (let y = top; y < bottom; y++) {
    const from = texelAt(y - placed.y, placed.height) * TILE_SIDE;
    const to = y * width;
    for (let x = left; x < right; x++) pixels[to + x] = source[from + (columns[x - left] ?? 0)] ?? 0;
  }
}
