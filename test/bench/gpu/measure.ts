// Attention on the graphics device, in a process of its own. Prints one JSON object a line: the device, then each case.
//   measure.mjs '{"lengths":[4096],"patterns":[["sliding 4096","sliding(4096)",64]],"runs":20,...}'
import { compareRows, sampleRows } from '../../../runtime/attention/compare.ts';
import { pairsOfHeads } from '../../../runtime/attention/compare-with-full.ts';
import { attendOn } from '../../../runtime/attention/gpu/attend-on.ts';
import { openDawn } from '../../../runtime/attention/gpu/dawn.node.ts';
import { type Device, openDevice } from '../../../runtime/attention/gpu/device.ts';
import { GpuError } from '../../../runtime/attention/gpu/gpu-error.ts';
import { Kernels } from '../../../runtime/attention/gpu/kernels.ts';
import { DevicePass, largestBuffer, type ReadyKernel } from '../../../runtime/attention/gpu/pass.ts';
import { DispatchTimer } from '../../../runtime/attention/gpu/timer.ts';
import { referenceRows } from '../../../runtime/attention/reference.ts';
import type { AttentionInput, PlanParts, Precision } from '../../../runtime/attention/types.ts';
import { compileHeadParts } from '../../../runtime/compile/compile-heads.ts';
import { createLanguage, NO_FILES } from '../../../server/language.ts';
import { measurePeaks } from './peak.ts';

export interface Settings {
  readonly heads: number;
  readonly runs: number;
  /** Milliseconds of the same work before it is timed. */
  readonly warmUpMs: number;
  readonly peakWorkgroups: number;
  readonly checkedRows: number;
  /** Name, expression, numbers of a head, lengths, precisions. */
  readonly cases: readonly {
    readonly name: string;
    readonly expression: string;
    readonly headDim: number;
    readonly lengths: readonly number[];
    readonly precisions: readonly Precision[];
  }[];
}

/** Tensors are brought into the kernel's form so many times. */
const PACKING_RUNS = 5;

const settings = JSON.parse(process.argv[2] ?? '{}') as Settings;
const tile = { queries: 64, keys: 64 };
const opening = await openDawn();
if ('reason' in opening) throw new Error(opening.reason);
const device = await openDevice(opening.gpu);
const kernels = new Kernels(device);
const peaks = await measurePeaks(device, settings.peakWorkgroups);
console.log(JSON.stringify({ device: device.name, peaks, timestamps: device.timestamps }));
for (const { name, expression, headDim, lengths, precisions } of settings.cases) {
  for (const tokens of lengths) {
    const input = inputOf(tokens, headDim);
    const parts = await partsOf(expression, tokens);
    for (const precision of precisions) {
      const about = { name, expression, headDim, tokens, precision, heads: settings.heads };
      try {
        console.log(JSON.stringify({ ...about, ...(await measure(input, parts, precision)) }));
      } catch (error) {
        if (!(error instanceof GpuError)) throw error;
        console.log(JSON.stringify({ ...about, problem: error.message }));
      }
    }
  }
}
process.exit(0);

/** The same mask in all heads. */
async function partsOf(expression: string, tokens: number): Promise<PlanParts> {
  const model = await createLanguage(NO_FILES).lowerExpression(expression);
  const headPlan = new Array<number>(settings.heads).fill(0);
  return compileHeadParts(model, 0, [0], tokens, { tile }).map(({ plans }) => ({ plans, headPlan }));
}

/** Three overlapping views of one array, so that a million tokens fit into memory; numbers between -1 and 1. */
function inputOf(tokens: number, headDim: number): AttentionInput {
  const { heads } = settings;
  const length = heads * tokens * headDim;
  const shift = 64 * 1009 + 4;
  const data = new Float32Array(length + 2 * shift);
  let state = 1;
  for (let i = 0; i < data.length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    data[i] = state / 2 ** 31 - 1;
  }
  const view = (number: number): Float32Array => data.subarray(number * shift, number * shift + length);
  return { q: view(0), k: view(1), v: view(2), heads, kvHeads: heads, queries: tokens, keys: tokens, headDim };
}

