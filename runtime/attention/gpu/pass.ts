import { throwIfAborted } from '../abort.ts';
import type { AttentionInput, PlanParts } from '../types.ts';
import { type Budget, cautious, learn } from './budget.ts';
import { type Device, firstLine } from './device.ts';
import { dispatchesOf, mergesOf } from './dispatches.ts';
import { GpuError } from './gpu-error.ts';
import { bytesOf, type KernelSpec } from './kernel.ts';
import { Packing, type PackKernel, type PackTargets } from './packing.ts';
import { copyMasks, type PlacedPart, type Placement, place, planWords, schedules } from './placement.ts';
import type { Schedule } from './schedule.ts';
import type { DispatchLabel, DispatchTimer } from './timer.ts';
import { downloadRows, upload } from './transfer.ts';
import { BufferUsage } from './usage.ts';
import { PARAMS_BYTES } from './wgsl/common.ts';
import { MERGE_ROWS } from './wgsl/merge.ts';

/** A kernel that is ready, the shaders around it, and what was learnt about its speed. */
export interface ReadyKernel extends PackKernel {
  readonly attend: GPUComputePipeline;
  readonly merge: GPUComputePipeline;
  readonly budget: Budget;
}

/** Key/value heads, with their query heads, that are on the device together. */
export interface PassInput {
  readonly input: AttentionInput;
  readonly parts: PlanParts;
  readonly scale: number;
  /** Most tiles of a work item; absent: chosen so that no row sets the time alone. */
  readonly longest?: number | undefined;
  /** What each dispatch may do; absent: what was learnt about the kernel's speed. */
  readonly budget?: Readonly<Budget> | undefined;
  /** Is all of the output overwritten beforehand, so that what is not written shows? For tests. */
  readonly poison?: boolean | undefined;
}

/** Rows that segments of long rows may take, beyond those of the result. */
const MOST_SEGMENT_ROWS = 2 ** 20;
/** Tiles of an item that is not to be cut. */
const ALL = 0xffffffff;

const { STORAGE, COPY_SRC, COPY_DST, UNIFORM } = BufferUsage;

/** Bytes of the largest buffer that a pass needs, and what it is for. */
export function largestBuffer(
  input: AttentionInput,
  parts: PlanParts,
  spec: KernelSpec,
): { readonly bytes: number; readonly what: string } {
  const placement = place(input, parts, spec);
  const row = spec.dim * bytesOf(spec.element);
  const longest = Math.max(input.queries, input.keys) * input.headDim * 4;
  const outputs = input.heads * input.queries * outputVectors(input.headDim) * 16;
  const sizes = [
    { what: 'the tensors of one key/value head', bytes: Math.max(placement.queryRows * row, placement.keyRows * row) },
    { what: 'the tensors of one key/value head', bytes: Math.max(longest, outputs) },
    { what: 'the mask', bytes: Math.max(placement.planWords, placement.maskWords) * 4 },
  ];
  return sizes.reduce((a, b) => (b.bytes > a.bytes ? b : a));
}

/** Four-float vectors of an output row. */
function outputVectors(headDim: number): number {
  return Math.ceil(headDim / 4);
}

/** The tensors and plans of a pass on the device. */
export class DevicePass {
  readonly #opened: Device;
  readonly #kernel: ReadyKernel;
  readonly #pass: PassInput;
  readonly #placement: Placement;
  readonly #schedules: readonly Schedule[];
  readonly #buffers: GPUBuffer[] = [];
  #packing: Packing | undefined;
  readonly #limit: { readonly across: number };
  #bound:
    | {
        readonly params: GPUBuffer;
        readonly o: GPUBuffer;
        readonly stats: GPUBuffer;
        readonly groups: (PartGroups | undefined)[];
      }
    | undefined;

