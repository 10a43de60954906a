import type { Quality, QualityOptions } from '../../runtime/analyse/quality.ts';
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
export { SuggestError, type Suggestion, type SuggestOptions } from '../../runtime/analyse/suggest.ts';

/** The functions are documented where they are exported. */
export interface Measure {
  quality(input: AttentionInput, masks: Compiled | PlanParts, options?: QualityOptions): Promise<Quality>;
  suggest(input: AttentionInput | readonly AttentionInput[], options: SuggestOptions): Promise<Suggestion>;
}
