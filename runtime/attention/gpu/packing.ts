import { throwIfAborted } from '../abort.ts';
import type { AttentionInput } from '../types.ts';
import type { Device } from './device.ts';
import { copiesOf } from './dispatches.ts';
import { GpuError } from './gpu-error.ts';
import type { Element, KernelSpec } from './kernel.ts';
import type { Placement, Region } from './placement.ts';
import type { DispatchTimer } from './timer.ts';
import { upload } from './transfer.ts';
import { BufferUsage, MAP_READ } from './usage.ts';
import { PACK_WORDS, packGrid } from './wgsl/pack.ts';

/** A kernel's shape, and the shaders that bring tensors into it. */
export interface PackKernel {
  readonly spec: KernelSpec;
  readonly pack: { readonly q: GPUComputePipeline; readonly k: GPUComputePipeline; readonly v: GPUComputePipeline };
}

export interface PackTargets {
  readonly q: GPUBuffer;
  readonly k: GPUBuffer;
  readonly v: GPUBuffer;
  /** Holds the orders. */
  readonly plan: GPUBuffer;
}

/** Tensors come in pieces of whole heads of about this size. */
const SOURCE_BYTES = 256 * 2 ** 20;
const NO_ORDER = 0xffffffff;

/**
 * Sizes of numbers up to which nothing leaves float32 on the way: products of queries and keys over 256 numbers, and sums of
 * values over any length. Kernels would not notice: to WGSL there are no infinities and no NaN.
 */
const LARGEST = {
  f32: { q: 1e18, k: 1e18, v: 1e30 },
  f16: { q: 65504, k: 65504, v: 65504 },
} as const satisfies Record<Element, unknown>;
const BIT = { q: 1, k: 2, v: 4 } as const;
const NAMES = { q: 'queries, times the scale,', k: 'keys', v: 'values' } as const;

const { STORAGE, COPY_SRC, COPY_DST, UNIFORM } = BufferUsage;

/** Brings the tensors of a pass into the order and form that a kernel reads. */
export class Packing {
  readonly #opened: Device;
  readonly #kernel: PackKernel;
  readonly #input: AttentionInput;
  readonly #sourceBytes: number;
  readonly #buffers: GPUBuffer[] = [];
  readonly #source: GPUBuffer;
  /** A bit for each tensor that holds a number beyond what the kernel is made for. */
  readonly #beyond: GPUBuffer;
  readonly #read: GPUBuffer;

