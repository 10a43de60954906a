import { exponential } from './exponential.ts';
import { type KeySet, KeySetsMask, keySet } from './key-sets.ts';
import type { Method } from './method.ts';
import { gather, placesFrom } from './ranking.ts';
import { visitScores } from './scores.ts';

/**
 * `threshold(mass)`: the fewest candidates of each query, by descending score, whose share of the softmax over the
 * candidates reaches `mass`; ties to the smaller key. A mass of 1 takes all of them: every share is more than 0.
 */
export const threshold: Method = choice => {
  const { tokens, offset } = choice.shape;
  const { scale } = choice.content;
  const mass = choice.args.number('mass');
  const scratch = new Float64Array(tokens);
  const weights = new Float64Array(tokens);
  const sets: KeySet[] = [];
  visitScores(choice, (_, scores) => {
    for (let key = 0; key < tokens; key++)
      if ((scores[key] as number) > Number.NEGATIVE_INFINITY) scores[key] = (scores[key] as number) * scale;
    const all = gather(scores, scratch);
    if (mass === 1 || all === 0) {
      sets.push(keySet(placesFrom(scores, Number.NEGATIVE_INFINITY, 0, all), tokens));
      return;
    }
    // Ascending: the best stands last.
    const sorted = scratch.subarray(0, all).sort();
    const best = sorted[all - 1] as number;
    let total = 0;
    for (let rank = 0; rank < all; rank++) {
      weights[rank] = exponential((sorted[all - 1 - rank] as number) - best);
      total += weights[rank] as number;
    }
    let count = 0;
    for (let reached = 0; count < all && reached < mass * total; count++) reached += weights[count] as number;
    const least = sorted[all - count] as number;
    let above = 0;
    while (above < count && (sorted[all - 1 - above] as number) > least) above++;
    sets.push(keySet(placesFrom(scores, least, count - above, count), tokens));
  });
  return new KeySetsMask(sets, offset);
};
