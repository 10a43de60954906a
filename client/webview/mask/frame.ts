import { evenScale } from '../../../runtime/draw/even-scale.ts';
import { type Camera, cornerOf, type Extent, type Size } from './camera.ts';
import { LARGEST_PLACED, type PlacedTile, TILE_SIDE, type Tile, type TilePlace } from './tile.ts';

/** Pixels that the whole mask has at most on the picture that stands in for tiles that are not there yet. */
const OVERVIEW = TILE_SIDE;

/** The scale at which one tile shows the whole mask. */
export function overviewScale({ queries, keys }: Extent): number {
  return evenScale(Math.max(queries, keys) / OVERVIEW, { up: true });
}

/** Tiles [left, right) and [top, bottom) that a camera sees, and `margin` more on each side. */
export function rangeInSight(camera: Camera, extent: Extent, size: Size, margin = 0) {
  const { scale } = camera;
  const corner = cornerOf(camera);
  const along = (start: number, pixels: number, cells: number): readonly [number, number] => {
    const last = Math.ceil(cells / scale / TILE_SIDE);
    return [
      Math.max(0, Math.floor(start / TILE_SIDE) - margin),
      Math.min(last, Math.ceil((start + pixels) / TILE_SIDE) + margin),
    ];
  };
  const [left, right] = along(corner.x, size.width, extent.keys);
  const [top, bottom] = along(corner.y, size.height, extent.queries);
  return { left, right, top, bottom };
}

/**
 * The tiles that a camera sees, the middle of the picture first, and around them those that it would see next: `margin`
 * tiles on each side, after the others.
 */
export function tilesInSight(camera: Camera, extent: Extent, size: Size, margin = 0): TilePlace[] {
  const { scale } = camera;
  const corner = cornerOf(camera);
  const { left, right, top, bottom } = rangeInSight(camera, extent, size, margin);
  const middle = {
    x: (corner.x + size.width / 2) / TILE_SIDE - 0.5,
    y: (corner.y + size.height / 2) / TILE_SIDE - 0.5,
  };
  const places: { readonly place: TilePlace; readonly distance: number }[] = [];
  for (let y = top; y < bottom; y++)
    for (let x = left; x < right; x++)
      places.push({ place: { scale, x, y }, distance: Math.hypot(x - middle.x, y - middle.y) });
  return places.sort((a, b) => a.distance - b.distance).map(({ place }) => place);
}

/** Where a tile lies on the picture; undefined when it is out of sight or would be drawn too large. */
function placedTile(tile: Tile, camera: Camera, size: Size): PlacedTile | undefined {
  const corner = cornerOf(camera);
  const ratio = tile.scale / camera.scale;
  const along = (index: number, start: number): readonly [number, number] => [
    Math.round(index * TILE_SIDE * ratio) - start,
    Math.round((index + 1) * TILE_SIDE * ratio) - start,
  ];
  const [left, right] = along(tile.x, corner.x);
  const [top, bottom] = along(tile.y, corner.y);
  const width = right - left;
  const height = bottom - top;
  if (right <= 0 || bottom <= 0 || left >= size.width || top >= size.height) return undefined;
  if (width < 1 || height < 1 || width > LARGEST_PLACED || height > LARGEST_PLACED) return undefined;
  return { tile, x: left, y: top, width, height };
}

/**
 * The tiles to draw for a camera: those of its own scale last, and under them, as long as some of those are missing, what
 * there is of other scales, the nearest scale on top.
 */
export function placedTiles(tiles: Iterable<Tile>, camera: Camera, complete: boolean, size: Size): PlacedTile[] {
  const distance = ({ scale }: TilePlace): number => Math.abs(Math.log(scale / camera.scale));
  const used = [...tiles].filter(({ scale }) => scale === camera.scale || !complete);
  return used.sort((a, b) => distance(b) - distance(a)).flatMap(tile => placedTile(tile, camera, size) ?? []);
}
