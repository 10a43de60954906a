import type { CurveShape } from '../quality/curve.ts';
import type { Expression } from '../recognise/expression.ts';
import type { RowSample } from './row-sample.ts';

/** Told of keys [from, to) of a row. */
type Take = (from: number, to: number) => void;

/** A static pattern whose keys are known row by row. */
export interface Candidate {
  readonly expression: Expression;
  /**
   * The keys of the query at a position, as ranges that do not overlap, in any order; all are in [0, limit), the keys that
   * the baseline has there.
   */
  keys(position: number, limit: number, take: Take): void;
}

/** A kind of pattern that grows with a size; parameters beside the size are fixed. */
export interface Family {
  /** What people call it: those with the same name differ in parameters. */
  readonly name: string;
  /** The largest size that makes sense. */
  readonly most: number;
  /** Does it list columns or diagonals that were looked for in the data? */
  readonly isListed: boolean;
  make(size: number): Candidate;
}

/** Rows whose keys are counted to find a family's size; more are counted by their neighbours. */
const COUNTED_ROWS = 512;
/** What is left free where rows were not counted. */
const MARGIN = 1 / 256;

/** Pairs of a candidate, exact for at most COUNTED_ROWS query rows. */
export function pairsOf(candidate: Candidate, shape: CurveShape): number {
  const { queries } = shape;
  const count = Math.min(queries, COUNTED_ROWS);
  let pairs = 0;
  for (let index = 0; index < count; index++) {
    const row = Math.floor(((index + 0.5) * queries) / count);
    candidate.keys(shape.offset + row, limitOf(shape, row), (from, to) => {
      pairs += to - from;
    });
  }
  return (pairs * queries) / count;
}

/** Share of the probability of the sampled rows that a candidate keeps. */
export function recallOf(candidate: Candidate, { rows, before }: RowSample, shape: CurveShape): number {
  const stride = shape.keys + 1;
  let sum = 0;
  let start = 0;
  const take: Take = (from, to) => {
    sum += (before[start + to] as number) - (before[start + from] as number);
  };
  rows.forEach((row, index) => {
    start = index * stride;
    candidate.keys(shape.offset + row, limitOf(shape, row), take);
  });
  return sum / rows.length;
}

/** The largest size with at most so many pairs, or undefined when the smallest has more. */
export function fitted(family: Family, shape: CurveShape, pairs: number): number | undefined {
  const most = shape.queries <= COUNTED_ROWS ? pairs : pairs * (1 - MARGIN);
  const fits = (size: number): boolean => pairsOf(family.make(size), shape) <= most;
  if (!fits(1)) return undefined;
  let low = 1;
  let high = family.most + 1;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (fits(middle)) low = middle;
    else high = middle;
  }
  return low;
}

export function limitOf({ baseline, keys, offset }: CurveShape, row: number): number {
  return baseline === 'full' ? keys : Math.min(keys, offset + row + 1);
}
