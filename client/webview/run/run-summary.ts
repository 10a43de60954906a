import type { BackendId, Precision } from '../../../runtime/attention/types.ts';
import type { Ran, RunRequest, TooLarge } from '../../run/run-request.ts';
import { bytes, count, milliseconds, operations } from '../format.ts';
import type { RunOn } from './run-settings.ts';

/** The outcome of a run, as it is shown and kept: JSON. */
export interface RunSummary {
  readonly name: string;
  /** URI of the file that declares it; older pages kept none. */
  readonly file?: string | null;
  readonly tokens: number;
  readonly heads: number;
  readonly kvHeads: number;
  readonly headDim: number;
  readonly backend: BackendId;
  /** Did it run in the extension host? */
  readonly inHost: boolean;
  readonly device: string;
  /** Of the tensors: f16 only where a backend was allowed to round them and does so. */
  readonly dtype: Precision;
  /** The kind of made-up data, or the name of a file. */
  readonly data: string;
  readonly pairs: number;
  readonly selectMs: number | null;
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
  /** When the sweep that it is part of began; null for a run of its own. */
  readonly sweep: number | null;
}

/** Floating-point operations of so many pairs: a product with a key and one with a value for each. */
function flopsOf(pairs: number, headDim: number): number {
  return 4 * headDim * pairs;
}

export function summaryOf(
  { name, file }: Pick<RunSummary, 'name' | 'file'>,
  request: RunRequest,
  runOn: RunOn,
  ran: Ran,
  sweep: number | null,
): RunSummary {
  const { kind: _kind, differences: _differences, lse: _lse, ...numbers } = ran;
  return {
    ...numbers,
    name,
    ...(file !== undefined && { file }),
    inHost: runOn === 'host',
    dtype: ran.backend === 'gpu' ? request.dtype : 'f32',
    data: request.data.kind === 'tensors' ? request.data.name : request.data.kind,
    tflops: flopsOf(ran.pairs, ran.headDim) / Math.max(1e-6, ran.sparseMs) / 1e9,
    sweep,
  };
}

/** A run of fewer operations tells how long it takes to begin, and nothing of how fast it goes on. */
const LEAST_TELLING_FLOPS = 1e5;

function workOf({ pairs, headDim }: RunSummary): number {
  return flopsOf(pairs, headDim);
}

/** Why nothing was tried, and how long it would take, as far as earlier runs tell. */
export function tooLargeText(
  { bytes: needed, limit, pairs }: TooLarge,
  request: RunRequest,
  runOn: RunOn,
  runs: readonly RunSummary[],
): string {
  const why = `Not tried: its tensors need ${bytes(needed)}, more than the ${bytes(limit)} that a run may use here.`;
  if (pairs === null) return why;
  const flops = flopsOf(pairs, request.headDim);
  const like = runs
    .filter(
      run =>
        run.inHost === (runOn === 'host') &&
        run.backend === request.backend &&
        run.dtype === request.dtype &&
        workOf(run) >= LEAST_TELLING_FLOPS,
    )
    .reduce<RunSummary | undefined>(
      (largest, run) => (largest && workOf(largest) >= workOf(run) ? largest : run),
      undefined,
    );
  const cost = `${operations(BigInt(flops)).replace(/\d$/, '$& ')}FLOP`;
  return like === undefined
    ? `${why} It is ${cost} of attention.`
    : `${why} At the speed of the run at n = ${count(like.tokens)} it would take about ${milliseconds(flops / like.tflops / 1e9)} (${cost}).`;
}
