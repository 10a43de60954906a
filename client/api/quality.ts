import { quality as measure, type Quality, type QualityOptions } from '../../runtime/analyse/quality.ts';
import { suggestWithin as searchWithin, type TimedSuggestion } from '../../runtime/analyse/suggest/within-time.ts';
import {
  type LayerInput,
  type Suggestion,
  type SuggestOptions,
  suggest as search,
} from '../../runtime/analyse/suggest.ts';
import type { AttentionInput, PlanParts } from '../../runtime/attention/types.ts';
import type { Attend } from './attend.ts';
import type { Compiled } from './compile.ts';

export type {
  Baseline,
  CurvePoint,
  Distribution,
  HeadQuality,
  Quality,
  QualityCurve,
  QualityOptions,
  RowRecall,
} from '../../runtime/analyse/quality.ts';
export type { TimedSuggestion } from '../../runtime/analyse/suggest/within-time.ts';
export { SuggestError, type Suggestion, type SuggestOptions } from '../../runtime/analyse/suggest.ts';

/** Quality by whatever computes attention; `quality` is documented where it is exported. */
export function qualityBy(
  attend: Attend['attend'],
  input: AttentionInput,
  masks: Compiled | PlanParts,
  options?: QualityOptions,
): Promise<Quality> {
  return measure({ attend }, input, 'parts' in masks ? masks.parts : masks, options);
}

/** The same for `suggest`. */
export function suggestBy(
  attend: Attend['attend'],
  input: AttentionInput | readonly AttentionInput[],
  options: SuggestOptions,
): Promise<Suggestion> {
  return search({ attend }, layersOf(input), options);
}

/** What `suggestWithin` is asked for: the options of `suggest`, but milliseconds instead of a density. */
export type SuggestWithinOptions = Omit<SuggestOptions, 'density'> & { readonly ms: number };

/** The same for `suggestWithin`. */
export function suggestWithinBy(
  attend: Attend['attend'],
  input: AttentionInput | readonly AttentionInput[],
  options: SuggestWithinOptions,
): Promise<TimedSuggestion> {
  return searchWithin({ attend }, layersOf(input), options);
}

function layersOf(input: AttentionInput | readonly AttentionInput[]): LayerInput[] {
  const layers = 'q' in input ? [input] : input;
  return layers.map((tensors, layer) => ({ layer, read: async () => tensors }));
}
