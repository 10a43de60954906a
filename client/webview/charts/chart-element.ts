import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { type Chart, columnsOf, drawingOrder, logTicks, powersBetween } from '../../../runtime/draw/chart.ts';
import { type OpaquePalette, partColour } from '../../../runtime/draw/palette.ts';

/** Pixels. */
const HEIGHT = 170;
/** Fewer points than this are marked one by one. */
const MARKED_POINTS = 24;
/** Most lines of a logarithmic axis. */
const LOG_LINES = 6;

/** Draws a chart as wide as there is room for, in the colours of the theme: `<sparse-chart .chart .palette>`. */
export class ChartElement extends HTMLElement {
  #chart: Chart | undefined;
  #palette: OpaquePalette | undefined;
  #plot: uPlot | undefined;
  #asked = false;
  readonly #resized = new ResizeObserver(() => {
    const width = this.clientWidth;
    if (this.#plot !== undefined && width > 0 && width !== this.#plot.width)
      this.#plot.setSize({ width, height: HEIGHT });
  });

  set chart(chart: Chart) {
    if (this.#chart === chart) return;
    this.#chart = chart;
    this.#drawSoon();
  }

  /** Another one is given when the theme changes. */
  set palette(palette: OpaquePalette) {
    if (this.#palette === palette) return;
    this.#palette = palette;
    this.#drawSoon();
  }

  connectedCallback(): void {
    this.#resized.observe(this);
    this.#drawSoon();
  }

  disconnectedCallback(): void {
    this.#resized.disconnect();
    this.#plot?.destroy();
    this.#plot = undefined;
  }

  #drawSoon(): void {
    if (this.#asked) return;
    this.#asked = true;
    queueMicrotask(() => {
      this.#asked = false;
      this.#draw();
    });
  }

  #draw(): void {
    if (!this.isConnected || this.#chart === undefined || this.#palette === undefined) return;
    this.#plot?.destroy();
    const chart = { ...this.#chart, lines: drawingOrder(this.#chart.lines) };
    const { xs, ys } = columnsOf(chart);
    const options = optionsOf(chart, this.#palette, this, xs.length <= MARKED_POINTS);
    this.#plot = new uPlot(options, [[...xs], ...ys.map(each => [...each])], this);
  }
}

customElements.define('sparse-chart', ChartElement);

function optionsOf(chart: Chart, palette: OpaquePalette, element: HTMLElement, marked: boolean): uPlot.Options {
  const style = getComputedStyle(element);
  const text = style.color;
  const muted = style.getPropertyValue('--vscode-descriptionForeground').trim() || text;
  const grid = { stroke: css(palette.line), width: 1 };
  const axis = ({ label, show, log }: Chart['x'], size: number): uPlot.Axis => ({
    label,
    labelSize: 16,
    labelFont: `11px ${style.fontFamily}`,
    font: `11px ${style.fontFamily}`,
    stroke: text,
    grid,
    ticks: { ...grid, size: 4 },
    gap: 3,
    size,
    ...(log === undefined
      ? {}
      : {
          splits: (_plot, _axis, min, max) => logTicks(log, min, max, LOG_LINES),
          filter: (_plot, splits) => splits,
        }),
    values: (_, ticks) => ticks.map(show),
  });
  const scale = ({ log, range }: Chart['x']): uPlot.Scale => ({
    time: false,
    ...(log === undefined ? {} : { distr: 3, log }),
    ...(range === undefined ? {} : { range: [...range] }),
    // An axis of few powers would be mostly empty between those that lie outside.
    ...(log === 10 && range === undefined ? { range: closeRange } : {}),
  });
  return {
    width: Math.max(120, element.clientWidth),
    height: HEIGHT,
    legend: { show: false },
    cursor: { show: false },
    scales: { x: scale(chart.x), y: scale(chart.y) },
    axes: [axis(chart.x, 26), axis(chart.y, 46)],
    hooks: { draw: [plot => drawMarks(plot, chart.marks ?? [], text, style.fontFamily)] },
    series: [
      {},
      ...chart.lines.map(line => {
        const stroke = colourOf(line, palette, text, muted);
        return {
          label: line.name,
          stroke,
          width: line.part === undefined && line.dashed !== true ? 2 : 1.25,
          ...(line.dashed === true ? { dash: [5, 4] } : {}),
          // A line of one point is that point.
          points: { show: marked || line.points.length === 1, size: line.points.length === 1 ? 8 : 5, fill: stroke },
          spanGaps: true,
        };
      }),
    ],
  };
}

function closeRange(_plot: uPlot, least: number, most: number): uPlot.Range.MinMax {
  if (!(least > 0) || powersBetween(10, least, most, LOG_LINES).length > 2)
    return uPlot.rangeLog(least, most, 10, false);
  return [least / 1.15, most * 1.15];
}

/** A dotted line at each mark, with its name beside it where there is more room. */
function drawMarks(plot: uPlot, marks: NonNullable<Chart['marks']>, colour: string, fontFamily: string): void {
  const { ctx, bbox } = plot;
  const { left, top, width, height } = bbox;
  for (const { x, label } of marks) {
    const at = Math.round(plot.valToPos(x, 'x', true));
    ctx.save();
    ctx.strokeStyle = colour;
    ctx.fillStyle = colour;
    ctx.lineWidth = devicePixelRatio;
    ctx.setLineDash([2 * devicePixelRatio, 3 * devicePixelRatio]);
    ctx.beginPath();
    ctx.moveTo(at, top);
    ctx.lineTo(at, top + height);
    ctx.stroke();
    ctx.font = `${11 * devicePixelRatio}px ${fontFamily}`;
    ctx.textAlign = at < left + width / 2 ? 'left' : 'right';
    ctx.textBaseline = 'bottom';
    ctx.fillText(label, at + (at < left + width / 2 ? 4 : -4) * devicePixelRatio, top + height - 4 * devicePixelRatio);
    ctx.restore();
  }
}

/** The colour of a line, for its legend too. */
export function colourOf(
  { part, dashed }: Chart['lines'][number],
  palette: OpaquePalette,
  text: string,
  muted: string,
): string {
  if (part !== undefined) return css(partColour(palette, part));
  return dashed === true ? muted : text;
}

function css([red, green, blue]: readonly number[]): string {
  return `rgb(${red} ${green} ${blue})`;
}
