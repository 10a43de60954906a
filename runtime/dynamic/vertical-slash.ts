import { intersection, union } from '../pattern/algebra.ts';
import { DifferenceList } from '../pattern/difference-mask.ts';
import { ColumnMask } from '../pattern/position-masks.ts';
import { PositionSet } from '../pattern/position-set.ts';
import { exponential } from './exponential.ts';
import type { Choice, Method } from './method.ts';
import { placesOfLargest } from './ranking.ts';
import { visitScores } from './scores.ts';

/** Rank of a line that no candidate of the last queries lies on: behind all others. */
const UNSEEN = -1;

/**
 * `vertical_slash(vertical, slash, last)`: the columns and the diagonals with the largest sums of the last queries'
 * probabilities over the candidates (Jiang et al., MInference 1.0, 2024). Ties go to the smaller column, and to the
 * diagonal nearer to i = j, of two equally near ones to the one below (i > j).
 */
export const verticalSlash: Method = async choice => {
  const { args, candidates } = choice;
  const { columns, diagonals } = await lineSums(choice);
  const scratch = new Float64Array(diagonals.length);
  const vertical = placesOfLargest(columns, args.number('vertical'), scratch);
  const slash = placesOfLargest(diagonals, args.number('slash'), scratch);
  const chosenColumns = PositionSet.of(Array.from(vertical, column => [column, column + 1] as const));
  const chosenDiagonals = Array.from(slash, place => differenceAt(place)).sort((a, b) => a - b);
  return intersection(union(new ColumnMask(chosenColumns), new DifferenceList(chosenDiagonals)), candidates);
};

/** i - j of the diagonals from the middle outwards: 0, 1, -1, 2, -2, ... */
function differenceAt(place: number): number {
  return place % 2 === 1 ? (place + 1) / 2 : -place / 2;
}

function placeOf(difference: number): number {
  return difference > 0 ? 2 * difference - 1 : -2 * difference;
}

/** Probabilities of the last queries, summed by column, [tokens], and by diagonal, [2 tokens - 1] as `differenceAt` lists them. */
async function lineSums(choice: Choice): Promise<{ readonly columns: Float64Array; readonly diagonals: Float64Array }> {
  const { tokens, queries, offset } = choice.shape;
  const { scale } = choice.content;
  const columns = new Float64Array(tokens).fill(UNSEEN);
  const diagonals = new Float64Array(2 * tokens - 1).fill(UNSEEN);
  const add = (sums: Float64Array, place: number, share: number): void => {
    const sum = sums[place] as number;
    sums[place] = (sum === UNSEEN ? 0 : sum) + share;
  };
  const visit = (row: number, scores: Float64Array): void => {
    let best = Number.NEGATIVE_INFINITY;
    for (const score of scores) if (score > Number.NEGATIVE_INFINITY && score * scale > best) best = score * scale;
    let total = 0;
    for (let key = 0; key < tokens; key++) {
      const score = scores[key] as number;
      if (score > Number.NEGATIVE_INFINITY) total += scores[key] = exponential(score * scale - best);
    }
    for (let key = 0; key < tokens; key++) {
      const weight = scores[key] as number;
      if (weight === Number.NEGATIVE_INFINITY) continue;
      add(columns, key, weight / total);
      add(diagonals, placeOf(offset + row - key), weight / total);
    }
  };
  await visitScores(choice, visit, Math.max(0, queries - choice.args.number('last')));
  return { columns, diagonals };
}
