import { type TilePlan, wordsPerRow } from '../../compile/tile-plan.ts';
import { throwIfAborted } from '../abort.ts';
import { attentionScale, checkInput } from '../check-input.ts';
import { oneAtATime } from '../one-at-a-time.ts';
import type { AttentionInput, AttentionOptions, AttentionResult, Backend, HeadPlans } from '../types.ts';
import { type Device, firstLine, openDevice } from './device.ts';
import { GpuError } from './gpu-error.ts';
import { adjust, type Budget, firstBudget, MAX_ITEMS, Schedule } from './schedule.ts';
import { attentionShader, headVectors, type ShaderShape, shaderShape } from './shader.ts';
import { DispatchTimer } from './timer.ts';
import { BufferUsage, MAP_READ } from './usage.ts';

/** Bytes that are copied to or from the device at a time. */
const COPY_BYTES = 64 * 2 ** 20;

/** Twelve numbers of four bytes. */
const PARAMS_BYTES = 48;

/** A compiled shader, and what was learnt about its speed. */
interface Kernel {
  readonly shape: ShaderShape;
  readonly pipeline: GPUComputePipeline;
  readonly budget: Budget;
}

/**
 * Attention in WebGPU, float32, by a kernel that needs no optional features. Runs the same in a browser and in Dawn.
 *
 * Measured against the float64 reference, outputs differ by less than 2e-6 * max|V| and log-sum-exps by less than
 * 2e-6 * max(1, |lse|), for scores of ordinary size.
 *
 * @throws GpuError when there is no adapter
 */
export async function createGpuBackend(gpu: GPU): Promise<Backend> {
  const opened = await openDevice(gpu);
  const kernels = new Map<string, Promise<Kernel>>();
  return {
    id: 'gpu',
    device: opened.name,
    imitated: opened.imitated,
    run: oneAtATime((input, plans, options) => run(opened, kernels, input, plans, options)),
    dispose: () => opened.device.destroy(),
  };
}

async function run(
  opened: Device,
  kernels: Map<string, Promise<Kernel>>,
  input: AttentionInput,
  plans: HeadPlans,
  options: AttentionOptions,
): Promise<AttentionResult> {
  const started = performance.now();
  checkInput(input, plans);
  throwIfAborted(options.signal);
  const { heads, kvHeads, queries, keys, headDim } = input;
  const scale = attentionScale(input, options);
  const o = new Float32Array(input.q.length);
  const lse = new Float32Array(heads * queries);
  const perPass = kvHeadsPerPass(opened.device.limits, input, plans);
  const timer = new DispatchTimer(opened.device, opened.timestamps);
  try {
    let dispatches = 0;
    for (let first = 0; first < kvHeads; first += perPass) {
      const count = Math.min(perPass, kvHeads - first);
      const group = heads / kvHeads;
      const rows = (data: Float32Array, length: number, from: number, size: number) =>
        data.subarray(from * length * headDim, (from + size) * length * headDim);
      const part: AttentionInput = {
        ...input,
        heads: count * group,
        kvHeads: count,
        q: rows(input.q, queries, first * group, count * group),
        k: rows(input.k, keys, first, count),
        v: rows(input.v, keys, first, count),
      };
      dispatches += await runPass(opened, kernels, timer, {
        input: part,
        plans: { ...plans, headPlan: plans.headPlan.slice(first * group, (first + count) * group) },
        scale,
        o: rows(o, queries, first * group, count * group),
        lse: lse.subarray(first * group * queries, (first + count) * group * queries),
        signal: options.signal,
        onProgress: done => options.onProgress?.((first + done * count) / kvHeads),
      });
    }
    const kernelMs = await Promise.race([timer.total(dispatches), opened.failure]);
    const totalMs = performance.now() - started;
    return { o, lse, timing: { kernelMs, totalMs }, backend: 'gpu', device: opened.name, notes: [] };
  } finally {
    if (!opened.lost()) timer.dispose();
  }
}

