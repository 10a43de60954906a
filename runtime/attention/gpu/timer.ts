import { BufferUsage, MAP_READ } from './usage.ts';

/** Dispatches that can be timed on the device in one run; the rest is timed by the clock. */
const CAPACITY = 1024;
/** Query results are written at multiples of 256 bytes. */
const PITCH = 256;

/** What a dispatch is for. */
export type DispatchLabel = 'pack' | 'attend' | 'merge';

/** Milliseconds on the device. */
export interface DeviceTimes {
  /** Sorting, converting and padding the tensors. 0 where the device has no timestamps: it is not waited for. */
  readonly pack: number;
  /** Attention itself, with merging what was cut. */
  readonly attend: number;
}

/** Sums the device's own times of dispatches. */
export class DispatchTimer {
  readonly #device: GPUDevice;
  readonly #queries: GPUQuerySet | undefined;
  readonly #results: GPUBuffer | undefined;
  readonly #read: GPUBuffer | undefined;
  readonly #labels: DispatchLabel[] = [];
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
  resolve(encoder: GPUCommandEncoder, label: DispatchLabel): void {
    if (this.#queries === undefined || this.#results === undefined || this.#timed === CAPACITY) return;
    encoder.resolveQuerySet(this.#queries, 0, 2, this.#results, this.#timed * PITCH);
    this.#timed++;
    this.#labels.push(label);
  }

  /** Adds what the clock said about a dispatch. */
  clock(ms: number): void {
    this.#clockMs += ms;
  }

  /** Times of all dispatches: by the device's timestamps if they make sense, else by the clock. */
  async total(dispatches: number): Promise<DeviceTimes> {
    const byClock = { pack: 0, attend: this.#clockMs };
    if (dispatches > this.#timed) return byClock;
    const times = { pack: 0, attend: 0 };
    for (const { label, ms } of await this.each()) times[label === 'pack' ? 'pack' : 'attend'] += ms;
    return times.attend > 0 && times.attend <= this.#clockMs ? times : byClock;
  }

  /** Milliseconds of each dispatch by the device's timestamps; empty where it has none. */
  async each(): Promise<{ readonly label: DispatchLabel; readonly ms: number }[]> {
    if (this.#results === undefined || this.#read === undefined) return [];
    const encoder = this.#device.createCommandEncoder();
    encoder.copyBufferToBuffer(this.#results, 0, this.#read, 0, CAPACITY * PITCH);
    this.#device.queue.submit([encoder.finish()]);
    await this.#read.mapAsync(MAP_READ);
    const ticks = new BigUint64Array(this.#read.getMappedRange().slice(0));
    this.#read.unmap();
    return this.#labels.map((label, index) => {
      const at = (index * PITCH) / 8;
      return { label, ms: Math.max(0, Number((ticks[at + 1] ?? 0n) - (ticks[at] ?? 0n)) / 1e6) };
    });
  }

  dispose(): void {
    this.#queries?.destroy();
    this.#results?.destroy();
    this.#read?.destroy();
  }
}
