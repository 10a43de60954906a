import { toBase64 } from '../tensor/base64.ts';
import type { OpaquePalette, Rgb } from './palette.ts';
import { STRIPE } from './palette.ts';
import type { Picture } from './picture.ts';
import { encodePng } from './png.ts';
import type { Rectangles } from './rectangles.ts';

/** Of a legend beside a picture, in pixels: a line, the whole, and the squares with the colours. */
export const LEGEND = { line: 24, width: 320, swatch: 14 } as const;

/** Cells of this many pixels get lines between them, as in pictures of pixels. */
const LINED_CELL = 8;

/**
 * A picture as an SVG file with a title and, unless it is not wanted, a legend in text: shapes where the picture has
 * rectangles, else an image of its pixels.
 */
export function encodeSvg(
  picture: Picture,
  title: string,
  { background, line }: Pick<OpaquePalette, 'background' | 'line'>,
  withLegend = true,
): Uint8Array<ArrayBuffer> {
  const { width, height, parts } = picture;
  const said = escaped(title);
  const ink = isDark(background) ? ' fill="rgb(212,212,212)"' : '';
  const legend = withLegend
    ? [
        `  <text x="${width + LEGEND.line}" y="${LEGEND.line}"${ink}>${said}</text>`,
        ...parts.map(({ label, colour }, index) => {
          const y = LEGEND.line * (index + 2);
          return `  <rect x="${width + LEGEND.line}" y="${y - 12}" width="${LEGEND.swatch}" height="${LEGEND.swatch}" fill="${css(colour)}"/><text x="${width + 2 * LEGEND.line}" y="${y}"${ink}>${escaped(label)}</text>`;
        }),
      ]
    : [];
  const total = withLegend
    ? { width: width + LEGEND.width, height: Math.max(height, LEGEND.line * (parts.length + 2)) }
    : { width, height };
  return new TextEncoder().encode(`<svg xmlns="http://www.w3.org/2000/svg" width="${total.width}" height="${total.height}" viewBox="0 0 ${total.width} ${total.height}" font-family="sans-serif" font-size="14">
  <title>${said}</title>
  <rect width="100%" height="100%" fill="${css(background)}"/>
${picture.rectangles === undefined ? image(picture) : shapes(picture.rectangles, width, height, line)}
  <rect x="0.5" y="0.5" width="${width - 1}" height="${height - 1}" fill="none" stroke="rgb(128,128,128)"/>
${legend.map(each => `${each}\n`).join('')}</svg>
`);
}

function image({ pixels, width, height }: Picture): string {
  return `  <image width="${width}" height="${height}" href="data:image/png;base64,${toBase64(encodePng(pixels, width, height))}" image-rendering="pixelated"/>`;
}

/** A path for each filling: its rectangles, and lines between cells that are large enough. */
function shapes({ boxes, fills, unit }: Rectangles, width: number, height: number, line: Rgb): string {
  const paths = fills.map(() => '');
  for (let at = 0; at < boxes.length; at += 5) {
    const [x, y, w, h, fill] = boxes.subarray(at, at + 5);
    paths[fill ?? 0] += `M${x} ${y}h${w}v${h}h-${w}z`;
  }
  const striped = fills.flatMap((colours, index) => (colours.length < 2 ? [] : pattern(colours, index, unit)));
  const filled = fills.map(
    (colours, index) =>
      `    <path fill="${colours.length < 2 ? css(colours[0] ?? [0, 0, 0]) : `url(#stripes${index})`}" d="${paths[index]}"/>`,
  );
  return [
    ...(striped.length === 0 ? [] : ['  <defs>', ...striped, '  </defs>']),
    `  <g shape-rendering="crispEdges"${unit === 1 ? '' : ` transform="scale(${unit})"`}>`,
    ...filled,
    '  </g>',
    ...(unit < LINED_CELL ? [] : [lines(unit, width, height, line)]),
  ].join('\n');
}

/** Diagonal stripes of as many pixels as in pictures of pixels, in units. */
function pattern(colours: readonly Rgb[], index: number, unit: number): string[] {
  const wide = STRIPE / Math.SQRT2 / unit;
  const round = (value: number): number => Number(value.toFixed(4));
  const period = round(wide * colours.length);
  return [
    `    <pattern id="stripes${index}" patternUnits="userSpaceOnUse" width="${period}" height="${period}" patternTransform="rotate(45)">`,
    ...colours.map(
      (colour, at) =>
        `      <rect x="${round(wide * at)}" width="${round(wide)}" height="${period}" fill="${css(colour)}"/>`,
    ),
    '    </pattern>',
  ];
}

function lines(unit: number, width: number, height: number, colour: Rgb): string {
  let path = '';
  for (let x = unit; x < width; x += unit) path += `M${x + 0.5} 0v${height}`;
  for (let y = unit; y < height; y += unit) path += `M0 ${y + 0.5}h${width}`;
  return `  <path fill="none" stroke="${css(colour)}" d="${path}"/>`;
}

export function css([red, green, blue]: Rgb): string {
  return `rgb(${red},${green},${blue})`;
}

/** Is text on this background to be light? */
export function isDark([red, green, blue]: Rgb): boolean {
  return red + green + blue < 3 * 128;
}

export function escaped(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll(/[^\P{Cc}\t\n]/gu, ' ');
}
