import { unlessAborted } from '../abort.ts';
import { workerSource } from './generated/worker.ts';
import { type Member, OUT_OF_TURN, send, WorkerError } from './member.ts';
import type { FromWorker } from './messages.ts';
import { letCompute, SharedBuffers } from './shared-memory.ts';
import { feedSlices, type SlicedRun } from './slices.ts';
import { WorkQueue } from './work.ts';
import type { WorkerHost, WorkerPort } from './worker-host.ts';

/** How long a worker may take to start. */
const START_MS = 10_000;

export interface PoolRun extends SlicedRun {
  readonly threads: number;
  /** Do workers get all in shared memory, or slices that are transferred? */
  readonly shared: boolean;
  readonly signal: AbortSignal | undefined;
}

/** Workers that are kept between runs. */
export class WorkerPool {
  readonly #host: WorkerHost;
  readonly #wasm: Uint8Array<ArrayBuffer>;
  readonly #buffers = new SharedBuffers();
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
      const shared = run.shared ? this.#buffers.place(run) : undefined;
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
        this.#buffers.release();
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
    this.#buffers.clear();
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
