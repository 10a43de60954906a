import { bindPattern } from '../../pattern/bind.ts';
import { bitsBetween } from '../../pattern/bits.ts';
import { squareShape } from '../../pattern/shape.ts';
import { patternOf } from './expression.ts';
import { contains, type Intervals, intersectionOf, merged, rangeAround, rangesOf, sizeOf } from './intervals.ts';
import { expressionOfPart, type Part } from './parts.ts';
import { greatestCommonDivisor } from './propose-distances.ts';
import type { View } from './view.ts';

/** Shapes that are looked at closely. */
const MAX_SHAPES = 24;
/** Rows in which a shape has to make sense before that. */
const TESTED_ROWS = 16;
/** Keys of a row that can be told apart. */
const MAX_KEYS = 2 ** 17;
/** Rows that are read to know what each axis does. */
const MAX_EXTENTS = 2 ** 13;
/** Stretches of keys of a row that a window in steps has at the most. */
const MAX_LINE_KEYS = 4096;
/** Shapes of crossing lines that are compiled. */
const MAX_AXIAL = 3;

/** Parts in which positions are points of a grid in raster order. */
export function proposeGrids(view: View): Part[] {
  const rows = [...view.rows].filter(([, keys]) => sizeOf(keys) <= MAX_KEYS && keys.length > 0);
  if (rows.length === 0) return [];
  const tested = spread(rows, TESTED_ROWS).map(([row, keys]) => ({ row, keys }));
  const shapes = productShapes(tested, view.n, MAX_SHAPES);
  return [...lineOfNeighbours(view), ...axialShapes(view), ...shapes.flatMap(shape => onGrid(view, shape))];
}

function spread<T>(items: readonly T[], count: number): T[] {
  return items.filter(
    (_, at) => Math.floor((at * count) / items.length) !== Math.floor(((at - 1) * count) / items.length),
  );
}

interface Row {
  readonly row: number;
  readonly keys: Intervals;
}

/**
 * Shapes of n positions in which the keys of every row are a box: each choice of coordinates from one set per axis.
 * Shapes of fewer axes come first.
 */
function productShapes(rows: readonly Row[], n: number, limit: number): number[][] {
  const cut: { readonly width: number; readonly outer: readonly Row[] }[] = [];
  for (let width = 2; width <= n / 2 && cut.length < limit; width++) {
    if (n % width !== 0) continue;
    const outer = rows.flatMap(({ row, keys }): Row[] => {
      const lines = linesOf(keys, width);
      return lines === undefined ? [] : [{ row: Math.floor(row / width), keys: lines }];
    });
    // Where no row reaches beyond its own line, any length of a line would do.
    if (outer.length === rows.length && outer.some(({ keys }) => sizeOf(keys) > 1)) cut.push({ width, outer });
  }
  const shapes = cut.map(({ width }) => [n / width, width]);
  for (const { width, outer } of cut)
    for (const shape of productShapes(outer, n / width, limit - shapes.length)) shapes.push([...shape, width]);
  return shapes.toSorted((a, b) => a.length - b.length);
}

/** The lines of `width` positions that keys lie in; undefined when they are not at the same places in each. */
function linesOf(keys: Intervals, width: number): Intervals | undefined {
  let places: string | undefined;
  let current: number[] = [];
  const lines: [number, number][] = [];
  const isLike = (): boolean => {
    const text = current.join();
    places ??= text;
    return text === places;
  };
  for (const [from, to] of rangesOf(keys))
    for (let start = from; start < to; ) {
      const line = Math.floor(start / width);
      const end = Math.min(to, (line + 1) * width);
      if (lines.at(-1)?.[0] !== line) {
        if (lines.length > 0 && !isLike()) return undefined;
        lines.push([line, line + 1]);
        current = [];
      }
      current.push(start - line * width, end - line * width);
      start = end;
    }
  return isLike() ? merged(lines) : undefined;
}

