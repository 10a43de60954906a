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
  const scale = Math.max(
    1 / LARGEST_CELL,
    extent.keys / Math.max(1, size.width - 2 * MARGIN),
    extent.queries / Math.max(1, size.height - 2 * MARGIN),
  );
  return {
    scale,
    row: -(size.height * scale - extent.queries) / 2,
    column: -(size.width * scale - extent.keys) / 2,
  };
}

/** Zooms by a factor (above 1: closer) about a point of the picture, which keeps its cell. */
export function zoomAbout(camera: Camera, factor: number, x: number, y: number, extent: Extent, size: Size): Camera {
  const furthest = 2 * wholeMask(extent, size).scale;
  const scale = Math.min(Math.max(camera.scale / factor, 1 / LARGEST_CELL), Math.max(furthest, 1 / LARGEST_CELL));
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

/** The cell under a point of the picture, or undefined outside the mask. */
export function cellAt(
  camera: Camera,
  x: number,
  y: number,
  extent: Extent,
): { row: number; column: number } | undefined {
  const row = Math.floor(camera.row + y * camera.scale);
  const column = Math.floor(camera.column + x * camera.scale);
  return row >= 0 && row < extent.queries && column >= 0 && column < extent.keys ? { row, column } : undefined;
}
