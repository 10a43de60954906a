import type { TilePlan } from '../../compile/tile-plan.ts';
import { throwIfAborted } from '../abort.ts';
import { attentionScale, checkInput } from '../check-input.ts';
import { oneAtATime } from '../one-at-a-time.ts';
import type {
  AttentionInput,
  AttentionOptions,
  AttentionResult,
  Backend,
  BackendFacts,
  PlanParts,
  Precision,
} from '../types.ts';
import { attendOn } from './attend-on.ts';
import { type Device, openDevice } from './device.ts';
import { GpuError } from './gpu-error.ts';
import { type KernelMemory, Kernels } from './kernels.ts';

export interface GpuOptions {
  /** Most tiles of a work item: shorter ones cut more rows into segments. For tests. */
  readonly longest?: number;
  /** Fill outputs with NaN before each run, so that what is not written shows. For tests. */
  readonly poison?: boolean;
  /** Which kernels won their trials; absent: they are known as long as the program runs. */
  readonly memory?: KernelMemory | undefined;
}

/**
 * Attention in WebGPU. Runs the same in a browser and in Dawn.
 *
 * With `precision` f32 (the default), outputs differ from the float64 reference by less than 2e-6 * max|V| and log-sum-exps
 * by less than 2e-6 * max(1, |lse|), for scores of ordinary size; with f16, where tensors are rounded to float16 and sums
 * are float32, by less than 2e-3 of the same. What rounding leaves of a score grows with it: sizes of |q| . |k| * scale beyond
 * about 16 raise the bounds in proportion. Numbers below 2^-126 may count as 0. Tensors beyond float16 are computed in
 * float32 where f16 was asked for; those that could leave float32 on the way, or hold NaN or infinities, are refused with a
 * GpuError of the kind `beyond`, because shaders would not notice.
 *
 * @throws GpuError when there is no adapter
 */
export async function createGpuBackend(gpu: GPU, gpuOptions: GpuOptions = {}): Promise<Backend> {
  const opened = await openDevice(gpu);
  const { memory, ...forRuns } = gpuOptions;
  const kernels = new Kernels(opened, memory);

  async function run(input: AttentionInput, parts: PlanParts, options: AttentionOptions): Promise<AttentionResult> {
    const started = performance.now();
    for (const part of parts) checkInput(input, part);
    throwIfAborted(options.signal);
    const scale = attentionScale(input, options);
    const { signal, onProgress, precision = 'f32' } = options;
    const notes: string[] = [];
    const runIn = async (wanted: Precision) => {
      const demand = { headDim: input.headDim, precision: wanted, tile: commonTile(parts) };
      const kernel = await Promise.race([kernels.choose(demand), opened.failure]);
      throwIfAborted(signal);
      const { spec } = kernel;
      return { spec, ...(await attendOn(opened, kernel, input, parts, { scale, signal, onProgress, ...forRuns })) };
    };
    const { spec, o, lse, times } = await runIn(precision).catch(error => {
      if (precision !== 'f16' || !(error instanceof GpuError && error.kind === 'beyond')) throw error;
      notes.push(`Computed in float32. ${error.message}`);
      return runIn('f32');
    });
    return {
      o,
      lse,
      timing: { kernelMs: times.pack + times.attend, sortMs: times.pack, totalMs: performance.now() - started },
      backend: 'gpu',
      device: opened.name,
      kernel: spec.name,
      notes,
    };
  }

  return {
    id: 'gpu',
    device: opened.name,
    imitated: opened.imitated,
    facts: factsOf(opened),
    run: oneAtATime(run),
    dispose: () => opened.device.destroy(),
  };
}

function factsOf({ device, capability }: Device): BackendFacts {
  return {
    features: [...device.features].sort(),
    matrices: capability.matrices.map(({ M, N, K }) => `${M}x${N}x${K}`),
    subgroupSize: capability.subgroupSize,
    workgroupBytes: capability.workgroupBytes,
    bufferBytes: device.limits.maxBufferSize,
    software: capability.imitated,
  };
}

/** The tile that one kernel must fit: its keys divide those of all plans, its rows are those of the largest. */
function commonTile(parts: PlanParts): TilePlan['tile'] {
  let queries = 1;
  let keys = 0;
  for (const { plans } of parts) {
    for (const { tile } of plans) {
      queries = Math.max(queries, tile.queries);
      keys = divisor(keys, tile.keys);
    }
  }
  return { queries, keys: Math.max(16, keys) };
}

function divisor(a: number, b: number): number {
  return b === 0 ? a : divisor(b, a % b);
}
