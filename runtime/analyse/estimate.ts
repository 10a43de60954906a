import { DEFAULT_TILE } from '../compile/mask-tree.ts';
import { EVERYTHING, NOTHING, narrow } from '../pattern/algebra.ts';
import { bitsBetween, popcount } from '../pattern/bits.ts';
import type { Box, Mask } from '../pattern/mask.ts';
import { philox } from '../pattern/philox.ts';
import type { Shape } from '../pattern/shape.ts';

/** How many pairs a mask holds, about. */
export interface Estimate {
  /** The most likely number of pairs, a whole number. */
  readonly pairs: number;
  /** The true number is off by at most this, except with probability `RISK`. 0: exact. */
  readonly error: number;
}

/** Distinct squares of a mask with a condition that are counted before its pairs are estimated: seconds. */
export const COUNTED_SQUARES = 2 ** 15;
/** Probability that an estimate is further off than it says. */
export const RISK = 1e-6;
/** Words of 32 pairs that are drawn. */
const SAMPLES = 2 ** 16;

export interface EstimateOptions {
  /** Words that are drawn; the error falls with their square root. */
  readonly samples?: number;
  /** Called now and then; throwing stops the estimate. */
  readonly checkpoint?: () => void;
}
const SEED = [0x5eed, 0] as const;

/**
 * Estimates the pairs of a mask that is too irregular to count. Squares that are wholly in or out are counted exactly;
 * in the rest, words of up to 32 pairs are drawn at random (the same ones every time). Their shares are independent
 * and lie between 0 and 1, so that Hoeffding's inequality bounds the error whatever the mask is:
 * `mixed pairs * sqrt(ln(2 / RISK) / (2 * samples))`. Hoeffding, JASA 1963.
 * As many boxes are classified before as samples are drawn after.
 */
export function estimatePairs(
  mask: Mask,
  shape: Shape,
  { samples = SAMPLES, checkpoint }: EstimateOptions = {},
): Estimate {
  const { full, mixed } = split(mask, shape, samples, checkpoint);
  if (mixed.length === 0) return { pairs: full, error: 0 };
  const ends = new Float64Array(mixed.length);
  let area = 0;
  for (const [index, { box }] of mixed.entries()) {
    area += areaOf(box);
    ends[index] = area;
  }
  let shares = 0;
  for (let sample = 0; sample < samples; sample++) {
    if ((sample & 0xff) === 0) checkpoint?.();
    const [a = 0, b = 0, c = 0, d = 0] = philox([sample, 0, 0, 0], SEED);
    const at = boxAt(ends, fraction(a, b) * area);
    const { mask: inside, box } = mixed[at] ?? { mask: NOTHING, box: { row: 0, rowEnd: 1, column: 0, columnEnd: 1 } };
    const row = box.row + Math.floor(fraction(c, 0) * (box.rowEnd - box.row));
    // The word that a key drawn at random lies in: its share of allowed pairs stands for that key.
    const key = Math.floor(fraction(d, 0) * (box.columnEnd - box.column));
    const column = box.column + key - (key % 32);
    const valid = bitsBetween(0, box.columnEnd - column);
    shares += popcount(inside.word(row, column) & valid) / popcount(valid);
  }
  const share = shares / samples;
  const bound = area * Math.sqrt(Math.log(2 / RISK) / (2 * samples));
  const pairs = Math.round(full + area * share);
  return { pairs, error: Math.ceil(Math.min(bound, Math.max(pairs - full, full + area - pairs))) };
}

interface Part {
  readonly mask: Mask;
  readonly box: Box;
}

/** Pairs in boxes that are wholly allowed, and the boxes that are neither that nor empty, coarse ones split first. */
function split(
  mask: Mask,
  shape: Shape,
  boxes: number,
  checkpoint?: () => void,
): { full: number; mixed: readonly Part[] } {
  const { offset, queries, tokens } = shape;
  let full = 0;
  let looked = 0;
  const settled: Part[] = [];
  let level: Part[] = [];
  const add = (part: Mask, box: Box, into: Part[]): void => {
    if ((++looked & 0xff) === 0) checkpoint?.();
    const rest = narrow(part, box);
    if (rest === EVERYTHING) full += areaOf(box);
    else if (rest !== NOTHING) into.push({ mask: rest, box });
  };
  add(mask, { row: offset, rowEnd: offset + queries, column: 0, columnEnd: tokens }, level);
  while (level.length > 0 && looked + 4 * level.length <= boxes) {
    const next: Part[] = [];
    for (const part of level) {
      const halves = quarters(part.box);
      if (halves.length === 1) settled.push(part);
      else for (const box of halves) add(part.mask, box, next);
    }
    level = next;
  }
  return { full, mixed: [...settled, ...level] };
}

/** A box cut in the middle of each side that is longer than a tile. */
function quarters(box: Box): readonly Box[] {
  const rows = cut(box.row, box.rowEnd, DEFAULT_TILE.queries);
  const columns = cut(box.column, box.columnEnd, DEFAULT_TILE.keys);
  return rows.flatMap(([row, rowEnd]) => columns.map(([column, columnEnd]) => ({ row, rowEnd, column, columnEnd })));
}

function cut(from: number, to: number, shortest: number): readonly (readonly [number, number])[] {
  if (to - from <= shortest) return [[from, to]];
  const middle = from + Math.ceil((to - from) / 2);
  return [
    [from, middle],
    [middle, to],
  ];
}

function areaOf({ row, rowEnd, column, columnEnd }: Box): number {
  return (rowEnd - row) * (columnEnd - column);
}

/** A number in [0, 1) from two random words. */
function fraction(high: number, low: number): number {
  return ((high >>> 0) + (low >>> 0) / 2 ** 32) / 2 ** 32;
}

/** Index of the first end that lies after `value`. */
function boxAt(ends: Float64Array, value: number): number {
  let low = 0;
  let high = ends.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((ends[middle] ?? 0) > value) high = middle;
    else low = middle + 1;
  }
  return low;
}
