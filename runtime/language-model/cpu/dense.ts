import { breathe, isAbort, throwIfAborted } from '../../attention/abort.ts';
import { Crew } from '../../attention/cpu/crew.ts';
import { type Batched, handOut } from '../../attention/cpu/hand-out.ts';
import type { KernelBuild } from '../../attention/cpu/kernel-builds.ts';
import type { WorkerHost } from '../../attention/cpu/worker-host.ts';
import { oneAtATime } from '../../attention/one-at-a-time.ts';
import type { Configuration } from '../configuration.ts';
import type { Dense } from '../dense.ts';
import type { LanguageModel } from '../weights.ts';
import { workerSource } from './generated/worker.ts';
import type { FromWorker, ToWorker } from './messages.ts';
import { RowKernel } from './row-kernel.ts';
import { type RowResult, type RowTask, type Stage, stagesOf } from './stages.ts';

/** Multiply-adds of a pass through all layers below which workers are not worth starting. */
const SMALL_PASS = 50e6;
/** Rows of one message, a multiple of the kernel's block: some milliseconds of work. */
const BATCH = 64;
/** How long the calling thread computes before it lets others have their turn. */
const SLICE_MS = 25;

export interface CpuDenseOptions {
  readonly build: KernelBuild;
  /** Absent: everything runs in the calling thread. */
  readonly workers?: WorkerHost | undefined;
  /** Multiply-adds of a pass from which workers are used. */
  readonly workersFrom?: number;
}

/** Rows that are computed by one stage. */
interface Pass {
  readonly stage: Stage;
  readonly rows: number;
  /** The task of some rows; its arrays are its own, to be handed over. */
  readonly task: (from: number, rows: number) => { readonly task: RowTask; readonly own: readonly ArrayBufferView[] };
  /** Puts a result where it belongs. */
  readonly place: (from: number, rows: number, result: RowResult) => void;
  readonly signal: AbortSignal | undefined;
}

/**
 * In WebAssembly SIMD, float32, spread over workers by rows. Workers hold the weights of one step at a time.
 *
 * @throws Error when the engine does not take the build
 */
export async function createCpuDense(model: LanguageModel, options: CpuDenseOptions): Promise<Dense> {
  const { configuration } = model;
  const { dim, heads, headDim } = configuration;
  const { build, workers, workersFrom = SMALL_PASS } = options;
  const kernel = await RowKernel.create(build.bytes, configuration);
  const stages = stagesOf(model, workers?.shared === true);
  const load: ToWorker = { type: 'load', wasm: build.bytes, configuration };
  const crew =
    workers !== undefined && workers.threads > 1 ? new Crew<FromWorker>(workers, workerSource, load) : undefined;
  const most = crew === undefined ? 1 : (workers?.threads ?? 1);
  const name = build.id === 'relaxed-simd' ? 'WASM relaxed SIMD' : 'WASM SIMD';
  let broken = '';

  const run = oneAtATime(async (pass: Pass): Promise<void> => {
    throwIfAborted(pass.signal);
    const threads = Math.min(most, Math.ceil(pass.rows / BATCH));
    if (crew !== undefined && broken === '' && threads > 1 && pass.rows * multiplies(configuration) >= workersFrom) {
      try {
        await handOut(crew, threads, batched(pass), pass.signal);
        return;
      } catch (error) {
        if (isAbort(error)) throw error;
        broken = `Workers could not be used: ${error instanceof Error ? error.message : String(error)}`;
      }
    }
    await computeHere(kernel, pass);
  });

  const stageOf = (of: readonly Stage[], layer: number): Stage => {
    const stage = of[layer];
    if (stage === undefined) throw new RangeError(`there is no layer ${layer}`);
    return stage;
  };

  return {
    id: 'cpu',
    device: `${name}, ${most} ${most === 1 ? 'thread' : 'threads'}`,
    async project(layer, x, signal) {
      const n = x.length / dim;
      const of = () => new Float32Array(n * heads * headDim);
      const [q, k, v] = [of(), of(), of()];
      await run({
        stage: stageOf(stages.project, layer),
        rows: n,
        task: (first, rows) => {
          const part = rowsOf(x, first, rows, dim);
          return { task: { step: 'project', first, rows, x: part }, own: [part] };
        },
        place: (from, rows, result) => {
          for (const [index, to] of [q, k, v].entries()) {
            const part = result[index];
            if (part !== undefined) scatter(part, to, configuration, from, rows, n);
          }
        },
        signal,
      });
      return { q, k, v };
    },
    async finish(layer, x, attended, signal) {
      const n = x.length / dim;
      const after = new Float32Array(x.length);
      await run({
        stage: stageOf(stages.finish, layer),
        rows: n,
        task: (from, rows) => {
          const part = rowsOf(x, from, rows, dim);
          const heard = gather(attended, configuration, from, rows, n);
          return { task: { step: 'finish', rows, x: part, attended: heard }, own: [part, heard] };
        },
        place: (from, _, [part]) => {
          if (part !== undefined) after.set(part, from * dim);
        },
        signal,
      });
      return after;
    },
    async predict(x, targets, signal) {
      const n = x.length / dim;
      const bits = new Float32Array(n);
      await run({
        stage: stages.predict,
        rows: n,
        task: (from, rows) => {
          const part = rowsOf(x, from, rows, dim);
          // Not `slice`, which gives a view of a Buffer's memory.
          const ahead = Uint8Array.from(targets.subarray(from, from + rows));
          return { task: { step: 'predict', rows, x: part, targets: ahead }, own: [part, ahead] };
        },
        place: (from, _, [part]) => {
          if (part !== undefined) bits.set(part, from);
        },
        signal,
      });
      return bits;
    },
    notes: () => (broken === '' ? [] : [broken]),
    dispose: () => crew?.dispose(),
  };
}

