// What a pattern loses, and the language model's products, on the graphics device that is there: against the definition in
// float64, and against the processor. `npm run test:gpu` runs it.

import { distributionOf } from '../../../../runtime/analyse/quality/distribution.ts';
import { checkTotals } from '../../../../runtime/analyse/quality/gpu/check-survey.ts';
import { createGpuSurveyor } from '../../../../runtime/analyse/quality/gpu/gpu-surveyor.ts';
import { MaskRows } from '../../../../runtime/analyse/quality/plan-rows.ts';
import type { SurveyedHead } from '../../../../runtime/analyse/quality/survey.ts';
import { createSurveyor } from '../../../../runtime/analyse/quality/surveyor.ts';
import { quality } from '../../../../runtime/analyse/quality.ts';
import { createAttention } from '../../../../runtime/attention/attention.ts';
import { nodeWorkers } from '../../../../runtime/attention/cpu/workers.node.ts';
import { openDawn } from '../../../../runtime/attention/gpu/dawn.node.ts';
import { openDevice } from '../../../../runtime/attention/gpu/device.ts';
import { sampleInput } from '../../../../runtime/attention/sample-data.ts';
import { checkDense } from '../../../../runtime/language-model/dense-check.ts';
import { createGpuDense } from '../../../../runtime/language-model/gpu/dense.ts';
import { densePlan } from '../../dense-plan.ts';

let state = Number(process.argv[2] ?? Date.now() % 2 ** 31) >>> 0;
const randomHeads = Number(process.argv[3] ?? 30);
const opening = await openDawn();
if ('reason' in opening) throw new Error(opening.reason);
const { gpu } = opening;
const { device, name, imitated } = await openDevice(gpu);
device.destroy();
console.log(`${name}, random heads from seed ${state}`);
const processor = createSurveyor({ workers: nodeWorkers() });
const surveyor = createGpuSurveyor({
  open: openDawn,
  otherwise: { survey: () => Promise.reject(new Error('was left to the processor')), notes: () => [], dispose() {} },
  always: true,
});

let passed = 0;
let failed = 0;
async function check(what: string, work: () => Promise<void>): Promise<void> {
  try {
    await work();
    passed++;
  } catch (error) {
    failed++;
    const notes = surveyor.notes().join(' ');
    console.log(`FAILED: ${what}: ${error instanceof Error ? error.message : String(error)} ${notes}`);
  }
}

/** Keys that the mask has of every hundred, sharpness, and sizes of a head. */
interface Case {
  readonly queries: number;
  readonly keys: number;
  readonly headDim: number;
  readonly causal: boolean;
  readonly share: number;
  readonly sharpness: number;
}

const awkward: readonly Case[] = [
  { queries: 1, keys: 1, headDim: 1, causal: true, share: 100, sharpness: 1 },
  { queries: 1, keys: 1000, headDim: 64, causal: false, share: 7, sharpness: 1 },
  { queries: 65, keys: 65, headDim: 17, causal: true, share: 0, sharpness: 1 },
  { queries: 129, keys: 300, headDim: 80, causal: true, share: 40, sharpness: 0 },
  { queries: 64, keys: 64, headDim: 64, causal: false, share: 100, sharpness: 12 },
  { queries: 200, keys: 2049, headDim: 128, causal: false, share: 3, sharpness: 4 },
  { queries: 77, keys: 901, headDim: 48, causal: true, share: 95, sharpness: 30 },
];
const below = (limit: number): number => {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return Math.floor((state / 2 ** 32) * limit);
};
const random = Array.from({ length: randomHeads }, (): Case => {
  const keys = 1 + below(900);
  return {
    ...{ keys, queries: Math.max(1, keys - below(keys)), headDim: 1 + below(130), causal: below(2) === 1 },
    ...{ share: [0, 2, 30, 80, 100][below(5)] ?? 30, sharpness: [0.3, 1, 4, 20][below(4)] ?? 1 },
  };
});
for (const each of [...awkward, ...random])
  await check(JSON.stringify(each), async () => {
    const head = headOf(each);
    const found = await surveyor.survey(head);
    if (found === undefined) throw new Error('found nothing');
    checkTotals(head, found);
  });

