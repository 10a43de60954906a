import { isAbort } from '../abort.ts';
import type { AttentionInput, PlanParts } from '../types.ts';
import type { Budget } from './budget.ts';
import { type Device, firstLine } from './device.ts';
import { GpuError } from './gpu-error.ts';
import { DevicePass, largestBuffer, type ReadyKernel } from './pass.ts';
import { type DeviceTimes, DispatchTimer } from './timer.ts';

export interface DeviceRun {
  /** [heads][queries][headDim] */
  readonly o: Float32Array;
  /** [heads][queries] */
  readonly lse: Float32Array;
  readonly times: DeviceTimes;
}

export interface DeviceRunOptions {
  readonly scale: number;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((done: number) => void) | undefined;
  /** Most tiles of a work item; absent: so that no row sets the time alone. */
  readonly longest?: number | undefined;
  /** What each dispatch may do; absent: what was learnt about the kernel's speed. */
  readonly budget?: Readonly<Budget> | undefined;
  /** Fill outputs with NaN beforehand, so that what is not written shows. */
  readonly poison?: boolean | undefined;
}

/**
 * Computes attention with one kernel: all heads at once, or as many at a time as fit on the device.
 *
 * @throws GpuError when not even one key/value head fits, when memory runs out, and when the device fails
 */
export async function attendOn(
  opened: Device,
  kernel: ReadyKernel,
  input: AttentionInput,
  parts: PlanParts,
  options: DeviceRunOptions,
): Promise<DeviceRun> {
  const { heads, kvHeads, queries, keys, headDim } = input;
  const { signal, scale, longest, budget, poison } = options;
  const group = heads / kvHeads;
  const o = new Float32Array(input.q.length);
  const lse = new Float32Array(heads * queries);
  const timer = new DispatchTimer(opened.device, opened.timestamps);
  const ofHeads = (first: number, count: number): { input: AttentionInput; parts: PlanParts } => {
    const rows = (data: Float32Array, length: number, from: number, size: number) =>
      data.subarray(from * length * headDim, (from + size) * length * headDim);
    return {
      input: {
        ...input,
        heads: count * group,
        kvHeads: count,
        q: rows(input.q, queries, first * group, count * group),
        k: rows(input.k, keys, first, count),
        v: rows(input.v, keys, first, count),
      },
      parts: parts.map(part => ({
        ...part,
        headPlan: part.headPlan.slice(first * group, (first + count) * group),
      })),
    };
  };
  let dispatches = 0;
  let atOnce = kvHeads;
  try {
    for (let first = 0; first < kvHeads; ) {
      const count = Math.min(atOnce, kvHeads - first);
      const some = ofHeads(first, count);
      const needed = largestBuffer(some.input, some.parts, kernel.spec);
      const { limits } = opened.device;
      const limit = Math.min(limits.maxStorageBufferBindingSize, limits.maxBufferSize);
      if (needed.bytes > limit) {
        if (count > 1) {
          atOnce = Math.ceil(count / 2);
          continue;
        }
        throw new GpuError(
          'too-large',
          `Too large for the graphics device: ${needed.what} need ${mebibytes(needed.bytes)}, and its largest buffer has ${mebibytes(limit)}.`,
        );
      }
      const pass = new DevicePass(opened, kernel, { ...some, scale, longest, budget, poison });
      try {
        dispatches += await pass.load(timer, signal);
        dispatches += await pass.compute(timer, signal, done => options.onProgress?.((first + done * count) / kvHeads));
        await pass.read(
          o.subarray(first * group * queries * headDim, (first + count) * group * queries * headDim),
          lse.subarray(first * group * queries, (first + count) * group * queries),
        );
      } catch (error) {
        // What does not fit at once may fit half by half.
        if (!(error instanceof GpuError && error.kind === 'out-of-memory' && count > 1)) throw error;
        atOnce = Math.ceil(count / 2);
        continue;
      } finally {
        if (!opened.lost()) pass.dispose();
      }
      first += count;
    }
    const times = await Promise.race([timer.total(dispatches), opened.failure]);
    return { o, lse, times };
  } catch (error) {
    // A lost device fails in many ways; its loss is what people should read.
    if (opened.lost()) await opened.failure;
    // Mapping is aborted then, perhaps before anything tells of the loss.
    if (isAbort(error) && signal?.aborted !== true) {
      const message = error instanceof Error ? firstLine(error.message) : '';
      throw new GpuError('lost', `The graphics device was lost (${message}).`);
    }
    throw error;
  } finally {
    if (!opened.lost()) timer.dispose();
  }
}

function mebibytes(bytes: number): string {
  return `${Math.ceil(bytes / 2 ** 20)} MiB`;
}
