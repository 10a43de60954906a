import { unlessAborted } from '../abort.ts';
import { Crew } from './crew.ts';
import { workerSource } from './generated/worker.ts';
import type { FromWorker, ToWorker } from './messages.ts';
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

/** Workers that are kept between runs. */
export class WorkerPool {
  readonly #crew: Crew<FromWorker>;
  readonly #buffers = new SharedBuffers();

  constructor(host: WorkerHost, wasm: Uint8Array<ArrayBuffer>) {
    this.#crew = new Crew(host, workerSource, { type: 'load', wasm } satisfies ToWorker);
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
      const members = await unlessAborted(this.#crew.start(run.threads), signal);
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
      this.#crew.rest();
    }
  }

  dispose(): void {
    this.#crew.dispose();
    this.#buffers.clear();
  }
}
