import type { Method } from './method.ts';
import { chooseByRow } from './rows/choose-by-row.ts';

/** `topk(keys)`: the candidates with the largest q . k of each query, ties to the smaller key (Gupta et al., 2021). */
export const topk: Method = choice => chooseByRow(choice, { kind: 'largest', keys: choice.args.number('keys') });
