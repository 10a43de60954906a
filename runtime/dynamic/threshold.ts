import type { Method } from './method.ts';
import { chooseByRow } from './rows/choose-by-row.ts';

/**
 * `threshold(mass)`: the fewest candidates of each query, by descending score, whose share of the softmax over the
 * candidates reaches `mass`; ties to the smaller key. A mass of 1 takes all of them: every share is more than 0.
 */
export const threshold: Method = choice => {
  const mass = choice.args.number('mass');
  return mass === 1 ? choice.candidates : chooseByRow(choice, { kind: 'mass', mass, scale: choice.content.scale });
};
