import { here } from './machine.node.ts';
import type { Measure } from './quality.ts';
import { qualityOn } from './quality-on.ts';

export * from './quality.ts';

let measure: Measure | undefined;
/** Made when it is first needed, so that bundlers leave it out of programs that do not measure. */
const measured = (): Measure => {
  measure ??= qualityOn(here);
  return measure;
};

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
export const quality: Measure['quality'] = (...given) => measured().quality(...given);

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
export const suggest: Measure['suggest'] = (...given) => measured().suggest(...given);

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
export const suggestWithin: Measure['suggestWithin'] = (...given) => measured().suggestWithin(...given);
