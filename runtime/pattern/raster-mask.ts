import { bitsBetween } from './bits.ts';
import {
  boxAround,
  type Lattice,
  type LatticeMask,
  latticeOf,
  type Regrouping,
  type Run,
  runWordOf,
} from './lattice.ts';
import type { Box, Coverage } from './mask.ts';

/** Keys y of one coordinate x: `from`, `from + step`, ... below `to`. */
export interface AxisKeys {
  readonly from: number;
  readonly to: number;
}

/** Which coordinates of one axis may see each other. */
export interface AxisRelation {
  readonly extent: number;
  /** Distance between neighbouring keys. */
  readonly step: number;
  /**
   * Keys of a coordinate. Along a residue class of `step` both bounds never fall as x grows; between neighbouring
   * coordinates they fall by less than `step`.
   */
  keys(x: number): AxisKeys;
  /** Do all coordinates see all? */
  readonly all?: boolean;
  /** Does every coordinate see itself alone? */
  readonly alone?: boolean;
}

/** All coordinates of an axis see each other. */
export function everyCoordinate(extent: number): AxisRelation {
  return { extent, step: 1, all: true, keys: () => ({ from: 0, to: extent }) };
}

/** A coordinate sees itself alone. */
export function sameCoordinate(extent: number): AxisRelation {
  return { extent, step: 1, alone: true, keys: x => ({ from: x, to: x + 1 }) };
}

/** Coverage of coordinates [x0, x1] against [y0, y1], both ends included. */
function axisCoverage(relation: AxisRelation, x0: number, x1: number, y0: number, y1: number): Coverage {
  if (relation.all) return 'full';
  const first = relation.keys(x0);
  const last = relation.keys(x1);
  const slack = relation.step - 1;
  if (y1 < first.from - slack || y0 >= last.to + slack) return 'empty';
  if (relation.step === 1) return y0 >= last.from && y1 < first.to ? 'full' : 'mixed';
  if (x0 !== x1) return 'mixed';
  // One coordinate: its keys can be counted.
  const from = Math.max(0, Math.ceil((y0 - first.from) / relation.step));
  const to = Math.floor((Math.min(y1, first.to - 1) - first.from) / relation.step);
  return to < from ? 'empty' : y0 === y1 ? 'full' : 'mixed';
}

/** Along longer stretches an axis is named by its coordinates alone. */
const SIGNED_COORDINATES = 256;
const SIGNED_RUNS = 32;

/** What coordinates [x0, x1] see of [y0, y1], both ends included, independent of where that is as far as is cheap. */
function axisSignature(relation: AxisRelation, x0: number, x1: number, y0: number, y1: number): string {
  if (relation.all) return '*';
  const absolute = `@${x0},${y0}`;
  if (x1 - x0 >= SIGNED_COORDINATES) return absolute;
  const runs: string[] = [];
  let last = '';
  let length = 0;
  for (let x = x0; x <= x1; x++) {
    const { from, to } = relation.keys(x);
    const first = from >= y0 ? from : from + Math.ceil((y0 - from) / relation.step) * relation.step;
    const keys = first > y1 || first >= to ? '-' : `${first - y0},${Math.min(to, y1 + 1) - y0}`;
    if (keys !== last) {
      if (length > 0) runs.push(`${length}x${last}`);
      if (runs.length > SIGNED_RUNS) return absolute;
      last = keys;
      length = 0;
    }
    length++;
  }
  runs.push(`${length}x${last}`);
  return runs.join(' ');
}

/**
 * Positions are the points of a grid in raster order (the last axis runs fastest); a query sees the points whose
 * coordinates it sees along every axis.
 */
export class RasterMask implements LatticeMask {
  readonly #axes: readonly AxisRelation[];
  /** Positions per step along each axis. */
  readonly #strides: readonly number[];
  readonly #tokens: number;

  /** The product of the extents is the number of tokens. */
  constructor(axes: readonly AxisRelation[]) {
    this.#axes = axes;
    const strides: number[] = [];
    let stride = 1;
    for (const axis of [...axes].reverse()) {
      strides.unshift(stride);
      stride *= axis.extent;
    }
    this.#strides = strides;
    this.#tokens = stride;
  }

  classify(box: Box): Coverage {
    let coverage: Coverage = 'full';
    // Spans of the coordinates that the box's positions have; whole axes once a leading coordinate changes.
    let rowFixed = true;
    let columnFixed = true;
    for (const [index, axis] of this.#axes.entries()) {
      const stride = this.#strides[index] ?? 1;
      const rows = span(box.row, box.rowEnd - 1, stride, axis.extent, rowFixed);
      const columns = span(box.column, box.columnEnd - 1, stride, axis.extent, columnFixed);
      const own = axisCoverage(axis, rows.first, rows.last, columns.first, columns.last);
      if (own === 'empty') return 'empty';
      if (own === 'mixed') coverage = 'mixed';
      rowFixed &&= rows.first === rows.last;
      columnFixed &&= columns.first === columns.last;
    }
    return coverage;
  }

  word(row: number, column: number): number {
    const last = this.#axes.length - 1;
    const axis = this.#axes[last];
    if (axis === undefined) return 0;
    const keys = axis.keys(row % axis.extent);
    let word = 0;
    // One run of keys along the last axis at a time: the other coordinates are the same all along it.
    for (let start = column; start < column + 32; ) {
      const line = Math.floor(start / axis.extent);
      const end = Math.min(column + 32, (line + 1) * axis.extent);
      if (this.#seesLine(row, line * axis.extent, last)) {
        const origin = line * axis.extent - column;
        if (axis.step === 1)
          word |= bitsBetween(Math.max(start - column, origin + keys.from), Math.min(end - column, origin + keys.to));
        else
          for (let y = keys.from; y < keys.to; y += axis.step) {
            const bit = origin + y;
            if (bit >= start - column && bit < end - column) word |= 1 << bit;
          }
      }
      start = end;
    }
    return word;
  }

