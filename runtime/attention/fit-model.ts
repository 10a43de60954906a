import type { Model } from '../pattern/ir.ts';
import { AttentionInputError } from './check-input.ts';
import type { AttentionInput } from './types.ts';

/**
 * A model as some tensors have it: a bare pattern gets their heads, and any model their length and queries, where it does
 * not say otherwise.
 *
 * @param file what the tensors are called in messages
 * @throws AttentionInputError when they do not fit together; the message says which number differs
 */
export function modelForInput(model: Model, file: string, input: Omit<AttentionInput, 'q' | 'k' | 'v'>): Model {
  const { heads, kvHeads, headDim, keys, queries } = input;
  const { name } = model;
  if (model.kind === 'pattern') {
    const all = Array.from({ length: heads }, (_, head) => head);
    const rules = model.rules.map(rule => ({ ...rule, heads: all }));
    return { ...model, heads, kvHeads, rules, queries, tokens: keys };
  }
  const same = (what: string, wanted: number | null, found: number): void => {
    if (wanted !== null && wanted !== found)
      throw new AttentionInputError(`${file} has ${what} = ${found}, but ${name} has ${what} = ${wanted}`);
  };
  if (model.queries !== null && model.queries !== queries)
    throw new AttentionInputError(
      `${file}: q has ${queries} queries, but ${name} has queries = ${model.queries}; ` +
        `give q as [heads, ${model.queries}, head_dim] or change the model`,
    );
  same('heads', model.heads, heads);
  same('kv_heads', model.kvHeads, kvHeads);
  same('head_dim', model.headDim, headDim);
  return { ...model, queries, tokens: keys };
}

/** A bare pattern as that of the layers 0 to `layers - 1`; a model has its own. */
export function modelForLayers(model: Model, layers: number): Model {
  if (model.kind === 'model') return model;
  const all = Array.from({ length: layers }, (_, layer) => layer);
  return { ...model, layers, rules: model.rules.map(rule => ({ ...rule, layers: all })) };
}
