import type { LayeredMask } from '../../../runtime/draw/layered-mask.ts';
import { TILE_EMPTY, TILE_PARTIAL, type TileRange } from '../../../runtime/draw/tile-cover.ts';
import type { Shape } from '../../../runtime/pattern/shape.ts';
import { type Camera, cornerOf, type Extent, pixelOf, type Size } from './camera.ts';
import type { Cell } from './cell.ts';

/** What is drawn over the picture. */
export interface Marks {
  readonly camera: Camera;
  readonly size: Size;
  readonly extent: Extent;
  /** The cell under the pointer. */
  readonly pointed: Cell | null;
  /** The cell cursor. */
  readonly selected: Cell | null;
  /** For the keys of the cursor's row and the queries of its column. */
  readonly bound: { readonly mask: LayeredMask; readonly shape: Shape } | null;
  readonly tiles: TileMarks | null;
  /** Positions of a way from a query to a key, both included. */
  readonly way: readonly number[];
  readonly colours: MarkColours;
}

/** What tiles hold; see `tileCover`. */
export interface TileMarks {
  readonly range: TileRange;
  readonly cover: Uint8Array;
}

export interface MarkColours {
  readonly frame: string;
  readonly cursor: string;
  /** Behind the cursor's lines, so that they are seen on any colour. */
  readonly halo: string;
}

