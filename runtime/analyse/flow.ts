import { buildMaskTree, CompileError, type CompileOptions, checkListed } from '../compile/mask-tree.ts';
import { difference, intersection, union } from '../pattern/algebra.ts';
import { bindPattern } from '../pattern/bind.ts';
import { DifferenceList, Progression } from '../pattern/difference-mask.ts';
import type { Model } from '../pattern/ir.ts';
import type { Mask } from '../pattern/mask.ts';
import { maskName } from '../pattern/mask-name.ts';
import { patternAt, shapeAt } from '../pattern/model.ts';
import { PatternError } from '../pattern/primitive.ts';
import { type Shape, squareShape } from '../pattern/shape.ts';
import { transposedMask } from '../pattern/transposed-mask.ts';
import { findPair, type Pair } from './find-pair.ts';
import { lastRows } from './key-lifetime.ts';
import { type Neighbours, UNREACHED } from './neighbours.ts';
import { Padding, periodsOf } from './padding.ts';
import { flowOf } from './reach.ts';
import { OutOfSteps } from './relation.ts';
import { rowsOfTree, type SharedRows, sharedRows } from './shared-rows.ts';
import { BLOCK_SIDES, blocksOf, rowsOf, seesItself, stackBlocks, treeOf } from './stack-blocks.ts';
import { stackDifferences } from './stack-differences.ts';
import { stackRelations } from './stack-relations.ts';
import { stackSpread } from './stack-spread.ts';
import type { Field, Stack, Stacked } from './stacking.ts';
import { Steps } from './steps.ts';
import { treeMask } from './tree-mask.ts';

/** Layers of a bare pattern that are told one by one: it has as many as somebody stacks. */
const TOLD_LAYERS = 64;
/** Isolated positions that are named. */
const TOLD_POSITIONS = 8;
/** Squares that multiplying relations may look at: some seconds. */
const RELATION_STEPS = 2 ** 21;
const FIRST_RELATION_STEPS = 2 ** 17;
/** The same for each period that a mask may have. */
const PERIOD_STEPS = 2 ** 18;
/** Words that may be looked at where pairs are scattered: some seconds, and at first much less than one. */
const WORD_STEPS = 2 ** 32;
const FIRST_WORD_STEPS = 2 ** 27;
/** The same for bounds. */
const BOUND_WORD_STEPS = 2 ** 29;
/** Longest sequence for which every pair of positions has a bit. */
const MOST_SPREAD_TOKENS = 2 ** 16;
/** Longest sequence that is walked through one position at a time, for bounds. */
const MOST_WALKED_TOKENS = 2 ** 18;

/** Side of the tiles in which masks are walked through. */
const WALKED_TILE = 64;

const SELF: Mask = new Progression(0, 0);
const FUTURE: Mask = new Progression(Number.NEGATIVE_INFINITY, -1);
const PAST: Mask = new Progression(1, Number.POSITIVE_INFINITY);

/** Steps that a way from any key to any query takes: exact where `least` is `most`. */
export interface Hops {
  readonly least: number;
  /** Infinity where no bound is known. */
  readonly most: number;
  readonly exact: boolean;
}

/**
 * How information flows through a stack of layers: a query hears of a key directly when it attends to it, and in more
 * steps when it attends to a position that heard of the key in a layer below. Each position keeps what it has.
 */
export interface FlowReport {
  readonly tokens: number;
  /** Layers of the model, null for a bare pattern. */
  readonly layers: number | null;
  /** Keys that every query hears of through enough layers: all, all earlier ones, all later ones, or not even those. */
  readonly reaches: 'all' | 'past' | 'future' | 'part' | null;
  /** Share of the pairs that are connected, of all pairs or, where nobody looks ahead (back), of the earlier (later) keys. */
  readonly share: number | null;
  /** A query and a key that no number of layers connects, where some should be. */
  readonly missing: Pair | null;
  /** Most steps of a shortest way between two connected positions, whichever layers the steps belong to (the diameter). */
  readonly hops: Hops;
  /** Is everything connected after this model's layers, each with its own pattern? After how many? Null: not known. */
  readonly full: { readonly after: number | null } | null;
  /** Share of the connected pairs that is connected after 1, 2, ... layers; up to the last layer, or until it is 1. */
  readonly byLayer: readonly number[];
  /** Keys that the token that was asked for has heard of after as many layers. */
  readonly fields: readonly Field[];
  /** Positions that attend to nobody but themselves and to which nobody else attends. */
  readonly isolated: { readonly count: number; readonly first: readonly number[] };
}

