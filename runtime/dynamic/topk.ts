import { type KeySet, KeySetsMask, keySet } from './key-sets.ts';
import type { Method } from './method.ts';
import { placesOfLargest } from './ranking.ts';
import { visitScores } from './scores.ts';

/** `topk(keys)`: the candidates with the largest q . k of each query, ties to the smaller key (Gupta et al., 2021). */
export const topk: Method = choice => {
  const { tokens, offset } = choice.shape;
  const count = choice.args.number('keys');
  const scratch = new Float64Array(tokens);
  const sets: KeySet[] = [];
  visitScores(choice, (_, scores) => sets.push(keySet(placesOfLargest(scores, count, scratch), tokens)));
  return new KeySetsMask(sets, offset);
};
