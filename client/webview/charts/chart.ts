/** One direction of a chart. */
export interface Axis {
  readonly label: string;
  /** Base of a logarithmic axis; absent: linear. */
  readonly log?: 2 | 10;
  /** Absent: as far as the values go. */
  readonly range?: readonly [least: number, most: number];
  show(value: number): string;
}

export interface Line {
  readonly name: string;
  /** Index of the part whose colour it has; absent: the colour of text. */
  readonly part?: number;
  /** What it is compared with. */
  readonly dashed?: boolean;
  /** By x. */
  readonly points: readonly (readonly [x: number, y: number])[];
}

/** What a chart shows. */
export interface Chart {
  readonly title: string;
  readonly x: Axis;
  readonly y: Axis;
  readonly lines: readonly Line[];
}

/** All x of a chart in order, and of each line its y there, or null where it has none, or none that its axis can show. */
export function columnsOf({ x, y, lines }: Chart): {
  readonly xs: readonly number[];
  readonly ys: readonly (readonly (number | null)[])[];
} {
  const shown = (axis: Axis, value: number): boolean => Number.isFinite(value) && (axis.log === undefined || value > 0);
  const xs = [...new Set(lines.flatMap(line => line.points.map(([at]) => at)))]
    .filter(at => shown(x, at))
    .sort((a, b) => a - b);
  const ys = lines.map(line => {
    const known = new Map(line.points);
    return xs.map(at => {
      const value = known.get(at);
      return value !== undefined && shown(y, value) ? value : null;
    });
  });
  return { xs, ys };
}

/** `Pairs: mine 12 to 34, full 56 to 78`: what a chart shows, in a sentence. */
export function chartText(chart: Chart): string {
  const { xs, ys } = columnsOf(chart);
  const [first] = xs;
  const last = xs.at(-1);
  if (first === undefined || last === undefined) return `${chart.title}: nothing to show`;
  const lines = chart.lines.map((line, index) => {
    const values = (ys[index] ?? []).filter(value => value !== null);
    const [from] = values;
    const to = values.at(-1);
    return from === undefined || to === undefined
      ? `${line.name} none`
      : `${line.name} from ${chart.y.show(from)} to ${chart.y.show(to)}`;
  });
  return `${chart.title}, ${chart.x.label} ${chart.x.show(first)} to ${chart.x.show(last)}: ${lines.join(', ')}`;
}

/** Powers of `base` between two values, at most `most` of them and evenly apart: where a logarithmic axis has its lines. */
export function powersBetween(base: number, least: number, last: number, most: number): number[] {
  // Roundings of a logarithm must not lose a power at an end.
  const from = Math.ceil(Math.log(least) / Math.log(base) - 1e-9);
  const to = Math.floor(Math.log(last) / Math.log(base) + 1e-9);
  const step = Math.max(1, Math.ceil((to - from + 1) / most));
  const powers: number[] = [];
  for (let power = from; power <= to; power += step) powers.push(base ** power);
  return powers;
}
