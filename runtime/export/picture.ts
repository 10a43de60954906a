import { LIGHT } from '../draw/palette.ts';
import { drawMask, type Picture } from '../draw/picture.ts';
import { encodePng } from '../draw/png.ts';
import { encodeSvg } from '../draw/svg.ts';
import type { ExportRequest } from './request.ts';

/** Pixels of the longer side; masks of fewer tokens have cells of several. */
const SIDE = 1024;

/** A mask as a picture on white, and as a PNG file, the longer side 1,024 pixels at most. Throws PatternError. */
export function pictureOf(request: ExportRequest): Picture & { readonly png: Uint8Array<ArrayBuffer> } {
  const picture = drawn(request, false);
  return { ...picture, png: new Uint8Array(encodePng(picture.pixels, picture.width, picture.height)) };
}

function drawn({ pattern, shape, checkpoint }: ExportRequest, rectangles: boolean): Picture {
  const asked = checkpoint && { checkpoint };
  return drawMask(pattern, shape, { side: SIDE, palette: LIGHT, stripes: true, rectangles, ...asked });
}

/** The picture as an SVG file: rectangles, or the pixels of the PNG where those are too many, and a legend in text. */
export function exportSvg(request: ExportRequest): Uint8Array<ArrayBuffer> {
  const { queries, tokens } = request.shape;
  return encodeSvg(drawn(request, true), `${request.name}: ${queries} queries, ${tokens} keys`, LIGHT);
}