/** Multiply-adds of one row in all layers. */
function multiplies({ layers, dim, ff, heads, headDim }: Configuration): number {
  return layers * dim * (4 * heads * headDim + 2 * ff);
}

/** First rows of the batches, each once, to whoever asks. */
function* batches(rows: number): Generator<{ readonly from: number; readonly rows: number }, undefined> {
  for (let from = 0; from < rows; from += BATCH) yield { from, rows: Math.min(BATCH, rows - from) };
}

/** The rows of a pass in batches, as workers get them. */
function batched({ stage, rows: all, task, place }: Pass): Batched<FromWorker, RowResult> {
  const batchAt = (index: number) => ({ from: index * BATCH, rows: Math.min(BATCH, all - index * BATCH) });
  return {
    batches: Math.ceil(all / BATCH),
    common: () => ({ message: { type: 'stage', stage } satisfies ToWorker, transfer: [] }),
    batch(index) {
      const { from, rows } = batchAt(index);
      const { task: own, own: handed } = task(from, rows);
      const transfer = handed.map(({ buffer }) => buffer as ArrayBuffer);
      return { message: { type: 'rows', task: own } satisfies ToWorker, transfer };
    },
    resultOf: message => (message.type === 'done' ? message.result : undefined),
    put(index, result) {
      const { from, rows } = batchAt(index);
      place(from, rows, result);
    },
  };
}

async function computeHere(kernel: RowKernel, { stage, rows: all, task, place, signal }: Pass): Promise<void> {
  kernel.useStage(stage);
  let since = performance.now();
  for (const { from, rows } of batches(all)) {
    place(from, rows, kernel.run(task(from, rows).task));
    if (performance.now() - since < SLICE_MS) continue;
    await breathe();
    throwIfAborted(signal);
    since = performance.now();
  }
}

function rowsOf(x: Float32Array, from: number, rows: number, width: number): Float32Array {
  return x.slice(from * width, (from + rows) * width);
}

/** [heads][n][headDim] -> [heads][rows][headDim] */
function gather(
  all: Float32Array,
  { heads, headDim }: Configuration,
  from: number,
  rows: number,
  n: number,
): Float32Array {
  const part = new Float32Array(heads * rows * headDim);
  for (let head = 0; head < heads; head++) {
    const at = (head * n + from) * headDim;
    part.set(all.subarray(at, at + rows * headDim), head * rows * headDim);
  }
  return part;
}

/** The reverse of `gather`. */
function scatter(
  part: Float32Array,
  all: Float32Array,
  { heads, headDim }: Configuration,
  from: number,
  rows: number,
  n: number,
): void {
  for (let head = 0; head < heads; head++)
    all.set(part.subarray(head * rows * headDim, (head + 1) * rows * headDim), (head * n + from) * headDim);
}