/** What one axis allows: the coordinates that each coordinate sees. */
interface Axis {
  readonly extent: number;
  readonly keys: readonly Intervals[];
}

/** The grid primitives that agree with what the lines through the middle say. */
function onGrid(view: View, extents: readonly number[]): Part[] {
  if (extents.reduce((sum, extent) => sum + extent, 0) > MAX_EXTENTS) return [];
  const strides = extents.map((_, axis) => extents.slice(axis + 1).reduce((product, extent) => product * extent, 1));
  const middle = extents.reduce((position, extent, axis) => position + (extent >> 1) * (strides[axis] ?? 1), 0);
  const axes = extents.map((extent, axis): Axis => {
    const stride = strides[axis] ?? 1;
    const keys = Array.from({ length: extent }, (_, x) =>
      coordinates(view.lines.row(middle + (x - (extent >> 1)) * stride), stride, extent),
    );
    return { extent, keys };
  });
  return [...axialPart(extents, axes), ...tileParts(extents, axes), ...neighborhoodParts(extents, axes)];
}

/** The coordinates of keys along the axis of `extent` steps of `stride` positions. */
function coordinates(keys: Intervals, stride: number, extent: number): Intervals {
  const seen = new Set<number>();
  for (const [from, to] of rangesOf(keys)) {
    const first = Math.floor(from / stride);
    const last = Math.min(Math.floor((to - 1) / stride), first + extent - 1);
    for (let at = first; at <= last; at++) seen.add(at % extent);
  }
  return merged([...seen].map(at => [at, at + 1] as const));
}

/** Does a part over one axis allow what the axis does? */
function agrees(part: Part, { extent, keys }: Axis): boolean {
  const mask = bindPattern(patternOf(expressionOfPart(part, extent)), squareShape(extent));
  return keys.every((each, x) => {
    for (let column = 0; column < extent; column += 32) {
      const inside = bitsBetween(0, extent - column);
      let expected = 0;
      for (const [from, to] of rangesOf(intersectionOf(each, [column, column + 32])))
        expected |= bitsBetween(from - column, to - column);
      if ((mask.word(x, column) & inside) !== expected) return false;
    }
    return true;
  });
}

function axialPart(extents: readonly number[], axes: readonly Axis[]): Part[] {
  const every = axes.flatMap(({ extent, keys }, axis) => (keys.every(each => sizeOf(each) === extent) ? [axis] : []));
  const same = axes.filter(({ keys }) => keys.every(each => sizeOf(each) === 1));
  const [axis] = every;
  return axis !== undefined && every.length === 1 && same.length === axes.length - 1
    ? [{ kind: 'axial', extents, axis }]
    : [];
}

function tileParts(extents: readonly number[], axes: readonly Axis[]): Part[] {
  const sides: number[] = [];
  const shifts: number[] = [];
  for (const axis of axes) {
    const { extent, keys } = axis;
    const [, second, third] = keys.flatMap((each, x) => (x === 0 || each[0] === x ? [x] : []));
    const side =
      second === undefined ? extent : third === undefined ? Math.max(second, extent - second) : third - second;
    const shift = second === undefined ? 0 : second % side;
    if (!agrees({ kind: 'tiles', extents: [extent], sides: [side], shifts: [shift] }, axis)) return [];
    sides.push(side);
    shifts.push(shift);
  }
  return [{ kind: 'tiles', extents, sides, shifts }];
}

type Neighborhood = Extract<Part, { kind: 'neighborhood' }>;

function neighborhoodParts(extents: readonly number[], axes: readonly Axis[]): Part[] {
  const lines: Neighborhood[] = [];
  for (const axis of axes) {
    const line = neighborhoodOf(axis);
    if (line === undefined) return [];
    lines.push(line);
  }
  return [
    {
      kind: 'neighborhood',
      extents,
      kernels: lines.flatMap(line => line.kernels),
      dilations: lines.flatMap(line => line.dilations),
      strides: lines.flatMap(line => line.strides),
      causal: lines.flatMap(line => line.causal),
    },
  ];
}

