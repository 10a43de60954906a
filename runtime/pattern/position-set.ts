import { bitsBetween } from './bits.ts';

/** A set of positions, kept as disjoint ascending half-open ranges, so that `[0..n]` costs as little as `[0]`. */
export class PositionSet {
  /** [from0, to0, from1, to1, ...], ascending and not touching. */
  readonly bounds: readonly number[];
  /** Number of positions. */
  readonly size: number;
  /** Positions in the ranges before each range. */
  readonly #before: readonly number[];

  private constructor(bounds: readonly number[]) {
    this.bounds = bounds;
    const before: number[] = [];
    let size = 0;
    for (let at = 0; at < bounds.length; at += 2) {
      before.push(size);
      size += (bounds[at + 1] ?? 0) - (bounds[at] ?? 0);
    }
    this.#before = before;
    this.size = size;
  }

  /** Merges half-open ranges in any order; empty ones are dropped. */
  static of(ranges: Iterable<readonly [from: number, to: number]>): PositionSet {
    const sorted = [...ranges].filter(([from, to]) => from < to).sort((a, b) => a[0] - b[0]);
    const bounds: number[] = [];
    for (const [from, to] of sorted) {
      const last = bounds.length - 1;
      const end = bounds[last];
      if (end !== undefined && from <= end) bounds[last] = Math.max(end, to);
      else bounds.push(from, to);
    }
    return new PositionSet(bounds);
  }

  has(position: number): boolean {
    return this.count(position, position + 1) > 0;
  }

  /** Positions in [from, to). */
  count(from: number, to: number): number {
    return from < to ? this.#below(to) - this.#below(from) : 0;
  }

  /** 32 bits: bit b is set when `from + b` is in the set. */
  word(from: number): number {
    let word = 0;
    for (let range = this.#rangeEndingAfter(from); range < this.#before.length; range++) {
      const start = this.bounds[2 * range] ?? 0;
      if (start >= from + 32) break;
      word |= bitsBetween(start - from, (this.bounds[2 * range + 1] ?? 0) - from);
    }
    return word;
  }

  /** What the set holds in [from, to), independent of where that is; long lists give their place instead. */
  signature(from: number, to: number): string {
    const parts: number[] = [];
    for (let range = this.#rangeEndingAfter(from); range < this.#before.length; range++) {
      const start = this.bounds[2 * range] ?? 0;
      if (start >= to) break;
      if (parts.length >= 16) return `@${from}`;
      parts.push(Math.max(start, from) - from, Math.min(this.bounds[2 * range + 1] ?? 0, to) - from);
    }
    return parts.join('.');
  }

  /** Positions smaller than `position`. */
  #below(position: number): number {
    const range = this.#rangeEndingAfter(position);
    const before = this.#before[range] ?? this.size;
    const start = this.bounds[2 * range] ?? position;
    return before + Math.max(0, position - start);
  }

  /** Index of the first range whose end lies after `position`. */
  #rangeEndingAfter(position: number): number {
    let low = 0;
    let high = this.#before.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.bounds[2 * middle + 1] ?? 0) > position) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}
