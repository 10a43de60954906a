import { difference, leavesOf, union, unionTerms } from '../pattern/algebra.ts';
import { isLatticeMask, type Regrouping } from '../pattern/lattice.ts';
import { isOrderableMask, type ListedOrder } from '../pattern/listed-order.ts';
import type { Mask } from '../pattern/mask.ts';
import type { Shape } from '../pattern/shape.ts';
import { listedMask } from './listed-mask.ts';
import { buildMaskTree, CompileError, type CompileOptions, type MaskTree } from './mask-tree.ts';
import { orderedMask } from './ordered-mask.ts';
import { planOf } from './plan.ts';
import type { TilePlan } from './tile-plan.ts';
import { TokenOrder } from './token-order.ts';

/** Squares that may be looked at to try an order: orders that help need few. */
const MAX_TRIAL_NODES = 2 ** 15;
/** Groups of tokens that an order may have. */
const MAX_GROUPS = 2 ** 20;
/** A part in another order has to be gathered and merged, so it must save at least every second tile. */
const WORTH = 2;
/** Squares that any order may need before it is given up. */
const FEW_NODES = 64;

/** In the order of the sequence. */
const AS_IT_IS: Regrouping = { chunk: Number.POSITIVE_INFINITY, stride: 1 };

/** An order of tokens: by a rule, or written out. */
export type PartOrder = Regrouping | ListedOrder;

/** Some of a mask's pairs, in the order of tokens in which they are dense. */
export interface OrderedPart {
  readonly order: PartOrder;
  readonly tree: MaskTree;
}

/**
 * Splits a mask into disjoint parts, each in the order of tokens that makes it dense: positions of equal remainder
 * together where the mask is strided or dilated, those that differ along one axis together where it is axial, those of a
 * bucket or cluster together where content says so. Together the parts hold exactly the pairs of the mask. Undefined when the order of the sequence is about as good.
 *
 * The idea of making a strided pattern dense by sorting is Child et al.'s (Sparse Transformer, 2019): they transposed.
 * Throws CompileError as `buildMaskTree`.
 */
export function regroup(mask: Mask, shape: Shape, options: CompileOptions = {}): readonly OrderedPart[] | undefined {
  const chosen = new Map<string, { order: PartOrder; terms: Mask[] }>();
  for (const term of unionTerms(mask)) {
    const order = bestOrder(term, shape, options);
    const name = nameOf(order);
    const same = chosen.get(name);
    if (same === undefined) chosen.set(name, { order, terms: [term] });
    else same.terms.push(term);
  }
  const natural = nameOf(AS_IT_IS);
  if (chosen.size === 1 && chosen.has(natural)) return undefined;
  // What is dense as it is comes first: the rest then gives up the pairs that are in it already.
  const groups = [...chosen]
    .sort(([a], [b]) => Number(b === natural) - Number(a === natural))
    .map(([, group]) => group);
  const parts: OrderedPart[] = [];
  let done: Mask | undefined;
  for (const { order, terms } of groups) {
    const all = terms.reduce(union);
    const own = done === undefined ? all : difference(all, done);
    done = done === undefined ? all : union(done, all);
    parts.push({ order, tree: orderedTree(own, shape, order, options) });
  }
  return parts;
}

/**
 * Plans of disjoint parts of a mask, as `regroup` splits it; a single one, in the order of the sequence, when that is
 * about as good. Throws CompileError.
 */
export function compileParts(mask: Mask, shape: Shape, options: CompileOptions = {}): readonly TilePlan[] {
  const parts = regroup(mask, shape, options);
  if (parts === undefined) return [planOf(buildMaskTree(mask, shape, options))];
  return parts.map(part => orderedPlan(part, shape));
}

/** The plan of one part, with the orders of its rows and columns. */
export function orderedPlan({ order, tree }: OrderedPart, shape: Shape): TilePlan {
  const plan = planOf(tree);
  if (isListed(order)) return { ...plan, queryOrder: order.queries, keyOrder: order.keys };
  if (order.stride === 1) return plan;
  const keyOrder = keyOrderOf(shape, order).permutation();
  if (order.keysOnly === true) return { ...plan, keyOrder };
  return { ...plan, queryOrder: queryOrderOf(shape, order).permutation(), keyOrder };
}