// Large enough for many portions and chunks of rows; the processor's totals are checked elsewhere.
const large = imitated
  ? { queries: 700, keys: 1500, headDim: 16, share: 10, sharpness: 1 }
  : { queries: 9000, keys: 20011, headDim: 64, share: 10, sharpness: 1 };
for (const causal of [true, false])
  await check(`a large head, ${causal ? 'causal' : 'full'}`, async () => {
    const head = headOf({ ...large, causal });
    const [found, wanted] = [await surveyor.survey(head), await processor.survey(head)];
    if (found === undefined || wanted === undefined) throw new Error('found nothing');
    const pairs = head.mask.perRow.reduce((sum, count) => sum + count, 0);
    const { curve: ownCurve, ...own } = distributionOf(found, head, pairs);
    const { curve: theirCurve, ...theirs } = distributionOf(wanted, head, pairs);
    for (const key of ['oracle', 'topk', 'window', 'random', 'overlap', 'entropy'] as const)
      expectClose(key, own[key], theirs[key]);
    for (const line of ['oracle', 'topk', 'window', 'random'] as const)
      ownCurve[line].forEach(({ recall }, point) => {
        expectClose(`${line}, point ${point}`, recall, theirCurve[line][point]?.recall);
      });
  });

await check('quality of grouped heads on the device and on the processor', async () => {
  const attention = createAttention({ gpu: openDawn, workers: nodeWorkers() });
  const input = sampleInput({ heads: 4, kvHeads: 2, queries: 300, keys: 500, headDim: 40 }, 9);
  const plans = [3, 5].map(step => densePlan(300, 500, (row, key) => key <= row + 200 && (row + key) % step === 0));
  const parts = [{ plans, headPlan: [0, 1, 0, 1] }];
  const on = (backend: 'gpu' | 'cpu') =>
    quality(attention, input, parts, { backend, surveyor: backend === 'gpu' ? surveyor : processor });
  const [found, wanted] = [await on('gpu'), await on('cpu')];
  attention.dispose();
  if (found.backend !== 'gpu') throw new Error(`was computed on ${found.backend}: ${found.notes.join(' ')}`);
  found.heads.forEach((head, index) => {
    const other = wanted.heads[index];
    for (const key of ['recall', 'error', 'cosine', 'pairs'] as const) expectClose(key, head[key], other?.[key]);
    for (const key of ['oracle', 'topk', 'window', 'overlap', 'entropy'] as const)
      expectClose(key, head.distribution?.[key], other?.distribution?.[key]);
  });
});
await check("the language model's products", () => checkDense(model => createGpuDense(model, gpu)));

console.log(`${passed} passed, ${failed} failed`);
process.exit(failed > 0 ? 1 : 0);

function expectClose(what: string, value: number | null | undefined, right: number | null | undefined): void {
  if (value === right) return;
  if (!(Math.abs(Number(value) - Number(right)) <= 1e-4 * Math.max(1, Math.abs(Number(right)))))
    throw new Error(`${what} is ${value} instead of ${right}`);
}

function headOf({ queries, keys, headDim, causal, share, sharpness }: Case): SurveyedHead {
  const seed = below(2 ** 20);
  const { q, k } = sampleInput({ heads: 1, kvHeads: 1, queries, keys, headDim }, seed);
  const offset = keys - queries;
  const allowed = (row: number, key: number): boolean =>
    (!causal || key <= offset + row) && (Math.imul(row * 8191 + key + seed, 0x9e3779b1) >>> 8) % 100 < share;
  const mask = new MaskRows([densePlan(queries, keys, allowed, { queries: 64, keys: 64 })], queries, keys);
  const baseline = causal ? 'causal' : 'full';
  return { queries, keys, headDim, baseline, offset, q, k, mask, scale: sharpness / Math.sqrt(headDim) };
}
