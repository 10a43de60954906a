import { Crew } from './crew.ts';
import { workerSource } from './generated/worker.ts';
import type { FromWorker } from './messages.ts';
import { letCompute, SharedBuffers } from './shared-memory.ts';
import { feedSlices, type SlicedRun } from './slices.ts';
import { WorkQueue } from './work.ts';
import type { WorkerHost } from './worker-host.ts';

export interface PoolRun extends SlicedRun {
  readonly threads: number;
  /** Do workers get all in shared memory, or slices that are transferred? */
  readonly shared: boolean;
  readonly signal: AbortSignal | undefined;
}

/** Workers that compute attention and are kept between runs. */
export class WorkerPool {
  readonly #crew: Crew<FromWorker>;
  readonly #buffers = new SharedBuffers();

  constructor(host: WorkerHost, wasm: Uint8Array<ArrayBuffer>) {
    this.#crew = new Crew(host, workerSource, wasm);
  }

  /**
   * Computes the run and writes `o` and `lse`. Returns the milliseconds from the first message to the last.
   *
   * @throws WorkerError when workers do not start or die; RangeError when memory does not suffice; AbortError when the
   * signal fires. In each case all workers are ended.
   */
  async run(run: PoolRun): Promise<number> {
    try {
      return await this.#crew.use(run.threads, run.signal, async members => {
        const shared = run.shared ? this.#buffers.place(run) : undefined;
        const started = performance.now();
        if (shared !== undefined) {
          const counters = WorkQueue.counters(run.list) * Int32Array.BYTES_PER_ELEMENT;
          const taken = new Int32Array(new SharedArrayBuffer(counters));
          await Promise.all(members.map(member => letCompute(member, shared, taken, run.onProgress)));
        } else {
          const queue = new WorkQueue(run.list);
          await Promise.all(members.map(member => feedSlices(member, run, queue)));
        }
        const spent = performance.now() - started;
        if (shared !== undefined) {
          run.o.set(shared.o);
          run.lse.set(shared.lse);
          this.#buffers.release();
        }
        return spent;
      });
    } catch (error) {
      this.#buffers.clear();
      throw error;
    }
  }

  dispose(): void {
    this.#crew.dispose();
    this.#buffers.clear();
  }
}
