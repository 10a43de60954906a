import { breathe, isAbort, throwIfAborted } from '../../attention/abort.ts';
import type { WorkerHost } from '../../attention/cpu/worker-host.ts';
import { oneAtATime } from '../../attention/one-at-a-time.ts';
import { curveSizes } from './curve.ts';
import { rowKernelBytes } from './kernel-bytes.ts';
import { RowKernel } from './row-kernel.ts';
import {
  addTotals,
  type HeadTotals,
  pairsSeen,
  rowBatches,
  type SurveyedHead,
  type Surveyor,
  type SurveyProgress,
} from './survey.ts';
import { SurveyPool } from './survey-pool.ts';
import { rowsOf, surveyRows } from './survey-rows.ts';

/** Below this many multiply-adds a head is done before workers would have been given it. */
const SMALL = 50e6;
/** How long the calling thread computes before it lets others have their turn. */
const SLICE_MS = 25;

export interface SurveyorOptions {
  /** Absent: everything runs in the calling thread. */
  readonly workers?: WorkerHost | undefined;
  /** Multiply-adds of a head from which workers are used. */
  readonly workersFrom?: number;
  /** The kernel; null: none, as in an engine without WebAssembly SIMD. */
  readonly wasm?: Uint8Array<ArrayBuffer> | null;
}

/** Looks at heads in WebAssembly SIMD: on workers, as far as they are there, small heads in the calling thread. */
export function createSurveyor(options: SurveyorOptions = {}): Surveyor {
  const wasm = options.wasm === undefined ? rowKernelBytes() : (options.wasm ?? undefined);
  const { workers, workersFrom = SMALL } = options;
  const pool = wasm && workers && workers.threads > 1 ? new SurveyPool(workers, wasm) : undefined;
  let kernel: Promise<RowKernel> | undefined;
  let broken = '';

  async function survey(head: SurveyedHead, progress: SurveyProgress = {}): Promise<HeadTotals | undefined> {
    throwIfAborted(progress.signal);
    if (wasm === undefined) return undefined;
    const cost = head.headDim * pairsSeen(head, { from: 0, to: head.queries });
    if (pool !== undefined && broken === '' && cost >= workersFrom) {
      try {
        return await pool.survey(head, progress);
      } catch (error) {
        if (isAbort(error)) throw error;
        // Workers that a page does not allow, or that died: it takes longer here, and comes to the same.
        broken = `Workers could not be used to look at probabilities: ${error instanceof Error ? error.message : String(error)}`;
      }
    }
    kernel ??= RowKernel.open(wasm);
    return surveyHere(await kernel, head, progress);
  }

  return {
    survey: oneAtATime(survey),
    notes: () => (broken === '' ? [] : [broken]),
    dispose: () => pool?.dispose(),
  };
}

async function surveyHere(
  kernel: RowKernel,
  head: SurveyedHead,
  { signal, onProgress }: SurveyProgress,
): Promise<HeadTotals> {
  const { k, headDim, keys, queries } = head;
  kernel.useKeys(k, headDim, curveSizes(keys));
  let since = performance.now();
  let sum: HeadTotals | undefined;
  for (const range of rowBatches(head)) {
    const steps = surveyRows(kernel, head, rowsOf(head, range));
    let step = steps.next();
    for (; step.done !== true; step = steps.next()) {
      if (performance.now() - since < SLICE_MS) continue;
      onProgress?.((range.from + step.value * (range.to - range.from)) / queries);
      await breathe();
      throwIfAborted(signal);
      since = performance.now();
    }
    sum = sum === undefined ? step.value : addTotals(sum, step.value);
  }
  if (sum === undefined) throw new RangeError('a head has rows');
  onProgress?.(1);
  return sum;
}