/** The proposed order that needs the fewest tiles. */
function bestOrder(term: Mask, shape: Shape, options: CompileOptions): PartOrder {
  const leaves = leavesOf(term);
  const listed = leaves.filter(isOrderableMask).map(({ listedOrder }) => listedOrder);
  return listed.length > 0 ? bestListed(term, listed, shape, options) : bestRegrouping(term, leaves, shape, options);
}

/**
 * The same of written orders. Scattered tokens are on nearly every tile of the sequence, so that its own order is tried
 * last, and given up as soon as it is worse.
 */
function bestListed(term: Mask, orders: readonly ListedOrder[], shape: Shape, options: CompileOptions): PartOrder {
  let best: PartOrder = AS_IT_IS;
  let least = Number.POSITIVE_INFINITY;
  for (const order of new Set(orders)) {
    const tiles = tilesIn(term, shape, order, options);
    if (tiles < least) {
      best = order;
      least = tiles;
    }
  }
  if (best === AS_IT_IS) return best;
  const enough = WORTH * least;
  const natural = tilesIn(term, shape, AS_IT_IS, { ...options, maxNodes: 2 * enough + FEW_NODES });
  return natural < enough ? AS_IT_IS : best;
}

function bestRegrouping(term: Mask, leaves: readonly Mask[], shape: Shape, options: CompileOptions): Regrouping {
  const proposed = new Map<string, Regrouping>();
  for (const leaf of leaves)
    if (isLatticeMask(leaf)) for (const regrouping of leaf.regroupings()) proposed.set(nameOf(regrouping), regrouping);
  if (proposed.size === 0) return AS_IT_IS;
  let best = AS_IT_IS;
  let least = tilesIn(term, shape, AS_IT_IS, options) / WORTH;
  for (const regrouping of proposed.values()) {
    if (TokenOrder.groups(0, shape.tokens, regrouping) > MAX_GROUPS) continue;
    const tiles = tilesIn(term, shape, regrouping, options);
    if (tiles < least) {
      best = regrouping;
      least = tiles;
    }
  }
  return best;
}

/** Tiles that hold a pair of the mask in this order; infinite when that is hard to say. */
function tilesIn(mask: Mask, shape: Shape, order: PartOrder, options: CompileOptions): number {
  const maxNodes = Math.min(MAX_TRIAL_NODES, options.maxNodes ?? MAX_TRIAL_NODES);
  try {
    const { root } = orderedTree(mask, shape, order, { ...options, maxNodes });
    return root === null ? 0 : root.fullTiles + root.partialTiles;
  } catch (error) {
    if (error instanceof CompileError) return Number.POSITIVE_INFINITY;
    throw error;
  }
}

/** The tree of a mask in another order of tokens: row a is the a-th query of the order. Throws CompileError. */
export function orderedTree(mask: Mask, shape: Shape, order: PartOrder, options: CompileOptions = {}): MaskTree {
  if (!isListed(order) && order.stride === 1) return buildMaskTree(mask, shape, options);
  const ordered = isListed(order)
    ? listedMask(mask, order, shape)
    : orderedMask(mask, {
        queries: queryOrderOf(shape, order),
        keys: keyOrderOf(shape, order),
        tokens: shape.tokens,
      });
  // Places in an order count from 0.
  return buildMaskTree(ordered, { ...shape, offset: 0 }, options);
}

function queryOrderOf({ offset, queries }: Shape, regrouping: Regrouping): TokenOrder {
  return new TokenOrder(offset, offset + queries, regrouping.keysOnly === true ? AS_IT_IS : regrouping);
}

function keyOrderOf({ tokens }: Shape, regrouping: Regrouping): TokenOrder {
  return new TokenOrder(0, tokens, regrouping);
}

const listedNames = new WeakMap<ListedOrder, string>();
let nextListed = 0;

function nameOf(order: PartOrder): string {
  if (!isListed(order)) return `${order.chunk},${order.stride},${order.keysOnly === true}`;
  const name = listedNames.get(order) ?? `listed ${nextListed++}`;
  listedNames.set(order, name);
  return name;
}

function isListed(order: PartOrder): order is ListedOrder {
  return 'queries' in order;
}