  /** Allocates what it needs; the caller looks for errors. */
  constructor(opened: Device, kernel: PackKernel, input: AttentionInput) {
    this.#opened = opened;
    this.#kernel = kernel;
    this.#input = input;
    const { heads, kvHeads, queries, keys } = input;
    const { maxStorageBufferBindingSize, maxBufferSize } = opened.device.limits;
    this.#sourceBytes = Math.min(SOURCE_BYTES, maxStorageBufferBindingSize, maxBufferSize);
    const piece = (count: number, rows: number): number => Math.min(count, this.#headsAtOnce(rows)) * this.#head(rows);
    this.#source = this.#create('source', Math.max(piece(heads, queries), piece(kvHeads, keys)), STORAGE | COPY_DST);
    this.#beyond = this.#create('beyond', 4, STORAGE | COPY_SRC);
    this.#read = this.#create('beyond, read', 4, BufferUsage.MAP_READ | COPY_DST);
  }

  /**
   * Uploads and packs everything, and waits until it is done. Returns the number of dispatches.
   *
   * @throws GpuError of the kind `beyond` when tensors hold numbers that the kernel is not made for
   */
  async pack(
    placement: Placement,
    scale: number,
    targets: PackTargets,
    timer: DispatchTimer,
    signal: AbortSignal | undefined,
  ): Promise<number> {
    const { device, failure } = this.#opened;
    const { q, k, v, heads, kvHeads, queries, keys, headDim } = this.#input;
    const factor = Math.fround(scale * Math.LOG2E);
    if (!Number.isFinite(factor) || (scale !== 0 && Math.abs(factor) < 2 ** -126))
      throw new GpuError('beyond', `The scale, ${scale}, is beyond float32.`);
    let dispatches = 0;
    let copied = 0;
    for (const [name, tensor, regions, count, rows, times] of [
      // Scores in base 2, so that kernels need no other exponential than exp2.
      ['q', q, placement.queries, heads, queries, factor],
      ['k', k, placement.keys, kvHeads, keys, 1],
      ['v', v, placement.keys, kvHeads, keys, 1],
    ] as const) {
      const atOnce = this.#headsAtOnce(rows);
      for (let head = 0; head < count; head += atOnce) {
        throwIfAborted(signal);
        const end = Math.min(count, head + atOnce);
        upload(device, this.#source, tensor.subarray(head * rows * headDim, end * rows * headDim));
        copied += (end - head) * this.#head(rows);
        const inside = regions.filter(region => region.head >= head && region.head < end);
        for (const run of runsOf(inside)) dispatches += this.#packRun(name, run, targets, head, times, timer);
        // The queue overwrites the source when the piece before has been read; but memory for copies must not pile up.
        if (copied < this.#sourceBytes) continue;
        await Promise.race([device.queue.onSubmittedWorkDone(), failure]);
        copied = 0;
      }
    }
    // What follows is timed: this waits for all of it.
    const encoder = device.createCommandEncoder();
    encoder.copyBufferToBuffer(this.#beyond, 0, this.#read, 0, 4);
    device.queue.submit([encoder.finish()]);
    await Promise.race([this.#read.mapAsync(MAP_READ), failure]);
    const found = Number(new Uint32Array(this.#read.getMappedRange())[0]);
    this.#read.unmap();
    const { element } = this.#kernel.spec;
    const which = (['q', 'k', 'v'] as const).filter(name => (found & BIT[name]) !== 0).map(name => NAMES[name]);
    if (which.length === 0) return dispatches;
    const limit = element === 'f16' ? 'beyond float16' : 'too large for float32 products';
    throw new GpuError(
      'beyond',
      `The ${which.join(' and the ')} hold numbers that are ${limit}, or NaN or infinities.`,
    );
  }

  dispose(): void {
    for (const buffer of this.#buffers) buffer.destroy();
  }

  /** Bytes of one head as it comes. */
  #head(rows: number): number {
    return 4 * rows * this.#input.headDim;
  }

  #headsAtOnce(rows: number): number {
    return Math.max(1, Math.floor(this.#sourceBytes / this.#head(rows)));
  }

  #create(label: string, bytes: number, usage: number): GPUBuffer {
    const buffer = this.#opened.device.createBuffer({ label, size: Math.max(16, bytes), usage });
    this.#buffers.push(buffer);
    return buffer;
  }

  /** Packs consecutive heads, as many at a time as a dispatch should, or one head in pieces. Returns the number of dispatches. */
  #packRun(
    name: 'q' | 'k' | 'v',
    run: readonly Region[],
    targets: PackTargets,
    sourceHead: number,
    factor: number,
    timer: DispatchTimer,
  ): number {
    const [first] = run;
    if (first === undefined) return 0;
    const { dim, element, layouts } = this.#kernel.spec;
    const numbers = first.rowsStored * dim;
    const workgroups = packGrid(layouts[name], element, numbers);
    let dispatches = 0;
    for (const { head, endHead, begin, end } of copiesOf(run.length, workgroups, 4 * numbers)) {
      this.#dispatch({ name, run: run.slice(head, endHead), targets, sourceHead, factor, begin, end }, timer);
      dispatches++;
    }
    return dispatches;
  }

  #dispatch({ name, run, targets, sourceHead, factor, begin, end }: PackWork, timer: DispatchTimer): void {
    const [first] = run;
    if (first === undefined) return;
    const { device } = this.#opened;
    const { dim, element } = this.#kernel.spec;
    const across = Math.min(end - begin, device.limits.maxComputeWorkgroupsPerDimension);
    const settings = new DataView(new ArrayBuffer(PACK_WORDS * 4));
    [
      this.#input.headDim,
      dim,
      first.block,
      first.blockStored,
      first.rows,
      first.rowsStored,
      first.head * first.rows,
      first.base,
      first.orderAt ?? NO_ORDER,
      across,
    ].forEach((value, index) => {
      settings.setUint32(index * 4, value, true);
    });
    settings.setFloat32(40, factor, true);
    settings.setUint32(44, sourceHead * first.rows, true);
    settings.setFloat32(48, LARGEST[element][name], true);
    settings.setUint32(52, BIT[name], true);
    settings.setUint32(56, begin, true);
    settings.setUint32(60, end, true);
    const params = this.#create('pack', PACK_WORDS * 4, UNIFORM | COPY_DST);
    device.queue.writeBuffer(params, 0, settings.buffer);
    const pipeline = this.#kernel.pack[name];
    const bindGroup = device.createBindGroup({
      layout: pipeline.getBindGroupLayout(0),
      entries: [params, this.#source, targets.plan, targets[name], this.#beyond].map((buffer, binding) => ({
        binding,
        resource: { buffer },
      })),
    });
    const encoder = device.createCommandEncoder();
    const compute = encoder.beginComputePass(timer.writes());
    compute.setPipeline(pipeline);
    compute.setBindGroup(0, bindGroup);
    compute.dispatchWorkgroups(across, Math.ceil((end - begin) / across), run.length);
    compute.end();
    timer.resolve(encoder, 'pack');
    device.queue.submit([encoder.finish()]);
  }
}

/** Workgroups [begin, end) of each of some consecutive heads. */
interface PackWork {
  readonly name: 'q' | 'k' | 'v';
  readonly run: readonly Region[];
  readonly targets: PackTargets;
  /** First head that is in the source. */
  readonly sourceHead: number;
  readonly factor: number;
  readonly begin: number;
  readonly end: number;
}

/** Regions of consecutive heads in one order, which lie one after the other: one dispatch packs them. */
function runsOf(regions: readonly Region[]): Region[][] {
  const runs: Region[][] = [];
  for (const region of regions) {
    const run = runs.at(-1);
    const before = run?.at(-1);
    if (
      run !== undefined &&
      before !== undefined &&
      region.head === before.head + 1 &&
      region.order === before.order &&
      region.blockStored === before.blockStored &&
      region.block === before.block &&
      region.base === before.base + before.rowsStored
    )
      run.push(region);
    else runs.push([region]);
  }
  return runs;
}
