import type { CompileOptions } from '../compile/mask-tree.ts';
import { intersection } from '../pattern/algebra.ts';
import { Progression } from '../pattern/difference-mask.ts';
import type { Mask } from '../pattern/mask.ts';
import type { Shape } from '../pattern/shape.ts';
import { transposedMask } from '../pattern/transposed-mask.ts';
import { findPair, type Pair, pairOutside } from './find-pair.ts';
import { Steps, UNREACHED } from './steps.ts';

/** Longest sequence whose paths are followed one position at a time. */
const MAX_FOLLOWED = 2 ** 16;

const PREVIOUS: Mask = new Progression(1, 1);
const NEXT: Mask = new Progression(-1, -1);
const FUTURE: Mask = new Progression(Number.NEGATIVE_INFINITY, -1);
const PAST: Mask = new Progression(1, Number.POSITIVE_INFINITY);

/** `yes`, or a pair that no number of layers connects; undefined when it would take too long to know. */
export type Flow = 'connected' | Pair | undefined;

/**
 * Does information get from every key to every query when a mask is applied again and again, layer after layer (each
 * position also keeps what it has)? A mask that lets all information flow one way, from the past or from the future,
 * counts as connected: that is what causal masks are for.
 *
 * `shape` must be square: only where every position is a query is it also a key of the next layer. Exact where it
 * answers; the pair is (query, key) with no path. Throws CompileError as `buildMaskTree`.
 */
export function flowOf(mask: Mask, shape: Shape, options: CompileOptions = {}): Flow {
  // Who sees its neighbour sees, step by step, everybody on that side.
  const missing = pairOutside(PREVIOUS, mask, shape, options);
  if (missing === undefined || pairOutside(NEXT, mask, shape, options) === undefined) return 'connected';
  // Where nobody looks ahead every step goes back, and one step to the neighbour is the only way there.
  if (findPair(intersection(mask, FUTURE), shape, options) === undefined) return missing;
  if (findPair(intersection(mask, PAST), shape, options) === undefined)
    return pairOutside(NEXT, mask, shape, options) ?? 'connected';
  if (shape.tokens > MAX_FOLLOWED) return undefined;
  return follow(mask, shape, options);
}

/** Follows the pairs of a mask one position at a time. */
function follow(mask: Mask, shape: Shape, options: CompileOptions): Flow {
  const steps = Steps.of(mask, shape, options);
  const last = shape.tokens - 1;
  const ahead = steps.distances(0).indexOf(UNREACHED);
  const back = steps.distances(last).indexOf(UNREACHED);
  if (ahead < 0) {
    const backwards = Steps.of(transposedMask(mask, shape.tokens), shape, options);
    const cut = backwards.distances(0).indexOf(UNREACHED);
    if (cut < 0) return 'connected';
    // Position `cut` never gets to 0: the past is incomplete. Is its future too?
    const beyond = steps.distances(cut).indexOf(UNREACHED, cut);
    return beyond < 0 ? undefined : { query: cut, key: 0 };
  }
  if (back >= 0) return { query: last, key: back };
  // The last position reaches everything, so information flows back completely unless somebody else is cut off.
  const behind = steps.distances(ahead).lastIndexOf(UNREACHED, ahead);
  return behind < 0 ? undefined : { query: ahead, key: behind };
}
