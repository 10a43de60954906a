import { unlessAborted } from '../abort.ts';
import type { AttentionInput, HeadPlans } from '../types.ts';
import { workerSource } from './generated/worker.ts';
import { blockRows } from './kernel-instance.ts';
import type { FromWorker, ToWorker } from './messages.ts';
import type { WorkItem } from './work.ts';
import type { WorkerHost, WorkerPort } from './worker-host.ts';

/** Workers that could not be started, or that died. The caller computes in its own thread instead. */
export class WorkerError extends Error {
  override readonly name = 'WorkerError';
}

/** How long a worker may take to start. */
const START_MS = 10_000;

/** A worker and what it is doing. */
interface Member {
  readonly port: WorkerPort;
  receive: (message: FromWorker) => void;
  fail: (reason: string) => void;
  end(): void;
}

export interface PoolRun {
  readonly input: AttentionInput;
  readonly plans: HeadPlans;
  readonly scale: number;
  readonly batches: readonly WorkItem[][];
  readonly threads: number;
  readonly o: Float32Array;
  readonly lse: Float32Array;
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
   * Computes all batches and writes `o` and `lse`. Returns the milliseconds from the first batch to the last.
   *
   * @throws WorkerError when workers do not start or die; AbortError when the signal fires. Either way all workers
   * are ended: one in the middle of a batch could not be stopped otherwise.
   */
  async run(run: PoolRun): Promise<number> {
    const { signal } = run;
    try {
      await unlessAborted(this.#start(run.threads), signal);
      const members = this.#members.slice(0, run.threads);
      const started = performance.now();
      let next = 0;
      const take = (): WorkItem[] | undefined => run.batches[next++];
      await unlessAborted(Promise.all(members.map(member => serve(member, run, take))), signal);
      return performance.now() - started;
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
          else member.fail(message.type === 'failed' ? message.reason : 'A worker answered out of turn.');
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

/** Feeds one worker until no batch is left: two at a time, so that it need not wait for the next one. */
function serve(member: Member, run: PoolRun, take: () => WorkItem[] | undefined): Promise<void> {
  const { input, plans, scale, o, lse } = run;
  const { queries, keys, headDim } = input;
  return new Promise((resolve, reject) => {
    const pending: WorkItem[][] = [];
    let kvHead = -1;
    const feed = (): void => {
      const batch = take();
      const first = batch?.[0];
      if (batch === undefined || first === undefined) return;
      if (first.kvHead !== kvHead) {
        kvHead = first.kvHead;
        const from = kvHead * keys * headDim;
        const k = input.k.slice(from, from + keys * headDim);
        const v = input.v.slice(from, from + keys * headDim);
        send(member, { type: 'head', k, v }, [k.buffer, v.buffer]);
      }
      const parts = batch.map(item => rowsOf(item, plans, queries));
      const q = new Float32Array(parts.reduce((sum, { rows }) => sum + rows, 0) * headDim);
      let at = 0;
      for (const { first: row, rows } of parts) {
        q.set(input.q.subarray(row * headDim, (row + rows) * headDim), at);
        at += rows * headDim;
      }
      pending.push(batch);
      send(member, { type: 'work', blocks: batch.map(({ plan, block }) => ({ plan, block })), q }, [q.buffer]);
    };
    member.fail = reason => reject(new WorkerError(reason));
    member.receive = message => {
      if (message.type === 'failed') {
        reject(new WorkerError(message.reason));
        return;
      }
      const batch = message.type === 'done' ? pending.shift() : undefined;
      if (message.type !== 'done' || batch === undefined) {
        reject(new WorkerError('A worker answered out of turn.'));
        return;
      }
      let at = 0;
      let cost = 0;
      for (const item of batch) {
        const { first, rows } = rowsOf(item, plans, queries);
        o.set(message.o.subarray(at * headDim, (at + rows) * headDim), first * headDim);
        lse.set(message.lse.subarray(at, at + rows), first);
        at += rows;
        cost += item.cost;
      }
      run.onProgress(cost);
      feed();
      if (pending.length === 0) {
        send(member, { type: 'clear' });
        resolve();
      }
    };
    send(member, { type: 'plans', plans: plans.plans, headDim, scale });
    feed();
    feed();
    if (pending.length === 0) resolve();
  });
}

/** First row in [heads * queries] and number of rows of an item. */
function rowsOf(item: WorkItem, { plans }: HeadPlans, queries: number): { first: number; rows: number } {
  const plan = plans[item.plan];
  if (plan === undefined) throw new RangeError(`There is no plan ${item.plan}.`);
  return { first: item.head * queries + item.block * plan.tile.queries, rows: blockRows(plan, item.block) };
}

function send({ port }: Member, message: ToWorker, transfer?: ArrayBuffer[]): void {
  port.post(message, transfer);
}
