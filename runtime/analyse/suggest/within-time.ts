import type { Attention } from '../../attention/attention.ts';
import type { AttendOptions } from '../../attention/types.ts';
import { selectHeads } from '../../dynamic/select-heads.ts';
import type { Model } from '../../pattern/ir.ts';
import { baselinePlans } from '../quality/baseline.ts';
import { type Suggestion, suggest } from '../suggest.ts';
import { type LayerInput, SuggestError, type SuggestOptions, TooFewPairsError } from './look.ts';
import { selectionOf } from './verify.ts';

/** A suggestion, and the milliseconds that attention over it takes in all layers, with choosing keys by content. */
export interface TimedSuggestion extends Suggestion {
  readonly ms: number;
}

const TRIES = 4;
/** The next try aims a little below. */
const AIM = 0.9;
/** Of a few runs the shortest counts: others share the machine. */
const RUNS = 3;

/**
 * The same as `suggest` for a budget of milliseconds of attention in all layers together: the density is what the time of full
 * attention suggests, and is lowered until the suggestion keeps to the time.
 *
 * @throws SuggestError when nothing does, or the limit is not above 0
 */
export async function suggestWithin(
  attention: Pick<Attention, 'attend'>,
  layers: readonly LayerInput[],
  { ms, ...options }: Omit<SuggestOptions, 'density'> & { readonly ms: number },
): Promise<TimedSuggestion> {
  if (!(ms > 0)) throw new SuggestError(`A limit of milliseconds is more than 0, not ${ms}.`);
  const { baseline = 'causal', onProgress: _, ...attending } = options;
  let full = 0;
  for (const { read } of layers) {
    const input = await read();
    const { heads, queries, keys } = input;
    const plans = [baselinePlans(baseline, heads, queries, keys, options.offset ?? keys - queries)];
    full += await shortest(async () => (await attention.attend(input, plans, attending)).timing.kernelMs);
  }
  let density = Math.min(1, (ms / full) * (baseline === 'causal' ? 0.5 : 1));
  let measured = Number.POSITIVE_INFINITY;
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const found = await suggest(attention, layers, { ...options, density }).catch((error: unknown) => {
      // Who asked for a time knows of no density.
      if (error instanceof TooFewPairsError) throw tooShort();
      throw error;
    });
    measured = await timeOf(attention, layers, found.model, attending);
    if (measured <= ms) return { ...found, ms: measured };
    density *= AIM * Math.min(1, ms / measured);
  }
  throw tooShort();

  function tooShort(): SuggestError {
    const last = measured === Number.POSITIVE_INFINITY ? '' : `the last try took ${measured.toPrecision(3)} ms, `;
    return new SuggestError(
      `Nothing was found that takes at most ${ms} ms here: ${last}full attention takes ${full.toPrecision(3)} ms.`,
    );
  }
}

/** What a suggestion may have: pairs as a share of all, or milliseconds in all layers. */
export type Budget = { readonly density: number } | { readonly ms: number };

/** `suggest` or `suggestWithin`, as the budget asks; `ms` is null where it does not ask for a time. */
export async function suggestFor(
  attention: Pick<Attention, 'attend'>,
  layers: readonly LayerInput[],
  budget: Budget,
  options: Omit<SuggestOptions, 'density'>,
): Promise<Suggestion & { readonly ms: number | null }> {
  return 'ms' in budget
    ? suggestWithin(attention, layers, { ...options, ms: budget.ms })
    : { ...(await suggest(attention, layers, { ...options, density: budget.density })), ms: null };
}

async function timeOf(
  attention: Pick<Attention, 'attend'>,
  layers: readonly LayerInput[],
  model: Model,
  options: AttendOptions,
): Promise<number> {
  let sum = 0;
  for (const { layer, read } of layers) {
    const input = await read();
    const heads = [...Array(input.heads).keys()];
    const { parts, selectMs } = await selectHeads(model, layer, heads, input, selectionOf(options));
    const kernelMs = await shortest(async () => (await attention.attend(input, parts, options)).timing.kernelMs);
    sum += kernelMs + (selectMs ?? 0);
  }
  return sum;
}

async function shortest(run: () => Promise<number>): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  for (let repeat = 0; repeat < RUNS; repeat++) least = Math.min(least, await run());
  return least;
}
