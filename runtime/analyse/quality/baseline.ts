import { fullPlan } from '../../attention/full-plan.ts';
import type { HeadPlans } from '../../attention/types.ts';
import { compilePlan } from '../../compile/plan.ts';
import { bindPattern } from '../../pattern/bind.ts';
import { squareShape } from '../../pattern/shape.ts';
import type { Baseline } from './baseline-keys.ts';

export { type Baseline, baselineKeys } from './baseline-keys.ts';

/** Plans with more tiles of 64 x 64 than this are made of larger ones. */
const MOST_SMALL_TILES = 2 ** 22;
const SMALL = { queries: 64, keys: 64 };
/** The largest that kernels take, and that the compiler draws. */
const LARGE = { full: { queries: 256, keys: 1024 }, causal: { queries: 256, keys: 256 } };

/**
 * The plan of a baseline for all heads. Query row r sits at position `offset + r`.
 *
 * @param heads heads that share it
 * @throws CompileError when that of causal attention would list too many tiles: from about 2.9 million tokens on
 */
export function baselinePlans(
  baseline: Baseline,
  heads: number,
  queries: number,
  keys: number,
  offset: number,
): HeadPlans {
  const small = Math.ceil(queries / 64) * Math.ceil(keys / 64) <= MOST_SMALL_TILES;
  const tile = small ? SMALL : LARGE[baseline];
  const plan =
    baseline === 'full'
      ? fullPlan(queries, keys, tile)
      : compilePlan(
          bindPattern({ kind: 'primitive', name: 'causal', args: {} }, { ...squareShape(keys), queries, offset }),
          { ...squareShape(keys), queries, offset },
          { tile },
        );
  return { plans: [plan], headPlan: new Array<number>(heads).fill(0) };
}
