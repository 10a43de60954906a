import { unlessAborted } from '../abort.ts';
import type { Computation } from './compute.ts';
import { workerSource } from './generated/worker.ts';
import { blockRows } from './kernel.ts';
import type { FromWorker, ToWorker } from './messages.ts';
import { inSharedMemory } from './shared-memory.ts';
import { planOf, WorkQueue } from './work.ts';
import type { WorkerHost, WorkerPort } from './worker-host.ts';

/** Workers that could not be started, or that died. The caller computes in its own thread instead. */
export class WorkerError extends Error {
  override readonly name = 'WorkerError';
}

/** How long a worker may take to start. */
const START_MS = 10_000;
const OUT_OF_TURN = 'A worker answered out of turn.';

/** A worker and what it is doing. */
interface Member {
  readonly port: WorkerPort;
  receive: (message: FromWorker) => void;
  fail: (reason: string) => void;
  end(): void;
}

export interface PoolRun extends Computation {
  readonly threads: number;
  /** Multiply-adds of one message to a worker that shares no memory. */
  readonly batch: number;
  /** Do workers get all in shared memory, or slices that are transferred? */
  readonly shared: boolean;
  readonly signal: AbortSignal | undefined;
  /** Called with the multiply-adds done. */
  readonly onProgress: (done: number) => void;
}

/** Workers that are kept between runs. */
export class WorkerPool {
  readonly #host: WorkerHost;
  readonly #wasm: Uint8Array<ArrayBuffer>;
  #members: Member[] = [];

  constructor(host: WorkerHost, wasm: Uint8Array<ArrayBuffer>) {
    this.#host = host;
    this.#wasm = wasm;
  }

  /**
   * Computes the run and writes `o` and `lse`. Returns the milliseconds from the first message to the last.
   *
   * @throws WorkerError when workers do not start or die; RangeError when memory does not suffice; AbortError when the
   * signal fires. In each case all workers are ended: one in the middle of its work could not be stopped otherwise.
   */
  async run(run: PoolRun): Promise<number> {
    const { signal } = run;
    try {
      await unlessAborted(this.#start(run.threads), signal);
      const members = this.#members.slice(0, run.threads);
      const shared = run.shared ? inSharedMemory(run) : undefined;
      const started = performance.now();
      if (shared !== undefined) {
        const counters = WorkQueue.counters(run.list) * Int32Array.BYTES_PER_ELEMENT;
        const taken = new Int32Array(new SharedArrayBuffer(counters));
        const all = members.map(member => letCompute(member, shared, taken, run.onProgress));
        await unlessAborted(Promise.all(all), signal);
      } else {
        const queue = new WorkQueue(run.list);
        await unlessAborted(Promise.all(members.map(member => feedSlices(member, run, queue))), signal);
      }
      const spent = performance.now() - started;
      if (shared !== undefined) {
        run.o.set(shared.o);
        run.lse.set(shared.lse);
      }
      return spent;
    } catch (error) {
      this.dispose();
      throw error;
    } finally {
      for (const { port } of this.#members) port.hold(false);
    }
  }

  dispose(): void {
    for (const member of this.#members) member.end();
    this.#members = [];
  }

  async #start(threads: number): Promise<void> {
    for (const { port } of this.#members) port.hold(true);
    const starting: Promise<void>[] = [];
    while (this.#members.length < threads) starting.push(this.#spawn());
    await Promise.all(starting);
  }

  #spawn(): Promise<void> {
    let port: WorkerPort;
    try {
      port = this.#host.spawn(workerSource);
    } catch (error) {
      throw new WorkerError(error instanceof Error ? error.message : String(error));
    }
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => member.fail('A worker did not start in time.'), START_MS);
      const member: Member = {
        port,
        receive: message => {
          clearTimeout(timer);
          if (message.type === 'ready') resolve();
          else member.fail(message.type === 'failed' ? message.reason : OUT_OF_TURN);
        },
        fail: reason => {
          clearTimeout(timer);
          reject(new WorkerError(reason));
        },
        end() {
          clearTimeout(timer);
          port.terminate();
        },
      };
      port.listen({
        message: data => member.receive(data as FromWorker),
        error: reason => member.fail(reason),
      });
      port.hold(true);
      this.#members.push(member);
      send(member, { type: 'load', wasm: this.#wasm });
    });
  }
}

/** Has one worker compute a run in shared memory, together with others. */
function letCompute(
  member: Member,
  run: Computation,
  taken: Int32Array,
  onProgress: (done: number) => void,
): Promise<void> {
  return new Promise((resolve, reject) => {
    member.fail = reason => reject(new WorkerError(reason));
    member.receive = message => {
      if (message.type === 'progress') onProgress(message.cost);
      else if (message.type === 'computed') resolve();
      else member.fail(message.type === 'failed' ? message.reason : OUT_OF_TURN);
    };
    send(member, { type: 'compute', run, taken });
  });
}

/** Feeds one worker slices of a run until nothing is left: two at a time, so that it need not wait for the next one. */
function feedSlices(member: Member, run: PoolRun, queue: WorkQueue): Promise<void> {
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
        const slice = sliceOf(run, next.item);
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

  function sliceOf({ list: { costBefore } }: PoolRun, item: number): Slice {
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

function send({ port }: Member, message: ToWorker, transfer?: ArrayBuffer[]): void {
  port.post(message, transfer);
}
