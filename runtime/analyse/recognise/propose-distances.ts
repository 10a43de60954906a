import {
  contains,
  differenceOf,
  firstOf,
  gapsOf,
  type Intervals,
  mirrored,
  rangeAround,
  sizeOf,
  unionOf,
} from './intervals.ts';
import type { Part } from './parts.ts';
import { isWhole, type View } from './view.ts';

/** Distances that are looked at one by one. */
const MAX_DISTANCES = 4096;
/** A longer list of diagonals is no design that anybody would write down. */
const MAX_LISTED = 64;

/** How far the keys around the diagonal reach in every row: `before` and `after`, n where the sequence's end alone stops them. */
export interface Band {
  readonly before: number;
  readonly after: number;
}

/** The widest band around the diagonal that the sampled rows allow; undefined where one does not attend to itself. */
export function bandOf(view: View): Band | undefined {
  let before = view.n;
  let after = view.causal ? 0 : view.n;
  for (const [row, keys] of view.rows) {
    const around = rangeAround(keys, row);
    if (around === undefined) return undefined;
    if (around[0] > 0) before = Math.min(before, row - around[0]);
    if (around[1] < view.n) after = Math.min(after, around[1] - 1 - row);
  }
  return { before, after };
}

/** Distances i - j at which every sampled row has a key; `columns` are whole ones, which say nothing about distances. */
export function distancesOf(view: View, columns: Intervals): Intervals {
  let present: Intervals = [];
  let absent: Intervals = [];
  for (const [row, keys] of view.rows) {
    if (!isWhole(keys, view.domain(row))) present = unionOf(present, mirrored(differenceOf(keys, columns), row));
    absent = unionOf(absent, mirrored(gapsOf(keys, 0, view.n), row));
  }
  return differenceOf(present, absent);
}

/** Parts that depend on the distance alone and reach beyond the band. */
export function proposeDistances(view: View, columns: Intervals, band: Band | undefined): Part[] {
  const distances = distancesOf(view, columns);
  const near: Intervals = band === undefined ? [] : [-band.after, band.before + 1];
  const far = differenceOf(distances, near);
  const count = sizeOf(far);
  if (count === 0) return [];
  const some = firstOf(far, MAX_DISTANCES);
  const past = firstOf(differenceOf(far, [-view.n, 1]), MAX_DISTANCES);
  return [
    ...powers(distances, view.n),
    ...strides(past.length > 0 ? past : some),
    ...steps(distances, far),
    ...oddSteps(distances, past),
    ...[distances, far]
      .filter(each => sizeOf(each) <= MAX_LISTED)
      .map((each): Part => ({ kind: 'diagonals', offsets: firstOf(each, MAX_LISTED) })),
  ];
}

/** Distances that are powers of a base. */
function powers(distances: Intervals, n: number): Part[] {
  for (let base = 2; base <= 16; base++) {
    let reached = 0;
    let beyond = 1;
    for (; beyond < n && contains(distances, beyond); beyond *= base) reached = beyond;
    // Two powers are any two distances.
    if (reached < base * base) continue;
    return [{ kind: 'exponential', base, limit: beyond >= n ? undefined : reached }];
  }
  return [];
}

/** Every `stride`-th distance as long as the sequence goes, as the first ones suggest. */
function strides(distances: readonly number[]): Part[] {
  const [first, second, third] = distances;
  if (first === undefined) return [];
  const candidates = new Set([
    ...(second === undefined ? [] : [second - first]),
    ...(second === undefined || third === undefined ? [] : [third - second]),
    Math.abs(first),
  ]);
  return [...candidates]
    .filter(stride => stride > 1)
    .map((stride): Part => ({ kind: 'strided', stride, offset: ((first % stride) + stride) % stride }));
}

/** Distances in steps that leave out 0: every second one of a window, say. */
function oddSteps(distances: Intervals, past: readonly number[]): Part[] {
  const [first, second] = past;
  if (first === undefined || second === undefined) return [];
  const stride = second - first;
  if (first % stride === 0) return [];
  let last = first;
  while (contains(distances, last + stride)) last += stride;
  return [{ kind: 'stepped', last, stride, offset: first % stride }];
}

/** A window in steps: the distances around 0 that are multiples of their greatest common divisor. */
function steps(distances: Intervals, far: Intervals): Part[] {
  if (!contains(distances, 0)) return [];
  const divisors = new Set<number>();
  let divisor = 0;
  // Further out there may be other distances, so the nearest ones decide.
  for (const distance of firstOf(far, MAX_DISTANCES).sort((a, b) => Math.abs(a) - Math.abs(b))) {
    divisor = greatestCommonDivisor(divisor, Math.abs(distance));
    divisors.add(divisor);
    if (divisor === 1) break;
  }
  return [...divisors]
    .filter(dilation => dilation > 1)
    .map((dilation): Part => {
      let [before, after] = [0, 0];
      while (contains(distances, (before + 1) * dilation)) before++;
      while (contains(distances, -(after + 1) * dilation)) after++;
      return { kind: 'dilated', before, after, dilation };
    });
}

export function greatestCommonDivisor(a: number, b: number): number {
  while (b !== 0) [a, b] = [b, a % b];
  return a;
}
