import { pairsOfHeads } from '../../runtime/attention/compare-with-full.ts';
import type { PlanParts } from '../../runtime/attention/types.ts';
import { compileHeadParts } from '../../runtime/compile/compile-heads.ts';
import { type Selection, type SelectionInput, selectHeads } from '../../runtime/dynamic/select-heads.ts';
import type { Model } from '../../runtime/pattern/ir.ts';
import { shapeAt } from '../../runtime/pattern/model.ts';

export type { HeadPlans, PlanParts } from '../../runtime/attention/types.ts';
export { CompileError } from '../../runtime/compile/mask-tree.ts';
export type { TilePlan } from '../../runtime/compile/tile-plan.ts';
export type { SelectionInput } from '../../runtime/dynamic/select-heads.ts';
export { PatternError } from '../../runtime/pattern/primitive.ts';

/** Which masks of a model are meant. */
export interface CompileChoice {
  /** Sequence length; replaces a model's own. A pattern needs it. */
  readonly tokens?: number;
  /** From 0; default 0. */
  readonly layer?: number;
  /** Query heads, from 0, in this order; default all of them. */
  readonly heads?: readonly number[];
}

/** The masks of some heads of a layer, ready for `attend`. Plain data that travels between threads. */
export interface Compiled {
  readonly tokens: number;
  readonly queries: number;
  readonly layer: number;
  readonly heads: readonly number[];
  /** Allowed pairs of all these heads, and their share of heads * queries * tokens. */
  readonly pairs: number;
  readonly density: number;
  /** Milliseconds that choosing keys by content took; null where nothing was to be chosen. */
  readonly selectMs: number | null;
  /** The tiles that kernels work on. */
  readonly parts: PlanParts;
}

/**
 * Compiles masks to tiles: the cost follows the boundary of a mask and not the number of pairs.
 *
 * @throws PatternError when a mask has no meaning at that length, has no rule, or is chosen by content (`select` does that)
 * @throws CompileError when it is too large, RangeError when `heads` is empty
 * @example
 * ```ts
 * const masks = compile(await parseExpression('sliding(512)'), { tokens: 65536 });
 * console.log(masks.density);
 * ```
 */
export function compile(model: Model, choice: CompileChoice = {}): Compiled {
  const { tokens, layer = 0 } = choice;
  const heads = headsOf(model, choice);
  const shape = shapeAt(model, layer, heads[0] ?? 0, tokens);
  const parts = compileHeadParts(model, layer, heads, tokens);
  return compiled({ tokens: shape.tokens, queries: shape.queries, layer, heads }, { parts, selectMs: null });
}

/** Which masks of a model are meant; their length is that of the tensors. */
export interface SelectChoice extends Omit<CompileChoice, 'tokens'> {
  /** Multiplies q . k where a method ranks by probability; default 1 / sqrt(headDim), as for `attend`. */
  readonly scale?: number;
}

/**
 * The same for patterns that choose keys by content, such as `topk(64)`: given the queries and keys. Head h of the tensors
 * is head `heads[h]` of the model. The choice is the same on every machine. It takes a while at great lengths: the scores
 * of all candidates are computed, in the thread that asks.
 *
 * @throws AttentionInputError when the tensors do not fit together, or hold NaN or infinities
 * @throws PatternError when a mask has no meaning at that length or has no rule
 * @throws CompileError when it is too large, RangeError when `heads` is empty
 * @example
 * ```ts
 * const input = sampleInput({ heads: 1, kvHeads: 1, queries: 1024, keys: 1024, headDim: 64 });
 * const masks = select(await parseExpression('topk(64, within: causal())'), input);
 * const { timing } = await attend(input, masks);
 * console.log(masks.pairs, timing.selectMs, timing.kernelMs);
 * ```
 */
export function select(model: Model, input: SelectionInput, choice: SelectChoice = {}): Compiled {
  const { layer = 0, heads: _, ...options } = choice;
  const heads = headsOf(model, choice);
  const selection = selectHeads(model, layer, heads, input, options);
  return compiled({ tokens: input.keys, queries: input.queries, layer, heads }, selection);
}

/** The heads that are meant. Throws RangeError when there are none. */
function headsOf(model: Model, { heads }: Pick<CompileChoice, 'heads'>): readonly number[] {
  if (heads === undefined) return [...Array(model.heads).keys()];
  if (heads.length === 0) throw new RangeError('heads is empty: name at least one head, or leave it out to take all');
  return heads;
}

function compiled(
  place: Pick<Compiled, 'tokens' | 'queries' | 'layer' | 'heads'>,
  { parts, selectMs }: Selection,
): Compiled {
  const pairs = pairsOfHeads(parts);
  const density = pairs / (place.heads.length * place.queries * place.tokens);
  return { ...place, pairs, density, selectMs, parts };
}