/** Consecutive key/value heads, with their query heads, that are on the device together. */
interface Pass {
  readonly input: AttentionInput;
  readonly plans: HeadPlans;
  readonly scale: number;
  readonly o: Float32Array;
  readonly lse: Float32Array;
  readonly signal: AbortSignal | undefined;
  readonly onProgress: (done: number) => void;
}

/** Returns the number of dispatches. */
async function runPass(
  opened: Device,
  kernels: Map<string, Promise<Kernel>>,
  timer: DispatchTimer,
  pass: Pass,
): Promise<number> {
  const { device, failure } = opened;
  const { input, plans, signal } = pass;
  const { heads, kvHeads, queries, keys, headDim } = input;
  const padded = headVectors(headDim) * 4;
  const across = device.limits.maxComputeWorkgroupsPerDimension;
  const buffers: GPUBuffer[] = [];
  const { STORAGE, COPY_SRC, COPY_DST, UNIFORM } = BufferUsage;
  const create = (label: string, bytes: number, usage: number): GPUBuffer => {
    const buffer = device.createBuffer({ label, size: Math.max(16, bytes), usage });
    buffers.push(buffer);
    return buffer;
  };
  let dispatches = 0;
  device.pushErrorScope('out-of-memory');
  let scopeOpen = true;
  const checkMemory = async (): Promise<void> => {
    scopeOpen = false;
    const error = await Promise.race([device.popErrorScope(), failure]);
    if (error !== null) {
      throw new GpuError(
        'out-of-memory',
        `The graphics device is out of memory (${firstLine(error.message)}). Use fewer tokens or heads.`,
      );
    }
  };
  try {
    const q = create('q', heads * queries * padded * 4, STORAGE | COPY_DST);
    const k = create('k', kvHeads * keys * padded * 4, STORAGE | COPY_DST);
    const v = create('v', kvHeads * keys * padded * 4, STORAGE | COPY_DST);
    const o = create('o', heads * queries * padded * 4, STORAGE | COPY_SRC);
    const stats = create('stats', heads * queries * 8, STORAGE | COPY_SRC);
    const items = new Uint32Array(4 * Math.min(MAX_ITEMS, across * across, mostItems(pass)));
    const schedule = create('schedule', items.byteLength, STORAGE | COPY_DST);
    const params = create('params', PARAMS_BYTES, UNIFORM | COPY_DST);
    const onDevice = plans.plans.map((plan, index) => {
      if (!plans.headPlan.includes(index)) return undefined;
      const entries = create('entries', plan.column.length * 8, STORAGE | COPY_DST);
      const masks = create('masks', plan.masks.byteLength, STORAGE | COPY_DST);
      return { entries, masks };
    });
    await checkMemory();
    for (const [buffer, data] of [
      [q, input.q],
      [k, input.k],
      [v, input.v],
    ] as const) {
      uploadRows(device, buffer, data, headDim, padded);
    }

    const work = plans.plans.flatMap((plan, index) => {
      const store = onDevice[index];
      if (store === undefined) return [];
      upload(device, store.entries, interleave(plan));
      upload(device, store.masks, plan.masks);
      const users = plans.headPlan.flatMap((used, head) => (used === index ? [head] : []));
      return [{ plan, store, users }];
    });
    let total = 0;
    const ready = [];
    for (const { plan, store, users } of work) {
      const kernel = await Promise.race([kernelFor(device, kernels, headDim, plan), failure]);
      const parts = Math.ceil(plan.tile.queries / kernel.shape.rows);
      const pieces = new Schedule(plan, users, parts);
      total += pieces.tiles;
      const bindGroup = device.createBindGroup({
        layout: kernel.pipeline.getBindGroupLayout(0),
        entries: [params, q, k, v, schedule, store.entries, store.masks, o, stats].map((buffer, binding) => ({
          binding,
          resource: { buffer },
        })),
      });
      ready.push({ plan, kernel, parts, pieces, bindGroup });
    }
    // Uploads must not count as the time of the first dispatch.
    await Promise.race([device.queue.onSubmittedWorkDone(), failure]);

    let done = 0;
    for (const { plan, kernel, parts, pieces, bindGroup } of ready) {
      for (;;) {
        throwIfAborted(signal);
        const piece = pieces.take(items, kernel.budget);
        if (piece.items === 0) break;
        device.queue.writeBuffer(schedule, 0, items, 0, piece.items * 4);
        const settings = new DataView(new ArrayBuffer(PARAMS_BYTES));
        const { tile } = plan;
        const sizes = [tile.queries, tile.keys, wordsPerRow(plan), parts];
        [queries, keys, heads, kvHeads, piece.items, across, padded / 4, ...sizes].forEach((value, index) => {
          settings.setUint32(index * 4, value, true);
        });
        // Scores in base 2, so that the kernel needs no other exponential than exp2.
        settings.setFloat32(PARAMS_BYTES - 4, pass.scale * Math.LOG2E, true);
        device.queue.writeBuffer(params, 0, settings.buffer);
        const started = performance.now();
        const encoder = device.createCommandEncoder();
        const compute = encoder.beginComputePass(timer.writes());
        compute.setPipeline(kernel.pipeline);
        compute.setBindGroup(0, bindGroup);
        compute.dispatchWorkgroups(Math.min(piece.items, across), Math.ceil(piece.items / across));
        compute.end();
        timer.resolve(encoder);
        device.queue.submit([encoder.finish()]);
        await Promise.race([device.queue.onSubmittedWorkDone(), failure]);
        const ms = performance.now() - started;
        timer.clock(ms);
        adjust(kernel.budget, ms, piece.full);
        dispatches++;
        done += piece.tiles;
        pass.onProgress(Math.min(1, done / total));
      }
    }
    throwIfAborted(signal);
    const pairs = new Float32Array(heads * queries * 2);
    await downloadRows(opened, stats, pairs, 2, 2);
    for (let row = 0; row < heads * queries; row++) {
      const sum = Number(pairs[row * 2 + 1]);
      // log2 of the sum 0 of a row without keys is -Infinity.
      pass.lse[row] = (Number(pairs[row * 2]) + Math.log2(sum)) * Math.LN2;
    }
    await downloadRows(opened, o, pass.o, headDim, padded);
    return dispatches;
  } catch (error) {
    // A lost device fails in many ways; its loss is what people should read.
    if (opened.lost()) await failure;
    throw error;
  } finally {
    if (scopeOpen && !opened.lost()) await device.popErrorScope().catch(() => {});
    for (const buffer of buffers) buffer.destroy();
  }
}

