import type { Quality, QualityOptions } from '../../runtime/analyse/quality.ts';
import type { TimedSuggestion } from '../../runtime/analyse/suggest/within-time.ts';
import type { Suggestion, SuggestOptions } from '../../runtime/analyse/suggest.ts';
import type { AttentionInput, PlanParts } from '../../runtime/attention/types.ts';
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

/** What `suggestWithin` is asked for: the options of `suggest`, but milliseconds instead of a density. */
export type SuggestWithinOptions = Omit<SuggestOptions, 'density'> & { readonly ms: number };

/** The functions are documented where they are exported. */
export interface Measure {
  quality(input: AttentionInput, masks: Compiled | PlanParts, options?: QualityOptions): Promise<Quality>;
  suggest(input: AttentionInput | readonly AttentionInput[], options: SuggestOptions): Promise<Suggestion>;
  suggestWithin(
    input: AttentionInput | readonly AttentionInput[],
    options: SuggestWithinOptions,
  ): Promise<TimedSuggestion>;
}
