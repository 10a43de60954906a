import { type Baseline, baselineKeys } from './baseline-keys.ts';
import type { HeadSums } from './row-kernel.ts';
import { BIN_WIDTH } from './row-kernel.ts';

/** A mask's density (pairs / (queries * keys)), and the share of full attention's probability that it keeps. */
export interface CurvePoint {
  readonly density: number;
  readonly recall: number;
}

/** Recall against density of masks to compare with, each in ascending order. */
export interface QualityCurve {
  /**
   * Any mask: the most probable pairs of the head. An upper bound, above the truth by at most 1/64 of what lies in one of
   * 2,049 bins of probabilities.
   */
  readonly oracle: readonly CurvePoint[];
  /** The same number of keys in each row, the most probable ones; at most 1/64 of itself below the truth. */
  readonly topk: readonly CurvePoint[];
  /** Against causal attention `sliding(w)`, against full attention `window(radius: r)`. */
  readonly window: readonly CurvePoint[];
  /** The same number of keys in each row, drawn at random: what is to be expected, not one draw. */
  readonly random: readonly CurvePoint[];
}

/** The queries and keys of a head. */
export interface CurveShape {
  readonly baseline: Baseline;
  readonly queries: number;
  readonly keys: number;
  /** Position of query row 0. */
  readonly offset: number;
}

const POINTS = 24;

/** Numbers of keys in a row at which curves have their points, ascending, each about half as much again as the one before. */
export function curveSizes(keys: number): number[] {
  const sizes = Array.from({ length: POINTS }, (_, point) => Math.round(keys ** (point / (POINTS - 1))));
  return [...new Set(sizes)];
}

/** The curves of a head, from the sums over its rows. */
export function curvesOf(sums: HeadSums, sizes: readonly number[], shape: CurveShape): QualityCurve {
  const { queries, keys } = shape;
  const all = queries * keys;
  // The last size is all keys.
  const whole = Number(sums.curve.at(-1));
  const lines = { oracle: oracleLine(sums), window: windowLine(sums, shape), random: randomLine(shape) };
  const at = (line: Line, size: number): CurvePoint => ({ density: line.pairs(size) / all, recall: line.recall(size) });
  return {
    oracle: sizes.map(size => {
      const pairs = lines.random.pairs(size);
      return { density: pairs / all, recall: lines.oracle(pairs) };
    }),
    topk: sizes.map((size, index) => ({
      density: lines.random.pairs(size) / all,
      recall: Math.min(1, Number(sums.curve[index]) / whole),
    })),
    window: sizes.map(size => at(lines.window, shape.baseline === 'full' ? (size - 1) >> 1 : size)),
    random: sizes.map(size => at(lines.random, size)),
  };
}

/** Recall of the oracle, a window and random keys with exactly so many pairs. */
export function equalPairs(sums: HeadSums, shape: CurveShape, pairs: number) {
  return {
    oracle: oracleLine(sums)(pairs),
    window: atPairs(windowLine(sums, shape), shape.keys, pairs),
    random: atPairs(randomLine(shape), shape.keys, pairs),
  };
}

/** A family of masks of growing size: pairs and recall both grow with it. */
interface Line {
  pairs(size: number): number;
  recall(size: number): number;
}

/** Recall at a number of pairs between two sizes: of some rows of the one and some of the other. */
function atPairs(line: Line, largest: number, pairs: number): number {
  if (pairs === 0) return 0;
  let low = -1;
  let high = largest;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (line.pairs(middle) <= pairs) low = middle;
    else high = middle;
  }
  const [before, after] = low < 0 ? [0, line.pairs(0)] : [line.pairs(low), line.pairs(low + 1)];
  const [less, more] = low < 0 ? [0, line.recall(0)] : [line.recall(low), line.recall(low + 1)];
  return after === before ? less : less + ((more - less) * (pairs - before)) / (after - before);
}

/**
 * The most probable pairs of a head: their sum, where one bin is cut through at most what its largest could be. It is a share
 * of what all pairs add up to, which rounding keeps from being the number of queries: all of them are 1.
 */
function oracleLine({ counts, masses }: HeadSums): (pairs: number) => number {
  let whole = 0;
  for (let bin = masses.length - 1; bin >= 0; bin--) whole += Number(masses[bin]);
  return pairs => {
    let left = pairs;
    let sum = 0;
    for (let bin = counts.length - 1; bin >= 0 && left > 0; bin--) {
      const count = Number(counts[bin]);
      if (count === 0) continue;
      const mass = Number(masses[bin]);
      const taken = Math.min(left, count);
      sum += taken === count ? mass : Math.min(mass, ((taken * mass) / count) * (1 + BIN_WIDTH));
      left -= taken;
    }
    return Math.min(1, sum / whole);
  };
}

function windowLine({ distances }: HeadSums, { baseline, queries, keys, offset }: CurveShape): Line {
  // Probability up to a distance. Causal: size keys with the query itself; full: size keys on each side.
  const self = keys - 1;
  const within = new Float64Array(keys + 1);
  for (let distance = 0; distance < keys; distance++) {
    const back = Number(distances[self - distance]);
    const ahead = distance === 0 || baseline === 'causal' ? 0 : Number(distances[self + distance]);
    within[distance + 1] = Number(within[distance]) + back + ahead;
  }
  const last = offset + queries - 1;
  const whole = Number(within[keys]);
  if (baseline === 'causal')
    return {
      pairs: size => cutSum(offset + 1, last + 1, size),
      recall: size => Number(within[Math.min(size, keys)]) / whole,
    };
  return {
    // Keys before and with the query, and those after it.
    pairs: radius => cutSum(offset + 1, last + 1, radius + 1) + cutSum(keys - 1 - last, keys - 1 - offset, radius),
    recall: radius => Number(within[Math.min(radius + 1, keys)]) / whole,
  };
}

/** The sum of min(x, most) over the whole numbers from `from` to `to`. */
function cutSum(from: number, to: number, most: number): number {
  const cut = Math.max(from, Math.min(to + 1, most));
  return ((from + cut - 1) * (cut - from)) / 2 + (to + 1 - cut) * most;
}

function randomLine({ baseline, queries, keys, offset }: CurveShape): Line {
  return {
    pairs: size =>
      baseline === 'causal' ? cutSum(offset + 1, offset + queries, size) : queries * Math.min(size, keys),
    recall: size => {
      let sum = 0;
      for (let row = 0; row < queries; row++) sum += Math.min(1, size / baselineKeys(baseline, row, keys, offset));
      return sum / queries;
    },
  };
}
