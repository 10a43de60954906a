import type { Computation } from './compute.ts';
import { blockRows } from './kernel.ts';
import { type Member, OUT_OF_TURN, send, WorkerError } from './member.ts';
import { planOf, type WorkQueue } from './work.ts';

export interface SlicedRun extends Computation {
  /** Multiply-adds of one message. */
  readonly batch: number;
  /** Called with the multiply-adds done. */
  readonly onProgress: (done: number) => void;
}

/** Feeds one worker slices of a run until nothing is left: two at a time, so that it need not wait for the next one. */
export function feedSlices(member: Member, run: SlicedRun, queue: WorkQueue): Promise<void> {
  const { input, plans, scale, list, o, lse } = run;
  const { heads, kvHeads, queries, keys, headDim } = input;
  return new Promise((resolve, reject) => {
    const pending: Slice[][] = [];
    let group = -1;
    let next = queue.take(group);
    const feed = (): void => {
      if (next === undefined) return;
      const batch: Slice[] = [];
      const current = next.group;
      for (let cost = 0; next !== undefined && next.group === current && cost < run.batch; next = queue.take(current)) {
        const slice = sliceOf(next.item);
        batch.push(slice);
        cost += slice.cost;
      }
      const [first] = batch;
      if (first === undefined) return;
      if (current !== group) {
        group = current;
        const from = Math.floor((first.head * kvHeads) / heads) * keys * headDim;
        const k = input.k.slice(from, from + keys * headDim);
        const v = input.v.slice(from, from + keys * headDim);
        send(member, { type: 'keys', k, v, tile: planOf(plans, first.head).tile }, [k.buffer, v.buffer]);
      }
      const q = new Float32Array(batch.reduce((sum, { rows }) => sum + rows, 0) * headDim);
      let at = 0;
      for (const { row, rows } of batch) {
        q.set(input.q.subarray(row * headDim, (row + rows) * headDim), at);
        at += rows * headDim;
      }
      pending.push(batch);
      send(member, { type: 'work', blocks: batch.map(({ plan, block }) => ({ plan, block })), q }, [q.buffer]);
    };
    member.fail = reason => reject(new WorkerError(reason));
    member.receive = message => {
      const batch = message.type === 'done' ? pending.shift() : undefined;
      if (message.type !== 'done' || batch === undefined) {
        member.fail(message.type === 'failed' ? message.reason : OUT_OF_TURN);
        return;
      }
      let at = 0;
      let cost = 0;
      for (const slice of batch) {
        const { row, rows } = slice;
        o.set(message.o.subarray(at * headDim, (at + rows) * headDim), row * headDim);
        lse.set(message.lse.subarray(at, at + rows), row);
        at += rows;
        cost += slice.cost;
      }
      run.onProgress(cost);
      feed();
      if (pending.length === 0) end();
    };
    const end = (): void => {
      send(member, { type: 'clear' });
      resolve();
    };
    send(member, { type: 'plans', plans: plans.plans, headDim, scale });
    feed();
    feed();
    if (pending.length === 0) end();
  });

  function sliceOf(item: number): Slice {
    const { costBefore } = list;
    const head = list.heads[item] ?? 0;
    const block = list.blocks[item] ?? 0;
    const plan = planOf(plans, head);
    return {
      head,
      plan: plans.headPlan[head] ?? 0,
      block,
      row: head * queries + block * plan.tile.queries,
      rows: blockRows(plan, block),
      cost: (costBefore[item + 1] ?? 0) - (costBefore[item] ?? 0),
    };
  }
}

/** A row block in a message. */
interface Slice {
  readonly head: number;
  readonly plan: number;
  readonly block: number;
  /** First row in [heads * queries]. */
  readonly row: number;
  readonly rows: number;
  readonly cost: number;
}