async function measure(input: AttentionInput, parts: PlanParts, precision: Precision): Promise<object> {
  const { headDim } = input;
  const scale = 1 / Math.sqrt(headDim);
  const kernel = await kernels.choose({ headDim, precision, tile });
  const whole = await attendOn(device, kernel, input, parts, { scale });
  const rows = sampleRows(input, settings.checkedRows);
  const error = compareRows(input, whole, referenceRows(input, parts, rows, scale)).o;
  const times = await timeAll(device, kernel, input, parts, scale);
  const perPair = 4 * headDim;
  const computed = parts.reduce(
    (sum, { plans, headPlan }) => sum + headPlan.reduce((tiles, plan) => tiles + (plans[plan]?.column.length ?? 0), 0),
    0,
  );
  return {
    kernel: kernel.spec.name,
    pipeline: kernel.spec.pipeline,
    ...times,
    neededTflops: (pairsOfHeads(parts) * perPair) / times.attendMs / 1e9,
    tileTflops: (computed * tile.queries * tile.keys * perPair) / times.attendMs / 1e9,
    tiles: computed / settings.heads,
    error,
  };
}

interface Times {
  /** Median milliseconds of attention, and of bringing the tensors into the kernel's order and form. */
  readonly attendMs: number;
  readonly packMs: number;
  readonly runs: number;
}

/** All heads: together where they fit on the device, else some after the others, each lot timed by itself. */
async function timeAll(
  opened: Device,
  kernel: ReadyKernel,
  input: AttentionInput,
  parts: PlanParts,
  scale: number,
): Promise<Times> {
  const { heads, queries, keys, headDim } = input;
  const { maxStorageBufferBindingSize } = opened.device.limits;
  const some = (first: number, count: number) => {
    const of = (data: Float32Array, rows: number): Float32Array =>
      data.subarray(first * rows * headDim, (first + count) * rows * headDim);
    return {
      input: {
        ...input,
        ...{ heads: count, kvHeads: count, q: of(input.q, queries), k: of(input.k, keys), v: of(input.v, keys) },
      },
      parts: parts.map(part => ({ ...part, headPlan: part.headPlan.slice(first, first + count) })),
    };
  };
  const fits = (count: number): boolean => {
    const lot = some(0, count);
    return largestBuffer(lot.input, lot.parts, kernel.spec).bytes <= maxStorageBufferBindingSize;
  };
  let atOnce = heads;
  while (atOnce > 1 && !fits(atOnce)) atOnce = Math.ceil(atOnce / 2);
  let sum: Times = { attendMs: 0, packMs: 0, runs: settings.runs };
  for (let first = 0; first < heads; first += atOnce) {
    const lot = some(first, Math.min(atOnce, heads - first));
    const { attendMs, packMs } = await timeResident(opened, kernel, lot.input, lot.parts, scale);
    sum = { ...sum, attendMs: sum.attendMs + attendMs, packMs: sum.packMs + packMs };
  }
  return sum;
}

/** Tensors stay on the device; runs follow each other without a pause. */
async function timeResident(
  opened: Device,
  kernel: ReadyKernel,
  input: AttentionInput,
  parts: PlanParts,
  scale: number,
): Promise<Times> {
  const pass = new DevicePass(opened, kernel, { input, parts, scale });
  const unused = new DispatchTimer(opened.device, false);
  try {
    await pass.load(unused, undefined);
    const started = performance.now();
    do {
      // Enough work at once that the device has no reason to rest.
      pass.repeat(unused, 10);
      await opened.device.queue.onSubmittedWorkDone();
    } while (performance.now() - started < settings.warmUpMs);
    const packing: number[] = [];
    for (let run = 0; run < PACKING_RUNS; run++) {
      // An idle device is slow: it has something to do until the tensors come.
      pass.repeat(unused, 10);
      const loading = new DispatchTimer(opened.device, opened.timestamps);
      const again = new DevicePass(opened, kernel, { input, parts, scale });
      await again.load(loading, undefined);
      packing.push((await loading.each()).reduce((sum, { ms }) => sum + ms, 0));
      again.dispose();
      loading.dispose();
    }
    pass.repeat(unused, 10);
    const timer = new DispatchTimer(opened.device, opened.timestamps);
    pass.repeat(unused, 1);
    pass.repeat(timer, settings.runs);
    const each = await timer.each();
    timer.dispose();
    const perRun = each.length / settings.runs;
    const sums = Array.from({ length: settings.runs }, (_, run) =>
      each.slice(run * perRun, (run + 1) * perRun).reduce((sum, { ms }) => sum + ms, 0),
    );
    return { attendMs: median(sums), packMs: median(packing), runs: settings.runs };
  } finally {
    pass.dispose();
  }
}

function median(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? Number.NaN;
}
