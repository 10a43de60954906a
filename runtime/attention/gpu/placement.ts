import { FULL_TILE, maskCount, type TilePlan, wordsPerRow } from '../../compile/tile-plan.ts';
import type { PlanParts } from '../types.ts';
import type { KernelSpec } from './kernel.ts';
import { type HeadWork, makeSchedule, type Schedule } from './schedule.ts';

/** Rows of one tensor of one head, in one order, on the device. */
export interface Region {
  /** Head of the tensor as it comes from the host. */
  readonly head: number;
  /** The order, and where it stands in the plan buffer, in words; undefined: the order of the sequence. */
  readonly order: Uint32Array | undefined;
  readonly orderAt: number | undefined;
  /** Rows of a block, and those that are stored for it. */
  readonly block: number;
  readonly blockStored: number;
  readonly rows: number;
  readonly rowsStored: number;
  /** First row in the device's tensor. */
  readonly base: number;
}

/** A mask's parts that have tiles of one size: one series of dispatches. */
export interface PlacedPart {
  readonly tile: TilePlan['tile'];
  /** Where its masks begin in the mask buffer, in words. */
  readonly masksAt: number;
  readonly wordsPerRow: number;
  readonly works: readonly HeadWork[];
}

/** Where everything of a run lies on the device. */
export interface Placement {
  readonly queries: readonly Region[];
  readonly keys: readonly Region[];
  /** Rows of the packed queries, and of the packed keys and values. */
  readonly queryRows: number;
  readonly keyRows: number;
  readonly parts: readonly PlacedPart[];
  /** Plans in the order in which they are written; entries are moved by the number of masks before them. */
  readonly plans: readonly PlacedPlan[];
  readonly orders: readonly { readonly order: Uint32Array; readonly at: number }[];
  readonly planWords: number;
  readonly maskWords: number;
}

export interface PlacedPlan {
  readonly plan: TilePlan;
  /** First entry in the plan buffer. */
  readonly entry: number;
  /** Where its masks stand in the mask buffer, in words, and how many masks of its part come before them. */
  readonly masksAt: number;
  readonly masksBefore: number;
}

export interface PlacementShape {
  readonly heads: number;
  readonly kvHeads: number;
  readonly queries: number;
  readonly keys: number;
}

/** Lays out the tensors and plans of some heads for a kernel. */
export function place(shape: PlacementShape, parts: PlanParts, kernel: Pick<KernelSpec, 'rows'>): Placement {
  const split = parts.flatMap(splitByTile);
  const queries = new RegionTable();
  const keys = new RegionTable();
  const orders = new Map<Uint32Array, number>();
  const placedPlans: PlacedPlan[] = [];
  let entries = 0;
  let maskWords = 0;
  // Entries of all plans come first, then the orders.
  const placedParts = split.map(part => {
    const masksAt = maskWords;
    let masks = 0;
    const entryOf = new Map<TilePlan, number>();
    for (const { plan } of part.heads) {
      if (entryOf.has(plan)) continue;
      entryOf.set(plan, entries);
      placedPlans.push({ plan, entry: entries, masksAt: maskWords, masksBefore: masks });
      entries += plan.column.length;
      masks += maskCount(plan);
      maskWords += plan.masks.length;
    }
    return { ...part, masksAt, entryOf };
  });
  let planWords = entries * 2;
  for (const { heads } of split) {
    for (const { plan } of heads) {
      for (const order of [plan.queryOrder, plan.keyOrder]) {
        if (order === undefined || orders.has(order)) continue;
        orders.set(order, planWords);
        planWords += order.length;
      }
    }
  }
  const group = shape.heads / shape.kvHeads;
  const firstPart = new Map<number, number>();
  const lastPart = new Map<number, number>();
  placedParts.forEach(({ heads }, index) => {
    for (const { head } of heads) {
      if (!firstPart.has(head)) firstPart.set(head, index);
      lastPart.set(head, index);
    }
  });
  const works = placedParts.map(({ tile, heads, masksAt, entryOf }, index): PlacedPart => {
    const blockStored = Math.ceil(tile.queries / kernel.rows) * kernel.rows;
    const blocks = Math.ceil(shape.queries / tile.queries);
    const keysStored = Math.ceil(shape.keys / tile.keys) * tile.keys;
    return {
      tile,
      masksAt,
      wordsPerRow: wordsPerRow({ tile }),
      works: heads.map(({ head, plan }): HeadWork => {
        const orderAt = plan.queryOrder === undefined ? undefined : orders.get(plan.queryOrder);
        const q = queries.take({
          head,
          order: plan.queryOrder,
          orderAt,
          block: tile.queries,
          blockStored,
          rows: shape.queries,
          rowsStored: blocks * blockStored,
        });
        const kv = keys.take({
          head: Math.floor(head / group),
          order: plan.keyOrder,
          orderAt: plan.keyOrder === undefined ? undefined : orders.get(plan.keyOrder),
          block: keysStored,
          blockStored: keysStored,
          rows: shape.keys,
          rowsStored: keysStored,
        });
        return {
          plan,
          q,
          kv,
          entries: entryOf.get(plan) ?? 0,
          out: head * shape.queries,
          order: orderAt,
          first: firstPart.get(head) === index,
          last: lastPart.get(head) === index,
        };
      }),
    };
  });
  return {
    queries: queries.all,
    keys: keys.all,
    queryRows: queries.rows,
    keyRows: keys.rows,
    parts: works,
    plans: placedPlans,
    orders: [...orders].map(([order, at]) => ({ order, at })),
    planWords,
    maskWords,
  };
}

