import { LIGHT } from '../draw/palette.ts';
import { drawMask, type Picture } from '../draw/picture.ts';
import { encodePng } from '../draw/png.ts';
import { encodeSvg } from '../draw/svg.ts';
import type { ExportRequest } from './request.ts';

/** Pixels of the longer side; masks of fewer tokens have cells of several. */
const SIDE = 1024;

/** A mask as a picture on white, and as a PNG file, the longer side 1,024 pixels at most. Throws PatternError. */
export function pictureOf(request: ExportRequest): Picture & { readonly png: Uint8Array } {
  const picture = drawn(request);
  return { ...picture, png: encodePng(picture.pixels, picture.width, picture.height) };
}

function drawn({ pattern, shape, checkpoint }: ExportRequest): Picture {
  return drawMask(pattern, shape, { side: SIDE, palette: LIGHT, stripes: true, ...(checkpoint && { checkpoint }) });
}

/** The picture as an SVG file: the pixels of the PNG, the sizes and a legend in text. */
export function exportSvg(request: ExportRequest): Uint8Array {
  const { queries, tokens } = request.shape;
  return encodeSvg(drawn(request), `${request.name}: ${queries} queries, ${tokens} keys`, LIGHT);
}
