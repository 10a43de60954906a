import { breathe, isAbort, throwIfAborted } from '../abort.ts';
import { attentionScale, checkInput } from '../check-input.ts';
import { oneAtATime } from '../one-at-a-time.ts';
import { runParts } from '../parts.ts';
import type { AttentionInput, AttentionOptions, AttentionResult, Backend, HeadPlans } from '../types.ts';
import { type KernelBuild, kernelBuilds } from './kernel-builds.ts';
import { attendBlock, blockRows, instantiateKernel, type Kernel } from './kernel-instance.ts';
import { WorkerPool } from './pool.ts';
import { batches, type WorkItem, workItems } from './work.ts';
import type { WorkerHost } from './worker-host.ts';

/** Below this many multiply-adds a run is over before workers would have been given it. */
const SMALL_RUN = 50e6;
/** Multiply-adds of one message to a worker: some ten milliseconds. */
const BATCH = 100e6;
/** All workers together may hold this much of keys, values and plans; each holds one head at a time. */
const WORKER_BYTES = 2 ** 30;
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
 * 2e-6 * max(1, |lse|), for scores of ordinary size.
 *
 * @throws Error when the engine has no WebAssembly SIMD or is not allowed to use it.
 */
export async function createCpuBackend(options: CpuOptions = {}): Promise<Backend> {
  const build = options.build ?? kernelBuilds()[0];
  if (build === undefined) throw new Error('This JavaScript engine has no WebAssembly SIMD.');
  const kernel = await instantiateKernel(build.bytes);
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
    const items = workItems(input, plans);
    const cost = items.reduce((sum, item) => sum + item.cost, 0);
    const o = new Float32Array(input.q.length);
    const lse = new Float32Array(input.heads * input.queries);
    const notes: string[] = [];
    let kernelMs: number | undefined;
    let threads = 1;
    let done = 0;
    const onProgress = (more: number): void => {
      done += more;
      run.onProgress?.(done / cost);
    };

    if (pool !== undefined && workersBroken === '' && cost >= (options.workersFrom ?? SMALL_RUN)) {
      const groups = batches(items, Math.min(BATCH, cost / (4 * (workers?.threads ?? 1))));
      const fitting = Math.floor(WORKER_BYTES / bytesPerWorker(input, plans));
      threads = Math.min(workers?.threads ?? 1, fitting, groups.length);
      if (threads > 1) {
        try {
          const { signal } = run;
          kernelMs = await pool.run({ input, plans, scale, batches: groups, threads, o, lse, signal, onProgress });
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
      kernelMs = await runHere(kernel, { input, plans, scale, items, o, lse, signal: run.signal, onProgress });
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

  return {
    id: 'cpu',
    device: device(pool === undefined ? 1 : (workers?.threads ?? 1)),
    run: oneAtATime((input, parts, given) => runParts(run, input, parts, given)),
    dispose: () => pool?.dispose(),
  };
}

interface LocalRun {
  readonly input: AttentionInput;
  readonly plans: HeadPlans;
  readonly scale: number;
  readonly items: readonly WorkItem[];
  readonly o: Float32Array;
  readonly lse: Float32Array;
  readonly signal: AbortSignal | undefined;
  readonly onProgress: (cost: number) => void;
}

/** Computes in the calling thread; returns milliseconds without the pauses. */
async function runHere(kernel: Kernel, run: LocalRun): Promise<number> {
  const { input, plans, scale, items, o, lse, signal, onProgress } = run;
  const { queries, keys, headDim } = input;
  let spent = 0;
  let since = performance.now();
  for (const { head, kvHead, plan: index, block, cost } of items) {
    const plan = plans.plans[index];
    if (plan === undefined) throw new RangeError(`There is no plan ${index}.`);
    const row = head * queries + block * plan.tile.queries;
    const ofKvHead = (data: Float32Array) => data.subarray(kvHead * keys * headDim, (kvHead + 1) * keys * headDim);
    const q = input.q.subarray(row * headDim, (row + blockRows(plan, block)) * headDim);
    const task = { plan, block, q, k: ofKvHead(input.k), v: ofKvHead(input.v), headDim, scale };
    // A paused block keeps its state in the kernel's memory, which no other run may touch meanwhile.
    const steps = attendBlock(kernel, task);
    let step = steps.next();
    while (step.done !== true) {
      if (performance.now() - since > SLICE_MS) {
        spent += performance.now() - since;
        await breathe();
        throwIfAborted(signal);
        since = performance.now();
      }
      step = steps.next();
    }
    o.set(step.value.o, row * headDim);
    lse.set(step.value.lse, row);
    onProgress(cost);
  }
  return spent + performance.now() - since;
}

/** Keys and values of one head, and all plans. */
function bytesPerWorker({ keys, headDim }: AttentionInput, { plans }: HeadPlans): number {
  let bytes = 2 * 4 * keys * headDim;
  for (const { rowStart, column, maskId, masks, pairs } of plans) {
    for (const { byteLength } of [rowStart, column, maskId, masks, pairs]) bytes += byteLength;
  }
  return bytes;
}
