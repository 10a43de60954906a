import { type Camera, cornerOf, type Extent, pixelOf, type Size } from '../mask/camera.ts';
import type { MarkColours } from '../mask/decorations.ts';
import type { FieldShown } from './field.ts';

/** Of the strip, in pixels. */
const HEIGHT = 6;
/** Between the strip and its row, where ticks may stand. */
const GAP = 5;
/** A pixel with few of its keys is to be seen, too. */
const FAINTEST = 0.35;

interface Picture {
  readonly camera: Camera;
  readonly size: Size;
  readonly extent: Extent;
  readonly colours: MarkColours;
}

/**
 * Draws what the selected query has heard of: a strip along its row, above it or, at the upper edge, below, in which keys
 * that it heard of are filled, and framed from end to end.
 */
export function drawField(context: CanvasRenderingContext2D, field: FieldShown | null, picture: Picture): void {
  if (field === null) return;
  const { camera, size, extent, colours } = picture;
  const corner = cornerOf(camera);
  const left = Math.max(0, -corner.x);
  const right = Math.min(size.width, Math.ceil(extent.keys / camera.scale) - corner.x);
  const row = pixelOf(field.row, corner.y, camera.scale);
  const below = pixelOf(field.row + 1, corner.y, camera.scale);
  const top = row - HEIGHT - GAP >= 0 ? row - HEIGHT - GAP : Math.max(row + 1, below) + GAP;
  if (right <= left) return;
  context.fillStyle = colours.halo;
  context.fillRect(left - 1, top - 1, right - left + 2, HEIGHT + 2);
  context.fillStyle = colours.cursor;
  for (const { from, to, share } of strip(field, camera.scale, corner.x, left, right)) {
    context.globalAlpha = FAINTEST + (1 - FAINTEST) * share;
    context.fillRect(from, top, to - from, HEIGHT);
  }
  context.globalAlpha = 1;
}

/** Stretches of pixels with keys that were heard of, and the share of their keys that was. */
export function strip(
  { after, layers }: Pick<FieldShown, 'after' | 'layers'>,
  scale: number,
  corner: number,
  left: number,
  right: number,
): readonly { readonly from: number; readonly to: number; readonly share: number }[] {
  const found: { from: number; to: number; share: number }[] = [];
  const before = heardBefore(after, layers);
  for (let pixel = left; pixel < right; ) {
    const first = scale < 1 ? Math.floor((corner + pixel + 0.5) * scale) : Math.floor((corner + pixel) * scale);
    const end =
      scale < 1 ? first + 1 : Math.min(after.length, Math.max(first + 1, Math.floor((corner + pixel + 1) * scale)));
    const next = scale < 1 ? Math.max(pixel + 1, pixelOf(first + 1, corner, scale)) : pixel + 1;
    const heard = (before[end] ?? 0) - (before[first] ?? 0);
    const share = heard / Math.max(1, end - first);
    const last = found.at(-1);
    const to = Math.min(next, right);
    if (share > 0 && last?.to === pixel && last.share === share) last.to = to;
    else if (share > 0) found.push({ from: pixel, to, share });
    pixel = next;
  }
  return found;
}

let counted: { readonly after: Int32Array; readonly layers: number; readonly before: Uint32Array } | undefined;

/** Of the keys before each, how many were heard of: counted once, and not for every frame. [tokens + 1] */
function heardBefore(after: Int32Array, layers: number): Uint32Array {
  if (counted?.after === after && counted.layers === layers) return counted.before;
  const before = new Uint32Array(after.length + 1);
  for (let key = 0; key < after.length; key++) {
    const layer = after[key] ?? -1;
    before[key + 1] = (before[key] ?? 0) + (layer >= 0 && layer <= layers ? 1 : 0);
  }
  counted = { after, layers, before };
  return before;
}
