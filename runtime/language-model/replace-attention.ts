import { neverSeesTheFuture } from '../analyse/proofs.ts';
import { compileHeadParts } from '../compile/compile-heads.ts';
import type { CompileOptions } from '../compile/mask-tree.ts';
import { type Selection, type SelectionInput, selectHeads } from '../dynamic/select-heads.ts';
import { bindCandidates, bindSelected, isDynamic } from '../pattern/bind.ts';
import type { Model, Pattern } from '../pattern/ir.ts';
import { maskName } from '../pattern/mask-name.ts';
import { patternAt, shapeAt } from '../pattern/model.ts';
import type { Shape } from '../pattern/shape.ts';
import type { Configuration } from './configuration.ts';
import type { LayerMasks } from './forward.ts';
import { LanguageModelError } from './language-model-error.ts';

/** Methods that choose for a query with the help of later queries or keys, whatever their candidates are. */
const LOOK_AHEAD = new Set(['block_topk', 'routing', 'vertical_slash']);

/** Methods that look at a query and a key alone to choose the pair, whatever else is a candidate. */
const PAIR_BY_PAIR = new Set(['lsh']);

/** Causal attention in every layer and head. */
export function causalAttention({ layers, heads }: Configuration): Model {
  return {
    ...{ name: 'causal()', kind: 'pattern', tokens: null, queries: null, align: 'end', layers, heads, kvHeads: heads },
    ...{ headDim: null, dtype: 'f32', batch: 1, causal: false },
    rules: [{ layers: upTo(layers), heads: upTo(heads), pattern: { kind: 'primitive', name: 'causal', args: {} } }],
  };
}

/** The masks of causal attention. */
export function causalMasks(configuration: Configuration, tokens: number): LayerMasks {
  return layerMasks(causalAttention(configuration), tokens, (model, layer, heads) => ({
    parts: compileHeadParts(model, layer, heads, tokens),
    selectMs: null,
    notes: [],
  }));
}

/**
 * What a `.sparse` declaration means in place of a language model's attention: a pattern holds for every layer and head, a
 * model brings a mask for each of its own, which have to be as many.
 *
 * @throws LanguageModelError when layers, heads or queries do not fit, naming both numbers
 */
export function inPlaceOf(model: Model, { layers, heads }: Configuration, tokens: number): Model {
  const { name } = model;
  if (model.queries !== null && model.queries !== tokens)
    throw new LanguageModelError(
      `${name} has ${model.queries} queries; the language model attends with all ${tokens} positions.`,
    );
  // A bare pattern that brings masks of its own for each head has that many; others have one or any.
  const ownHeads =
    model.kind === 'model' || model.rules.every(rule => rule.heads.length === model.heads && model.heads > 1);
  if (ownHeads && model.heads !== heads)
    throw new LanguageModelError(`${name} has ${model.heads} heads, but the language model ${heads}.`);
  if (model.kind === 'model') {
    if (model.layers !== layers)
      throw new LanguageModelError(`${name} has ${model.layers} layers, but the language model ${layers}.`);
    return model;
  }
  const rules = model.rules.map(rule => ({
    ...rule,
    layers: upTo(layers),
    heads: ownHeads ? rule.heads : upTo(heads),
  }));
  return { ...model, layers, heads, kvHeads: heads, rules };
}

/** What a loss cannot be trusted for, in words for the user; empty when there is nothing. */
export interface CausalityReport {
  /** A query and a later key that it may attend to, and where; null when there is none. */
  readonly future: {
    readonly layer: number;
    readonly head: number;
    readonly query: number;
    readonly key: number;
  } | null;
  /** Names of primitives that choose keys with the help of what comes later. */
  readonly choosers: readonly string[];
}

/**
 * Looks for ways in which masks let a query see what it is to predict: pairs with later keys, and choices that later queries
 * or keys take part in. Of patterns that choose by content all candidates count.
 *
 * @param model as `inPlaceOf` gives it
 * @throws PatternError and CompileError
 */
export function causalityOf(model: Model, tokens: number, options: CompileOptions = {}): CausalityReport {
  const known = new Set<string>();
  const choosers = new Set<string>();
  for (let layer = 0; layer < model.layers; layer++) {
    for (let head = 0; head < model.heads; head++) {
      const pattern = patternAt(model, layer, head);
      if (pattern === undefined) continue;
      const shape = shapeAt(model, layer, head, tokens);
      const name = maskName(pattern, shape);
      if (known.has(name)) continue;
      known.add(name);
      const proof = neverSeesTheFuture(bindCandidates(pattern, shape), shape, options);
      if (!proof.holds) return { future: { layer, head, ...proof.counterexample }, choosers: [...choosers] };
      if (isDynamic(pattern, shape)) for (const chooser of choosersOf(pattern, shape, options)) choosers.add(chooser);
    }
  }
  return { future: null, choosers: [...choosers] };
}

function choosersOf(pattern: Pattern, shape: Shape, options: CompileOptions): ReadonlySet<string> {
  const found = new Set<string>();
  bindSelected(pattern, shape, ({ name }, _, candidates, at) => {
    if (PAIR_BY_PAIR.has(name)) return candidates;
    if (LOOK_AHEAD.has(name) || !neverSeesTheFuture(candidates, at, options).holds) found.add(name);
    return candidates;
  });
  return found;
}

/** Compiles the masks of all heads of a layer, for as many tokens as there are keys. */
export type CompileLayer = (
  model: Model,
  layer: number,
  heads: readonly number[],
  content: SelectionInput,
) => Selection | Promise<Selection>;

/**
 * The masks of every layer of a model, as `inPlaceOf` gives it. Masks that ask for no content are compiled once, for all
 * layers in which they are the same.
 */
export function layerMasks(model: Model, tokens: number, compile: CompileLayer = selectHeads): LayerMasks {
  const heads = upTo(model.heads);
  const known = new Map<string, Promise<Selection>>();
  return (layer, content) => {
    const names = heads.map(head => {
      const pattern = patternAt(model, layer, head);
      if (pattern === undefined) return 'none';
      const shape = shapeAt(model, layer, head, tokens);
      return isDynamic(pattern, shape) ? undefined : maskName(pattern, shape);
    });
    const make = async (): Promise<Selection> => compile(model, layer, heads, content);
    if (names.includes(undefined)) return make();
    const key = JSON.stringify(names);
    const found = known.get(key) ?? make();
    known.set(key, found);
    return found;
  };
}

/** Masks of one layer, and causal attention in all others. */
export function onlyInLayer(chosen: number, masks: LayerMasks, others: LayerMasks): LayerMasks {
  return (layer, content) => (layer === chosen ? masks : others)(layer, content);
}

function upTo(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index);
}
