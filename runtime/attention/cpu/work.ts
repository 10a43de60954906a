import type { TilePlan } from '../../compile/tile-plan.ts';
import { rowBlocks } from '../../compile/tile-plan.ts';
import type { AttentionInput, HeadPlans } from '../types.ts';
import { blockRows } from './kernel.ts';

/** One row block of one head. */
export interface WorkItem {
  readonly head: number;
  readonly block: number;
  readonly plan: TilePlan;
  /** Multiply-adds of its tiles. */
  readonly cost: number;
}

/**
 * All row blocks of a run in groups that share a key/value head and the size of tiles, so that packed keys serve the whole
 * group. The longest group comes first, and so does the longest row block of each. Typed arrays, which workers can share.
 */
export interface WorkList {
  /** [items] */
  readonly heads: Uint32Array;
  /** [items] */
  readonly blocks: Uint32Array;
  /** [items + 1]: multiply-adds of all items before. */
  readonly costBefore: Float64Array;
  /** [groups + 1]: first item of each group. */
  readonly groupStart: Uint32Array;
}

/** The plan of a head. */
export function planOf({ plans, headPlan }: HeadPlans, head: number): TilePlan {
  const plan = plans[headPlan[head] ?? -1];
  if (plan === undefined) throw new RangeError(`Head ${head} has no plan.`);
  return plan;
}

export function workList({ heads, kvHeads, headDim }: AttentionInput, plans: HeadPlans): WorkList {
  const groups = new Map<string, { items: WorkItem[]; cost: number }>();
  for (let head = 0; head < heads; head++) {
    const plan = planOf(plans, head);
    const kvHead = Math.floor((head * kvHeads) / heads);
    const name = `${kvHead} ${plan.tile.queries} ${plan.tile.keys}`;
    const group = groups.get(name) ?? { items: [], cost: 0 };
    groups.set(name, group);
    for (let block = 0; block < rowBlocks(plan); block++) {
      const cost = blockCost(plan, block, headDim);
      group.items.push({ head, block, plan, cost });
      group.cost += cost;
    }
  }
  const sorted = [...groups.values()].sort((a, b) => b.cost - a.cost);
  const items = sorted.flatMap(group => group.items.sort((a, b) => b.cost - a.cost));
  const costBefore = new Float64Array(items.length + 1);
  items.forEach(({ cost }, index) => {
    costBefore[index + 1] = (costBefore[index] ?? 0) + cost;
  });
  const groupStart = new Uint32Array(sorted.length + 1);
  sorted.forEach((group, index) => {
    groupStart[index + 1] = (groupStart[index] ?? 0) + group.items.length;
  });
  return {
    heads: Uint32Array.from(items, ({ head }) => head),
    blocks: Uint32Array.from(items, ({ block }) => block),
    costBefore,
    groupStart,
  };
}

function blockCost(plan: TilePlan, block: number, headDim: number): number {
  const entries = (plan.rowStart[block + 1] ?? 0) - (plan.rowStart[block] ?? 0);
  // Even an empty block has to be written.
  return blockRows(plan, block) * headDim * (2 * entries * plan.tile.keys + 1);
}

/** Multiply-adds of a whole list. */
export function totalCost({ costBefore }: WorkList): number {
  return costBefore[costBefore.length - 1] ?? 0;
}

/**
 * Hands out the items of a list, each once, to whoever asks; by way of shared counters also to several threads. A worker
 * stays with a group while it has items, then starts one that nobody works on, then helps where most is left.
 */
export class WorkQueue {
  readonly #list: WorkList;
  readonly #groups: number;
  /** [groups] items handed out of each group (or more, when it has no more); [1] groups started. */
  readonly #taken: Int32Array;

  constructor(list: WorkList, taken: Int32Array = new Int32Array(WorkQueue.counters(list))) {
    this.#list = list;
    this.#groups = list.groupStart.length - 1;
    this.#taken = taken;
  }

  /** How many counters, all 0 at first, a queue needs. */
  static counters({ groupStart }: WorkList): number {
    return groupStart.length;
  }

  /**
   * The next item for somebody who works on `group` (-1: on none), with its group.
   */
  take(group: number): { readonly group: number; readonly item: number } | undefined {
    for (let current = group < 0 ? this.#choose() : group; current >= 0; current = this.#choose()) {
      const [start, end] = this.#range(current);
      const item = start + Atomics.add(this.#taken, current, 1);
      if (item < end) return { group: current, item };
    }
    return undefined;
  }

  #range(group: number): readonly [number, number] {
    const { groupStart } = this.#list;
    return [groupStart[group] ?? 0, groupStart[group + 1] ?? 0];
  }

  /** A group to work on, or -1 when all are done. */
  #choose(): number {
    if (Atomics.load(this.#taken, this.#groups) < this.#groups) {
      const next = Atomics.add(this.#taken, this.#groups, 1);
      if (next < this.#groups) return next;
    }
    let best = -1;
    let most = 0;
    for (let group = 0; group < this.#groups; group++) {
      const [start, end] = this.#range(group);
      const next = Math.min(end, start + Atomics.load(this.#taken, group));
      const left = (this.#list.costBefore[end] ?? 0) - (this.#list.costBefore[next] ?? 0);
      if (left > most) [best, most] = [group, left];
    }
    return best;
  }
}
