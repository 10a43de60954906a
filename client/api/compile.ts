import { pairsOfHeads } from '../../runtime/attention/compare-with-full.ts';
import type { PlanParts } from '../../runtime/attention/types.ts';
import { compileHeadParts } from '../../runtime/compile/compile-heads.ts';
import type { Selection } from '../../runtime/dynamic/select-heads.ts';
import type { Model } from '../../runtime/pattern/ir.ts';
import { shapeAt } from '../../runtime/pattern/model.ts';
import { sharing } from './parts-for.ts';

export type { HeadPlans, PlanParts } from '../../runtime/attention/types.ts';
export { CompileError } from '../../runtime/compile/mask-tree.ts';
export type { TilePlan } from '../../runtime/compile/tile-plan.ts';
export { PatternError } from '../../runtime/pattern/primitive.ts';

/** Which masks of a model are meant. */
export interface CompileChoice {
  /** Sequence length; replaces a model's own. A pattern needs it. */
  readonly tokens?: number;
  /** From 0; default 0. */
  readonly layer?: number;
  /** Query heads, from 0, in this order; default all of them. A pattern has head 0 alone, for as many heads as share it. */
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
 * @throws CompileError when it is too large, RangeError when `heads` is empty or names heads that a pattern does not have
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

/** The heads that are meant. Throws RangeError when there are none, and when a pattern without a model has no such head. */
export function headsOf(model: Model, { heads }: Pick<CompileChoice, 'heads'>): readonly number[] {
  if (heads === undefined) return [...Array(model.heads).keys()];
  if (heads.length === 0) throw new RangeError('heads is empty: name at least one head, or leave it out to take all');
  const other = heads.find(head => head !== 0);
  if (model.kind === 'pattern' && model.heads === 1 && other !== undefined)
    throw new RangeError(
      `${model.name} is a pattern and no model: it has one mask, that of head 0, and no head ${other}; ` +
        `for ${heads.length} heads that share it, pass heads: ${sharing(heads.length)}`,
    );
  return heads;
}

/** What was compiled or chosen, with its pairs. */
export function compiled(
  place: Pick<Compiled, 'tokens' | 'queries' | 'layer' | 'heads'>,
  { parts, selectMs }: Pick<Selection, 'parts' | 'selectMs'>,
): Compiled {
  const pairs = pairsOfHeads(parts);
  const density = pairs / (place.heads.length * place.queries * place.tokens);
  return { ...place, pairs, density, selectMs, parts };
}