export interface FlowOptions extends CompileOptions {
  /** A position whose receptive field is wanted. */
  readonly token?: number;
  /** One layer and head alone, repeated; all of the model otherwise. */
  readonly only?: { readonly layer: number; readonly head: number };
  /** Less than 1 for an answer sooner, and more often only bounds. */
  readonly effort?: number;
}

/**
 * How information flows through a model. Exact for masks that repeat at any length, and for scattered ones at up to
 * 65,536 tokens; otherwise `hops` are bounds and what is not known is null.
 *
 * Throws PatternError (`dynamic` where content chooses, `shape` when there are fewer queries than tokens: a position that
 * is no query has nothing to pass on) and CompileError.
 */
export function modelFlow(model: Model, tokens?: number, options: FlowOptions = {}): FlowReport {
  const { masks, asWritten, layers, shape } = layersOf(model, tokens, options);
  const all = masks.length === 1 ? masks.reduce(union) : treeMask(masks.reduce(union), shape, options);
  const bare = model.kind === 'pattern' || options.only !== undefined;
  const stack: Stack<Mask> = {
    tokens: shape.tokens,
    masks,
    layers: bare ? Array.from({ length: TOLD_LAYERS }, () => 0) : layers,
    ...(options.token === undefined ? {} : { token: options.token }),
  };
  const ahead = findPair(intersection(all, FUTURE), shape, options) !== undefined;
  const back = findPair(intersection(all, PAST), shape, options) !== undefined;
  const isolated = isolatedOf(all, shape, options);
  const stacked = stackedBy(stack, asWritten, ahead, options);
  const common = { tokens: shape.tokens, layers: bare ? null : layers.length, isolated };
  if (stacked === undefined) return { ...common, ...bounds(all, shape, ahead, options) };
  const pairs = shape.tokens ** 2;
  const half = (pairs + shape.tokens) / 2;
  const reaches =
    stacked.connected === pairs
      ? 'all'
      : stacked.past === half
        ? 'past'
        : stacked.future === half
          ? 'future'
          : ('part' as const);
  const aim = !ahead ? 'past' : !back ? 'future' : 'all';
  const missing = aim === 'future' ? stacked.missing.future : (stacked.missing.past ?? stacked.missing.future);
  const within = stacked.byLayer.indexOf(stacked.connected) + 1;
  const after = bare || stacked.hops === 0 ? stacked.hops : within === 0 ? null : within;
  return {
    ...common,
    reaches,
    share: aim === 'all' ? stacked.connected / pairs : stacked[aim] / half,
    missing: reaches === 'part' ? (missing ?? null) : null,
    hops: { least: stacked.hops, most: stacked.hops, exact: true },
    full: { after },
    byLayer: stacked.byLayer.map(count => count / stacked.connected),
    fields: stacked.fields,
  };
}

/**
 * The positions of a shortest way on which a query hears of a key, through any layers and heads; both are included.
 * Undefined when there is none. Exact. Throws as `modelFlow`, and PatternError (`position-range`) for a position outside.
 */
export function shortestWay(
  model: Model,
  query: number,
  key: number,
  tokens?: number,
  options: FlowOptions = {},
): readonly number[] | undefined {
  const { masks, shape } = layersOf(model, tokens, options);
  for (const position of [query, key]) checkPosition(position, shape.tokens);
  const tree = buildMaskTree(masks.reduce(union), shape, options);
  return new Steps(tree, options.checkpoint).path(query, key);
}

function checkPosition(position: number, tokens: number): void {
  if (!Number.isInteger(position) || position < 0 || position >= tokens)
    throw new PatternError(
      'position-range',
      `there is no position ${position}: n = ${tokens}, the last is ${tokens - 1}`,
    );
}

interface Layers {
  /** Distinct masks of whole layers: what any of their heads sees. */
  readonly masks: readonly Mask[];
  /** The same, not read off trees: they tell what repeats in squares that do not lie where a tree has them. */
  readonly asWritten: readonly Mask[];
  /** By layer, which mask it has. */
  readonly layers: readonly number[];
  readonly shape: Shape;
}

