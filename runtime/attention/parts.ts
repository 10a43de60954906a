import type { TilePlan } from '../compile/tile-plan.ts';
import { AttentionInputError } from './check-input.ts';
import type { AttentionInput, AttentionOptions, AttentionResult, HeadPlans, PlanParts } from './types.ts';

/** Attention over plans in the order of the sequence. */
export type RunPlans = (input: AttentionInput, plans: HeadPlans, options: AttentionOptions) => Promise<AttentionResult>;

/**
 * Attention over masks in disjoint parts, by what knows plans in the order of the sequence alone: queries, keys
 * and values are sorted for each part, and the parts' outputs merged by their log-sum-exps, which is exact:
 * `o = sum_p exp(lse_p - lse) o_p` with `lse = log sum_p exp(lse_p)`.
 */
export async function runParts(
  run: RunPlans,
  input: AttentionInput,
  parts: PlanParts,
  options: AttentionOptions,
): Promise<AttentionResult> {
  const [only] = parts;
  if (only !== undefined && parts.length === 1 && !only.plans.some(isSorted)) return run(input, only, options);
  const started = performance.now();
  const tiles = parts.map(tilesOf);
  const all = tiles.reduce((sum, count) => sum + count, 0);
  const merged = {
    o: new Float32Array(input.q.length),
    lse: new Float32Array(input.heads * input.queries).fill(Number.NEGATIVE_INFINITY),
  };
  let kernelMs = 0;
  let sortMs = 0;
  let last: AttentionResult | undefined;
  let before = 0;
  const notes: string[] = [];
  for (const [index, part] of parts.entries()) {
    const share = all === 0 ? 1 / parts.length : (tiles[index] ?? 0) / all;
    const from = before;
    const sorting = performance.now();
    const ownInput = sorted(input, part);
    sortMs += performance.now() - sorting;
    const result = await run(ownInput, withoutOrders(part), {
      ...options,
      ...(options.onProgress === undefined
        ? {}
        : { onProgress: (done: number) => options.onProgress?.(from + share * done) }),
    });
    before += share;
    kernelMs += result.timing.kernelMs;
    last = result;
    for (const note of result.notes) if (!notes.includes(note)) notes.push(note);
    const merging = performance.now();
    merge(merged, result, input, part);
    sortMs += performance.now() - merging;
  }
  if (last === undefined) throw new AttentionInputError('A mask has at least one part.');
  const timing = { kernelMs: kernelMs + sortMs, sortMs, totalMs: performance.now() - started };
  return { ...last, ...merged, timing, notes };
}

function isSorted({ queryOrder, keyOrder }: TilePlan): boolean {
  return queryOrder !== undefined || keyOrder !== undefined;
}

function tilesOf({ plans, headPlan }: HeadPlans): number {
  return headPlan.reduce((sum, index) => sum + (plans[index]?.column.length ?? 0), 0);
}

function planOf({ plans, headPlan }: HeadPlans, head: number): TilePlan {
  const plan = plans[headPlan[head] ?? -1];
  if (plan === undefined) throw new RangeError(`Head ${head} has no plan.`);
  return plan;
}

function withoutOrders({ plans, headPlan }: HeadPlans): HeadPlans {
  return { plans: plans.map(({ queryOrder: _, keyOrder: __, ...plan }) => plan), headPlan };
}

/** Queries, keys and values in the order of each head's plan; heads that need other orders get keys of their own. */
function sorted(input: AttentionInput, part: HeadPlans): AttentionInput {
  if (!part.plans.some(isSorted)) return input;
  const { q, k, v, heads, kvHeads, queries, keys, headDim } = input;
  const group = heads / kvHeads;
  const orders = Array.from({ length: heads }, (_, head) => planOf(part, head));
  const shared = orders.every((plan, head) => plan.keyOrder === orders[head - (head % group)]?.keyOrder);
  const keyHeads = shared ? kvHeads : heads;
  const gatherKeys = (from: Float32Array): Float32Array => {
    const to = new Float32Array(keyHeads * keys * headDim);
    for (let head = 0; head < keyHeads; head++) {
      const order = orders[shared ? head * group : head]?.keyOrder;
      const source = shared ? head : Math.floor(head / group);
      gather(from, source * keys, to, head * keys, order, keys, headDim);
    }
    return to;
  };
  const sortedQ = new Float32Array(q.length);
  for (const [head, { queryOrder }] of orders.entries())
    gather(q, head * queries, sortedQ, head * queries, queryOrder, queries, headDim);
  return { ...input, q: sortedQ, k: gatherKeys(k), v: gatherKeys(v), kvHeads: keyHeads };
}

/** Rows `order[0], order[1], ...` of one matrix into another, both counted in rows of `width`. */
function gather(
  from: Float32Array,
  fromRow: number,
  to: Float32Array,
  toRow: number,
  order: Uint32Array | undefined,
  rows: number,
  width: number,
): void {
  if (order === undefined) {
    to.set(from.subarray(fromRow * width, (fromRow + rows) * width), toRow * width);
    return;
  }
  for (let row = 0; row < rows; row++) {
    const source = (fromRow + (order[row] ?? 0)) * width;
    to.set(from.subarray(source, source + width), (toRow + row) * width);
  }
}

function merge(
  merged: { readonly o: Float32Array; readonly lse: Float32Array },
  result: AttentionResult,
  { heads, queries, headDim }: AttentionInput,
  part: HeadPlans,
): void {
  for (let head = 0; head < heads; head++) {
    const order = planOf(part, head).queryOrder;
    for (let row = 0; row < queries; row++) {
      const from = head * queries + row;
      const to = head * queries + (order?.[row] ?? row);
      const added = result.lse[from] ?? Number.NEGATIVE_INFINITY;
      if (added === Number.NEGATIVE_INFINITY) continue;
      const known = merged.lse[to] ?? Number.NEGATIVE_INFINITY;
      const largest = Math.max(known, added);
      const before = Math.exp(known - largest);
      const more = Math.exp(added - largest);
      const sum = before + more;
      merged.lse[to] = largest + Math.log(sum);
      for (let d = 0; d < headDim; d++)
        merged.o[to * headDim + d] =
          ((merged.o[to * headDim + d] ?? 0) * before + (result.o[from * headDim + d] ?? 0) * more) / sum;
    }
  }
}
