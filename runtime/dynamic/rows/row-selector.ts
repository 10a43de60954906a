import { breathe, isAbort, throwIfAborted } from '../../attention/abort.ts';
import type { WorkerHost } from '../../attention/cpu/worker-host.ts';
import { oneAtATime } from '../../attention/one-at-a-time.ts';
import { allBlocks, chooseRows } from './choose-rows.ts';
import type { ChosenRows } from './chosen-rows.ts';
import { rowKernelBytes } from './kernel-bytes.ts';
import { choosePlainly } from './plain-rows.ts';
import { RowKernel } from './row-kernel.ts';
import { RowPool } from './row-pool.ts';
import { type RowProgress, type RowRequest, type RowSelector, scoresCost } from './row-rule.ts';

/** Below this many multiply-adds a choice is made before workers would have been given it. */
const SMALL = 100e6;
/** How long the calling thread computes before it lets others have their turn. */
const SLICE_MS = 25;

export interface RowSelectorOptions {
  /** Absent: everything runs in the calling thread. */
  readonly workers?: WorkerHost | undefined;
  /** Multiply-adds from which workers are used. */
  readonly workersFrom?: number;
  /** The kernel; null: none, as in an engine without WebAssembly SIMD. */
  readonly wasm?: Uint8Array<ArrayBuffer> | null;
}

/** Chooses keys in WebAssembly SIMD on workers, as far as they are there; small choices, and all others, in the calling thread. */
export function createRowSelector(options: RowSelectorOptions = {}): RowSelector {
  const wasm = options.wasm === undefined ? rowKernelBytes() : (options.wasm ?? undefined);
  const { workers, workersFrom = SMALL } = options;
  const pool = wasm && workers && workers.threads > 1 ? new RowPool(workers, wasm) : undefined;
  let broken = '';
  let kernel: Promise<RowKernel | undefined> | undefined;

  async function choose(request: RowRequest, progress: RowProgress = {}): Promise<ChosenRows> {
    throwIfAborted(progress.signal);
    if (wasm === undefined) return choosePlainly(request, progress);
    const cost = scoresCost(request, 0, allBlocks(request).to);
    if (pool !== undefined && broken === '' && cost >= workersFrom) {
      try {
        return await pool.choose(request, progress);
      } catch (error) {
        if (isAbort(error)) throw error;
        // Workers that a page does not allow, or that died: it takes longer here, and comes to the same.
        broken = `Workers could not be used to choose keys: ${error instanceof Error ? error.message : String(error)}`;
      }
    }
    kernel ??= RowKernel.open(wasm);
    const opened = await kernel;
    return opened === undefined ? choosePlainly(request, progress) : chooseHere(opened, request, progress);
  }

  return {
    choose: oneAtATime(choose),
    notes: () => (broken === '' ? [] : [broken]),
    dispose: () => pool?.dispose(),
  };
}

async function chooseHere(
  kernel: RowKernel,
  request: RowRequest,
  { signal, onProgress }: RowProgress,
): Promise<ChosenRows> {
  kernel.useKeys(request.k, request.headDim);
  const range = allBlocks(request);
  const steps = chooseRows(kernel, request, range, request.q);
  let since = performance.now();
  let block = 0;
  let step = steps.next();
  for (; step.done !== true; step = steps.next()) {
    block++;
    if (performance.now() - since < SLICE_MS) continue;
    onProgress?.(block / range.to);
    await breathe();
    throwIfAborted(signal);
    since = performance.now();
  }
  return step.value;
}
