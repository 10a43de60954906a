import { type Candidate, type Evaluation, evaluate } from './evaluate.ts';
import type { ForwardOptions, LayerMasks, Machine } from './forward.ts';
import { causalMasks, onlyInLayer } from './replace-attention.ts';
import type { LanguageModel } from './weights.ts';

export interface CompareAttentionOptions extends Pick<ForwardOptions, 'signal' | 'onProgress'> {
  /** Also the masks in one layer at a time. */
  readonly byLayer?: boolean;
}

/** A language model with other masks against the same with causal attention, on the same sequences. */
export interface AttentionComparison {
  /** Causal attention in every layer and head. */
  readonly full: Evaluation;
  readonly sparse: Evaluation;
  /** sparse.bitsPerByte - full.bitsPerByte */
  readonly difference: number;
  /** full.attentionMs / sparse.attentionMs, without choosing keys by content. */
  readonly attentionSpeedUp: number;
  /** The same of everything, with choosing keys. */
  readonly speedUp: number;
  /** [layers]: the masks in that layer and causal attention in all others; null unless it was asked for. */
  readonly byLayer: readonly LayerLoss[] | null;
}

export interface LayerLoss {
  readonly layer: number;
  readonly bitsPerByte: number;
  readonly difference: number;
}

/** Throws as `predictSequence`. */
export async function compareAttention(
  model: LanguageModel,
  machine: Machine,
  sequences: readonly Uint8Array[],
  masks: LayerMasks,
  { byLayer = false, ...options }: CompareAttentionOptions = {},
): Promise<AttentionComparison> {
  const tokens = (sequences[0]?.length ?? 1) - 1;
  const causal = causalMasks(model.configuration, tokens);
  const layers = byLayer ? [...model.layers.keys()] : [];
  const candidates: Candidate[] = [
    { name: 'full', masks: causal },
    { name: 'sparse', masks },
    ...layers.map(layer => ({ name: `layer ${layer}`, masks: onlyInLayer(layer, masks, causal) })),
  ];
  const [full, sparse, ...each] = await evaluate(model, machine, sequences, candidates, options);
  if (full === undefined || sparse === undefined) throw new RangeError('there is nothing to compare');
  const difference = (of: Evaluation): number => of.bitsPerByte - full.bitsPerByte;
  return {
    full,
    sparse,
    difference: difference(sparse),
    attentionSpeedUp: full.attentionMs / sparse.attentionMs,
    speedUp: wholeMs(full) / wholeMs(sparse),
    byLayer: byLayer
      ? each.map((of, layer) => ({ layer, bitsPerByte: of.bitsPerByte, difference: difference(of) }))
      : null,
  };
}

/** Milliseconds of a sequence. */
export function wholeMs({
  attentionMs,
  selectMs,
  denseMs,
}: Pick<Evaluation, 'attentionMs' | 'selectMs' | 'denseMs'>): number {
  return attentionMs + selectMs + denseMs;
}
