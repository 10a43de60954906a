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
  /** Places on the x axis with a name, drawn from bottom to top. */
  readonly marks?: readonly { readonly x: number; readonly label: string }[];
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

/** Lines as they are drawn over each other: what the chart is about last. */
export function drawingOrder(lines: readonly Line[]): readonly Line[] {
  const isOwn = ({ part, dashed }: Line): boolean => part === undefined && dashed !== true;
  return [...lines.filter(line => !isOwn(line)), ...lines.filter(isOwn)];
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

/** Where a logarithmic axis has its lines: at powers of its base or, where that would be too few, also at 2 and 5 times those of 10. */
export function logTicks(base: number, least: number, last: number, most: number): number[] {
  const powers = powersBetween(base, least, last, most);
  if (base !== 10 || powers.length > 2) return powers;
  const from = Math.floor(Math.log10(least));
  const to = Math.ceil(Math.log10(last));
  const all = Array.from({ length: to - from + 1 }, (_, index) =>
    [1, 2, 5].map(times => Number(`${times}e${from + index}`)),
  ).flat();
  return all.filter(tick => tick >= least && tick <= last);
}

/** Round values between two, about `wanted` of them and evenly apart: where a linear axis has its lines. */
export function evenTicks(least: number, last: number, wanted: number): number[] {
  if (!(last > least)) return [least];
  const rough = (last - least) / wanted;
  const power = Math.floor(Math.log10(rough));
  const times = [1, 2, 5, 10].find(each => each * 10 ** power >= rough) ?? 10;
  // Divided by a whole number where the step is small: 0.3 and not 0.30000000000000004.
  const at = (index: number): number => (power < 0 ? (index * times) / 10 ** -power : index * times * 10 ** power);
  // Not -0, which would be written with its sign.
  const first = Math.ceil(least / at(1) - 1e-9) + 0;
  const ticks: number[] = [];
  for (let index = first; at(index) <= last + at(1) * 1e-9; index++) ticks.push(at(index));
  return ticks;
}
