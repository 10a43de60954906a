import { sampleInput } from '../../../attention/sample-data.ts';
import type { TilePlan } from '../../../compile/tile-plan.ts';
import { baselineKeys } from '../baseline-keys.ts';
import { curveSizes } from '../curve.ts';
import { MaskRows } from '../plan-rows.ts';
import type { HeadTotals, SurveyedHead } from '../survey.ts';

/** Relative; far above what float32 loses, far below what a wrong kernel gives. */
const TOLERANCE = 1e-4;
/** Of a histogram's bin, and for numbers that end in another one. */
const BIN = 1 / 60;

/**
 * Looks at small heads of awkward sizes and compares with the definition.
 *
 * @throws Error when the totals are wrong
 */
export async function checkSurvey(survey: (head: SurveyedHead) => Promise<HeadTotals>): Promise<void> {
  for (const sharpness of [1, 6]) {
    const head = sampleHead(sharpness);
    checkTotals(head, await survey(head));
  }
}

/**
 * Compares what was found of a head with the definition, in float64 and pair by pair: for heads of some thousand keys.
 *
 * @throws Error when it is something else
 */
export function checkTotals(head: SurveyedHead, totals: HeadTotals): void {
  compare(totals, defined(head));
}

const QUERIES = 19;
const KEYS = 523;
const DIM = 21;
/** Every third key, of two rows in three. */
const allowed = (row: number, key: number): boolean => row % 3 > 0 && (key + row) % 3 === 0;

function sampleHead(sharpness: number): SurveyedHead {
  const { q, k } = sampleInput({ heads: 1, kvHeads: 1, queries: QUERIES, keys: KEYS, headDim: DIM }, 5);
  const shape = { baseline: 'causal', queries: QUERIES, keys: KEYS, offset: KEYS - QUERIES } as const;
  return {
    ...shape,
    headDim: DIM,
    q,
    k,
    scale: sharpness / Math.sqrt(DIM),
    mask: new MaskRows([plan()], QUERIES, KEYS),
  };
}

/** One tile for all. */
function plan(): TilePlan {
  const tile = { queries: QUERIES, keys: 16 * Math.ceil(KEYS / 16) };
  const words = Math.ceil(tile.keys / 32);
  const masks = new Uint32Array(QUERIES * words);
  let pairs = 0;
  for (let row = 0; row < QUERIES; row++)
    for (let key = 0; key < KEYS - QUERIES + row + 1; key++) {
      if (!allowed(row, key)) continue;
      const at = row * words + (key >>> 5);
      masks[at] = Number(masks[at]) | (1 << (key & 31));
      pairs++;
    }
  const one = { rowStart: Uint32Array.of(0, 1), column: Uint32Array.of(0), maskId: Uint32Array.of(0) };
  return { tile, queries: QUERIES, keys: KEYS, ...one, masks, pairs: Float64Array.of(pairs) };
}

interface Defined extends Pick<HeadTotals, 'entropy' | 'topk' | 'overlap' | 'withKeys'> {
  readonly curve: readonly number[];
  readonly distances: readonly number[];
  /** `overlap` when of keys that float32 cannot tell apart the mask has the wrong ones; `overlap` itself: the right ones. */
  readonly leastOverlap: number;
  /** All probabilities, descending. */
  readonly all: readonly number[];
}

function defined({ q, k, keys, queries, offset, baseline, headDim, scale, mask }: SurveyedHead): Defined {
  const sizes = curveSizes(keys);
  const curve = sizes.map(() => 0);
  const distances = Array.from({ length: 2 * keys - 1 }, () => 0);
  const every: number[] = [];
  let leastOverlap = 0;
  const sums = { entropy: 0, topk: 0, overlap: 0, withKeys: 0 };
  for (let row = 0; row < queries; row++) {
    const seen = baselineKeys(baseline, row, keys, offset);
    const bits = mask.read(row, row + 1);
    const has = (key: number): boolean => ((Number(bits[key >>> 5]) >>> (key & 31)) & 1) === 1;
    const weights = Array.from({ length: seen }, (_, key) => {
      let dot = 0;
      for (let d = 0; d < headDim; d++) dot += Number(q[row * headDim + d]) * Number(k[key * headDim + d]);
      return scale * dot;
    });
    const top = weights.reduce((most, score) => Math.max(most, score), Number.NEGATIVE_INFINITY);
    weights.forEach((score, key) => {
      weights[key] = Math.exp(score - top);
    });
    const sum = weights.reduce((all, weight) => all + weight, 0);
    const p = weights.map(weight => weight / sum);
    const order = [...p.keys()].sort((a, b) => Number(p[b]) - Number(p[a]));
    const best = (count: number): number => order.slice(0, count).reduce((all, key) => all + Number(p[key]), 0);
    sizes.forEach((size, point) => {
      curve[point] = Number(curve[point]) + best(size);
    });
    p.forEach((value, key) => {
      const at = key - offset - row + keys - 1;
      distances[at] = Number(distances[at]) + value;
      if (value > 0) sums.entropy -= value * Math.log2(value);
    });
    for (const value of p) every.push(value);
    const own = order.filter(has).length;
    sums.topk += best(own);
    if (own === 0) continue;
    sums.withKeys++;
    const { least, most } = overlapOf(p, has, order[own - 1] ?? 0);
    sums.overlap += most / own;
    leastOverlap += least / own;
  }
  return { ...sums, leastOverlap, curve, distances, all: every.sort((a, b) => b - a) };
}

/** How many of a row's most probable keys, down to the `last`, the mask has, at least and at most: float32 decides what is equal. */
function overlapOf(p: readonly number[], has: (key: number) => boolean, last: number) {
  const border = Number(p[last]);
  const margin = 1e-4 * border + 1e-37;
  let larger = 0;
  let kept = 0;
  let others = 0;
  let equal = 0;
  let own = 0;
  p.forEach((value, key) => {
    own += Number(has(key));
    if (value > border + margin) {
      larger++;
      kept += Number(has(key));
    } else if (value >= border - margin) {
      if (has(key)) equal++;
      else others++;
    }
  });
  const room = own - larger;
  return { least: kept + Math.max(0, room - others), most: kept + Math.min(equal, room) };
}

function compare(found: HeadTotals, wanted: Defined): void {
  const expect = (what: string, value: number | undefined, right: number | undefined, tolerance = TOLERANCE): void => {
    if (!(Math.abs(Number(value) - Number(right)) <= tolerance * Math.max(1, Math.abs(Number(right)))))
      throw new Error(`it computes ${what} wrongly (${value} instead of ${right} in a small test)`);
  };
  for (const name of ['entropy', 'topk', 'withKeys'] as const) expect(name, found[name], wanted[name]);
  const nearest = Math.max(wanted.leastOverlap, Math.min(wanted.overlap, found.overlap));
  expect('overlap', found.overlap, nearest);
  wanted.curve.forEach((value, point) => {
    expect('sums of the largest', found.curve[point], value, BIN);
  });
  wanted.distances.forEach((value, at) => {
    expect('sums by distance', found.distances[at], value);
  });
  let counted = 0;
  let sum = 0;
  let exact = 0;
  for (let bin = found.counts.length - 1; bin >= 0; bin--) {
    const count = Number(found.counts[bin]);
    for (const value of wanted.all.slice(counted, counted + count)) exact += value;
    counted += count;
    sum += Number(found.masses[bin]);
    if (count > 0) expect('the histogram', sum, exact);
  }
  expect('counts', counted, wanted.all.length, 0);
}
