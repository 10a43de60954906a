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
import { type DeviceTimes, DispatchTimer } from '../../../runtime/attention/gpu/timer.ts';
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
  const { limits } = device.device;
  const fits = largestBuffer(input, parts, kernel.spec).bytes <= limits.maxStorageBufferBindingSize;
  const times = fits
    ? await timeResident(device, kernel, input, parts, scale)
    : await timeWhole(device, kernel, input, parts, scale, whole.times);
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

/** Tensors stay on the device; runs follow each other without a pause. */
async function timeResident(
  opened: Device,
  kernel: ReadyKernel,
  input: AttentionInput,
  parts: PlanParts,
  scale: number,
): Promise<Times> {
  const pass = new DevicePass(opened, kernel, { input, parts, scale });
  const packing: number[] = [];
  try {
    const loading = new DispatchTimer(opened.device, opened.timestamps);
    await pass.load(loading, undefined);
    packing.push((await loading.each()).reduce((sum, { ms }) => sum + ms, 0));
    loading.dispose();
    const unused = new DispatchTimer(opened.device, false);
    const started = performance.now();
    do {
      pass.repeat(unused, 2);
      await opened.device.queue.onSubmittedWorkDone();
    } while (performance.now() - started < settings.warmUpMs);
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

/** More than the device holds at once: every run uploads what it needs. */
async function timeWhole(
  opened: Device,
  kernel: ReadyKernel,
  input: AttentionInput,
  parts: PlanParts,
  scale: number,
  first: DeviceTimes,
): Promise<Times> {
  const attend: number[] = [first.attend];
  const pack: number[] = [first.pack];
  for (let run = 0; run < 2; run++) {
    const { times } = await attendOn(opened, kernel, input, parts, { scale });
    attend.push(times.attend);
    pack.push(times.pack);
  }
  return { attendMs: median(attend), packMs: median(pack), runs: attend.length };
}

function median(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? Number.NaN;
}