  constructor(opened: Device, kernel: ReadyKernel, pass: PassInput) {
    this.#opened = opened;
    this.#kernel = kernel;
    this.#pass = pass;
    const { limits } = opened.device;
    this.#limit = { across: limits.maxComputeWorkgroupsPerDimension };
    const { input, parts, longest } = pass;
    this.#placement = place(input, parts, kernel.spec);
    const largest = Math.min(limits.maxStorageBufferBindingSize, limits.maxBufferSize);
    const rowsThatFit = Math.floor(largest / (outputVectors(input.headDim) * 16));
    this.#schedules = schedules(this.#placement, input, {
      rows: kernel.spec.rows,
      mostSegmentRows: Math.min(MOST_SEGMENT_ROWS, rowsThatFit - input.heads * input.queries),
      longest,
    });
  }

  /** Tiles of all work items. */
  get tiles(): number {
    return this.#schedules.reduce((sum, { tiles }) => sum + tiles.reduce((a, b) => a + b, 0), 0);
  }

  /**
   * Brings tensors and plans to the device. Returns the number of dispatches that packed them.
   *
   * @throws GpuError when its memory does not suffice, and when tensors hold numbers that the kernel is not made for
   */
  async load(timer: DispatchTimer, signal: AbortSignal | undefined): Promise<number> {
    const { device, failure } = this.#opened;
    const placement = this.#placement;
    device.pushErrorScope('out-of-memory');
    let created: Created | undefined;
    let thrown: unknown;
    try {
      created = this.#create();
    } catch (error) {
      thrown = error;
    }
    const error = await Promise.race([device.popErrorScope(), failure]);
    // What could not be allocated is why anything else failed.
    if (error !== null) {
      throw new GpuError(
        'out-of-memory',
        `The graphics device is out of memory (${firstLine(error.message)}). Use fewer tokens or heads.`,
      );
    }
    if (created === undefined) throw thrown;
    const { plan, masks, packing } = created;
    upload(device, plan, planWords(placement));
    copyMasks(placement, (words, at) => upload(device, masks, words, at));
    const dispatches = await packing.pack(placement, this.#pass.scale, created, timer, signal);
    // Only a pass that succeeds goes on without it: others are disposed of.
    packing.dispose();
    return dispatches;
  }

  #create(): Created {
    const { device } = this.#opened;
    const { input, poison } = this.#pass;
    const { spec } = this.#kernel;
    const placement = this.#placement;
    const create = (label: string, bytes: number, usage: number): GPUBuffer => {
      const size = Math.max(16, Math.ceil(bytes / 4) * 4);
      const buffer = device.createBuffer({ label, size, usage });
      this.#buffers.push(buffer);
      return buffer;
    };
    const row = spec.dim * bytesOf(spec.element);
    const { heads, queries, headDim } = input;
    const segmentRows = this.#schedules.reduce((most, each) => Math.max(most, each.segmentRows), 0);
    const outputRows = heads * queries + segmentRows;
    const vectors = outputVectors(headDim);
    const q = create('q', placement.queryRows * row, STORAGE);
    const k = create('k', placement.keyRows * row, STORAGE);
    const v = create('v', placement.keyRows * row, STORAGE);
    this.#packing = new Packing(this.#opened, this.#kernel, input);
    const plan = create('plan', placement.planWords * 4, STORAGE | COPY_DST);
    const masks = create('masks', placement.maskWords * 4, STORAGE | COPY_DST);
    const o = create('o', outputRows * vectors * 16, STORAGE | COPY_SRC | COPY_DST);
    const stats = create('stats', outputRows * 8, STORAGE | COPY_SRC | COPY_DST);
    const params = create('params', PARAMS_BYTES, UNIFORM | COPY_DST);
    if (poison === true) {
      upload(device, o, new Float32Array(o.size / 4).fill(Number.NaN));
      upload(device, stats, new Float32Array(stats.size / 4).fill(Number.NaN));
    }
    const groups = this.#schedules.map(({ items, merges }): PartGroups | undefined => {
      // A part in the middle whose plans are all empty: what the others write stays as it is.
      if (items.length === 0) return undefined;
      const group = (pipeline: GPUComputePipeline, words: Uint32Array<ArrayBuffer>, merging: boolean): GPUBindGroup => {
        const list = create('items', words.byteLength, STORAGE | COPY_DST);
        upload(device, list, words);
        // Only what a shader uses has a place in its layout; merging reads no tensors and no masks.
        const entries = [params, q, k, v, list, plan, masks, o, stats]
          .map((buffer, binding) => ({ binding, resource: { buffer } }))
          .filter(({ resource: { buffer } }) => !merging || ![q, k, v, masks].includes(buffer));
        return device.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries });
      };
      return {
        attend: group(this.#kernel.attend, items, false),
        merge: merges.length === 0 ? undefined : group(this.#kernel.merge, merges, true),
      };
    });
    this.#bound = { params, o, stats, groups };
    return { q, k, v, plan, masks, packing: this.#packing };
  }

  /** Computes everything; may be called again. Returns the number of dispatches. */
  async compute(
    timer: DispatchTimer,
    signal: AbortSignal | undefined,
    onProgress: (done: number) => void,
  ): Promise<number> {
    const { failure } = this.#opened;
    const bound = this.#bound;
    if (bound === undefined) throw new Error('The tensors are not loaded.');
    const all = Math.max(1, this.tiles);
    const now = cautious(this.#kernel.budget);
    let done = 0;
    let dispatches = 0;
    const timed = async (work: DeviceWork): Promise<number> => {
      const started = performance.now();
      this.#dispatch(work, timer);
      await Promise.race([this.#opened.device.queue.onSubmittedWorkDone(), failure]);
      const ms = performance.now() - started;
      timer.clock(ms);
      dispatches++;
      return ms;
    };
    for (const [index, schedule] of this.#schedules.entries()) {
      const part = this.#placement.parts[index];
      const groups = bound.groups[index];
      if (part === undefined || groups === undefined) continue;
      for (const dispatch of dispatchesOf(schedule.tiles, part.tile.keys, this.#pass.budget ?? now)) {
        throwIfAborted(signal);
        const ms = await timed({ label: 'attend', group: groups.attend, part, ...dispatch });
        for (const budget of [now, this.#kernel.budget]) learn(budget, dispatch, ms);
        done += dispatch.tiles;
        onProgress(Math.min(1, done / all));
      }
      for (const merging of this.#merging(groups, schedule)) {
        throwIfAborted(signal);
        await timed({ ...merging, part });
      }
    }
    throwIfAborted(signal);
    return dispatches;
  }

  /**
   * Computes everything several times, without waiting in between and each time in as few dispatches as there are parts, so
   * that a device does not fall asleep: for measuring what is known to be short.
   */
  repeat(timer: DispatchTimer, times: number): void {
    const bound = this.#bound;
    if (bound === undefined) throw new Error('The tensors are not loaded.');
    for (let run = 0; run < times; run++) {
      for (const [index, schedule] of this.#schedules.entries()) {
        const part = this.#placement.parts[index];
        const groups = bound.groups[index];
        if (part === undefined || groups === undefined) continue;
        const range = { first: 0, end: schedule.tiles.length, from: 0, most: ALL };
        this.#dispatch({ label: 'attend', group: groups.attend, part, ...range }, timer);
        for (const merging of this.#merging(groups, schedule)) this.#dispatch({ ...merging, part }, timer);
      }
    }
  }

  /** Dispatches that put segments together. */
  *#merging({ merge: group }: PartGroups, { segments }: Schedule): Generator<Omit<DeviceWork, 'part'>> {
    if (group === undefined) return;
    const bytes = this.#kernel.spec.rows * outputVectors(this.#pass.input.headDim) * 16;
    for (const range of mergesOf(segments, bytes)) yield { label: 'merge', group, ...range, from: 0, most: ALL };
  }

  #dispatch({ label, group, part, first, end, from, most }: DeviceWork, timer: DispatchTimer): void {
    const { device } = this.#opened;
    const { across } = this.#limit;
    if (this.#bound === undefined) return;
    const { tile, masksAt, wordsPerRow } = part;
    const settings = Uint32Array.of(
      ...[first, end, across, tile.queries, tile.keys, wordsPerRow],
      ...[outputVectors(this.#pass.input.headDim), masksAt, from, most],
    );
    device.queue.writeBuffer(this.#bound.params, 0, settings);
    const count = end - first;
    const encoder = device.createCommandEncoder();
    const compute = encoder.beginComputePass(timer.writes());
    compute.setPipeline(label === 'merge' ? this.#kernel.merge : this.#kernel.attend);
    compute.setBindGroup(0, group);
    const layers = label === 'merge' ? Math.ceil(this.#kernel.spec.rows / MERGE_ROWS) : 1;
    compute.dispatchWorkgroups(Math.min(count, across), Math.ceil(count / across), layers);
    compute.end();
    timer.resolve(encoder, label);
    device.queue.submit([encoder.finish()]);
  }

  /** Reads the outputs, [heads][queries][headDim], and log-sum-exps, [heads][queries]. */
  async read(o: Float32Array, lse: Float32Array): Promise<void> {
    const bound = this.#bound;
    if (bound === undefined) throw new Error('The tensors are not loaded.');
    const { headDim } = this.#pass.input;
    const pairs = new Float32Array(lse.length * 2);
    await downloadRows(this.#opened, bound.stats, pairs, 2, 2);
    for (let row = 0; row < lse.length; row++) {
      // log2 of the sum 0 of a row without keys is -Infinity.
      lse[row] = (Number(pairs[row * 2]) + Math.log2(Number(pairs[row * 2 + 1]))) * Math.LN2;
    }
    await downloadRows(this.#opened, bound.o, o, headDim, outputVectors(headDim) * 4);
  }

  dispose(): void {
    this.#packing?.dispose();
    for (const buffer of this.#buffers) buffer.destroy();
  }
}

/** Buffers that loading writes. */
interface Created extends PackTargets {
  readonly masks: GPUBuffer;
  readonly packing: Packing;
}

/** A dispatch of items, or merges, [first, end) of a part: of each item at most `most` tiles from its tile `from` on. */
interface DeviceWork {
  readonly label: Exclude<DispatchLabel, 'pack'>;
  readonly group: GPUBindGroup;
  readonly part: PlacedPart;
  readonly first: number;
  readonly end: number;
  readonly from: number;
  readonly most: number;
}

interface PartGroups {
  readonly attend: GPUBindGroup;
  readonly merge: GPUBindGroup | undefined;
}
