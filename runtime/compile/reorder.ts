import { difference, leavesOf, union, unionTerms } from '../pattern/algebra.ts';
import { isLatticeMask, type Regrouping } from '../pattern/lattice.ts';
import type { Mask } from '../pattern/mask.ts';
import type { Shape } from '../pattern/shape.ts';
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

/** In the order of the sequence. */
const AS_IT_IS: Regrouping = { chunk: Number.POSITIVE_INFINITY, stride: 1 };

/** Some of a mask's pairs, in the order of tokens in which they are dense. */
export interface OrderedPart {
  readonly regrouping: Regrouping;
  readonly tree: MaskTree;
}

/**
 * Splits a mask into disjoint parts, each in the order of tokens that makes it dense: positions of equal remainder
 * together where the mask is strided or dilated, those that differ along one axis together where it is axial. Together
 * the parts hold exactly the pairs of the mask. Undefined when the order of the sequence is about as good.
 *
 * The idea of making a strided pattern dense by sorting is Child et al.'s (Sparse Transformer, 2019): they transposed.
 * Throws CompileError as `buildMaskTree`.
 */
export function regroup(mask: Mask, shape: Shape, options: CompileOptions = {}): readonly OrderedPart[] | undefined {
  const chosen = new Map<string, { regrouping: Regrouping; terms: Mask[] }>();
  for (const term of unionTerms(mask)) {
    const regrouping = bestOrder(term, shape, options);
    const name = nameOf(regrouping);
    const same = chosen.get(name);
    if (same === undefined) chosen.set(name, { regrouping, terms: [term] });
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
  for (const { regrouping, terms } of groups) {
    const all = terms.reduce(union);
    const own = done === undefined ? all : difference(all, done);
    done = done === undefined ? all : union(done, all);
    parts.push({ regrouping, tree: orderedTree(own, shape, regrouping, options) });
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
export function orderedPlan({ regrouping, tree }: OrderedPart, shape: Shape): TilePlan {
  const plan = planOf(tree);
  if (regrouping.stride === 1) return plan;
  const keyOrder = keyOrderOf(shape, regrouping).permutation();
  if (regrouping.keysOnly === true) return { ...plan, keyOrder };
  return { ...plan, queryOrder: queryOrderOf(shape, regrouping).permutation(), keyOrder };
}

/** The proposed order that needs the fewest tiles. */
function bestOrder(term: Mask, shape: Shape, options: CompileOptions): Regrouping {
  const proposed = new Map<string, Regrouping>();
  for (const leaf of leavesOf(term))
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
function tilesIn(mask: Mask, shape: Shape, regrouping: Regrouping, options: CompileOptions): number {
  const maxNodes = Math.min(MAX_TRIAL_NODES, options.maxNodes ?? MAX_TRIAL_NODES);
  try {
    const { root } = orderedTree(mask, shape, regrouping, { ...options, maxNodes });
    return root === null ? 0 : root.fullTiles + root.partialTiles;
  } catch (error) {
    if (error instanceof CompileError) return Number.POSITIVE_INFINITY;
    throw error;
  }
}

/** The tree of a mask in another order of tokens: row a is the a-th query of the order. Throws CompileError. */
export function orderedTree(mask: Mask, shape: Shape, regrouping: Regrouping, options: CompileOptions = {}): MaskTree {
  if (regrouping.stride === 1) return buildMaskTree(mask, shape, options);
  const ordered = orderedMask(mask, {
    queries: queryOrderOf(shape, regrouping),
    keys: keyOrderOf(shape, regrouping),
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

function nameOf({ chunk, stride, keysOnly }: Regrouping): string {
  return `${chunk},${stride},${keysOnly === true}`;
}
