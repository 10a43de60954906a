import { BINS, LOWEST, SHIFT } from '../bins.ts';
import { curveSizes } from '../curve.ts';
import { type HeadTotals, noTotals, type RowRange, type SurveyedHead } from '../survey.ts';
import { type Found, leftOff } from './head-survey.ts';
import { BIN_WORDS, FACT_COUNT, FACTS } from './wgsl/rows.ts';

/** The totals of some rows of a head, from what a device found for each of them. */
export function totalsOf({ facts, histogram, distances }: Found, head: SurveyedHead, { from }: RowRange): HeadTotals {
  const { keys, mask } = head;
  const points = curveSizes(keys).length;
  const empty = noTotals(points, BINS, keys);
  const { counts, masses, curve } = empty;
  for (let bin = 0; bin < BINS; bin++) {
    const at = bin * BIN_WORDS;
    const count = Number(histogram[at]);
    const low = Number(histogram[at + 1]) + 65536 * Number(histogram[at + 2]);
    counts[bin] = count;
    masses[bin] = massOf(bin, count, low, leftOff(keys));
  }
  let entropy = 0;
  let topk = 0;
  let overlap = 0;
  let withKeys = 0;
  const width = FACT_COUNT + points;
  for (let row = 0; row < facts.length / width; row++) {
    const of = (fact: number): number => Number(facts[row * width + fact]);
    const sum = of(FACTS.sum);
    entropy += Math.log2(sum) - of(FACTS.weighted) / sum;
    topk += of(FACTS.topk);
    for (let point = 0; point < points; point++) curve[point] = Number(curve[point]) + of(FACT_COUNT + point);
    if (Number(mask.perRow[from + row]) === 0) continue;
    overlap += of(FACTS.overlap);
    withKeys++;
  }
  for (let at = 0; at < distances.length; at++) empty.distances[at] = Number(distances[at]);
  return { ...empty, entropy, topk, overlap, withKeys };
}

/** What the probabilities of a bin sum up to: its lower edge times their number, and what they are above that. */
function massOf(bin: number, count: number, low: number, left: number): number {
  if (bin === 0) return low * 2 ** (left - 49);
  const first = bin + LOWEST;
  const exponent = (first >> (23 - SHIFT)) - 127;
  const edge = 2 ** exponent * (1 + (first & (2 ** (23 - SHIFT) - 1)) / 2 ** (23 - SHIFT));
  return count * edge + low * 2 ** (exponent - 23 + left);
}
