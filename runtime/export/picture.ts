import { LayeredMask } from '../draw/layered-mask.ts';
import { LIGHT, partColour } from '../draw/palette.ts';
import { encodePng } from '../draw/png.ts';
import { rasterize } from '../draw/raster.ts';
import { toBase64 } from '../tensor/base64.ts';
import type { ExportRequest } from './request.ts';

/** Pixels of the longer side; masks of fewer tokens have cells of several. */
const SIDE = 1024;
/** Of the legend in an SVG file. */
const LINE = 24;
const LEGEND_WIDTH = 320;

/** A mask as a picture, rows of queries from top to bottom, on white. */
export interface Picture {
  /** A PNG file. */
  readonly png: Uint8Array<ArrayBuffer>;
  readonly width: number;
  readonly height: number;
  /** What lit the cells, and its colour as red, green, blue from 0 to 255. */
  readonly parts: readonly { readonly label: string; readonly colour: readonly number[] }[];
  /** Some pixels show the density of a sample. */
  readonly approximate: boolean;
}

/** Draws a mask, the longer side 1,024 pixels at most. Throws PatternError. */
export function pictureOf({ pattern, shape, checkpoint }: ExportRequest): Picture {
  const longer = Math.max(shape.tokens, shape.queries);
  const scale = longer >= SIDE ? longer / SIDE : 1 / Math.floor(SIDE / longer);
  const width = Math.max(1, Math.round(shape.tokens / scale));
  const height = Math.max(1, Math.round(shape.queries / scale));
  const { mask, parts } = LayeredMask.of(pattern, shape);
  const view = { x: 0, y: 0, scale, width, height };
  const { pixels, approximate } = rasterize(mask, shape, view, {
    palette: LIGHT,
    stripes: true,
    ...(checkpoint && { checkpoint }),
  });
  return {
    png: new Uint8Array(encodePng(pixels, width, height)),
    width,
    height,
    parts: parts.map(({ label }, index) => ({ label, colour: partColour(LIGHT, index) })),
    approximate,
  };
}

/** The picture as an SVG file: the pixels of the PNG, the sizes and a legend in text. */
export function exportSvg(request: ExportRequest): Uint8Array<ArrayBuffer> {
  const { png, width, height, parts } = pictureOf(request);
  const { queries, tokens } = request.shape;
  const title = escaped(`${request.name}: ${queries} queries, ${tokens} keys`);
  const legend = parts.map(({ label, colour }, index) => {
    const y = LINE * (index + 2);
    return `  <rect x="${width + LINE}" y="${y - 12}" width="14" height="14" fill="rgb(${colour.join(',')})"/><text x="${width + 2 * LINE}" y="${y}">${escaped(label)}</text>`;
  });
  const total = { width: width + LEGEND_WIDTH, height: Math.max(height, LINE * (parts.length + 2)) };
  return new TextEncoder().encode(`<svg xmlns="http://www.w3.org/2000/svg" width="${total.width}" height="${total.height}" viewBox="0 0 ${total.width} ${total.height}" font-family="sans-serif" font-size="14">
  <title>${title}</title>
  <rect width="100%" height="100%" fill="white"/>
  <image width="${width}" height="${height}" href="data:image/png;base64,${toBase64(png)}" image-rendering="pixelated"/>
  <rect x="0.5" y="0.5" width="${width - 1}" height="${height - 1}" fill="none" stroke="rgb(128,128,128)"/>
  <text x="${width + LINE}" y="${LINE}">${title}</text>
${legend.join('\n')}
</svg>
`);
}

function escaped(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll(/[^\P{Cc}\t\n]/gu, ' ');
}
