import { breathe, isAbort, throwIfAborted } from '../abort.ts';
import { attentionScale, checkInput } from '../check-input.ts';
import { oneAtATime } from '../one-at-a-time.ts';
import { runParts } from '../parts.ts';
import type { AttentionInput, AttentionOptions, AttentionResult, Backend, HeadPlans } from '../types.ts';
import { type Computation, compute } from './compute.ts';
import { Kernel } from './kernel.ts';
import { type KernelBuild, kernelBuilds } from './kernel-builds.ts';
import { WorkerPool } from './pool.ts';
import { totalCost, WorkQueue, workList } from './work.ts';
import type { WorkerHost } from './worker-host.ts';

/** Below this many multiply-adds a run is over before workers would have been given it. */
const SMALL_RUN = 50e6;
/** Multiply-adds of one message to a worker: some ten milliseconds. */
const BATCH = 100e6;
/** Workers that share no memory may together hold this much of keys, values and plans; each holds one head at a time. */
const SLICE_BYTES = 2 ** 30;
/** Runs beyond this are not copied to shared memory. */
const SHARED_BYTES = 2 ** 32;
/** How long the calling thread computes before it lets others have their turn. */
const SLICE_MS = 25;

export interface CpuOptions {
  /** Absent: everything runs in the calling thread. */
  readonly workers?: WorkerHost;
  /** Absent: the fastest build that the engine accepts. */
  readonly build?: KernelBuild;
  /** Multiply-adds from which workers are used. */
  readonly workersFrom?: number;
}

/**
 * Attention in WebAssembly SIMD, float32, spread over workers by (head, row block).
 *
 * Measured against the float64 reference, outputs differ by less than 2e-6 * max|V| and log-sum-exps by less than
 * 2e-6 * max(1, |lse|), for scores of ordinary size: sizes of |q| . |k| * scale beyond about 16 raise the bounds in
 * proportion. Rows that float32 cannot hold, and those that attend to NaN, come out as NaN or infinite.
 *
 * @throws Error when the engine has no WebAssembly SIMD or is not allowed to use it.
 */
export async function createCpuBackend(options: CpuOptions = {}): Promise<Backend> {
  const build = options.build ?? kernelBuilds()[0];
  if (build === undefined) throw new Error('This JavaScript engine has no WebAssembly SIMD.');
  const kernel = await Kernel.create(build.bytes);
  const kernelName = build.id;
  const { workers } = options;
  const pool = workers !== undefined && workers.threads > 1 ? new WorkerPool(workers, build.bytes) : undefined;
  const name = build.id === 'relaxed-simd' ? 'WASM relaxed SIMD' : 'WASM SIMD';
  const device = (threads: number): string => `${name}, ${threads} ${threads === 1 ? 'thread' : 'threads'}`;
  let workersBroken = '';

  async function run(input: AttentionInput, plans: HeadPlans, run: AttentionOptions): Promise<AttentionResult> {
    const started = performance.now();
    checkInput(input, plans);
    throwIfAborted(run.signal);
    const scale = attentionScale(input, run);
    const list = workList(input, plans);
    const cost = totalCost(list);
    const o = new Float32Array(input.q.length);
    const lse = new Float32Array(input.heads * input.queries);
    const computation = { input, plans, scale, list, o, lse };
    const notes: string[] = [];
    let kernelMs: number | undefined;
    let threads = 1;
    let done = 0;
    const onProgress = (more: number): void => {
      done += more;
      run.onProgress?.(done / cost);
    };

    if (pool !== undefined && workersBroken === '' && cost >= (options.workersFrom ?? SMALL_RUN)) {
      const shared = workers?.shared === true && sharedBytes(input, plans) <= SHARED_BYTES;
      const fitting = shared ? workers.threads : Math.floor(SLICE_BYTES / sliceBytes(input, plans));
      threads = Math.min(workers?.threads ?? 1, fitting, list.blocks.length);
      if (threads > 1) {
        try {
          const { signal } = run;
          const batch = Math.min(BATCH, cost / (4 * threads));
          kernelMs = await pool.run({ ...computation, threads, shared, batch, signal, onProgress });
        } catch (error) {
          if (isAbort(error)) throw error;
          workersBroken = `Workers could not be used: ${error instanceof Error ? error.message : String(error)}`;
          done = 0;
        }
      }
    }
    if (kernelMs === undefined) {
      threads = 1;
      if (workersBroken !== '') notes.push(workersBroken);
      kernelMs = await runHere(kernel, computation, run.signal, onProgress);
    }
    throwIfAborted(run.signal);
    run.onProgress?.(1);
    const totalMs = performance.now() - started;
    return {
      o,
      lse,
      timing: { kernelMs, sortMs: 0, totalMs },
      backend: 'cpu',
      device: device(threads),
      kernel: kernelName,
      notes,
    };
  }

  const most = pool === undefined ? 1 : (workers?.threads ?? 1);
  return {
    id: 'cpu',
    device: device(most),
    facts: { build: kernelName, threads: most },
    run: oneAtATime((input, parts, given) => runParts(run, input, parts, given)),
    dispose: () => pool?.dispose(),
  };
}

/** Computes in the calling thread; returns milliseconds without the pauses. */
async function runHere(
  kernel: Kernel,
  run: Computation,
  signal: AbortSignal | undefined,
  onProgress: (cost: number) => void,
): Promise<number> {
  let spent = 0;
  let since = performance.now();
  // A paused block keeps its state in the kernel's memory, which no other run may touch meanwhile.
  for (const cost of compute(kernel, new WorkQueue(run.list), run)) {
    if (cost > 0) onProgress(cost);
    if (performance.now() - since < SLICE_MS) continue;
    spent += performance.now() - since;
    await breathe();
    throwIfAborted(signal);
    since = performance.now();
  }
  return spent + performance.now() - since;
}

function planBytes({ plans }: HeadPlans): number {
  let bytes = 0;
  for (const { rowStart, column, maskId, masks, pairs } of plans) {
    for (const { byteLength } of [rowStart, column, maskId, masks, pairs]) bytes += byteLength;
  }
  return bytes;
}

/** Keys and values of one head, and all plans. */
function sliceBytes({ keys, headDim }: AttentionInput, plans: HeadPlans): number {
  return 2 * 4 * keys * headDim + planBytes(plans);
}

/** Tensors, outputs and all plans. */
function sharedBytes({ q, k, v }: AttentionInput, plans: HeadPlans): number {
  return 2 * q.byteLength + k.byteLength + v.byteLength + planBytes(plans);
}
