import { toBase64 } from '../tensor/base64.ts';
import type { OpaquePalette, Rgb } from './palette.ts';
import type { Picture } from './picture.ts';
import { encodePng } from './png.ts';

/** Of the legend. */
const LINE = 24;
const LEGEND_WIDTH = 320;

/** Pixels as an SVG file with a title and, unless it is not wanted, a legend in text. */
export function encodeSvg(
  { pixels, width, height, parts }: Picture,
  title: string,
  { background }: Pick<OpaquePalette, 'background'>,
  withLegend = true,
): Uint8Array<ArrayBuffer> {
  const said = escaped(title);
  const ink = isDark(background) ? ' fill="rgb(212,212,212)"' : '';
  const legend = withLegend
    ? [
        `  <text x="${width + LINE}" y="${LINE}"${ink}>${said}</text>`,
        ...parts.map(({ label, colour }, index) => {
          const y = LINE * (index + 2);
          return `  <rect x="${width + LINE}" y="${y - 12}" width="14" height="14" fill="rgb(${colour.join(',')})"/><text x="${width + 2 * LINE}" y="${y}"${ink}>${escaped(label)}</text>`;
        }),
      ]
    : [];
  const total = withLegend
    ? { width: width + LEGEND_WIDTH, height: Math.max(height, LINE * (parts.length + 2)) }
    : { width, height };
  return new TextEncoder().encode(`<svg xmlns="http://www.w3.org/2000/svg" width="${total.width}" height="${total.height}" viewBox="0 0 ${total.width} ${total.height}" font-family="sans-serif" font-size="14">
  <title>${said}</title>
  <rect width="100%" height="100%" fill="rgb(${background.join(',')})"/>
  <image width="${width}" height="${height}" href="data:image/png;base64,${toBase64(encodePng(pixels, width, height))}" image-rendering="pixelated"/>
  <rect x="0.5" y="0.5" width="${width - 1}" height="${height - 1}" fill="none" stroke="rgb(128,128,128)"/>
${legend.map(line => `${line}\n`).join('')}</svg>
`);
}

function isDark([red, green, blue]: Rgb): boolean {
  return red + green + blue < 3 * 128;
}

function escaped(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll(/[^\P{Cc}\t\n]/gu, ' ');
}
