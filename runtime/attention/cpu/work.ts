import type { TilePlan } from '../../compile/tile-plan.ts';
import { rowBlocks } from '../../compile/tile-plan.ts';
import type { AttentionInput, HeadPlans } from '../types.ts';

/** One row block of one head. */
export interface WorkItem {
  readonly head: number;
  readonly kvHead: number;
  readonly plan: number;
  readonly block: number;
  /** Multiply-adds of its tiles. */
  readonly cost: number;
}

/** All row blocks of a run, one key/value head after the other and longest first within each. */
export function workItems({ heads, kvHeads, headDim }: AttentionInput, { plans, headPlan }: HeadPlans): WorkItem[] {
  const items: WorkItem[] = [];
  for (let head = 0; head < heads; head++) {
    const index = headPlan[head] ?? -1;
    const plan = plans[index];
    if (plan === undefined) throw new RangeError(`Head ${head} has no plan.`);
    const kvHead = Math.floor((head * kvHeads) / heads);
    for (let block = 0; block < rowBlocks(plan); block++) {
      items.push({ head, kvHead, plan: index, block, cost: blockCost(plan, block, headDim) });
    }
  }
  return items.sort((a, b) => a.kvHead - b.kvHead || b.cost - a.cost);
}

function blockCost({ rowStart, tile }: TilePlan, block: number, headDim: number): number {
  const entries = Number(rowStart[block + 1]) - Number(rowStart[block]);
  // Even an empty block has to be written.
  return tile.queries * headDim * (2 * entries * tile.keys + 1);
}

/**
 * Groups items into batches of one key/value head and about `target` multiply-adds, to keep messages few.
 * `items` must be sorted as workItems does.
 */
export function batches(items: readonly WorkItem[], target: number): WorkItem[][] {
  const groups: WorkItem[][] = [];
  let current: WorkItem[] = [];
  let cost = 0;
  for (const item of items) {
    const first = current[0];
    if (first !== undefined && (first.kvHead !== item.kvHead || cost + item.cost > target)) {
      groups.push(current);
      current = [];
      cost = 0;
    }
    current.push(item);
    cost += item.cost;
  }
  if (current.length > 0) groups.push(current);
  return groups;
}
