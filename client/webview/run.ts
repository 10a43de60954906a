import { type Attention, createAttention } from '../../runtime/attention/attention.ts';
import { compareWithFull } from '../../runtime/attention/compare-with-full.ts';
import { webWorkers } from '../../runtime/attention/cpu/workers.web.ts';
import { sampleInput } from '../../runtime/attention/sample-data.ts';
import type { HeadPlans } from '../../runtime/attention/types.ts';
import type { MaskChoice } from './drawing-messages.ts';

/** The outcome of a run, as it is shown and kept. */
export interface RunSummary {
  readonly name: string;
  readonly tokens: number;
  readonly heads: number;
  readonly headDim: number;
  readonly backend: string;
  readonly device: string;
  readonly sparseMs: number;
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
  });
  return attention;
}

/** The heads of a layer that a run computes: all, or as many as fit into memory. Throws when not even one fits. */
export function headsToRun({ model, tokens }: MaskChoice): {
  heads: number;
  kvHeads: number;
  headDim: number;
  note: string | null;
} {
  const headDim = model.headDim ?? DEFAULT_HEAD_DIM;
  const queries = model.queries ?? tokens;
  const group = model.heads / model.kvHeads;
  const bytes = (heads: number): number => 4 * headDim * (2 * heads * queries + 2 * Math.ceil(heads / group) * tokens);
  let heads = model.heads;
  while (heads > 0 && bytes(heads) > MEMORY_BUDGET) heads -= group;
  if (heads <= 0) {
    const needed = Math.ceil(bytes(1) / 2 ** 20);
    throw new Error(
      `A run at n = ${tokens} needs ${needed} MiB for a single head, more than the preview may use. Pick a smaller n.`,
    );
  }
  const note =
    heads < model.heads
      ? `Only ${heads} of ${model.heads} heads ran: all of them would need ${Math.ceil(bytes(model.heads) / 2 ** 20)} MiB.`
      : null;
  return { heads, kvHeads: heads / group, headDim, note };
}

/** Runs attention over the plans of a layer on sample data. Rejects with an AbortError when cancelled. */
export async function runAttention(
  choice: MaskChoice,
  plans: HeadPlans,
  signal: AbortSignal,
  onProgress: (done: number) => void,
): Promise<RunSummary> {
  const { heads, kvHeads, headDim, note } = headsToRun(choice);
  const queries = choice.model.queries ?? choice.tokens;
  const input = sampleInput({ heads, kvHeads, queries, keys: choice.tokens, headDim });
  const report = await compareWithFull(backends(), input, plans, { backend: 'auto', signal, onProgress });
  return {
    name: choice.model.name,
    tokens: choice.tokens,
    heads,
    headDim,
    backend: report.sparse.backend,
    device: report.sparse.device,
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