function kernelFor(
  device: GPUDevice,
  kernels: Map<string, Promise<Kernel>>,
  headDim: number,
  { tile }: TilePlan,
): Promise<Kernel> {
  const shape = shaderShape(headDim, tile);
  const key = Object.values(shape).join(' ');
  let kernel = kernels.get(key);
  if (kernel === undefined) {
    kernel = compile(device, shape);
    kernels.set(key, kernel);
  }
  return kernel;
}

async function compile(device: GPUDevice, shape: ShaderShape): Promise<Kernel> {
  const module = device.createShaderModule({ label: 'attention', code: attentionShader(shape) });
  const pipeline = await device.createComputePipelineAsync({
    label: 'attention',
    layout: 'auto',
    compute: { module, entryPoint: 'main' },
  });
  return { shape, pipeline, budget: firstBudget() };
}

/** How many key/value heads fit into the device's limits at once. Throws GpuError when not even one does. */
function kvHeadsPerPass(limits: GPUSupportedLimits, input: AttentionInput, { plans }: HeadPlans): number {
  const { heads, kvHeads, queries, keys, headDim } = input;
  const limit = Math.min(limits.maxStorageBufferBindingSize, limits.maxBufferSize);
  const padded = headVectors(headDim) * 4;
  const group = heads / kvHeads;
  const perHead = Math.max(group * queries * padded, keys * padded, group * queries * 2) * 4;
  const largestPlan = Math.max(...plans.map(({ column, masks }) => Math.max(column.length * 8, masks.byteLength)));
  for (const [what, bytes] of [
    ['the tensors of one key/value head', perHead],
    ['the mask', largestPlan],
  ] as const) {
    if (bytes > limit) {
      throw new GpuError(
        'too-large',
        `Too large for the graphics device: ${what} need ${mebibytes(bytes)}, and its largest buffer has ${mebibytes(limit)}.`,
      );
    }
  }
  return Math.min(kvHeads, Math.floor(limit / perHead));
}

