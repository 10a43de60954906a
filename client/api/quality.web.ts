import type { Quality, QualityOptions } from '../../runtime/analyse/quality.ts';
import type { Suggestion, SuggestOptions } from '../../runtime/analyse/suggest.ts';
import type { AttentionInput, PlanParts } from '../../runtime/attention/types.ts';
import { attend } from './attend.web.ts';
import type { Compiled } from './compile.ts';
import { qualityBy, type SuggestWithinOptions, suggestBy, suggestWithinBy, type TimedSuggestion } from './quality.ts';

export type {
  Baseline,
  CurvePoint,
  Distribution,
  HeadQuality,
  Quality,
  QualityCurve,
  QualityOptions,
  RowRecall,
  Suggestion,
  SuggestOptions,
  SuggestWithinOptions,
  TimedSuggestion,
} from './quality.ts';
export { SuggestError } from './quality.ts';

// Documented in quality.node.ts, whose types both have.
export function quality(
  input: AttentionInput,
  masks: Compiled | PlanParts,
  options?: QualityOptions,
): Promise<Quality> {
  return qualityBy(attend, input, masks, options);
}

// Documented in quality.node.ts, whose types both have.
export function suggest(
  input: AttentionInput | readonly AttentionInput[],
  options: SuggestOptions,
): Promise<Suggestion> {
  return suggestBy(attend, input, options);
}

// Documented in quality.node.ts, whose types both have.
export function suggestWithin(
  input: AttentionInput | readonly AttentionInput[],
  options: SuggestWithinOptions,
): Promise<TimedSuggestion> {
  return suggestWithinBy(attend, input, options);
}
