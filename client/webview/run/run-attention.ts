import { type Attention, BackendError, createAttention } from '../../../runtime/attention/attention.ts';
import {
  type CompareOptions,
  compareWithFull,
  pairsOfHeads,
  type RunReport,
} from '../../../runtime/attention/compare-with-full.ts';
import { webWorkers } from '../../../runtime/attention/cpu/workers.web.ts';
import { sampleInput } from '../../../runtime/attention/sample-data.ts';
import type { AttentionInput, PlanParts, Precision } from '../../../runtime/attention/types.ts';
import type { MaskChoice } from '../mask-choice.ts';
import { keptKernels } from './kept-kernels.ts';

/** What the user wants a run to use: WebGPU, or the CPU where there is no adapter; or the CPU in any case. */
export type RunOn = 'gpu' | 'cpu';

/** What the user chose for runs. */
export interface RunSettings {
  /** Does a run compute all heads of the layer, or the one that is shown? */
  readonly allHeads: boolean;
  readonly runOn: RunOn;
  readonly dtype: Precision;
  /** Width of a head; null: that of the model. */
  readonly headDim: number | null;
}

/** The outcome of a run, as it is shown and kept. */
export interface RunSummary {
  readonly name: string;
  readonly tokens: number;
  readonly heads: number;
  readonly headDim: number;
  readonly backend: string;
  readonly device: string;
  /** Of the tensors: f16 only where a backend was allowed to round them and does so. */
  readonly dtype: Precision;
  readonly sparseMs: number;
  /** Operations of the pairs that attend, by the time of the sparse run; 10^12 a second. */
  readonly tflops: number;
  readonly fullMs: number | null;
  readonly predictedFullMs: number;
  readonly speedUp: number | null;
  readonly largestDifference: number;
  readonly checkedRows: number;
  readonly rows: number;
  readonly notes: readonly string[];
}

/** Tensors larger than this together (q, k, v and the output) are not tried in a page; bytes. */
const MEMORY_BUDGET = 512 * 2 ** 20;
/** Head width where the model does not say. */
const DEFAULT_HEAD_DIM = 64;

let attention: Attention | undefined;

/** One set of backends for the life of the page; each is checked against the reference before its first use. */
function backends(): Attention {
  attention ??= createAttention({
    gpu: async () => {
      const gpu = navigator.gpu as GPU | undefined;
      return gpu === undefined ? { reason: 'this editor has no WebGPU' } : { gpu };
    },
    workers: webWorkers(),
    kernels: keptKernels,
  });
  return attention;
}

/** Which heads of a layer a run computes. */
export interface RunHeads {
  /** Numbers of the query heads. */
  readonly heads: readonly number[];
  readonly kvHeads: number;
  readonly headDim: number;
  /** Why not all heads that were asked for run, or null. */
  readonly note: string | null;
}

/** The head that is shown, or all heads of the layer as far as they fit into memory. Throws when not even one fits. */
export function headsToRun({ model, tokens, head }: MaskChoice, all: boolean, width: number | null): RunHeads {
  const headDim = width ?? model.headDim ?? DEFAULT_HEAD_DIM;
  const queries = model.queries ?? tokens;
  const group = model.heads / model.kvHeads;
  const bytes = (heads: number): number => 4 * headDim * (2 * heads * queries + 2 * Math.ceil(heads / group) * tokens);
  const mebibytes = (heads: number): number => Math.ceil(bytes(heads) / 2 ** 20);
  if (bytes(1) > MEMORY_BUDGET)
    throw new Error(
      `a run at n = ${tokens} needs ${mebibytes(1)} MiB for a single head, more than the ${MEMORY_BUDGET / 2 ** 20} MiB that the preview may use. Pick a smaller n.`,
    );
  if (!all || bytes(group) > MEMORY_BUDGET) {
    const note = all
      ? `Only the head that is shown ran: all ${model.heads} would need ${mebibytes(model.heads)} MiB.`
      : null;
    return { heads: [head], kvHeads: 1, headDim, note };
  }
  let count = model.heads;
  while (bytes(count) > MEMORY_BUDGET) count -= group;
  const note =
    count < model.heads
      ? `Only ${count} of ${model.heads} heads ran: all of them would need ${mebibytes(model.heads)} MiB.`
      : null;
  return { heads: Array.from({ length: count }, (_, index) => index), kvHeads: count / group, headDim, note };
}

/** Runs attention over the plans of a layer on sample data. Rejects with an AbortError when cancelled. */
export async function runAttention(
  choice: MaskChoice,
  { heads, kvHeads, headDim, note }: RunHeads,
  plans: PlanParts,
  { runOn, dtype }: RunSettings,
  signal: AbortSignal,
  onProgress: (done: number) => void,
): Promise<RunSummary> {
  const queries = choice.model.queries ?? choice.tokens;
  const input = sampleInput({ heads: heads.length, kvHeads, queries, keys: choice.tokens, headDim });
  const report = await compare(input, plans, { backend: runOn, precision: dtype, signal, onProgress });
  return {
    name: choice.model.name,
    tokens: choice.tokens,
    heads: heads.length,
    headDim,
    backend: report.sparse.backend,
    device: report.sparse.device,
    dtype: report.sparse.backend === 'gpu' ? dtype : 'f32',
    tflops: (4 * headDim * pairsOfHeads(plans)) / Math.max(1e-6, report.sparse.timing.kernelMs) / 1e9,
    sparseMs: report.sparse.timing.kernelMs,
    fullMs: report.fullMs,
    predictedFullMs: report.predictedFullMs,
    speedUp: report.speedUp,
    largestDifference: report.largestDifference,
    checkedRows: report.checkedRows,
    rows: report.rows,
    notes: note === null ? report.sparse.notes : [note, ...report.sparse.notes],
  };
}

async function compare(input: AttentionInput, plans: PlanParts, options: CompareOptions): Promise<RunReport> {
  try {
    return await compareWithFull(backends(), input, plans, options);
  } catch (error) {
    // No adapter, or one that gives wrong results: the next best runs, and its notes say why.
    if (error instanceof BackendError && options.backend !== 'auto')
      return await compareWithFull(backends(), input, plans, { ...options, backend: 'auto' });
    throw error;
  }
}
