import type { Quality, QualityOptions } from '../../runtime/analyse/quality.ts';
import type { Suggestion, SuggestOptions } from '../../runtime/analyse/suggest.ts';
import type { AttentionInput, PlanParts } from '../../runtime/attention/types.ts';
import { attend } from './attend.node.ts';
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

/**
 * What masks lose on queries, keys and values: for each head the share of full attention's probability that they keep (recall),
 * how far the output is off, and beside that the best masks, windows and random keys with as many pairs.
 *
 * @throws AttentionInputError when tensors and masks do not fit together; others as `attend` does
 * @example
 * ```ts
 * const input = sampleInput({ heads: 1, kvHeads: 1, queries: 1024, keys: 1024, headDim: 64 });
 * const { heads } = await quality(input, compile(await parseExpression('sliding(64)'), { tokens: 1024 }));
 * console.log(heads[0].recall, heads[0].distribution?.oracle);
 * ```
 */
export function quality(
  input: AttentionInput,
  masks: Compiled | PlanParts,
  options?: QualityOptions,
): Promise<Quality> {
  return qualityBy(attend, input, masks, options);
}

/**
 * Searches for the pattern that keeps most of full attention with a number of pairs, for one layer or several. `text` is a
 * `.sparse` file, `model` what it means.
 *
 * @throws SuggestError when no pattern has so few pairs; others as `attend` does
 * @example
 * ```ts
 * const { text, recall } = await suggest(input, { density: 0.1 });
 * ```
 */
export function suggest(
  input: AttentionInput | readonly AttentionInput[],
  options: SuggestOptions,
): Promise<Suggestion> {
  return suggestBy(attend, input, options);
}

/**
 * The same for a limit of milliseconds instead of a density: of attention in all layers together, as it is computed here, with
 * choosing keys by content. `ms` of the result is what it took; other machines and backends take other times.
 *
 * @throws SuggestError when nothing keeps to the time; the message says how long the last try and full attention took
 * @example
 * ```ts
 * const { text, ms } = await suggestWithin(input, { ms: 5 });
 * ```
 */
export function suggestWithin(
  input: AttentionInput | readonly AttentionInput[],
  options: SuggestWithinOptions,
): Promise<TimedSuggestion> {
  return suggestWithinBy(attend, input, options);
}
