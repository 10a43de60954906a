import type { Attention } from '../attention/attention.ts';
import type { BackendId } from '../attention/types.ts';
import type { Model } from '../pattern/ir.ts';
import type { Baseline } from './quality/baseline.ts';
import type { CurveShape } from './quality/curve.ts';
import { openRowKernel } from './quality/kernel-bytes.ts';
import { textOf } from './recognise/expression.ts';
import { dynamicProposal } from './suggest/dynamic.ts';
import { fitAgain } from './suggest/fit-again.ts';
import {
  type LayerInput,
  type Look,
  lookAtHeads,
  measureAll,
  SuggestError,
  type SuggestOptions,
  TooFewPairsError,
  withSharedLists,
} from './suggest/look.ts';
import { modelOf, type Proposal, type ProposalShape, sparseText } from './suggest/proposal.ts';
import { LADDER, ownProposals, sharedProposals } from './suggest/propose.ts';
import { reasonsFor } from './suggest/reasons.ts';
import { sampledRows } from './suggest/row-sample.ts';
import { bestAt, sharedBy } from './suggest/search.ts';
import type { Kept } from './suggest/verify.ts';

export { type LayerInput, SuggestError, type SuggestOptions } from './suggest/look.ts';

/** A proposal with what it was measured to keep. */
export interface Measured {
  readonly family: string;
  /** The pattern, or null where heads have patterns of their own. */
  readonly expression: string | null;
  readonly isDynamic: boolean;
  readonly density: number;
  readonly recall: number;
}

/** What one pattern for all heads can keep at a density, and a pattern for each; both estimated from the sampled rows. */
export interface FrontierPoint {
  readonly density: number;
  readonly recall: number;
  readonly family: string;
  readonly expression: string;
  /** With the best static pattern for each head. */
  readonly perHead: number;
  /** The most that any mask of that density can keep: the most probable pairs of all heads. */
  readonly oracle: number;
}

export interface Suggestion extends Measured {
  readonly baseline: Baseline;
  /** The density that was the limit. */
  readonly budget: number;
  /** The most that any mask with as many pairs can keep, estimated from the sampled rows. */
  readonly oracle: number;
  /** The `.sparse` text, and what it means. */
  readonly text: string;
  readonly model: Model;
  readonly heads: readonly (Kept & { readonly layer: number; readonly head: number; readonly expression: string })[];
  /** The best of each other family at the same budget, measured, best first. */
  readonly alternatives: readonly Measured[];
  /** Ascending densities. */
  readonly frontier: readonly FrontierPoint[];
  /** Why, in sentences. */
  readonly reasons: readonly string[];
  /** Query rows of each head that the search looked at, of `queries`; what is measured is measured on all of them. */
  readonly sampledRows: number;
  readonly queries: number;
  readonly backend: BackendId;
  readonly device: string;
  /** What did not go as asked, such as a graphics device that was lost. */
  readonly notes: readonly string[];
}

/**
 * Searches for the pattern that keeps most of full attention's probability with a number of pairs: windows, first and listed
 * tokens, strides, fixed columns, diagonals and blocks, one pattern for all heads or one for each, and patterns that choose
 * by content. The search sums up probabilities of sampled rows; the best of each family are then measured on all rows, and
 * the best of these is suggested. The same tensors give the same answer, but for near ties that backends round differently.
 *
 * @throws AttentionInputError when scores or outputs are beyond float32
 * @throws SuggestError when the density is too low for any pattern, or the engine has no WebAssembly SIMD
 * @throws DOMException named AbortError when the signal fires; others as `attend` does
 */
