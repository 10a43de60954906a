import { placesOfLargest } from '../ranking.ts';
import { SLACK, weightErrors } from './error-bound.ts';
import { type Cut, keysAt, type Sieve } from './sieve.ts';
import { WEIGHT_OF_BEST } from './wgsl/shared.ts';

/** With more doubtful keys than this a row is left to others. */
const MOST_DOUBTFUL = 256;
/** Errors of exponents beyond this tell nothing. */
const LARGEST_ERROR = 0.05;
const UNIT = 2 ** 32;

/**
 * The fewest scores whose weights reach a share `mass` < 1 of all. float32 weights are off by a factor of e**±error at the
 * most. With w and r of them above and below some score, the true share is at least w / (w + r E) and at most w / (w + r / E),
 * E = e**(2 error): it certainly reaches the mass where w / (w + r) is mass E / (1 - mass + mass E), and certainly does not
 * below mass / (mass + (1 - mass) E). The scores between the two are settled by their float64 weights, where the weights of
 * the others, which are known to that factor, let them.
 *
 * @param scale makes exponents of scores, more than 0
 * @param errors of the scores of each row; see scoreErrors
 */
export function massSieve(
  mass: number,
  scale: number,
  { errors, headDim, tokens }: { readonly errors: Float64Array; readonly headDim: number; readonly tokens: number },
): Sieve {
  const ofWeights = weightErrors(errors, scale, headDim);
  return {
    parameters: { kernel: 'mass', keys: 0, scale },
    bounds(row) {
      // The last term is what float64 sums may be off by.
      const factor = Math.exp(2 * Math.min(1, ofWeights[row] ?? 0) + tokens * 2 ** -48);
      const least = mass / (mass + (1 - mass) * factor);
      const largest = (mass * factor) / (1 - mass + mass * factor);
      const above = Math.ceil(largest * UNIT) + 1;
      return {
        slack: SLACK * (errors[row] ?? 0),
        shares: [Math.max(0, Math.floor(least * UNIT) - 1), above < UNIT ? above : 0],
      };
    },
    lists: ({ doubtful }) => doubtful <= MOST_DOUBTFUL,
    settle({ row, cut, keys, scoreOf }) {
      const error = ofWeights[row] ?? 0;
      if (error > LARGEST_ERROR) return undefined;
      const scores = Float64Array.from(keys, key => scoreOf(key) * scale);
      const weights = scores.map(score => Math.exp(score - cut.best * scale)).sort();
      const count = fewest(weights, cut, { mass, error, tokens });
      if (count === undefined) return undefined;
      return keysAt(keys, placesOfLargest(scores, count, new Float64Array(keys.length)));
    },
  };
}

/**
 * How many of the doubtful weights, the largest first, it takes to reach the mass; undefined when the weights of the others are
 * not known well enough.
 *
 * @param ascending weights of the doubtful scores
 */
function fewest(
  ascending: Float64Array,
  { above, below }: Cut,
  { mass, error, tokens }: { readonly mass: number; readonly error: number; readonly tokens: number },
): number | undefined {
  const less = Math.exp(-error);
  const more = Math.exp(error);
  // Each weight was rounded down by less than one unit.
  const rounding = tokens / WEIGHT_OF_BEST;
  let doubtful = 0;
  for (const weight of ascending) doubtful += weight;
  // What the float64 sums of others may be off by.
  const noise = (1e-12 + tokens * 2 ** -50) * (more * (above + below + 2 * rounding) + doubtful);
  const least = less * above - mass * (less * above + doubtful + more * (below + rounding)) - noise;
  const most = more * (above + rounding) - mass * (more * (above + rounding) + doubtful + less * below) + noise;
  let reached = 0;
  for (let count = 0; count <= ascending.length; count++) {
    // With one less it was certainly not reached.
    if (reached + least >= 0) return count === 0 ? undefined : count;
    if (!(reached + most < 0)) return undefined;
    reached += ascending[ascending.length - 1 - count] ?? 0;
  }
  return undefined;
}