/** The window of one axis. */
function neighborhoodOf(axis: Axis): Neighborhood | undefined {
  return windowsOf(axis).find(part => agrees(part, axis));
}

/** Windows of one axis that its first coordinates suggest; `keys` may be those of some of them. */
function windowsOf({ extent, keys }: Axis): Neighborhood[] {
  const kernel = keys.reduce((most, each) => Math.max(most, sizeOf(each)), 0);
  let dilation = 0;
  for (const each of keys) {
    // Apart by the same everywhere: single keys, or one stretch.
    const ranges = rangesOf(each);
    for (const [from, to] of ranges) {
      dilation = greatestCommonDivisor(dilation, from - (each[0] ?? 0));
      if (to - from > 1) dilation = 1;
    }
  }
  dilation = Math.max(1, dilation);
  if (kernel < 1 || kernel * dilation > extent) return [];
  // Who sees itself alone sees no future, whatever the axis is said to be.
  const causal = kernel > 1 && keys.every((each, x) => (each.at(-1) ?? 0) <= x + 1);
  // Queries of a group share a window, so windows move at multiples of the group's size.
  let moves = 0;
  for (let x = dilation; x < keys.length; x += dilation)
    if (keys[x]?.[0] !== keys[x - dilation]?.[0]) moves = greatestCommonDivisor(moves, x / dilation);
  const parts: Neighborhood[] = [];
  for (let stride = 1; stride <= Math.min(kernel, Math.max(1, moves)); stride++)
    if (moves % stride === 0)
      parts.push({
        kind: 'neighborhood',
        extents: [extent],
        kernels: [kernel],
        dilations: [dilation],
        strides: [stride],
        causal: [causal],
      });
  return parts;
}

/** Rows in which a window that is pushed inward at the beginning has to move for the first times. */
const MAX_PUSHED_ROWS = 2 ** 14;
/** Windows of different strides that are compiled. */
const MAX_STRIDES = 8;

/** A neighbourhood on the sequence itself: every query has as many keys, at its ends too. */
function lineOfNeighbours(view: View): Part[] {
  const first = view.lines.row(0);
  const span = first.at(-1) ?? 0;
  const rows = Math.min(view.n, Math.max(64, 4 * span));
  if (span === 0 || rows > MAX_PUSHED_ROWS) return [];
  const keys = Array.from({ length: rows }, (_, row) => view.lines.row(row));
  if (keys.some(each => each.length > 2 * MAX_LINE_KEYS)) return [];
  return windowsOf({ extent: view.n, keys }).slice(0, MAX_STRIDES);
}

/** Shapes whose lines through a position are what it sees. */
function axialShapes(view: View): Part[] {
  const found = new Map<string, number[]>();
  for (const [row, keys] of spread([...view.rows], TESTED_ROWS)) {
    const extents = linesThrough(row, keys, view.n);
    if (extents !== undefined) found.set(extents.join(), extents);
  }
  return [...found.values()].slice(0, MAX_AXIAL).map((extents): Part => ({ kind: 'axial', extents, axis: undefined }));
}

/** Where a position looks along lines only, the extents of the grid that they cross. */
function linesThrough(position: number, keys: Intervals, n: number): number[] | undefined {
  const around = rangeAround(keys, position);
  if (around === undefined) return undefined;
  const extents = [around[1] - around[0]];
  let size = extents[0] ?? 0;
  if (size < 2) return undefined;
  while (size < n) {
    // How many neighbours at this distance, on both sides, without a gap?
    let [low, high] = [position, position];
    while (contains(keys, low - size)) low -= size;
    while (contains(keys, high + size)) high += size;
    const extent = (high - low) / size + 1;
    if (extent < 2 || n % (size * extent) !== 0) return undefined;
    extents.unshift(extent);
    size *= extent;
  }
  return extents.length > 1 ? extents : undefined;
}
