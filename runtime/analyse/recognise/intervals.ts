/**
 * A set of whole numbers as ascending half-open ranges that do not touch: [from0, to0, from1, to1, ...]. Positions and
 * differences of positions come in such long stretches that nothing else would do at a million tokens.
 */
export type Intervals = readonly number[];

export const EMPTY: Intervals = [];

/** How many numbers a set holds. */
export function sizeOf(set: Intervals): number {
  let size = 0;
  for (let at = 0; at < set.length; at += 2) size += (set[at + 1] ?? 0) - (set[at] ?? 0);
  return size;
}

/** Ranges in any order, overlapping or not, as a set; empty ones are dropped. */
export function merged(ranges: readonly (readonly [from: number, to: number])[]): Intervals {
  const sorted = ranges.filter(([from, to]) => from < to).sort((a, b) => a[0] - b[0]);
  const set: number[] = [];
  for (const [from, to] of sorted) {
    const last = set.length - 1;
    const end = set[last];
    if (end !== undefined && from <= end) set[last] = Math.max(end, to);
    else set.push(from, to);
  }
  return set;
}

export function rangesOf(set: Intervals): [from: number, to: number][] {
  const ranges: [number, number][] = [];
  for (let at = 0; at < set.length; at += 2) ranges.push([set[at] ?? 0, set[at + 1] ?? 0]);
  return ranges;
}

export function unionOf(a: Intervals, b: Intervals): Intervals {
  const set: number[] = [];
  for (let x = 0, y = 0; x < a.length || y < b.length; ) {
    const isFirst = y >= b.length || (x < a.length && (a[x] ?? 0) <= (b[y] ?? 0));
    const [from, to] = isFirst ? [a[x] ?? 0, a[x + 1] ?? 0] : [b[y] ?? 0, b[y + 1] ?? 0];
    if (isFirst) x += 2;
    else y += 2;
    const last = set.length - 1;
    const end = set[last];
    if (end !== undefined && from <= end) set[last] = Math.max(end, to);
    else set.push(from, to);
  }
  return set;
}

export function intersectionOf(a: Intervals, b: Intervals): Intervals {
  const set: number[] = [];
  for (let x = 0, y = 0; x < a.length && y < b.length; ) {
    const from = Math.max(a[x] ?? 0, b[y] ?? 0);
    const endA = a[x + 1] ?? 0;
    const endB = b[y + 1] ?? 0;
    if (from < Math.min(endA, endB)) set.push(from, Math.min(endA, endB));
    if (endA < endB) x += 2;
    else y += 2;
  }
  return set;
}

/** Numbers of [from, to) that are not in the set. */
export function gapsOf(set: Intervals, from: number, to: number): Intervals {
  const gaps: number[] = [];
  let start = from;
  for (let at = 0; at < set.length; at += 2) {
    const [low, high] = [set[at] ?? 0, set[at + 1] ?? 0];
    if (high <= start) continue;
    if (low >= to) break;
    if (low > start) gaps.push(start, low);
    start = high;
  }
  if (start < to) gaps.push(start, to);
  return gaps;
}

/** Numbers of the first set that the second lacks. */
export function differenceOf(a: Intervals, b: Intervals): Intervals {
  const [from, to] = [a[0], a.at(-1)];
  return from === undefined || to === undefined ? EMPTY : intersectionOf(a, gapsOf(b, from, to));
}

/** Every x of the set as `origin - x`. */
export function mirrored(set: Intervals, origin: number): Intervals {
  const mirror: number[] = [];
  for (let at = set.length - 2; at >= 0; at -= 2)
    mirror.push(origin - (set[at + 1] ?? 0) + 1, origin - (set[at] ?? 0) + 1);
  return mirror;
}

/** The range that holds a number. */
export function rangeAround(set: Intervals, value: number): readonly [from: number, to: number] | undefined {
  let low = 0;
  let high = set.length / 2;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((set[2 * middle + 1] ?? 0) > value) high = middle;
    else low = middle + 1;
  }
  const [from, to] = [set[2 * low], set[2 * low + 1]];
  return from !== undefined && to !== undefined && from <= value ? [from, to] : undefined;
}

export function contains(set: Intervals, value: number): boolean {
  return rangeAround(set, value) !== undefined;
}

/** The first numbers of a set, at most `limit`. */
export function firstOf(set: Intervals, limit: number): number[] {
  const numbers: number[] = [];
  for (let at = 0; at < set.length; at += 2)
    for (let value = set[at] ?? 0; value < (set[at + 1] ?? 0); value++) {
      if (numbers.length === limit) return numbers;
      numbers.push(value);
    }
  return numbers;
}
