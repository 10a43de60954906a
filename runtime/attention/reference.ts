import { FULL_TILE, type TilePlan, wordsPerMask, wordsPerRow } from '../compile/tile-plan.ts';
import { breathe, throwIfAborted } from './abort.ts';
import { attentionScale, checkInput } from './check-input.ts';
import type { AttentionInput, AttentionOptions, AttentionResult, Backend, HeadPlans, PlanParts } from './types.ts';

/** One query row of one head. */
export interface HeadRow {
  readonly head: number;
  readonly row: number;
}

/** Attention of some rows in float64. */
export interface ReferenceRows {
  readonly rows: readonly HeadRow[];
  /** [rows][headDim] */
  readonly o: Float64Array;
  /** [rows] natural log of the sum of exp(score); -Infinity for a row without keys. */
  readonly lse: Float64Array;
}

/**
 * The definition of attention, in float64, for the rows asked for: scores of all allowed keys, softmax with the
 * maximum taken out, weighted sum of values. Nothing is tiled, fused or approximated: everything else is measured
 * against this. A row without keys gives zeros and -Infinity.
 *
 * @throws AttentionInputError when tensors and plans do not fit together.
 */
export function referenceRows(
  input: AttentionInput,
  plans: PlanParts,
  rows: readonly HeadRow[],
  scale?: number,
): ReferenceRows {
  for (const part of plans) checkInput(input, part);
  const factor = attentionScale(input, scale === undefined ? {} : { scale });
  const o = new Float64Array(rows.length * input.headDim);
  const lse = new Float64Array(rows.length);
  rows.forEach(({ head, row }, index) => {
    const out = o.subarray(index * input.headDim, (index + 1) * input.headDim);
    const allowed = plans.flatMap(part => keysOfRow(planOf(part, head), row));
    lse[index] = attendRow(input, allowed, head, row, factor, out);
  });
  return { rows, o, lse };
}

/** The reference as a backend: slow, for checks and for machines where nothing else works. */
export function createReferenceBackend(): Backend {
  return { id: 'reference', device: 'float64 reference', run, dispose: () => {} };
}

async function run(input: AttentionInput, parts: PlanParts, options: AttentionOptions): Promise<AttentionResult> {
  const started = performance.now();
  for (const part of parts) checkInput(input, part);
  const { heads, queries, headDim } = input;
  const scale = attentionScale(input, options);
  const o = new Float32Array(heads * queries * headDim);
  const lse = new Float32Array(heads * queries);
  const out = new Float64Array(headDim);
  let pause = started + 30;
  for (let head = 0; head < heads; head++) {
    const plans = parts.map(part => planOf(part, head));
    for (let row = 0; row < queries; row++) {
      const at = head * queries + row;
      const allowed = plans.flatMap(plan => keysOfRow(plan, row));
      lse[at] = attendRow(input, allowed, head, row, scale, out);
      o.set(out, at * headDim);
      if (performance.now() > pause) {
        options.onProgress?.((at + 1) / (heads * queries));
        await breathe();
        throwIfAborted(options.signal);
        pause = performance.now() + 30;
      }
    }
  }
  throwIfAborted(options.signal);
  options.onProgress?.(1);
  const ms = performance.now() - started;
  return {
    o,
    lse,
    timing: { kernelMs: ms, sortMs: 0, totalMs: ms },
    backend: 'reference',
    device: 'float64 reference',
    kernel: '',
    notes: [],
  };
}

/** Writes one row of the output and returns its log-sum-exp. */
function attendRow(
  input: AttentionInput,
  allowed: readonly number[],
  head: number,
  row: number,
  scale: number,
  out: Float64Array,
): number {
  const { q, k, v, heads, kvHeads, queries, keys, headDim } = input;
  out.fill(0);
  if (allowed.length === 0) return Number.NEGATIVE_INFINITY;
  const kvHead = Math.floor((head * kvHeads) / heads);
  const queryAt = (head * queries + row) * headDim;
  let largest = Number.NEGATIVE_INFINITY;
  const scores = allowed.map(key => {
    const keyAt = (kvHead * keys + key) * headDim;
    let dot = 0;
    for (let d = 0; d < headDim; d++) dot += Number(q[queryAt + d]) * Number(k[keyAt + d]);
    const score = dot * scale;
    if (score > largest) largest = score;
    return score;
  });
  let sum = 0;
  allowed.forEach((key, index) => {
    const weight = Math.exp(Number(scores[index]) - largest);
    sum += weight;
    const valueAt = (kvHead * keys + key) * headDim;
    for (let d = 0; d < headDim; d++) out[d] = Number(out[d]) + weight * Number(v[valueAt + d]);
  });
  for (let d = 0; d < headDim; d++) out[d] = Number(out[d]) / sum;
  return largest + Math.log(sum);
}

/** Keys that a query row may attend to, in the order of the plan. */
function keysOfRow(plan: TilePlan, queryRow: number): number[] {
  const { tile, rowStart, column, maskId, masks, queryOrder, keyOrder } = plan;
  const row = queryOrder === undefined ? queryRow : queryOrder.indexOf(queryRow);
  const block = Math.floor(row / tile.queries);
  const tileRow = row % tile.queries;
  const found: number[] = [];
  for (let entry = Number(rowStart[block]); entry < Number(rowStart[block + 1]); entry++) {
    const first = Number(column[entry]) * tile.keys;
    const id = Number(maskId[entry]);
    const words = id * wordsPerMask(plan) + tileRow * wordsPerRow(plan);
    for (let c = 0; c < tile.keys && first + c < plan.keys; c++) {
      if (id === FULL_TILE || (Number(masks[words + (c >>> 5)]) >>> (c & 31)) & 1)
        found.push(keyOrder?.[first + c] ?? first + c);
    }
  }
  return found;
}

function planOf({ plans, headPlan }: HeadPlans, head: number): TilePlan {
  const plan = plans[headPlan[head] ?? -1];
  if (plan === undefined) throw new RangeError(`Head ${head} has no plan.`);
  return plan;
}
