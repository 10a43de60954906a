import { CompileError, type CompileOptions } from '../compile/mask-tree.ts';
import { difference } from '../pattern/algebra.ts';
import { DifferenceList } from '../pattern/difference-mask.ts';
import type { Mask } from '../pattern/mask.ts';
import { type Shape, squareShape } from '../pattern/shape.ts';
import { findPair } from './find-pair.ts';
import type { FlowOptions } from './flow-report.ts';
import { followPairs } from './follow-pairs.ts';
import { Padding, periodsOf } from './padding.ts';
import { OutOfSteps } from './relation.ts';
import { isListed } from './row-reader.ts';
import { stackDifferences } from './stack-differences.ts';
import { stackRelations } from './stack-relations.ts';
import type { Stack, Stacked } from './stacking.ts';

/** Squares that multiplying relations may look at: some seconds. */
const RELATION_STEPS = 2 ** 21;
const FIRST_RELATION_STEPS = 2 ** 17;
/** Where pairs are listed hardly anything repeats, and that shows early. */
const LISTED_RELATION_STEPS = 2 ** 14;
/** The same for each period that a mask may have. */
const PERIOD_STEPS = 2 ** 18;
/** Words of distances that may be looked at. */
const DISTANCE_STEPS = 2 ** 32;
/** Inputs that may be read where pairs are scattered: ten seconds, and so few that no other way is tried before. */
const SPREAD_STEPS = 2 ** 33;
const FEW_SPREAD_STEPS = 2 ** 30;

/**
 * What a stack of layers connects, by the way that is told to be quickest: relations where masks repeat, bits where they
 * are scattered. Undefined where all of them take too long. `asWritten`: the masks, not read off trees; `ahead`: does
 * anybody see a later key?
 */
export function stackedBy(
  stack: Stack<Mask>,
  asWritten: readonly Mask[],
  ahead: boolean,
  options: FlowOptions,
): Stacked | undefined {
  const effort = options.effort ?? 1;
  const short = Math.min(1, effort);
  const listed = asWritten.some(isListed);
  const first = listed ? LISTED_RELATION_STEPS : FIRST_RELATION_STEPS;
  const repeating = byRelations(stack, first * short, options);
  if (repeating !== undefined) return repeating;
  const periodic = listed ? undefined : byPeriod(stack, asWritten, PERIOD_STEPS * short, options);
  if (periodic !== undefined) return periodic;
  const scattered = within(() => followPairs(stack, options));
  const needed = (scattered?.predicted ?? Number.POSITIVE_INFINITY) / SPREAD_STEPS;
  if (scattered !== undefined && scattered.predicted <= Math.min(FEW_SPREAD_STEPS, SPREAD_STEPS * effort))
    return scattered.finish();
  // Nothing else is tried for longer than this way would take.
  const patience = needed <= effort ? Math.min(short, needed) : effort;
  const slow =
    (listed ? undefined : byRelations(stack, RELATION_STEPS * Math.min(short, patience), options)) ??
    (ahead ? undefined : within(() => byDistances(stack, DISTANCE_STEPS * patience, options)));
  if (slow !== undefined) return slow;
  if (scattered !== undefined && needed <= effort) return scattered.finish();
  return effort > 1 ? byRelations(stack, RELATION_STEPS * effort, options) : undefined;
}

/** Undefined where it takes too long. */
function within<T>(way: () => T): T | undefined {
  try {
    return way();
  } catch (error) {
    if (error instanceof OutOfSteps || error instanceof CompileError) return undefined;
    throw error;
  }
}

function byRelations(
  stack: Stack<Mask>,
  steps: number,
  options: CompileOptions,
  padding?: Padding,
): Stacked | undefined {
  // What has more distinct squares than may be looked at needs no relations to tell.
  const limits = { ...options, maxNodes: Math.min(Math.ceil(steps), options.maxNodes ?? Number.POSITIVE_INFINITY) };
  return within(() => stackRelations(stack, steps, limits, padding));
}

/** By making room, so that a period other than a power of two fits into a tree. */
function byPeriod(
  stack: Stack<Mask>,
  asWritten: readonly Mask[],
  steps: number,
  options: CompileOptions,
): Stacked | undefined {
  const { tokens } = stack;
  for (const period of new Set(stack.masks.flatMap(mask => periodsOf(mask, tokens)))) {
    const found = byRelations({ ...stack, masks: asWritten }, steps, options, new Padding(tokens, period));
    if (found !== undefined) return found;
  }
  return undefined;
}

function byDistances(stack: Stack<Mask>, steps: number, options: CompileOptions): Stacked | undefined {
  const shape = squareShape(stack.tokens);
  const masks: number[][] = [];
  for (const mask of stack.masks) {
    const distances = distancesOf(mask, shape, options);
    if (distances === undefined) return undefined;
    masks.push(distances);
  }
  return stackDifferences({ ...stack, masks }, steps, options.checkpoint);
}

/** The distances that a causal mask consists of, undefined when it depends on more than the distance. */
function distancesOf(mask: Mask, shape: Shape, options: CompileOptions): number[] | undefined {
  const last = shape.tokens - 1;
  const distances: number[] = [];
  for (let distance = 0; distance <= last; distance++) {
    if ((distance & 0xfff) === 0) options.checkpoint?.();
    if ((mask.word(last, last - distance) & 1) !== 0) distances.push(distance);
  }
  const same = new DifferenceList(distances);
  const differs = findPair(difference(mask, same), shape, options) ?? findPair(difference(same, mask), shape, options);
  return differs === undefined ? distances : undefined;
}
