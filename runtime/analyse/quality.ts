import type { Attention } from '../attention/attention.ts';
import { checkFinite, type HeadNames } from '../attention/check-finite.ts';
import { AttentionInputError, attentionScale, checkInput } from '../attention/check-input.ts';
import type { AttendOptions, AttentionInput, BackendId, PlanParts } from '../attention/types.ts';
import { type Baseline, baselinePlans } from './quality/baseline.ts';
import { type Distribution, distributionOf } from './quality/distribution.ts';
import { compareOutputs, type OutputQuality } from './quality/outputs.ts';
import { MaskRows, plansOfHead, seesLaterKeys } from './quality/plan-rows.ts';
import type { Surveyor } from './quality/survey.ts';
import { createSurveyor } from './quality/surveyor.ts';

export type { Baseline } from './quality/baseline.ts';
export type { CurvePoint, QualityCurve } from './quality/curve.ts';
export type { Distribution } from './quality/distribution.ts';
export type { OutputQuality, RowRecall } from './quality/outputs.ts';

/** What a mask loses on one head's queries, keys and values. */
export interface HeadQuality extends OutputQuality {
  /** Head of the input, from 0. */
  readonly head: number;
  /** Allowed pairs, and their share of queries * keys. */
  readonly pairs: number;
  readonly density: number;
  /** Null when it was not asked for, or the engine has no WebAssembly SIMD. */
  readonly distribution: Distribution | null;
}

/** What the masks of one layer lose. */
export interface Quality {
  /** What recall, error and cosine are measured against. */
  readonly baseline: Baseline;
  readonly heads: readonly HeadQuality[];
  /** The backend that computed both outputs, its device, and what did not go as asked. */
  readonly backend: BackendId;
  readonly device: string;
  readonly notes: readonly string[];
}

export interface QualityOptions extends AttendOptions {
  /** Default: causal when no query of any head sees a later key, else full. */
  readonly baseline?: Baseline;
  /** Position of query row 0; default keys - queries, as in decoding. */
  readonly offset?: number;
  /** What heads are called in messages, where the input is a part of something larger. */
  readonly named?: HeadNames;
  /** How many of a head's worst rows are named; default 5. */
  readonly worstRows?: number;
  /**
   * Also compare the masks with the best possible ones, windows and random keys, which needs every score once more; default
   * true.
   */
  readonly distribution?: boolean;
  /** What looks at the probabilities for that; default: the calling thread. */
  readonly surveyor?: Surveyor;
}

/** Shares of the progress. */
const SPARSE_SHARE = 0.2;
const FULL_SHARE = 0.4;

/**
 * Measures what masks lose on real tensors: attention over the masks and over all keys (or all earlier ones), compared row
 * by row, and the masks with the best possible ones. Nothing is as large as queries * keys. Measured against a float64 reference, recall and cosine differ by less
 * than 1e-5, the error by less than 1e-5 + 1e-4 of itself.
 *
 * @param attention the backends; see `createAttention`
 * @param parts the heads' masks, static or chosen by content (`selectHeads`)
 * @throws AttentionInputError when tensors and plans do not fit together, or scores or outputs are beyond float32
 * @throws BackendError when the backend that was asked for is not available
 * @throws DOMException named AbortError when the signal fires
 */
export async function quality(
  attention: Pick<Attention, 'attend'>,
  input: AttentionInput,
  parts: PlanParts,
  options: QualityOptions = {},
): Promise<Quality> {
  for (const part of parts) checkInput(input, part);
  const { heads, kvHeads, queries, keys, headDim } = input;
  const { offset = keys - queries, worstRows = 5, onProgress } = options;
  const causal = isCausal(parts, offset);
  const { baseline = causal ? 'causal' : 'full' } = options;
  if (baseline === 'causal' && !causal)
    throw new AttentionInputError(
      'These masks let queries see later keys, of which causal attention has none: intersect them with causal().',
    );
  const run = (plans: PlanParts, from: number, share: number) =>
    attention.attend(input, plans, {
      ...options,
      ...(onProgress && { onProgress: (done: number) => onProgress(from + share * done) }),
    });
  const sparse = await run(parts, 0, SPARSE_SHARE);
  const full = await run([baselinePlans(baseline, heads, queries, keys, offset)], SPARSE_SHARE, FULL_SHARE);
  checkFinite(full, queries, false, options.named);
  const notes = new Set([...sparse.notes, ...full.notes]);
  const surveyor = options.surveyor ?? createSurveyor();
  const found: HeadQuality[] = [];
  const masks = new Map<string, MaskRows>();
  for (let head = 0; head < heads; head++) {
    const mask = maskOf(head);
    const pairs = mask.perRow.reduce((sum, count) => sum + count, 0);
    const kvHead = Math.floor((head * kvHeads) / heads);
    const before = SPARSE_SHARE + FULL_SHARE;
    const shape = { baseline, queries, keys, offset };
    const totals =
      options.distribution === false
        ? undefined
        : await surveyor.survey(
            {
              ...{ ...shape, headDim, mask, scale: attentionScale(input, options) },
              q: input.q.subarray(head * queries * headDim, (head + 1) * queries * headDim),
              k: input.k.subarray(kvHead * keys * headDim, (kvHead + 1) * keys * headDim),
            },
            {
              signal: options.signal,
              onProgress: share => onProgress?.(before + ((1 - before) * (head + share)) / heads),
            },
          );
    if (totals === undefined && options.distribution !== false)
      notes.add('This JavaScript engine has no WebAssembly SIMD: the oracle and the curves are left out.');
    found.push({
      head,
      pairs,
      density: pairs / (queries * keys),
      ...compareOutputs(sparse, full, { head, queries, headDim }, worstRows),
      distribution: totals === undefined ? null : distributionOf(totals, shape, pairs),
    });
  }
  for (const note of surveyor.notes()) notes.add(note);
  onProgress?.(1);
  return { baseline, heads: found, backend: full.backend, device: full.device, notes: [...notes] };

  /** Heads that share their plans share what is read off them. */
  function maskOf(head: number): MaskRows {
    const key = parts.map(({ headPlan }) => headPlan[head]).join();
    const mask = masks.get(key) ?? new MaskRows(plansOfHead(parts, head), queries, keys);
    masks.set(key, mask);
    return mask;
  }
}

function isCausal(parts: PlanParts, offset: number): boolean {
  return parts.every(({ plans }) => plans.every(plan => !seesLaterKeys(plan, offset)));
}
