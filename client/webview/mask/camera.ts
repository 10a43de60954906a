import { evenScale } from '../../../runtime/draw/even-scale.ts';
import type { Cell } from './cell.ts';

/** Where the picture looks: the cell at the top left corner and the zoom. Lengths are device pixels. */
export interface Camera {
  readonly row: number;
  readonly column: number;
  /** Cells per pixel. */
  readonly scale: number;
}

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** Rows and columns of the mask. */
export interface Extent {
  readonly queries: number;
  readonly keys: number;
}

/** A cell is never drawn larger than this many pixels. */
const LARGEST_CELL = 96;
/** Pixels that stay free around a mask that is shown whole, for the names of the axes. */
const MARGIN = 22;

/** The whole mask, centred. */
export function wholeMask(extent: Extent, size: Size): Camera {
  const least = Math.max(
    1 / LARGEST_CELL,
    extent.keys / Math.max(1, size.width - 2 * MARGIN),
    extent.queries / Math.max(1, size.height - 2 * MARGIN),
  );
  const scale = evenScale(least, { up: true });
  return {
    scale,
    row: -(size.height * scale - extent.queries) / 2,
    column: -(size.width * scale - extent.keys) / 2,
  };
}

/**
 * Zooms by a factor (above 1: closer) about a point of the picture, which keeps its cell. To the nearest scale that is
 * quick to draw: it may stay the same when the factor is small.
 */
export function zoomAbout(camera: Camera, factor: number, x: number, y: number, extent: Extent, size: Size): Camera {
  const furthest = 2 * wholeMask(extent, size).scale;
  const wanted = Math.min(Math.max(camera.scale / factor, 1 / LARGEST_CELL), Math.max(furthest, 1 / LARGEST_CELL));
  const scale = evenScale(wanted, { up: false });
  return clamp(
    {
      scale,
      row: camera.row + y * (camera.scale - scale),
      column: camera.column + x * (camera.scale - scale),
    },
    extent,
    size,
  );
}

/** Moves the picture by pixels. */
export function pan(camera: Camera, dx: number, dy: number, extent: Extent, size: Size): Camera {
  return clamp(
    { ...camera, row: camera.row - dy * camera.scale, column: camera.column - dx * camera.scale },
    extent,
    size,
  );
}

/** Looks at the same place in the middle, from a cell's corner that is given there. */
export function centredOn(camera: Camera, cell: Cell, extent: Extent, size: Size): Camera {
  return clamp(
    {
      scale: camera.scale,
      row: cell.row + 0.5 - (size.height / 2) * camera.scale,
      column: cell.column + 0.5 - (size.width / 2) * camera.scale,
    },
    extent,
    size,
  );
}

/** Moved as little as brings a cell into sight, with some room around it; the same camera when it is there. */
export function showing(camera: Camera, cell: Cell, extent: Extent, size: Size): Camera {
  const along = (start: number, at: number, pixels: number): number => {
    const room = Math.min(24, pixels / 4) * camera.scale;
    const last = start + pixels * camera.scale;
    if (at < start + room) return at - room;
    return at + 1 > last - room ? at + 1 + room - pixels * camera.scale : start;
  };
  const row = along(camera.row, cell.row, size.height);
  const column = along(camera.column, cell.column, size.width);
  return row === camera.row && column === camera.column ? camera : clamp({ ...camera, row, column }, extent, size);
}

/** Keeps some of the mask in sight. */
function clamp(camera: Camera, extent: Extent, size: Size): Camera {
  const keep = 0.25;
  const within = (start: number, span: number, count: number): number =>
    Math.min(Math.max(start, -span * (1 - keep)), count - span * keep);
  return {
    scale: camera.scale,
    row: within(camera.row, size.height * camera.scale, extent.queries),
    column: within(camera.column, size.width * camera.scale, extent.keys),
  };
}

/** The pixel of the mask's plane that is at the top left corner: the picture moves by whole pixels, which keeps it sharp. */
export function cornerOf({ row, column, scale }: Camera): { readonly x: number; readonly y: number } {
  return { x: Math.round(column / scale), y: Math.round(row / scale) };
}

/** Where cell `index` of an axis begins on the picture, in pixels from its edge; `corner` is that of the axis. */
export function pixelOf(index: number, corner: number, scale: number): number {
  return Math.round(index / scale) - corner;
}

/** The cell under a point of the picture, or undefined outside the mask. */
export function cellAt(camera: Camera, x: number, y: number, extent: Extent): Cell | undefined {
  const corner = cornerOf(camera);
  // Of a pixel that covers several cells, the first; of a cell that covers several pixels, the one that is drawn there.
  const along = (pixel: number): number =>
    camera.scale < 1 ? Math.floor((pixel + 0.5) * camera.scale) : Math.floor(pixel * camera.scale);
  const row = along(corner.y + Math.floor(y));
  const column = along(corner.x + Math.floor(x));
  return row >= 0 && row < extent.queries && column >= 0 && column < extent.keys ? { row, column } : undefined;
}
