import { placesOfLargest } from '../ranking.ts';
import { SLACK } from './error-bound.ts';
import { keysAt, type Sieve } from './sieve.ts';

/** Beside the keys that a row takes, so many that are as good as the last of them are looked at here. */
const SPARE = 64;

/**
 * The largest scores: those that are certain, and of the doubtful ones those with the largest scores in float64, ties to the
 * smaller key.
 *
 * @param errors of the scores of each row; see scoreErrors
 */
export function largestSieve(wanted: number, errors: Float64Array): Sieve {
  return {
    parameters: { kernel: 'largest', keys: wanted, scale: 0 },
    bounds: row => ({ slack: SLACK * (errors[row] ?? 0), shares: [0, 0] }),
    lists: ({ places }) => places <= wanted + SPARE,
    settle({ cut, keys, scoreOf }) {
      const missing = wanted - (cut.places - cut.doubtful);
      if (missing >= keys.length) return keys;
      return keysAt(keys, placesOfLargest(Float64Array.from(keys, scoreOf), missing, new Float64Array(keys.length)));
    },
  };
}