interface Placed {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** Draws what lies over the picture. */
export function drawMarks(context: CanvasRenderingContext2D, marks: Marks): void {
  const { size, selected, pointed } = marks;
  context.clearRect(0, 0, size.width, size.height);
  drawFrame(context, marks);
  drawTiles(context, marks);
  if (selected !== null) {
    drawLines(context, marks, selected);
    outline(context, marks, placeOf(marks, selected), 2);
  }
  if (pointed !== null) outline(context, marks, placeOf(marks, pointed), 1);
  drawWay(context, marks);
}

/** Where the mask ends must be seen even when its corners are empty; the gap keeps its outermost cells apart. */
function drawFrame(context: CanvasRenderingContext2D, { camera, extent, colours }: Marks): void {
  const gap = 3;
  const corner = cornerOf(camera);
  context.lineWidth = 1;
  context.strokeStyle = colours.frame;
  context.strokeRect(
    -corner.x - gap - 0.5,
    -corner.y - gap - 0.5,
    Math.ceil(extent.keys / camera.scale) + 2 * gap + 1,
    Math.ceil(extent.queries / camera.scale) + 2 * gap + 1,
  );
}

/** Tiles that a kernel computes: full ones framed, partial ones with a dashed frame. */
function drawTiles(context: CanvasRenderingContext2D, { camera, extent, tiles, colours }: Marks): void {
  if (tiles === null) return;
  const { range, cover } = tiles;
  const corner = cornerOf(camera);
  context.lineWidth = 1;
  let at = 0;
  for (let row = range.row; row < range.rowEnd; row++)
    for (let column = range.column; column < range.columnEnd; column++) {
      const kind = cover[at++];
      if (kind === TILE_EMPTY) continue;
      const left = pixelOf(column * range.tile, corner.x, camera.scale);
      const top = pixelOf(row * range.tile, corner.y, camera.scale);
      const right = pixelOf(Math.min(extent.keys, (column + 1) * range.tile), corner.x, camera.scale);
      const bottom = pixelOf(Math.min(extent.queries, (row + 1) * range.tile), corner.y, camera.scale);
      context.strokeStyle = colours.halo;
      context.strokeRect(left + 0.5, top + 0.5, right - left - 1, bottom - top - 1);
      context.strokeStyle = colours.cursor;
      context.setLineDash(kind === TILE_PARTIAL ? [3, 3] : []);
      context.strokeRect(left + 0.5, top + 0.5, right - left - 1, bottom - top - 1);
    }
  context.setLineDash([]);
}

function placeOf({ camera }: Marks, { row, column }: Cell): Placed {
  const corner = cornerOf(camera);
  const along = (index: number, start: number): readonly [number, number] => {
    const from = camera.scale < 1 ? pixelOf(index, start, camera.scale) : Math.floor(index / camera.scale) - start;
    const to = pixelOf(index + 1, start, camera.scale);
    return [from, Math.max(1, to - from)];
  };
  const [left, width] = along(column, corner.x);
  const [top, height] = along(row, corner.y);
  return { left, top, width, height };
}

/** The cursor's row and column, with a tick at each of the row's keys and the column's queries. */
function drawLines(context: CanvasRenderingContext2D, marks: Marks, cell: Cell): void {
  const { size, extent, camera, colours, bound } = marks;
  const { left, top, width, height } = placeOf(marks, cell);
  const corner = cornerOf(camera);
  const from = { x: Math.max(0, -corner.x), y: Math.max(0, -corner.y) };
  const to = {
    x: Math.min(size.width, Math.ceil(extent.keys / camera.scale) - corner.x),
    y: Math.min(size.height, Math.ceil(extent.queries / camera.scale) - corner.y),
  };
  context.globalAlpha = 0.18;
  context.fillStyle = colours.cursor;
  context.fillRect(from.x, top, to.x - from.x, height);
  context.fillRect(left, from.y, width, to.y - from.y);
  context.globalAlpha = 1;
  if (bound === null) return;
  // Beside the row, so that the colours of the cells stay as they are.
  const below = top + height + 1;
  const beside = left + width + 1;
  const isLit = litIn(bound);
  const ticks = (
    start: number,
    end: number,
    edge: number,
    lit: (first: number, end: number) => boolean,
    put: (at: number, length: number) => void,
  ): void => {
    for (let pixel = start; pixel < end; ) {
      const first = Math.floor((edge + pixel + (camera.scale < 1 ? 0.5 : 0)) * camera.scale);
      const next = camera.scale < 1 ? Math.max(pixel + 1, pixelOf(first + 1, edge, camera.scale)) : pixel + 1;
      const last = camera.scale < 1 ? first + 1 : Math.max(first + 1, Math.floor((edge + pixel + 1) * camera.scale));
      if (lit(first, last)) put(pixel, Math.min(next, end) - pixel);
      pixel = next;
    }
  };
  context.fillStyle = colours.cursor;
  ticks(
    from.x,
    to.x,
    corner.x,
    (first, last) =>
      isLit({ row: cell.row, rowEnd: cell.row + 1, column: first, columnEnd: Math.min(last, extent.keys) }),
    (at, length) => context.fillRect(at, below, length, 3),
  );
  ticks(
    from.y,
    to.y,
    corner.y,
    (first, last) =>
      isLit({ row: first, rowEnd: Math.min(last, extent.queries), column: cell.column, columnEnd: cell.column + 1 }),
    (at, length) => context.fillRect(beside, at, 3, length),
  );
}

/** Is some cell of a strip of rows and keys lit? Of one row or one key. */
function litIn({ mask, shape }: { readonly mask: LayeredMask; readonly shape: Shape }) {
  return (strip: { row: number; rowEnd: number; column: number; columnEnd: number }): boolean => {
    const box = { ...strip, row: shape.offset + strip.row, rowEnd: shape.offset + strip.rowEnd };
    if (box.row >= box.rowEnd || box.column >= box.columnEnd) return false;
    const inside = mask.narrow(box);
    if (inside === null) return false;
    if (inside.uniform(true) !== undefined) return true;
    let lit = false;
    for (let row = box.row; row < box.rowEnd && !lit; row++)
      for (let column = box.column; column < box.columnEnd && !lit; column += 32) {
        const bits = box.columnEnd - column;
        inside.firstWord(row, column, bits >= 32 ? -1 : 2 ** bits - 1, () => {
          lit = true;
        });
      }
    return lit;
  };
}

function outline(context: CanvasRenderingContext2D, { colours }: Marks, place: Placed, width: number): void {
  // A single pixel would be lost: the frame is around it.
  const around = Math.max(0, Math.ceil((7 - Math.min(place.width, place.height)) / 2));
  const left = place.left - around;
  const top = place.top - around;
  const right = place.width + 2 * around;
  const bottom = place.height + 2 * around;
  context.strokeStyle = colours.halo;
  context.lineWidth = width + 2;
  context.strokeRect(left - 0.5, top - 0.5, right + 1, bottom + 1);
  context.strokeStyle = colours.cursor;
  context.lineWidth = width;
  context.strokeRect(left - 0.5, top - 0.5, right + 1, bottom + 1);
}

/** A way through the layers: each step is a cell, (query, key), and the next one begins where it ends. */
function drawWay(context: CanvasRenderingContext2D, marks: Marks): void {
  const { way, bound, colours } = marks;
  if (way.length < 2 || bound === null) return;
  const points = way.slice(1).map((key, index) => {
    const place = placeOf(marks, { row: (way[index] ?? 0) - bound.shape.offset, column: key });
    return { x: place.left + place.width / 2, y: place.top + place.height / 2 };
  });
  for (const [colour, width] of [
    [colours.halo, 4],
    [colours.cursor, 2],
  ] as const) {
    context.strokeStyle = colour;
    context.fillStyle = colour;
    context.lineWidth = width;
    context.beginPath();
    for (const [index, { x, y }] of points.entries()) {
      const before = points[index - 1];
      // The key that was heard of is the query of the next step: along its column to its row.
      if (before === undefined) context.moveTo(x, y);
      else {
        context.lineTo(before.x, y);
        context.lineTo(x, y);
      }
    }
    context.stroke();
    for (const { x, y } of points) {
      context.beginPath();
      context.arc(x, y, width + 1, 0, 2 * Math.PI);
      context.fill();
    }
  }
}