export async function suggest(
  attention: Pick<Attention, 'attend'>,
  layers: readonly LayerInput[],
  options: SuggestOptions,
): Promise<Suggestion> {
  const { density, baseline = 'causal' } = options;
  if (!(density > 0 && density <= 1)) throw new SuggestError(`A density is more than 0 and at most 1, not ${density}.`);
  const kernel = await openRowKernel(true);
  if (kernel === undefined) throw new SuggestError('This JavaScript engine has no WebAssembly SIMD.');
  const [first] = layers;
  if (first === undefined) throw new SuggestError('There are no tensors.');
  const { heads, kvHeads, queries, keys, headDim } = await first.read();
  const offset = options.offset ?? keys - queries;
  const shape: CurveShape = { baseline, queries, keys, offset };
  const proposed: ProposalShape = {
    layers: layers.map(({ layer }) => layer),
    heads,
    kvHeads,
    queries,
    keys,
    headDim,
    offset,
  };
  const look: Look = { attention, kernel, layers, shape, proposed, options };
  const headPairs = density * queries * keys;
  const allHeads = heads * layers.length;
  const most = headPairs * allHeads;
  const budgets = LADDER.map(share => Math.min(1, share * density) * queries * keys);

  const { own, full, dynamic, where, oracle, ran } = await lookAtHeads(look, first, budgets, headPairs);
  const forAll = sharedBy(
    options.listed === true && allHeads > 1 ? await withSharedLists(look, own, where, budgets) : own,
  );
  const choosing = dynamic.flatMap((size, chooser) => (size === undefined ? [] : [{ chooser, size }]));
  const proposals = [
    ...sharedProposals(forAll, proposed),
    ...(options.perHead === false ? [] : ownProposals(own, forAll, proposed, most)),
    ...choosing.map(({ chooser, size }) => dynamicProposal(baseline, proposed, chooser, size)),
  ];
  if (proposals.length === 0) throw new TooFewPairsError(density);
  const kept = await measureAll(look, proposals, full);
  /** With what it comes to, unless that is too much. */
  const within = (proposal: Proposal, all: readonly Kept[] | undefined) => {
    if (all === undefined) return [];
    const pairs = all.reduce((sum, head) => sum + head.pairs, 0);
    const recall = all.reduce((sum, head) => sum + head.recall, 0) / all.length;
    const told = toldOf(proposal, pairs / (allHeads * queries * keys), recall);
    return pairs > most ? [] : [{ proposal, kept: all, told }];
  };
  const atOnce = proposals.flatMap((proposal, at) => within(proposal, kept[at]));
  const tried = choosing.map((each, at) => ({ ...each, kept: kept[proposals.length - choosing.length + at] }));
  const bestRecall = Math.max(0, ...atOnce.map(({ told }) => told.recall));
  const again = await fitAgain(look, tried, full, most, bestRecall);
  const measured = [...atOnce, ...again.flatMap(({ proposal, kept: all }) => within(proposal, all))].sort(
    (a, b) => b.told.recall - a.told.recall,
  );
  const [best] = measured;
  if (best === undefined) throw new SuggestError(`No pattern could be compiled at a density of ${density}.`);

  const alternatives = measured
    .slice(1)
    .flatMap(({ told }, at, all) =>
      told.family === best.told.family || all.findIndex(other => other.told.family === told.family) < at ? [] : [told],
    );
  const frontier = budgets.flatMap((pairs, budget): FrontierPoint[] => {
    const choice = bestAt(forAll, budget);
    // Above all pairs there is nothing more.
    if (choice === undefined || pairs === budgets[budget - 1]) return [];
    const perHead = own.map(ofHead => bestAt(ofHead, budget)?.recall ?? 0);
    return [
      {
        density: choice.pairs / (queries * keys),
        recall: choice.recall,
        family: choice.family,
        expression: textOf(choice.expression),
        perHead: perHead.reduce((sum, recall) => sum + recall, 0) / perHead.length,
        oracle: oracle.recall(choice.pairs / (queries * keys)),
      },
    ];
  });
  const reasons = reasonsFor(best.told, alternatives, where, shape, sampledRows(queries, keys).length * allHeads);
  return {
    ...best.told,
    baseline,
    budget: density,
    oracle: oracle.recall(best.told.density),
    text: sparseText(best.proposal, proposed, [
      `Suggested${options.subject === undefined ? '' : ` for ${options.subject}`}.`,
      ...reasons,
    ]),
    model: modelOf(best.proposal, proposed),
    heads: best.kept.map((head, at) => {
      const index = Math.floor(at / heads);
      const expression = best.proposal.expressions[index]?.[at % heads];
      return {
        layer: proposed.layers[index] ?? index,
        head: at % heads,
        expression: expression === undefined ? '' : textOf(expression),
        ...head,
      };
    }),
    alternatives,
    frontier,
    reasons,
    sampledRows: sampledRows(queries, keys).length,
    queries,
    backend: ran.backend,
    device: ran.device,
    notes: ran.notes,
  };
}

function toldOf({ family, isDynamic, expressions }: Proposal, density: number, recall: number): Measured {
  const texts = new Set(expressions.flat().map(textOf));
  const [only] = texts;
  return { family, isDynamic, expression: texts.size === 1 ? (only ?? null) : null, density, recall };
}
