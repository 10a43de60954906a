import type { Attention } from '../../attention/attention.ts';
import type { AttendOptions, AttentionInput, AttentionResult, PlanParts } from '../../attention/types.ts';
import { CompileError } from '../../compile/mask-tree.ts';
import { type SelectOptions, selectHeads } from '../../dynamic/select-heads.ts';
import { keysPerRow, plansOfHead } from '../quality/plan-rows.ts';
import { modelOf, type Proposal, type ProposalShape } from './proposal.ts';

/** What one head's pattern really has and keeps. */
export interface Kept {
  readonly pairs: number;
  readonly recall: number;
}

/** A layer's tensors, and the log-sum-exps of full attention on them. */
export interface MeasuredLayer {
  readonly input: AttentionInput;
  /** [heads * queries] */
  readonly lse: Float32Array;
}

/**
 * Pairs and recall of a proposal in one layer, by compiling or choosing its masks and running attention over them: nothing
 * is sampled. Undefined when a mask is too large to compile.
 */
export async function keptBy(
  attention: Pick<Attention, 'attend'>,
  proposal: Proposal,
  shape: ProposalShape,
  index: number,
  { input, lse }: MeasuredLayer,
  options: AttendOptions,
): Promise<readonly Kept[] | undefined> {
  const parts = await partsOf(proposal, shape, index, input, options);
  if (parts === undefined) return undefined;
  const result = await attention.attend(input, parts, options);
  return Array.from({ length: input.heads }, (_, head) => ({
    pairs: pairsOfHead(parts, head, input.queries),
    recall: recallOfHead(result, lse, head, input.queries),
  }));
}

/** Masks of a proposal in one layer, for some of its heads. */
export async function partsOf(
  proposal: Proposal,
  shape: ProposalShape,
  index: number,
  input: AttentionInput,
  options: AttendOptions,
): Promise<PlanParts | undefined> {
  try {
    const heads = [...Array(input.heads).keys()];
    const layer = shape.layers[index] ?? 0;
    const chosen = await selectHeads(modelOf(proposal, shape), layer, heads, input, selectionOf(options));
    return chosen.parts;
  } catch (error) {
    if (error instanceof CompileError) return undefined;
    throw error;
  }
}

/** How keys are chosen for attention with these options: by the same scores, and until it is cancelled. */
export function selectionOf({ scale, signal }: AttendOptions): SelectOptions {
  return { ...(scale !== undefined && { scale }), signal };
}

export function pairsOfHead(parts: PlanParts, head: number, queries: number): number {
  return keysPerRow(plansOfHead(parts, head), queries).reduce((sum, count) => sum + count, 0);
}

function recallOfHead(result: AttentionResult, full: Float32Array, head: number, queries: number): number {
  let sum = 0;
  for (let row = head * queries; row < (head + 1) * queries; row++)
    sum += Math.min(1, Math.exp(Number(result.lse[row]) - Number(full[row])));
  return sum / queries;
}