function layersOf(model: Model, tokens: number | undefined, options: FlowOptions): Layers {
  const { only, token } = options;
  const first = shapeAt(model, only?.layer ?? 0, only?.head ?? 0, tokens);
  if (first.queries !== first.tokens)
    throw new PatternError(
      'shape',
      `information flows from layer to layer where every position is a query; ${model.name} has ${first.queries} queries for ${first.tokens} tokens`,
    );
  checkListed(first.tokens);
  if (token !== undefined) checkPosition(token, first.tokens);
  const named = new Map<string, Mask>();
  const maskAt = (layer: number, head: number): string => {
    const pattern = patternAt(model, layer, head);
    if (pattern === undefined)
      throw new PatternError(
        'uncovered',
        `no rule of ${model.name} reaches layer ${layer}, head ${head}; add one, e.g. attention = causal()`,
      );
    const shape = shapeAt(model, layer, head, tokens);
    const name = maskName(pattern, shape);
    if (!named.has(name)) named.set(name, bindPattern(pattern, shape));
    return name;
  };
  // A bare pattern is a model with just the one layer and head that it was asked for.
  const heads = Array.from({ length: model.heads }, (_, head) => head);
  const rows =
    only !== undefined
      ? [[maskAt(only.layer, only.head)]]
      : Array.from({ length: model.layers }, (_, layer) => heads.map(head => maskAt(layer, head)));
  const masks: Mask[] = [];
  const asWritten: Mask[] = [];
  const numbers = new Map<string, number>();
  const layers = rows.map(names => {
    const distinct = [...new Set(names)].sort();
    const key = distinct.join('\n');
    const known = numbers.get(key);
    if (known !== undefined) return known;
    const own = distinct.flatMap(name => named.get(name) ?? []);
    // Everything that follows asks it again and again.
    const number = masks.push(treeMask(own.reduce(union), first, options)) - 1;
    asWritten.push(own.reduce(union));
    numbers.set(key, number);
    return number;
  });
  return { masks, asWritten, layers, shape: first };
}

/** Exact numbers, by whichever way gets there. */
function stackedBy(
  stack: Stack<Mask>,
  asWritten: readonly Mask[],
  ahead: boolean,
  options: FlowOptions,
): Stacked | undefined {
  const effort = options.effort ?? 1;
  const ways = [
    () => stackRelations(stack, FIRST_RELATION_STEPS * Math.min(1, effort), options),
    () => byPeriod(stack, asWritten, PERIOD_STEPS * Math.min(1, effort), options),
    () => byScatteredPairs(stack, FIRST_WORD_STEPS * effort, options),
    () => stackBlocks(stack, WORD_STEPS * effort, options),
    () => stackRelations(stack, RELATION_STEPS * Math.min(1, effort), options),
    () => (ahead ? undefined : byDistances(stack, WORD_STEPS * effort, options)),
    () => byScatteredPairs(stack, WORD_STEPS * effort, options),
    () => (effort > 1 ? stackRelations(stack, RELATION_STEPS * effort, options) : undefined),
  ];
  for (const way of ways) {
    try {
      const stacked = way();
      if (stacked !== undefined) return stacked;
    } catch (error) {
      if (!(error instanceof OutOfSteps || error instanceof CompileError)) throw error;
    }
  }
  return undefined;
}

