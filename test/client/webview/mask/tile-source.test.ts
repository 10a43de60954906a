import { describe, expect, it } from 'vitest';
import type { Drawn, DrawnTile, TilesWanted } from '../../../../client/webview/drawing-messages.ts';
import { TILE_SIDE } from '../../../../client/webview/mask/tile.ts';
import { TileSource } from '../../../../client/webview/mask/tile-source.ts';

const place = (x: number) => ({ scale: 1, x, y: 0 });
const tile = (x: number, approximate = false): DrawnTile => ({
  place: place(x),
  pixels: new Uint8ClampedArray(4 * TILE_SIDE ** 2),
  approximate,
  mayImprove: approximate,
});

function source() {
  const wanted: Omit<TilesWanted, 'seq' | 'id'>[] = [];
  const arrived: number[] = [];
  const worker = { want: (_: unknown, what: Omit<TilesWanted, 'seq' | 'id'>) => void wanted.push(what) };
  const tiles = new TileSource(
    worker,
    {} as Drawn,
    ({ x }) => void arrived.push(x),
    error => {
      throw error;
    },
  );
  const asked = () =>
    wanted.map(({ missing, improvable, received }) => [
      missing.map(({ x }) => x),
      improvable.map(({ x }) => x),
      received,
    ]);
  return { tiles, asked, arrived };
}

describe('TileSource', () => {
  it('asks for what is missing, and keeps what arrives', () => {
    const { tiles, asked, arrived } = source();
    tiles.want([place(2), place(1)]);
    tiles.arrived(tile(2));
    tiles.want([place(2), place(1)]);
    expect(asked()).toEqual([
      [[2, 1], [], 0],
      [[1], [], 1],
    ]);
    expect(arrived).toEqual([2]);
    expect(tiles.tile(place(2))).toBeDefined();
    expect(tiles.tile(place(1))).toBeUndefined();
  });

  it('asks once for what it wants again and again', () => {
    const { tiles, asked } = source();
    tiles.want([place(0)]);
    tiles.want([place(0)]);
    expect(asked()).toHaveLength(1);
    // Nothing is wanted any more: the worker must hear of that, too.
    tiles.want([]);
    expect(asked().at(-1)).toEqual([[], [], 0]);
  });

  it('says which tiles a longer look would make better', () => {
    const { tiles, asked } = source();
    tiles.want([place(0), place(1)]);
    tiles.arrived(tile(0, true));
    tiles.want([place(0), place(1)]);
    expect(asked().at(-1)).toEqual([[1], [0], 1]);
    tiles.arrived({ ...tile(0, true), mayImprove: false });
    tiles.arrived(tile(1));
    tiles.want([place(0), place(1)]);
    expect(asked().at(-1)).toEqual([[], [], 3]);
  });
});