/** Schedules of all parts; segments of all of them share the rows after those of the result. */
export function schedules(
  { parts }: Placement,
  shape: PlacementShape,
  options: { readonly rows: number; readonly mostSegmentRows: number; readonly longest?: number | undefined },
): Schedule[] {
  return parts.map(({ works }) => makeSchedule(works, { ...options, segmentsFrom: shape.heads * shape.queries }));
}

/** Writes entries and orders of all plans. */
export function planWords({ plans, orders, planWords }: Placement): Uint32Array<ArrayBuffer> {
  const words = new Uint32Array(planWords);
  for (const { plan, entry, masksBefore } of plans) {
    const { column, maskId } = plan;
    for (let i = 0; i < column.length; i++) {
      const mask = Number(maskId[i]);
      words[2 * (entry + i)] = Number(column[i]);
      words[2 * (entry + i) + 1] = mask === FULL_TILE ? FULL_TILE : mask + masksBefore;
    }
  }
  for (const { order, at } of orders) words.set(order, at);
  return words;
}

/** Regions that are not there yet come after those that are. */
class RegionTable {
  readonly all: Region[] = [];
  rows = 0;

  /** First row of such a region. */
  take(wanted: Omit<Region, 'base'>): number {
    const known = this.all.find(
      ({ head, order, block, blockStored }) =>
        head === wanted.head && order === wanted.order && block === wanted.block && blockStored === wanted.blockStored,
    );
    if (known !== undefined) return known.base;
    const base = this.rows;
    this.all.push({ ...wanted, base });
    this.rows += wanted.rowsStored;
    return base;
  }
}

interface TilePart {
  readonly tile: TilePlan['tile'];
  readonly heads: readonly { readonly head: number; readonly plan: TilePlan }[];
}

/** Parts in which all plans have tiles of one size. */
function splitByTile({ plans, headPlan }: PlanParts[number]): TilePart[] {
  const bySize = new Map<string, { tile: TilePlan['tile']; heads: { head: number; plan: TilePlan }[] }>();
  headPlan.forEach((index, head) => {
    const plan = plans[index];
    if (plan === undefined) throw new RangeError(`Head ${head} has no plan.`);
    const name = `${plan.tile.queries} ${plan.tile.keys}`;
    const known = bySize.get(name);
    if (known === undefined) bySize.set(name, { tile: plan.tile, heads: [{ head, plan }] });
    else known.heads.push({ head, plan });
  });
  return [...bySize.values()];
}

/** 32-bit words of the masks of all plans, in their order. */
export function copyMasks(placement: Placement, write: (masks: Uint32Array, at: number) => void): void {
  for (const { plan, masksAt } of placement.plans) if (plan.masks.length > 0) write(plan.masks, masksAt);
}
