import { BufferUsage, MAP_READ } from './usage.ts';

/** Dispatches that can be timed on the device in one run; the rest is timed by the clock. */
const CAPACITY = 1024;
/** Query results are written at multiples of 256 bytes. */
const PITCH = 256;

/** Sums the device's own times of dispatches. */
export class DispatchTimer {
  readonly #device: GPUDevice;
  readonly #queries: GPUQuerySet | undefined;
  readonly #results: GPUBuffer | undefined;
  readonly #read: GPUBuffer | undefined;
  #timed = 0;
  #clockMs = 0;

  constructor(device: GPUDevice, timestamps: boolean) {
    this.#device = device;
    if (!timestamps) return;
    this.#queries = device.createQuerySet({ type: 'timestamp', count: 2 });
    const size = CAPACITY * PITCH;
    this.#results = device.createBuffer({ size, usage: BufferUsage.QUERY_RESOLVE | BufferUsage.COPY_SRC });
    this.#read = device.createBuffer({ size, usage: BufferUsage.MAP_READ | BufferUsage.COPY_DST });
  }

  /** For the descriptor of the next compute pass. */
  writes(): { timestampWrites?: GPUComputePassTimestampWrites } {
    if (this.#queries === undefined || this.#timed === CAPACITY) return {};
    return { timestampWrites: { querySet: this.#queries, beginningOfPassWriteIndex: 0, endOfPassWriteIndex: 1 } };
  }

  /** After the pass. */
  resolve(encoder: GPUCommandEncoder): void {
    if (this.#queries === undefined || this.#results === undefined || this.#timed === CAPACITY) return;
    encoder.resolveQuerySet(this.#queries, 0, 2, this.#results, this.#timed * PITCH);
    this.#timed++;
  }

  /** Adds what the clock said about a dispatch. */
  clock(ms: number): void {
    this.#clockMs += ms;
  }

  /** Milliseconds of all dispatches: by the device's timestamps if they make sense, else by the clock. */
  async total(dispatches: number): Promise<number> {
    if (this.#results === undefined || this.#read === undefined || dispatches > this.#timed) return this.#clockMs;
    const encoder = this.#device.createCommandEncoder();
    encoder.copyBufferToBuffer(this.#results, 0, this.#read, 0, CAPACITY * PITCH);
    this.#device.queue.submit([encoder.finish()]);
    await this.#read.mapAsync(MAP_READ);
    const times = new BigUint64Array(this.#read.getMappedRange().slice(0));
    this.#read.unmap();
    let nanoseconds = 0n;
    for (let i = 0; i < dispatches; i++) {
      const at = (i * PITCH) / 8;
      nanoseconds += (times[at + 1] ?? 0n) - (times[at] ?? 0n);
    }
    const ms = Number(nanoseconds) / 1e6;
    return ms > 0 && ms <= this.#clockMs ? ms : this.#clockMs;
  }

  dispose(): void {
    this.#queries?.destroy();
    this.#results?.destroy();
    this.#read?.destroy();
  }
}
