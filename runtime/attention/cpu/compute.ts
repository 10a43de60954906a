import type { AttentionInput, HeadPlans } from '../types.ts';
import { blockRows, type Kernel } from './kernel.ts';
import { planOf, type WorkList, type WorkQueue } from './work.ts';

/** A run whose tensors this thread can reach. */
export interface Computation {
  readonly input: AttentionInput;
  readonly plans: HeadPlans;
  /** Times q . k */
  readonly scale: number;
  readonly list: WorkList;
  /** [heads][queries][headDim], written. */
  readonly o: Float32Array;
  /** [heads][queries], written. */
  readonly lse: Float32Array;
}

/**
 * Computes items of the queue until none is left. Yields after each step of the kernel the multiply-adds that were
 * finished with it: 0 in the middle of an item.
 */
export function* compute(kernel: Kernel, queue: WorkQueue, run: Computation): Generator<number, void> {
  const { input, plans, scale, list, o, lse } = run;
  const { heads, kvHeads, queries, keys, headDim } = input;
  let group = -1;
  for (let next = queue.take(group); next !== undefined; next = queue.take(group)) {
    const { item } = next;
    const head = list.heads[item] ?? 0;
    const block = list.blocks[item] ?? 0;
    const plan = planOf(plans, head);
    if (next.group !== group) {
      group = next.group;
      const at = Math.floor((head * kvHeads) / heads) * keys * headDim;
      const k = input.k.subarray(at, at + keys * headDim);
      const v = input.v.subarray(at, at + keys * headDim);
      kernel.useKeys({ k, v, headDim, tile: plan.tile });
    }
    const first = head * queries + block * plan.tile.queries;
    const end = first + blockRows(plan, block);
    const rows = (of: Float32Array): Float32Array => of.subarray(first * headDim, end * headDim);
    for (const _ of kernel.attend({ plan, block, scale, q: rows(input.q), o: rows(o), lse: lse.subarray(first, end) }))
      yield 0;
    yield (list.costBefore[item + 1] ?? 0) - (list.costBefore[item] ?? 0);
  }
  kernel.clear();
}
