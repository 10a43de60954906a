import { breathe, throwIfAborted } from '../../attention/abort.ts';
import type { Attention } from '../../attention/attention.ts';
import { checkFinite } from '../../attention/check-finite.ts';
import { attentionScale } from '../../attention/check-input.ts';
import type { AttendOptions, AttentionInput, AttentionResult } from '../../attention/types.ts';
import { type Baseline, baselinePlans } from '../quality/baseline.ts';
import type { CurveShape } from '../quality/curve.ts';
import type { RowKernel } from '../quality/row-kernel.ts';
import { dynamicSizes } from './dynamic.ts';
import { familiesFor } from './families.ts';
import { Oracle } from './oracle.ts';
import type { Proposal, ProposalShape } from './proposal.ts';
import { addWhereabouts, noWhereabouts, type RowSample, sampleRowsOf, type Whereabouts } from './row-sample.ts';
import { type Choices, Sizes, searchHead } from './search.ts';
import { type Kept, keptBy } from './verify.ts';

/** A layer whose tensors are read when they are needed, up to six times. */
export interface LayerInput {
  readonly layer: number;
  read(): Promise<AttentionInput>;
}

export interface SuggestOptions extends AttendOptions {
  /** Pairs of all heads that a pattern may have, as a share of heads * queries * keys; more than 0, at most 1. */
  readonly density: number;
  /** Default causal. */
  readonly baseline?: Baseline;
  /** Position of query row 0; default keys - queries. */
  readonly offset?: number;
  /** Also lists of columns and diagonals that these tensors look at, which other tensors may not; default false. */
  readonly listed?: boolean;
  /** Also patterns that choose keys by content; default true. */
  readonly dynamic?: boolean;
  /** Also patterns of their own for heads; default true. */
  readonly perHead?: boolean;
  /** What the text says that it is for. */
  readonly subject?: string;
}

/** No pattern fits, or there is nothing to search with. */
export class SuggestError extends Error {
  override readonly name = 'SuggestError';
}

/** Not even the smallest pattern has so few pairs. */
export class TooFewPairsError extends SuggestError {
  constructor(density: number) {
    super(`No pattern has so few pairs: a density of ${density} leaves less than one key for a query. Allow more.`);
  }
}

/** A search, and what it looks at. */
export interface Look {
  readonly attention: Pick<Attention, 'attend'>;
  readonly kernel: RowKernel;
  readonly layers: readonly LayerInput[];
  readonly shape: CurveShape;
  readonly proposed: ProposalShape;
  readonly options: SuggestOptions;
}

/** What the first look at every head found. */
export interface Heads {
  /** [layers * heads]: what patterns keep of each. */
  readonly own: readonly Choices[];
  /** [layers] log-sum-exps of the baseline. */
  readonly full: readonly Float32Array[];
  /** Sizes of patterns that choose by content; none when they are not wanted. */
  readonly dynamic: readonly (number | undefined)[];
  /** Where the probability of all heads is. */
  readonly where: Whereabouts;
  /** What the most probable pairs of all heads hold. */
  readonly oracle: Oracle;
  readonly ran: Pick<AttentionResult, 'backend' | 'device' | 'notes'>;
}

/** Shares of the progress. */
const FIRST = 0.5;
const SECOND = 0.2;

/**
 * Samples every head, and tries all families on it at these budgets (pairs of a head).
 *
 * @param headPairs pairs that patterns which choose by content may have in a head
 */
