import { breathe, throwIfAborted } from '../../runtime/attention/abort.ts';
import type { Attention } from '../../runtime/attention/attention.ts';
import { BackendError } from '../../runtime/attention/backend-error.ts';
import {
  type CompareOptions,
  compareWithFull,
  pairsOfHeads,
  type RunReport,
} from '../../runtime/attention/compare-with-full.ts';
import { modelForInput } from '../../runtime/attention/fit-model.ts';
import { readAttentionInput } from '../../runtime/attention/read-input.ts';
import { structuredInput } from '../../runtime/attention/structured-data.ts';
import type { AttentionInput, PlanParts } from '../../runtime/attention/types.ts';
import { compileHeadParts } from '../../runtime/compile/compile-heads.ts';
import type { RowSelector } from '../../runtime/dynamic/rows/row-rule.ts';
import { choosesByContent, type Selection, selectHeads } from '../../runtime/dynamic/select-heads.ts';
import type { Model } from '../../runtime/pattern/ir.ts';
import { rowDifferences } from './row-differences.ts';
import type { GivenTensors, Ran, RunFound, RunRequest, RunStep, TensorShape } from './run-request.ts';

/** What surrounds a run. */
export interface RunControl {
  readonly attention: Attention;
  /** Chooses keys where content does. */
  readonly rows: RowSelector;
  /** Tensors larger than this together are not tried; bytes. */
  readonly memoryLimit: number;
  readonly signal: AbortSignal;
  readonly onStep: (step: RunStep) => void;
}

/** What weights are computed from afterwards. */
export interface RunTensors {
  readonly input: AttentionInput;
  readonly parts: PlanParts;
  /** [heads][queries] */
  readonly lse: Float32Array;
}

/** A larger list of log-sum-exps stays where it was computed; bytes. */
const LARGEST_SENT = 2 ** 26;

/**
 * Runs attention over the heads of a layer and compares it with the reference and with full attention. Nothing is tried that
 * would not fit into memory.
 *
 * @returns what came out, and, when it ran, on what
 */
export async function doRun(
  request: RunRequest,
  control: RunControl,
): Promise<{ readonly found: RunFound; readonly tensors: RunTensors | null }> {
  const { signal, memoryLimit } = control;
  const at = async (stage: RunStep['stage']): Promise<void> => {
    control.onStep({ stage, done: 0, leftMs: null });
    await breathe();
    throwIfAborted(signal);
  };
  await at('compile');
  const given = await problemOf(request);
  const { model, heads, shape } = given;
  const bytes = bytesOf(shape);
  const chooses = choosesByContent(model, request.layer, heads);
  const parts = chooses ? null : compileHeadParts(model, request.layer, heads, shape.keys);
  if (bytes > memoryLimit)
    return {
      found: { kind: 'tooLarge', bytes, limit: memoryLimit, pairs: parts === null ? null : pairsOfHeads(parts) },
      tensors: null,
    };
  await at('data');
  const input = given.input ?? structuredInput(shape, sampleKindOf(request));
  if (parts === null) await at('select');
  const selection: Selection =
    parts === null ? await select(given, request.layer, input, control) : { parts, selectMs: null, notes: [] };
  await at('sparse');
  const report = await compare(control.attention, input, selection.parts, {
    backend: request.backend,
    precision: request.dtype,
    longestFullMs: request.longestFullMs,
    signal,
    onProgress: step => control.onStep(step),
  });
  const { lse } = report.sparse;
  return { found: ran(shape, selection, report), tensors: { input, parts: selection.parts, lse } };
}

/** Tensors of a run again, for weights of one that was computed elsewhere. */
export async function tensorsOf(request: RunRequest, lse: Float32Array, rows: RowSelector): Promise<RunTensors> {
  const { model, heads, shape, input } = await problemOf(request);
  const data = input ?? structuredInput(shape, sampleKindOf(request));
  const { parts } = await selectHeads(model, request.layer, heads, data, { rows });
  return { input: data, parts, lse };
}

/** Chooses keys by content, and says how far that is. */
function select(
  { model, heads }: Problem,
  layer: number,
  input: AttentionInput,
  { rows, signal, onStep }: Omit<RunControl, 'attention' | 'memoryLimit'>,
): Promise<Selection> {
  const started = performance.now();
  const onProgress = (done: number): void => {
    const leftMs = done > 0 ? ((performance.now() - started) * (1 - done)) / done : null;
    onStep({ stage: 'select', done, leftMs });
  };
  return selectHeads(model, layer, heads, input, { rows, signal, onProgress });
}

function ran(shape: TensorShape, { parts, selectMs, notes }: Selection, report: RunReport): Ran {
  const { sparse } = report;
  return {
    kind: 'ran',
    tokens: shape.keys,
    heads: shape.heads,
    kvHeads: shape.kvHeads,
    headDim: shape.headDim,
    backend: sparse.backend,
    device: sparse.device,
    pairs: pairsOfHeads(parts),
    selectMs,
    sparseMs: sparse.timing.kernelMs,
    fullMs: report.fullMs,
    predictedFullMs: report.predictedFullMs,
    speedUp: report.speedUp,
    largestDifference: report.largestDifference,
    checkedRows: report.checkedRows,
    rows: report.rows,
    notes: [...notes, ...sparse.notes],
    differences: rowDifferences(shape, report),
    lse: sparse.lse.byteLength > LARGEST_SENT ? null : new Float32Array(sparse.lse),
  };
}

interface Problem {
  readonly model: Model;
  readonly heads: readonly number[];
  readonly shape: TensorShape;
  /** Null: to be made up. */
  readonly input: AttentionInput | null;
}

/** What is to be computed; throws when a file's tensors are not as they should be. */
async function problemOf(request: RunRequest): Promise<Problem> {
  const { model, layer, tokens, heads, kvHeads, headDim, data } = request;
  if (data.kind !== 'tensors') {
    const shape = { heads: heads.length, kvHeads, queries: model.queries ?? tokens, keys: tokens, headDim };
    return { model, heads, shape, input: null };
  }
  // A bare pattern has no layers: tensors of any may be its data.
  const input = await readTensors(data, model.kind === 'pattern' ? null : layer);
  const fitted = modelForInput(model, data.name, input);
  return { model: fitted, heads: Array.from({ length: input.heads }, (_, head) => head), shape: input, input };
}

/** Queries, keys and values of a file; what is wrong with it begins with its name. */
export async function readTensors(
  { name, bytes, tensors }: GivenTensors,
  layer: number | null,
): Promise<AttentionInput> {
  if (bytes === null) throw new Error(`${name} has not been read.`);
  try {
    return await readAttentionInput(bytes, layer, tensors);
  } catch (error) {
    throw new Error(`${name}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function sampleKindOf({ data }: RunRequest) {
  return data.kind === 'tensors' ? 'random' : data.kind;
}

/** Bytes of q, k, v, the output and that of full attention. */
export function bytesOf({ heads, kvHeads, queries, keys, headDim }: TensorShape): number {
  return 4 * headDim * (3 * heads * queries + 2 * kvHeads * keys);
}

async function compare(
  attention: Attention,
  input: AttentionInput,
  plans: PlanParts,
  options: CompareOptions,
): Promise<RunReport> {
  try {
    return await compareWithFull(attention, input, plans, options);
  } catch (error) {
    // No adapter, or one that gives wrong results: the next best runs, and its notes say why.
    if (error instanceof BackendError && options.backend !== 'auto')
      return await compareWithFull(attention, input, plans, { ...options, backend: 'auto' });
    throw error;
  }
}
