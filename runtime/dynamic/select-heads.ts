import { AttentionInputError, checkQueriesAndKeys } from '../attention/check-input.ts';
import type { AttentionInput, PlanParts } from '../attention/types.ts';
import { compileEach } from '../compile/compile-heads.ts';
import type { CompileOptions } from '../compile/mask-tree.ts';
import { compilePatternParts } from '../compile/pattern-parts.ts';
import { compilePlan } from '../compile/plan.ts';
import { isDynamic } from '../pattern/bind.ts';
import type { Model } from '../pattern/ir.ts';
import { bindContent } from './bind-content.ts';
import type { Content } from './method.ts';

/** The part of a problem that says what is chosen. */
export type SelectionInput = Omit<AttentionInput, 'v'>;

/** Masks whose pairs were chosen by content. */
export interface Selection {
  /** The tiles that kernels work on. */
  readonly parts: PlanParts;
  /** Milliseconds that choosing took, with the plans of what was chosen; null when nothing was to be chosen. */
  readonly selectMs: number | null;
}

export interface SelectOptions extends CompileOptions {
  /** Multiplies q . k where a method ranks by probability; default 1 / sqrt(headDim), as for attention. */
  readonly scale?: number;
}

/**
 * Plans of some heads of one layer for given queries and keys. Heads whose pattern depends on content get plans of their
 * own; the others are compiled as ever and share theirs. `heads[h]` is the model's head that head h of the input is, and
 * reads key/value head floor(h * kvHeads / input.heads).
 *
 * @throws AttentionInputError when tensors hold NaN or infinities, or do not fit the model
 * @throws PatternError when no rule reaches a head, or a pattern has no meaning there
 * @throws CompileError when a mask is too large
 */
export function selectHeads(
  model: Model,
  layer: number,
  heads: readonly number[],
  input: SelectionInput,
  options: SelectOptions = {},
): Selection {
  const { scale = 1 / Math.sqrt(input.headDim), ...compiling } = options;
  checkQueriesAndKeys(input);
  if (heads.length !== input.heads)
    throw new AttentionInputError(
      `There are ${input.heads} heads of queries, but ${heads.length} heads are asked for.`,
    );
  let selectMs: number | null = null;
  const parts = compileEach(model, layer, heads, input.keys, (pattern, shape, index) => {
    if (!isDynamic(pattern, shape)) return compilePatternParts(pattern, shape, compiling);
    if (shape.queries !== input.queries)
      throw new AttentionInputError(
        `${model.name} has ${shape.queries} queries, but the tensors have ${input.queries}.`,
      );
    const started = performance.now();
    const mask = bindContent(pattern, shape, contentOf(input, index, scale), compiling.checkpoint);
    const plan = compilePlan(mask, shape, compiling);
    selectMs = (selectMs ?? 0) + performance.now() - started;
    return [plan];
  });
  return { parts, selectMs };
}

/** Queries of a head and the keys that it reads. Throws AttentionInputError. */
function contentOf(
  { q, k, heads, kvHeads, queries, keys, headDim }: SelectionInput,
  head: number,
  scale: number,
): Content {
  const kvHead = Math.floor((head * kvHeads) / heads);
  return {
    q: finite('q', q.subarray(head * queries * headDim, (head + 1) * queries * headDim), head, headDim),
    k: finite('k', k.subarray(kvHead * keys * headDim, (kvHead + 1) * keys * headDim), kvHead, headDim),
    headDim,
    scale,
  };
}

function finite(name: string, data: Float32Array, head: number, headDim: number): Float32Array {
  const bad = data.findIndex(value => !Number.isFinite(value));
  if (bad < 0) return data;
  throw new AttentionInputError(
    `Tensor ${name} is ${data[bad]} at head ${head}, row ${Math.floor(bad / headDim)}, number ${bad % headDim}: keys can be chosen by content only among finite numbers.`,
  );
}