/** By making room, so that a period other than a power of two fits into a tree. */
function byPeriod(
  stack: Stack<Mask>,
  asWritten: readonly Mask[],
  steps: number,
  options: CompileOptions,
): Stacked | undefined {
  const { tokens } = stack;
  for (const period of new Set(stack.masks.flatMap(mask => periodsOf(mask, tokens))))
    try {
      const limits = { ...options, maxNodes: Math.ceil(steps) };
      return stackRelations({ ...stack, masks: asWritten }, steps, limits, new Padding(tokens, period));
    } catch (error) {
      if (!(error instanceof OutOfSteps || error instanceof CompileError)) throw error;
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

function byScatteredPairs(stack: Stack<Mask>, steps: number, options: CompileOptions): Stacked | undefined {
  if (stack.tokens > MOST_SPREAD_TOKENS) return undefined;
  const masks = stack.masks.map(mask => rowsFor(mask, stack.tokens, options));
  return stackSpread({ ...stack, masks }, steps, options.checkpoint);
}

const knownRows = new WeakMap<Mask, SharedRows>();

/** The rows of a mask, put together once for as long as somebody has the mask. */
function rowsFor(mask: Mask, tokens: number, options: CompileOptions): SharedRows {
  let rows = knownRows.get(mask);
  if (rows?.tokens !== tokens) {
    rows = sharedRows(tokens, rowsOfTree(treeOf(mask, tokens, WALKED_TILE, options)), options.checkpoint);
    knownRows.set(mask, rows);
  }
  return rows;
}

type Bounds = Omit<FlowReport, 'tokens' | 'layers' | 'isolated'>;

/** What can be said where nothing is exact: by blocks of positions, and by following a few positions. */
function bounds(mask: Mask, shape: Shape, ahead: boolean, options: FlowOptions): Bounds {
  const flow = flowOf(mask, shape, options);
  const walked = shape.tokens <= MOST_WALKED_TOKENS ? walkedFromEnds(mask, shape, options) : NOT_WALKED;
  const blocks = flow === 'connected' ? blockBounds(mask, shape, ahead, options) : undefined;
  const least = Math.max(walked.least, blocks?.least ?? 1);
  const most = Math.min(walked.most, blocks?.most ?? Number.POSITIVE_INFINITY);
  return {
    reaches:
      flow === undefined
        ? null
        : flow !== 'connected'
          ? 'part'
          : !ahead
            ? 'past'
            : Number.isFinite(most)
              ? 'all'
              : null,
    share: null,
    missing: flow === undefined || flow === 'connected' ? null : flow,
    hops: { least, most, exact: least === most },
    full: null,
    byLayer: [],
    fields: [],
  };
}

interface LeastMost {
  readonly least: number;
  readonly most: number;
}

const NOT_WALKED: LeastMost = { least: 1, most: Number.POSITIVE_INFINITY };

/**
 * Distances of whole blocks of positions. A block that sees another one when any of its positions does is never farther
 * away than they are; one that sees it when all see all is never nearer.
 */
function blockBounds(mask: Mask, shape: Shape, ahead: boolean, options: FlowOptions): LeastMost | undefined {
  const steps = BOUND_WORD_STEPS * (options.effort ?? 1);
  for (const side of BLOCK_SIDES)
    try {
      const tree = treeOf(mask, shape.tokens, side, options);
      const { some, every } = blocksOf(tree);
      const tokens = Math.ceil(shape.tokens / side);
      const hopsOf = (masks: Neighbours) =>
        stackSpread({ tokens, masks: [rowsOf(masks, options.checkpoint)], layers: [] }, steps, options.checkpoint);
      const least = hopsOf(some).hops;
      // A block inside of which not all see all has positions that are farther from each other.
      const fewer = seesItself(every) ? hopsOf(every) : undefined;
      const whole = fewer !== undefined && ahead && fewer.connected === tokens ** 2;
      return { least: Math.max(1, least), most: whole ? Math.max(1, fewer.hops) : Number.POSITIVE_INFINITY };
    } catch (error) {
      if (!(error instanceof OutOfSteps || error instanceof CompileError)) throw error;
    }
  return undefined;
}

/**
 * Distances from the first and the last position, and to the first: no diameter is shorter, and everybody gets to
 * everybody by way of the first.
 */
function walkedFromEnds(mask: Mask, shape: Shape, options: CompileOptions): LeastMost {
  const steps = new Steps(treeOf(mask, shape.tokens, WALKED_TILE, options), options.checkpoint);
  const onwards = steps.distances(0);
  const last = steps.distances(shape.tokens - 1);
  const backwards = new Steps(buildMaskTree(transposedMask(mask, shape.tokens), shape, options), options.checkpoint);
  const there = backwards.distances(0);
  const farthest = (distances: Int32Array): number => distances.reduce((most, distance) => Math.max(most, distance), 0);
  const everybody = !onwards.includes(UNREACHED) && !there.includes(UNREACHED);
  return {
    least: Math.max(farthest(onwards), farthest(last), farthest(there)),
    most: everybody ? farthest(onwards) + farthest(there) : Number.POSITIVE_INFINITY,
  };
}

function isolatedOf(mask: Mask, shape: Shape, options: CompileOptions): FlowReport['isolated'] {
  const others = difference(mask, SELF);
  const seen = lastRows(buildMaskTree(others, shape, options));
  // A sequence in which everybody is seen has nobody to look for.
  if (!seen.includes(-1)) return { count: 0, first: [] };
  const sees = lastRows(buildMaskTree(transposedMask(others, shape.tokens), shape, options));
  const first: number[] = [];
  let count = 0;
  for (let position = 0; position < shape.tokens; position++) {
    if (seen[position] !== -1 || sees[position] !== -1) continue;
    if (count++ < TOLD_POSITIONS) first.push(position);
  }
  return { count, first };
}
