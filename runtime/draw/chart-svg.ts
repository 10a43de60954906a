import { type Chart, chartText, columnsOf, drawingOrder, evenTicks, type Line, logTicks } from './chart.ts';
import { type OpaquePalette, partColour } from './palette.ts';
import { css, escaped, isDark } from './svg.ts';

/** Pixels: the plot, and what is around it. */
const PLOT = { width: 560, height: 300 } as const;
const LEFT = 70;
const TOP = 44;
const RIGHT = 24;
/** From the plot to the first line of the legend, and from line to line. */
const BELOW = 70;
const LEGEND_LINE = 20;
/** About as wide as a letter is. */
const LETTER = 6.6;
const TICKS = 6;

/**
 * A chart as an SVG file: axes with their numbers, lines, points, marks and a legend in text. The same chart gives the same
 * bytes.
 */
export function encodeChartSvg(chart: Chart, title: string, palette: OpaquePalette): Uint8Array<ArrayBuffer> {
  const ink = isDark(palette.background) ? 'rgb(212,212,212)' : 'rgb(40,40,40)';
  const grid = css(palette.line);
  const { x, y } = placesOf(chart);
  const colour = ({ part }: Line): string => (part === undefined ? ink : css(partColour(palette, part)));
  const bottom = TOP + PLOT.height;
  const longest = Math.max(...chart.lines.map(({ name }) => name.length), title.length);
  const width = Math.max(LEFT + PLOT.width + RIGHT, Math.ceil(LEFT + 30 + LETTER * longest));
  const height = bottom + BELOW + LEGEND_LINE * chart.lines.length;
  const lines = [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="12" role="img" aria-label="${escaped(chartText(chart))}">`,
    `<title>${escaped(title)}</title>`,
    `<rect width="100%" height="100%" fill="${css(palette.background)}"/>`,
    `<text x="${LEFT}" y="20" font-size="14" fill="${ink}">${escaped(title)}</text>`,
    ...y.ticks.flatMap(({ at, label }) => [
      `<path d="M${LEFT} ${at}h${PLOT.width}" stroke="${grid}"/>`,
      `<text x="${LEFT - 8}" y="${round(at + 4)}" text-anchor="end" fill="${ink}">${escaped(label)}</text>`,
    ]),
    ...x.ticks.flatMap(({ at, label }) => [
      `<path d="M${at} ${TOP}v${PLOT.height}" stroke="${grid}"/>`,
      `<text x="${at}" y="${bottom + 18}" text-anchor="middle" fill="${ink}">${escaped(label)}</text>`,
    ]),
    `<rect x="${LEFT}" y="${TOP}" width="${PLOT.width}" height="${PLOT.height}" fill="none" stroke="rgb(128,128,128)"/>`,
    `<text x="${LEFT + PLOT.width / 2}" y="${bottom + 40}" text-anchor="middle" fill="${ink}">${escaped(chart.x.label)}</text>`,
    `<text transform="translate(18 ${TOP + PLOT.height / 2}) rotate(-90)" text-anchor="middle" fill="${ink}">${escaped(chart.y.label)}</text>`,
    ...(chart.marks ?? []).flatMap(mark => {
      const at = x.place(mark.x);
      return [
        `<path d="M${at} ${TOP}v${PLOT.height}" stroke="${ink}" stroke-dasharray="2 3"/>`,
        `<text x="${at}" y="${TOP - 6}" text-anchor="middle" fill="${ink}">${escaped(mark.label)}</text>`,
      ];
    }),
    ...drawingOrder(chart.lines).map(line => drawn(line, colour(line), { x, y }, palette)),
    ...chart.lines.map((line, index) => {
      const at = bottom + BELOW + LEGEND_LINE * index;
      const swatch =
        line.points.length === 1
          ? dot(LEFT + 10, at - 4, 4.5, line, colour(line), palette)
          : `<path d="M${LEFT} ${at - 4}h20" stroke="${colour(line)}" stroke-width="2"${dashes(line)}/>`;
      return `${swatch}<text x="${LEFT + 30}" y="${at}" fill="${ink}">${escaped(line.name)}</text>`;
    }),
  ];
  return new TextEncoder().encode(`${lines.join('\n')}\n</svg>\n`);
}

/** A point; colours that come round again have squares. */
function dot(
  x: number,
  y: number,
  radius: number,
  { part = 0 }: Line,
  colour: string,
  { parts }: OpaquePalette,
): string {
  return Math.floor(part / parts.length) % 2 === 0
    ? `<circle cx="${x}" cy="${y}" r="${radius}" fill="${colour}"/>`
    : `<rect x="${round(x - radius)}" y="${round(y - radius)}" width="${2 * radius}" height="${2 * radius}" fill="${colour}"/>`;
}

function dashes({ dashed }: Line): string {
  return dashed === true ? ' stroke-dasharray="5 4"' : '';
}

function drawn(
  line: Line,
  colour: string,
  places: { readonly x: Places; readonly y: Places },
  palette: OpaquePalette,
): string {
  const points = line.points.map(([x, y]) => [places.x.place(x), places.y.place(y)] as const);
  // What the chart is about has the colour of text.
  const radius = points.length > 1 ? 2.5 : line.part === undefined ? 6 : 4.5;
  const dots = points.map(([x, y]) => dot(x, y, radius, line, colour, palette));
  if (points.length < 2) return dots.join('');
  const path = points.map(([x, y], index) => `${index === 0 ? 'M' : 'L'}${x} ${y}`).join('');
  return `<path d="${path}" fill="none" stroke="${colour}" stroke-width="2"${dashes(line)}/>${dots.join('')}`;
}

interface Places {
  readonly ticks: readonly { readonly at: number; readonly label: string }[];
  place(value: number): number;
}

/** Where values lie in the picture. */
function placesOf(chart: Chart): { readonly x: Places; readonly y: Places } {
  const { xs, ys } = columnsOf(chart);
  const across = [...xs, ...(chart.marks ?? []).map(({ x }) => x)];
  const up = ys.flat().filter(value => value !== null);
  return {
    x: placesOn(chart.x, across, LEFT, LEFT + PLOT.width),
    y: placesOn(chart.y, up, TOP + PLOT.height, TOP),
  };
}

function placesOn(axis: Chart['x'], values: readonly number[], from: number, to: number): Places {
  const { log, range } = axis;
  const scale = log === undefined ? (value: number) => value : Math.log;
  const [least, most] = range ?? [Math.min(...values), Math.max(...values)];
  // A little room at both ends, where the values say how far the axis goes.
  const room = range === undefined ? 0.04 * (scale(most) - scale(least)) || 0.5 : 0;
  const [low, high] = [scale(least) - room, scale(most) + room];
  const place = (value: number): number => round(from + ((to - from) * (scale(value) - low)) / (high - low));
  const ticks = log === undefined ? evenTicks(low, high, TICKS) : logTicks(log, Math.exp(low), Math.exp(high), TICKS);
  return { ticks: ticks.map(tick => ({ at: place(tick), label: axis.show(tick) })), place };
}

function round(value: number): number {
  return Number(value.toFixed(2));
}
