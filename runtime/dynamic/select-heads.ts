import { breathe, throwIfAborted } from '../attention/abort.ts';
import { AttentionInputError, checkQueriesAndKeys } from '../attention/check-input.ts';
import type { AttentionInput, PlanParts } from '../attention/types.ts';
import { compileEach } from '../compile/compile-heads.ts';
import type { CompileOptions } from '../compile/mask-tree.ts';
import { compilePatternParts } from '../compile/pattern-parts.ts';
import { compileParts } from '../compile/reorder.ts';
import type { TilePlan } from '../compile/tile-plan.ts';
import { NOTHING } from '../pattern/algebra.ts';
import { isDynamic } from '../pattern/bind.ts';
import type { Model, Pattern } from '../pattern/ir.ts';
import type { Mask } from '../pattern/mask.ts';
import { patternAt, shapeAt } from '../pattern/model.ts';
import type { Shape } from '../pattern/shape.ts';
import { bindContent } from './bind-content.ts';
import type { Content } from './method.ts';
import type { RowProgress, RowSelector } from './rows/row-rule.ts';
import { createRowSelector } from './rows/row-selector.ts';

/** The part of a problem that says what is chosen. */
export type SelectionInput = Omit<AttentionInput, 'v'>;

/** Masks whose pairs were chosen by content. */
export interface Selection {
  /** The tiles that kernels work on. */
  readonly parts: PlanParts;
  /** Milliseconds that choosing took, with the plans of what was chosen; null when nothing was to be chosen. */
  readonly selectMs: number | null;
  /** Why something was not computed where it was meant to be, in words for the user. */
  readonly notes: readonly string[];
}

export interface SelectOptions extends CompileOptions, RowProgress {
  /** Multiplies q . k where a method ranks by probability; default 1 / sqrt(headDim), as for attention. */
  readonly scale?: number;
  /** What chooses keys by score; default: the calling thread. */
  readonly rows?: RowSelector;
}

/**
 * Plans of some heads of one layer for given queries and keys. Heads whose pattern depends on content get plans of their
 * own; the others are compiled as ever and share theirs. `heads[h]` is the model's head that head h of the input is, and
 * reads key/value head floor(h * kvHeads / input.heads).
 *
 * @throws AttentionInputError when tensors hold NaN or infinities, or do not fit the model
 * @throws PatternError when no rule reaches a head, or a pattern has no meaning there
 * @throws CompileError when a mask is too large
 * @throws DOMException named AbortError when the signal fires
 */
export async function selectHeads(
  model: Model,
  layer: number,
  heads: readonly number[],
  input: SelectionInput,
  options: SelectOptions = {},
): Promise<Selection> {
  const { scale, rows, signal, onProgress, ...compiling } = options;
  const { checkpoint } = compiling;
  const own = rows ?? createRowSelector();
  const choose = ({ pattern, shape, index }: DynamicHead, onHead: RowProgress['onProgress']): Promise<Mask> =>
    bindContent(pattern, shape, {
      content: headContent(input, index, scale),
      ...{ rows: own, checkpoint, signal, onProgress: onHead },
    });
  const started = performance.now();
  const dynamic = dynamicHeads(model, layer, heads, input);
  const plans = new Map<number, readonly TilePlan[]>();
  let done = 0;
  let next = begin(0);
  for (const { shape, index } of dynamic) {
    const mask = next;
    // The next head's keys are chosen while this one's tiles are listed.
    next = begin(plans.size + 1);
    plans.set(index, compileParts(await mask, shape, compiling));
    await breathe();
    throwIfAborted(signal);
  }
  const selectMs = dynamic.length === 0 ? null : performance.now() - started;
  const parts = compileEach(
    model,
    layer,
    heads,
    input.keys,
    (pattern, shape, index) => plans.get(index) ?? compilePatternParts(pattern, shape, compiling),
  );
  return { parts, selectMs, notes: own.notes() };

  function begin(at: number): Promise<Mask> {
    const head = dynamic[at];
    if (head === undefined) return Promise.resolve(NOTHING);
    let before = 0;
    const mask = choose(head, share => {
      done += share - before;
      before = share;
      onProgress?.(done / dynamic.length);
    });
    // Whoever waits for the head before may fail first.
    mask.catch(() => {});
    return mask;
  }
}

/** Does a pattern of these heads of a layer choose keys by content? */
export function choosesByContent(model: Model, layer: number, heads: readonly number[]): boolean {
  return heads.some(head => {
    const pattern = patternAt(model, layer, head);
    return pattern !== undefined && isDynamic(pattern);
  });
}

/** A head whose keys are chosen by content; `index` is its place among the heads that are asked for. */
export interface DynamicHead {
  readonly pattern: Pattern;
  readonly shape: Shape;
  readonly index: number;
}

/** The heads that choose, with their patterns. Throws PatternError, and AttentionInputError when the tensors do not fit. */
export function dynamicHeads(
  model: Model,
  layer: number,
  heads: readonly number[],
  input: SelectionInput,
): readonly DynamicHead[] {
  const { keys, queries } = input;
  checkQueriesAndKeys(input);
  if (heads.length !== input.heads)
    throw new AttentionInputError(
      `There are ${input.heads} heads of queries, but ${heads.length} heads are asked for.`,
    );
  return heads.flatMap((head, index) => {
    const shape = shapeAt(model, layer, head, keys);
    const pattern = patternAt(model, layer, head);
    if (pattern === undefined || !isDynamic(pattern, shape)) return [];
    if (shape.queries !== queries)
      throw new AttentionInputError(`${model.name} has ${shape.queries} queries, but the tensors have ${queries}.`);
    return [{ pattern, shape, index }];
  });
}

/** Queries of a head and the keys that it reads. Throws AttentionInputError. */
export function headContent(
  { q, k, heads, kvHeads, queries, keys, headDim }: SelectionInput,
  head: number,
  scale = 1 / Math.sqrt(headDim),
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
