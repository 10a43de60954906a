import { buildMaskTree, CompileError, type CompileOptions } from '../compile/mask-tree.ts';
import { difference, intersection, union } from '../pattern/algebra.ts';
import { bindPattern } from '../pattern/bind.ts';
import { DifferenceList, Progression } from '../pattern/difference-mask.ts';
import type { Model } from '../pattern/ir.ts';
import type { Mask } from '../pattern/mask.ts';
import { patternAt, shapeAt } from '../pattern/model.ts';
import { PatternError } from '../pattern/primitive.ts';
import { type Shape, squareShape } from '../pattern/shape.ts';
import { transposedMask } from '../pattern/transposed-mask.ts';
import { findPair, type Pair } from './find-pair.ts';
import { lastRows } from './key-lifetime.ts';
import { flowOf } from './reach.ts';
import { OutOfSteps, Relations } from './relation.ts';
import { maskName } from './specialise.ts';
import { stackDifferences } from './stack-differences.ts';
import { closureOf, stackRelations } from './stack-relations.ts';
import { type Neighbours, stackSpread } from './stack-spread.ts';
import type { Field, Stack, Stacked } from './stacking.ts';
import { Steps, UNREACHED } from './steps.ts';

/** Layers of a bare pattern that are told one by one: it has as many as somebody stacks. */
const TOLD_LAYERS = 64;
/** Isolated positions that are named. */
const TOLD_POSITIONS = 8;
/** Squares that multiplying relations may look at: a few seconds. */
const RELATION_STEPS = 2 ** 22;
/** Words that may be looked at where pairs are scattered: a few seconds, and at first much less than one. */
const WORD_STEPS = 2 ** 32;
const FIRST_WORD_STEPS = 2 ** 27;
/** Longest sequence for which every pair of positions has a bit. */
const MOST_SPREAD_TOKENS = 2 ** 16;
/** Longest sequence that is walked through one position at a time, for bounds. */
const MOST_WALKED_TOKENS = 2 ** 20;

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
  const { masks, layers, shape } = layersOf(model, tokens, options);
  const all = masks.reduce(union);
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
  const stacked = stackedBy(stack, ahead, options);
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
  /** By layer, which mask it has. */
  readonly layers: readonly number[];
  readonly shape: Shape;
}

function layersOf(model: Model, tokens: number | undefined, { only, token }: FlowOptions): Layers {
  const first = shapeAt(model, only?.layer ?? 0, only?.head ?? 0, tokens);
  if (first.queries !== first.tokens)
    throw new PatternError(
      'shape',
      `information flows from layer to layer where every position is a query; ${model.name} has ${first.queries} queries for ${first.tokens} tokens`,
    );
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
  const numbers = new Map<string, number>();
  const layers = rows.map(names => {
    const distinct = [...new Set(names)].sort();
    const key = distinct.join('\n');
    const known = numbers.get(key);
    if (known !== undefined) return known;
    const own = distinct.flatMap(name => named.get(name) ?? []);
    const number = masks.push(own.reduce(union)) - 1;
    numbers.set(key, number);
    return number;
  });
  return { masks, layers, shape: first };
}

/** Exact numbers, by whichever way gets there. */
function stackedBy(stack: Stack<Mask>, ahead: boolean, options: FlowOptions): Stacked | undefined {
  const effort = options.effort ?? 1;
  const ways = [
    () => byScatteredPairs(stack, FIRST_WORD_STEPS * effort, options),
    () => stackRelations(stack, RELATION_STEPS * effort, options),
    () => (ahead ? undefined : byDistances(stack, WORD_STEPS * effort, options)),
    () => byScatteredPairs(stack, WORD_STEPS * effort, options),
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
  const shape = squareShape(stack.tokens);
  const masks: Neighbours[] = [];
  for (const mask of stack.masks) {
    const tree = buildMaskTree(mask, shape, options);
    // A single layer would take longer than was granted.
    if (((tree.root?.pairs ?? 0) * stack.tokens) / 32 > steps) return undefined;
    masks.push(new Steps(tree, options.checkpoint).neighbours());
  }
  return stackSpread({ ...stack, masks }, steps, options.checkpoint);
}

type Bounds = Omit<FlowReport, 'tokens' | 'layers' | 'isolated'>;

/** What can be said where nothing is exact: the same of fewer and of more pairs that repeat. */
function bounds(mask: Mask, shape: Shape, ahead: boolean, options: FlowOptions): Bounds {
  const flow = flowOf(mask, shape, options);
  const unknown = { share: null, full: null, byLayer: [], fields: [] };
  if (flow !== 'connected')
    return {
      ...unknown,
      reaches: flow === undefined ? null : 'part',
      missing: flow ?? null,
      hops: { least: 1, most: Number.POSITIVE_INFINITY, exact: false },
    };
  const steps = RELATION_STEPS * (options.effort ?? 1);
  const least = boundBy(mask, shape.tokens, steps, options, (relations, step, level) => {
    const wide = relations.widened(step, level);
    const more = ahead ? wide : relations.intersection(wide, relations.past);
    return closureOf(relations, relations.union(more, relations.identity)).hops;
  });
  const most = boundBy(mask, shape.tokens, steps, options, (relations, step, level) => {
    const fewer = closureOf(relations, relations.union(relations.narrowed(step, level), relations.identity));
    const aim = ahead ? relations.all : relations.past;
    return relations.contains(fewer.closure, aim) ? fewer.hops : undefined;
  });
  const around = ahead && shape.tokens <= MOST_WALKED_TOKENS ? throughFirst(mask, shape, options) : undefined;
  const hops = {
    least: least ?? 1,
    most: Math.min(most ?? Number.POSITIVE_INFINITY, around ?? Number.POSITIVE_INFINITY),
  };
  return {
    ...unknown,
    reaches: around !== undefined ? 'all' : ahead ? null : 'past',
    missing: null,
    hops: { ...hops, exact: hops.least === hops.most },
  };
}

/** The bound at the finest level that is within reach. */
function boundBy(
  mask: Mask,
  tokens: number,
  steps: number,
  options: CompileOptions,
  hopsAt: (relations: Relations, step: number, level: number) => number | undefined,
): number | undefined {
  try {
    const relations = new Relations(tokens, steps, options.checkpoint);
    const step = relations.union(relations.of(mask, options), relations.identity);
    for (let level = 1; level < relations.levels; level++)
      try {
        relations.grant(steps);
        const hops = hopsAt(relations, step, level);
        if (hops !== undefined) return hops;
      } catch (error) {
        if (!(error instanceof OutOfSteps)) throw error;
      }
  } catch (error) {
    if (!(error instanceof OutOfSteps || error instanceof CompileError)) throw error;
  }
  return undefined;
}

/** Steps that are enough for everybody: to position 0 and on from there. Undefined when somebody has no way there or back. */
function throughFirst(mask: Mask, shape: Shape, options: CompileOptions): number | undefined {
  const farthest = (of: Mask): number => {
    const distances = new Steps(buildMaskTree(of, shape, options), options.checkpoint).distances(0);
    return distances.includes(UNREACHED)
      ? Number.POSITIVE_INFINITY
      : distances.reduce((most, distance) => Math.max(most, distance), 0);
  };
  const steps = farthest(mask) + farthest(transposedMask(mask, shape.tokens));
  return Number.isFinite(steps) ? steps : undefined;
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
