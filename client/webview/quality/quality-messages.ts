import type { MeasuredHead } from '../../../runtime/analyse/quality/csv.ts';
import type { BackendId } from '../../../runtime/attention/types.ts';
import type { AttentionComparison } from '../../../runtime/language-model/compare-attention.ts';
import type { LanguageModelFiles, TensorFile } from '../../preview/messages.ts';
import type { MaskChoice } from '../mask-choice.ts';

/** What a worker measures: the masks of a choice, on tensors of a file or in a language model. */
export type QualityJob =
  | { readonly kind: 'tensors'; readonly choice: MaskChoice; readonly file: TensorFile; readonly causal: boolean }
  | {
      readonly kind: 'model';
      readonly choice: MaskChoice;
      readonly files: LanguageModelFiles;
      readonly sequences: number;
      /** Also the masks in one layer at a time. */
      readonly byLayer: boolean;
      /** Takes later keys out of the masks. */
      readonly causal: boolean;
    };

/** Layers of a file of tensors. */
export interface TensorQuality {
  readonly file: string;
  readonly tokens: number;
  readonly queries: number;
  readonly heads: readonly MeasuredHead[];
  readonly backend: BackendId;
  readonly device: string;
  readonly notes: readonly string[];
}

/** A language model with the masks in place of its attention. */
export interface ModelQuality extends AttentionComparison {
  /** Name of the folder. */
  readonly model: string;
  readonly denseDevice: string;
  readonly notes: readonly string[];
}

export interface QualityResults {
  readonly tensors: TensorQuality;
  readonly model: ModelQuality;
}