function mebibytes(bytes: number): string {
  return `${Math.ceil(bytes / 2 ** 20)} MiB`;
}

/** Upper bound of the work items of a pass. */
function mostItems({ input, plans }: Pass): number {
  const blocks = Math.max(...plans.plans.map(plan => plan.rowStart.length - 1));
  // A tile of up to 256 rows takes up to eight workgroups of 32 or four of 64.
  return Math.max(1, input.heads * blocks * 8);
}

/** [entries][2]: key tile, mask. */
function interleave({ column, maskId }: TilePlan): Uint32Array<ArrayBuffer> {
  const entries = new Uint32Array(column.length * 2);
  for (let i = 0; i < column.length; i++) {
    entries[2 * i] = Number(column[i]);
    entries[2 * i + 1] = Number(maskId[i]);
  }
  return entries;
}

function upload(device: GPUDevice, buffer: GPUBuffer, data: Uint32Array | Float32Array, at = 0): void {
  const step = COPY_BYTES / 4;
  for (let from = 0; from < data.length; from += step) {
    const part = data.subarray(from, from + step);
    device.queue.writeBuffer(buffer, (at + from) * 4, part as Uint32Array<ArrayBuffer>);
  }
}

/** Uploads [rows][width] as [rows][padded], with zeros in between. */
function uploadRows(device: GPUDevice, buffer: GPUBuffer, data: Float32Array, width: number, padded: number): void {
  if (width === padded) {
    upload(device, buffer, data);
    return;
  }
  const rows = data.length / width;
  const step = Math.max(1, Math.floor(COPY_BYTES / 4 / padded));
  for (let from = 0; from < rows; from += step) {
    const count = Math.min(step, rows - from);
    const part = new Float32Array(count * padded);
    for (let row = 0; row < count; row++) {
      part.set(data.subarray((from + row) * width, (from + row + 1) * width), row * padded);
    }
    upload(device, buffer, part, from * padded);
  }
}

/** Downloads [rows][padded] as [rows][width]. */
async function downloadRows(
  { device, failure }: Device,
  buffer: GPUBuffer,
  data: Float32Array,
  width: number,
  padded: number,
): Promise<void> {
  const rows = data.length / width;
  const step = Math.min(rows, Math.max(1, Math.floor(COPY_BYTES / 4 / padded)));
  const staging = device.createBuffer({
    label: 'staging',
    size: step * padded * 4,
    usage: BufferUsage.MAP_READ | BufferUsage.COPY_DST,
  });
  try {
    for (let from = 0; from < rows; from += step) {
      const count = Math.min(step, rows - from);
      const bytes = count * padded * 4;
      const encoder = device.createCommandEncoder();
      encoder.copyBufferToBuffer(buffer, from * padded * 4, staging, 0, bytes);
      device.queue.submit([encoder.finish()]);
      await Promise.race([staging.mapAsync(MAP_READ, 0, bytes), failure]);
      const part = new Float32Array(staging.getMappedRange(0, bytes));
      if (width === padded) data.set(part, from * width);
      else {
        for (let row = 0; row < count; row++) {
          data.set(part.subarray(row * padded, row * padded + width), (from + row) * width);
        }
      }
      staging.unmap();
    }
  } finally {
    staging.destroy();
  }
}
