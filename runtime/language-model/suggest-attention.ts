import { type Budget, suggestFor } from '../analyse/suggest/within-time.ts';
import type { LayerInput, Suggestion, SuggestOptions } from '../analyse/suggest.ts';
import type { AttentionInput } from '../attention/types.ts';
import { type AttentionComparison, compareAttention } from './compare-attention.ts';
import { type Machine, predictSequence } from './forward.ts';
import { type CompileLayer, causalityOf, causalMasks, inPlaceOf, layerMasks } from './replace-attention.ts';
import type { LanguageModel } from './weights.ts';

/** Positions of a sequence that the search looks at unless it is said: of a longer one not all rows would be sampled. */
export const USUAL_TOKENS = 2048;

/** A pattern that was suggested for a language model, and what the model predicts with it. */
export interface AttentionSuggestion {
  readonly suggestion: Suggestion & { readonly ms: number | null };
  readonly comparison: AttentionComparison;
  /** Primitives in it that choose keys with the help of what comes later: the loss cannot be trusted for them. */
  readonly choosers: readonly string[];
}

export interface SuggestAttentionOptions
  extends Omit<SuggestOptions, 'density' | 'baseline' | 'offset' | 'backend' | 'precision' | 'onProgress'> {
  readonly budget: Budget;
  /** What makes masks of the suggestion; default: this thread. */
  readonly compile?: CompileLayer;
  /** Called with the share done, 0 to 1, and what is being done. */
  readonly onProgress?: (share: number, doing: string) => void;
}

/** Shares of the progress: until the tensors are there, and until the search is over. */
const READ = 0.05;
const SEARCHED = 0.8;

/**
 * Suggests a pattern for the attention of a language model: queries, keys and values of all layers are those that it has on
 * one text with its own, causal attention; then it predicts other texts with the pattern in place of that.
 *
 * @param searched [n + 1] bytes; the first n are read
 * @param predicted sequences of n + 1 bytes
 * @throws as `suggest`, `suggestWithin` and `predictSequence`
 */
export async function suggestAttention(
  model: LanguageModel,
  machine: Machine,
  searched: Uint8Array,
  predicted: readonly Uint8Array[],
  { budget, compile, onProgress, ...options }: SuggestAttentionOptions,
): Promise<AttentionSuggestion> {
  const { signal } = options;
  const layers = await attentionInputs(model, machine, searched, {
    signal,
    onProgress: share => onProgress?.(share * READ, 'Reading the text'),
  });
  const suggestion = await suggestFor(machine.attention, layers, budget, {
    ...options,
    backend: machine.backend,
    ...(machine.precision && { precision: machine.precision }),
    baseline: 'causal',
    onProgress: share => onProgress?.(READ + share * (SEARCHED - READ), 'Searching'),
  });
  const tokens = searched.length - 1;
  const replaced = inPlaceOf(suggestion.model, model.configuration, tokens);
  const { choosers } = causalityOf(replaced, tokens);
  const comparison = await compareAttention(model, machine, predicted, layerMasks(replaced, tokens, compile), {
    signal,
    onProgress: share => onProgress?.(SEARCHED + share * (1 - SEARCHED), 'Predicting'),
  });
  return { suggestion, comparison, choosers };
}

/**
 * Queries, keys and values of every layer of a model with causal attention, as attention gets them.
 *
 * @param bytes [n + 1]: the first n are read
 * @throws as `predictSequence`
 */
async function attentionInputs(
  model: LanguageModel,
  machine: Machine,
  bytes: Uint8Array,
  options: { readonly signal?: AbortSignal | undefined; readonly onProgress?: (share: number) => void } = {},
): Promise<readonly LayerInput[]> {
  const tokens = bytes.length - 1;
  const { heads, headDim } = model.configuration;
  const inputs: AttentionInput[] = [];
  await predictSequence(model, machine, bytes, causalMasks(model.configuration, tokens), {
    ...options,
    onProjection(layer, tensors) {
      inputs[layer] = { ...tensors, heads, kvHeads: heads, queries: tokens, keys: tokens, headDim };
    },
  });
  return inputs.map((input, layer) => ({ layer, read: async () => input }));
}
