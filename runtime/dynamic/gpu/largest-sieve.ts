import { placesOfLargest } from '../ranking.ts';
import { SLACK } from './error-bound.ts';
import { markedKeys, type Sieve, settled } from './sieve.ts';

/** Beside the keys that a row takes, so many that are as good as the last of them are looked at here. */
const SPARE = 64;

/**
 * The largest scores: those that are certain, and of the marked ones those with the largest scores in float64, ties to the
 * smaller key.
 *
 * @param errors of the scores of each row; see scoreErrors
 */
export function largestSieve(wanted: number, errors: Float64Array): Sieve {
  return {
    parameters: { kernel: 'largest', keys: wanted, scale: 0 },
    bounds: row => ({ slack: SLACK * (errors[row] ?? 0), shares: [0, 0] }),
    lists: ({ places }) => places <= wanted + SPARE,
    settle(sifted) {
      const { places, marked } = sifted.cut;
      const missing = wanted - (places - marked);
      if (missing >= marked) return sifted.places.map(place => sifted.keyAt(place & 0x7fffffff));
      const scores = Float64Array.from(markedKeys(sifted), sifted.scoreOf);
      return settled(sifted, placesOfLargest(scores, missing, new Float64Array(marked)), wanted);
    },
  };
}