export async function lookAtHeads(
  look: Look,
  first: LayerInput,
  budgets: readonly number[],
  headPairs: number,
): Promise<Heads> {
  const { attention, layers, shape, proposed, options } = look;
  const { baseline, queries, keys, offset } = shape;
  const where = noWhereabouts(keys);
  const oracle = new Oracle();
  const sizes = new Sizes(shape, false);
  const own: Choices[] = [];
  const full: Float32Array[] = [];
  let dynamic: (number | undefined)[] | undefined;
  let ran: Heads['ran'] = { backend: 'reference', device: '', notes: [] };
  for (const [index, layer] of layers.entries()) {
    const input = await layer.read();
    checkSize(layer, input, first, proposed);
    const plans = [baselinePlans(baseline, input.heads, queries, keys, offset)];
    const result = await attention.attend(input, plans, withoutProgress(options));
    checkFinite(result, queries, false, layers.length === 1 ? {} : { layer: layer.layer });
    const { backend, device } = result;
    ran = { backend, device, notes: [...new Set([...ran.notes, ...result.notes])] };
    full.push(result.lse);
    for await (const sample of samplesOf(look, input, index, 0, FIRST, oracle)) {
      addWhereabouts(where, sample, shape);
      let ofHead: Whereabouts | undefined;
      if (options.listed === true) {
        ofHead = noWhereabouts(keys);
        addWhereabouts(ofHead, sample, shape);
      }
      own.push(await searchHead(familiesFor(shape, ofHead), sizes, sample, shape, budgets, () => pause(options)));
    }
    if (options.dynamic === false) continue;
    const fitting = await dynamicSizes(baseline, proposed, index, input, headPairs, options);
    dynamic = dynamic === undefined ? fitting : dynamic.map((size, at) => smaller(size, fitting[at]));
  }
  return { own, full, dynamic: dynamic ?? [], where, oracle, ran };
}

/** The same choices, but lists of columns and diagonals are those that all heads share. */
export async function withSharedLists(
  look: Look,
  own: readonly Choices[],
  where: Whereabouts,
  budgets: readonly number[],
): Promise<readonly Choices[]> {
  const { layers, shape, options } = look;
  const families = familiesFor(shape, where);
  const sizes = new Sizes(shape, true);
  const all: Choices[] = [];
  for (const [index, layer] of layers.entries())
    for await (const sample of samplesOf(look, await layer.read(), index, FIRST, SECOND)) {
      const ofHead = own[all.length] ?? [];
      const listed = await searchHead(families, sizes, sample, shape, budgets, () => pause(options), 'listed');
      all.push(ofHead.map((choices, family) => (families[family]?.isListed ? (listed[family] ?? []) : choices)));
    }
  return all;
}

/** What proposals really keep: [proposals][layers * heads]; undefined for one that is too large to compile. */
export async function measureAll(
  { attention, layers, proposed, options }: Look,
  proposals: readonly Proposal[],
  full: readonly Float32Array[],
): Promise<(readonly Kept[] | undefined)[]> {
  const kept: (readonly Kept[] | undefined)[] = proposals.map(() => []);
  const from = FIRST + SECOND;
  for (const [index, layer] of layers.entries()) {
    const input = await layer.read();
    for (const [at, proposal] of proposals.entries()) {
      const known = kept[at];
      const lse = full[index];
      if (known === undefined || lse === undefined) continue;
      const more = await keptBy(attention, proposal, proposed, index, { input, lse }, withoutProgress(options));
      kept[at] = more === undefined ? undefined : [...known, ...more];
      await pause(options);
      options.onProgress?.(from + ((1 - from) * (index + (at + 1) / proposals.length)) / layers.length);
    }
  }
  return kept;
}

/** Samples of a layer's heads, one after the other; what is done with one of them is done before the next. */
async function* samplesOf(
  { kernel, layers, shape, options }: Look,
  input: AttentionInput,
  index: number,
  from: number,
  share: number,
  oracle?: Oracle,
): AsyncGenerator<RowSample, void> {
  const scale = attentionScale(input, options);
  for (let head = 0; head < input.heads; head++) {
    yield await sampleRowsOf(kernel, input, head, shape, { scale, signal: options.signal, oracle });
    await pause(options);
    options.onProgress?.(from + (share * (index + (head + 1) / input.heads)) / layers.length);
  }
}

/** Lets others have their turn, and stops when one of them cancelled. */
async function pause({ signal }: SuggestOptions): Promise<void> {
  await breathe();
  throwIfAborted(signal);
}

function smaller(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? undefined : Math.min(a, b);
}

/** Throws SuggestError when a layer is of another size than the first. */
function checkSize(layer: LayerInput, input: AttentionInput, first: LayerInput, wanted: ProposalShape): void {
  for (const name of ['heads', 'kvHeads', 'queries', 'keys', 'headDim'] as const)
    if (input[name] !== wanted[name])
      throw new SuggestError(
        `Layer ${layer.layer} has ${name} = ${input[name]}, but layer ${first.layer} has ${wanted[name]}: suggest a pattern for one of them alone.`,
      );
}

function withoutProgress({ onProgress: _, ...options }: SuggestOptions): AttendOptions {
  return options;
}
