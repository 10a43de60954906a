import type { OpaquePalette } from '../../../runtime/draw/palette.ts';
import { drawLayers, type Picture } from '../../../runtime/draw/picture.ts';
import { encodePng } from '../../../runtime/draw/png.ts';
import { encodeSvg, isDark, LEGEND } from '../../../runtime/draw/svg.ts';
import { drawnMask } from '../compare/drawn-mask.ts';
import type { Drawn } from '../drawing-messages.ts';
import type { PictureFile } from './picture-choice.ts';

/** Legends are drawn for a picture of this many pixels, and larger beside larger ones. */
const USUAL_SIDE = 1024;

/** The picture that is drawn as a file. For workers: PNG files have their legend drawn by a canvas. Throws PatternError. */
export function pictureFile(drawn: Pick<Drawn, 'choice' | 'against'>, choice: PictureFile): Uint8Array<ArrayBuffer> {
  const { format, side, crop, palette, legend, title } = choice;
  const { mask, shape, labels } = drawnMask(drawn);
  const picture = drawLayers(mask, labels, shape, {
    ...{ side, palette, stripes: true, rectangles: format === 'svg' },
    ...(crop && { crop }),
  });
  if (format === 'svg') return encodeSvg(picture, title, palette, legend);
  const { pixels, width, height } = legend ? withLegend(picture, title, palette, side) : picture;
  return new Uint8Array(encodePng(pixels, width, height));
}

/** The picture with what its colours mean beside it, as `encodeSvg` lays it out. */
function withLegend(picture: Picture, title: string, { background }: OpaquePalette, side: number) {
  const zoom = Math.max(1, side / USUAL_SIDE);
  const line = LEGEND.line * zoom;
  const width = picture.width + Math.ceil(LEGEND.width * zoom);
  const height = Math.max(picture.height, Math.ceil(line * (picture.parts.length + 2)));
  const context = new OffscreenCanvas(width, height).getContext('2d');
  if (context === null) throw new Error('This browser draws no text: leave the legend out.');
  context.fillStyle = `rgb(${background.join(' ')})`;
  context.fillRect(0, 0, width, height);
  context.putImageData(new ImageData(picture.pixels, picture.width, picture.height), 0, 0);
  context.strokeStyle = 'rgb(128 128 128)';
  context.strokeRect(0.5, 0.5, picture.width - 1, picture.height - 1);
  context.font = `${14 * zoom}px sans-serif`;
  const ink = isDark(background) ? 'rgb(212 212 212)' : 'rgb(0 0 0)';
  const room = width - picture.width - line;
  const write = (text: string, x: number, y: number): void => {
    context.fillStyle = ink;
    context.fillText(text, x, y, Math.max(line, room - (x - picture.width - line)));
  };
  write(title, picture.width + line, line);
  for (const [index, { label, colour }] of picture.parts.entries()) {
    const y = line * (index + 2);
    context.fillStyle = `rgb(${colour.join(' ')})`;
    context.fillRect(picture.width + line, y - 12 * zoom, LEGEND.swatch * zoom, LEGEND.swatch * zoom);
    write(label, picture.width + 2 * line, y);
  }
  return { pixels: context.getImageData(0, 0, width, height).data, width, height };
}