  /**
   * Up to the first axis along which the box extends nothing but "allowed" matters, since the box is mixed; of that axis
   * the keys of each coordinate, seen from the box; of the axes behind it, exactly where the box begins.
   */
  signature(box: Box): string {
    for (const [index, axis] of this.#axes.entries()) {
      const stride = this.#strides[index] ?? 1;
      const rows = span(box.row, box.rowEnd - 1, stride, axis.extent, true);
      const columns = span(box.column, box.columnEnd - 1, stride, axis.extent, true);
      if (rows.first === rows.last && columns.first === columns.last) continue;
      const keys = axisSignature(axis, rows.first, rows.last, columns.first, columns.last);
      return `${index};${keys};${box.row % stride},${box.column % stride}`;
    }
    return '';
  }

  /** Steps of both lattices are steps along one axis: that axis has a range of coordinates, those behind it what the widths span. */
  classifyLattice(rows: Lattice, columns: Lattice): Coverage {
    const along = this.#axisOf(rows, columns);
    if (along === undefined) return this.classify(boxAround(rows, columns, this.#tokens));
    const stride = this.#strides[along] ?? 1;
    let coverage: Coverage = 'full';
    for (const [index, axis] of this.#axes.entries()) {
      const x = this.#coordinates(rows, index, along, stride);
      const y = this.#coordinates(columns, index, along, stride);
      const own = axisCoverage(axis, x.first, x.last, y.first, y.last);
      if (own === 'empty') return 'empty';
      if (own === 'mixed') coverage = 'mixed';
    }
    return coverage;
  }

  runWord(row: number, columns: Run): number {
    return runWordOf(this, row, columns);
  }

  runSignature(rows: Run, columns: Run): string | undefined {
    const lattices = [latticeOf(rows), latticeOf(columns)] as const;
    const coverage = this.classifyLattice(...lattices);
    if (coverage !== 'mixed') return coverage;
    const along = this.#axisOf(...lattices);
    const axis = along === undefined ? undefined : this.#axes[along];
    if (along === undefined || axis === undefined) return undefined;
    // The other coordinates do not change along the runs, and they are allowed: otherwise this would be empty.
    const x = this.#coordinate(rows.start, along);
    const y = this.#coordinate(columns.start, along);
    return `${along}:${axisSignature(axis, x, x + rows.count - 1, y, y + columns.count - 1)}`;
  }

  regroupings(): readonly Regrouping[] {
    return this.#axes.slice(0, -1).flatMap((axis, index) => {
      const stride = this.#strides[index] ?? 1;
      const chunk = index === 0 ? Number.POSITIVE_INFINITY : stride * axis.extent;
      return axis.alone || stride === 1 || axis.extent === 1 ? [] : [{ chunk, stride }];
    });
  }

  /** The axis along which both lattices step, when neither steps or spans past an end of it. */
  #axisOf(rows: Lattice, columns: Lattice): number | undefined {
    const along = this.#strides.indexOf(rows.count > 1 ? rows.stride : columns.stride);
    const stride = this.#strides[along] ?? 1;
    const extent = this.#axes[along]?.extent;
    if (extent === undefined || extent === 1) return undefined;
    const fits = (lattice: Lattice): boolean =>
      (lattice.count === 1 || lattice.stride === stride) &&
      Math.floor(lattice.start / stride) === Math.floor((lattice.start + lattice.width - 1) / stride) &&
      (Math.floor(lattice.start / stride) % extent) + lattice.count <= extent;
    return fits(rows) && fits(columns) ? along : undefined;
  }

  /** Coordinates of a lattice that steps along the axis `along`. */
  #coordinates(lattice: Lattice, index: number, along: number, stride: number): { first: number; last: number } {
    const first = this.#coordinate(lattice.start, index);
    if (index < along) return { first, last: first };
    if (index === along) return { first, last: first + lattice.count - 1 };
    const start = lattice.start % stride;
    const own = this.#strides[index] ?? 1;
    const extent = this.#axes[index]?.extent ?? 1;
    const fixed = Math.floor(start / (own * extent)) === Math.floor((start + lattice.width - 1) / (own * extent));
    return span(start, start + lattice.width - 1, own, extent, fixed);
  }

  #coordinate(position: number, index: number): number {
    return Math.floor(position / (this.#strides[index] ?? 1)) % (this.#axes[index]?.extent ?? 1);
  }

  /** Do the coordinates before the last axis see each other? */
  #seesLine(row: number, column: number, last: number): boolean {
    for (let index = 0; index < last; index++) {
      const axis = this.#axes[index];
      const stride = this.#strides[index] ?? 1;
      if (axis === undefined) return false;
      const x = Math.floor(row / stride) % axis.extent;
      const y = Math.floor(column / stride) % axis.extent;
      const { from, to } = axis.keys(x);
      if (y < from || y >= to || (y - from) % axis.step !== 0) return false;
    }
    return true;
  }
}

/** Coordinates along one axis of positions first..last; the whole axis when an earlier coordinate changes on the way. */
function span(
  first: number,
  last: number,
  stride: number,
  extent: number,
  fixed: boolean,
): { first: number; last: number } {
  if (!fixed) return { first: 0, last: extent - 1 };
  return { first: Math.floor(first / stride) % extent, last: Math.floor(last / stride) % extent };
}
