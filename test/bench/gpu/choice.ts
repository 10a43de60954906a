// How long choosing keys by content takes on the graphics device and on the processor, in a process of its own. Prints one
// JSON object a line: the machine, then each case.
//   choice.mjs '{"heads":12,"headDim":64,"lengths":[8192],"cases":[["topk","topk(64, within: causal())"]],"on":["gpu","cpu"]}'
import { nodeWorkers } from '../../../runtime/attention/cpu/workers.node.ts';
import { openDawn } from '../../../runtime/attention/gpu/dawn.node.ts';
import { openDevice } from '../../../runtime/attention/gpu/device.ts';
import { type SampleKind, structuredInput } from '../../../runtime/attention/structured-data.ts';
import type { AttentionInput } from '../../../runtime/attention/types.ts';
import { bindContent } from '../../../runtime/dynamic/bind-content.ts';
import { createGpuRowSelector } from '../../../runtime/dynamic/gpu/gpu-row-selector.ts';
import type { RowSelector } from '../../../runtime/dynamic/rows/row-rule.ts';
import { createRowSelector } from '../../../runtime/dynamic/rows/row-selector.ts';
import { headContent } from '../../../runtime/dynamic/select-heads.ts';
import type { Mask } from '../../../runtime/pattern/mask.ts';
import { createLanguage, NO_FILES } from '../../../server/language.ts';

export interface Settings {
  readonly heads: number;
  readonly headDim: number;
  readonly lengths: readonly number[];
  readonly kind: SampleKind;
  /** Name and expression. */
  readonly cases: readonly (readonly [name: string, expression: string])[];
  readonly on: readonly ('gpu' | 'cpu')[];
  /** Keys of a row from which the device is used; default: those from which it is quicker. */
  readonly keysFrom?: number;
  /** Rows of a head whose keys are compared. */
  readonly compared: number;
}

const settings = JSON.parse(process.argv[2] ?? '{}') as Settings;
const { heads, headDim } = settings;
const language = createLanguage(NO_FILES);
const workers = nodeWorkers();
const opening = await openDawn();
if ('reason' in opening) throw new Error(opening.reason);
const { device, name, imitated } = await openDevice(opening.gpu);
device.destroy();
console.log(JSON.stringify({ device: name, threads: workers.threads }));

const processor = createRowSelector({ workers });
/** Rows that the device was asked for, and those that it left. */
let asked = 0;
let left = 0;
const others: RowSelector = {
  choose(request, progress) {
    left += request.candidates.queries;
    return processor.choose(request, progress);
  },
  notes: () => [],
  dispose() {},
};
const { keysFrom } = settings;
const onDevice = createGpuRowSelector({
  ...{ open: openDawn, otherwise: others, always: true },
  ...(keysFrom !== undefined && { keysFrom }),
});
const selectors: Record<'gpu' | 'cpu', RowSelector> = {
  cpu: processor,
  gpu: {
    ...onDevice,
    choose(request, progress) {
      asked += request.candidates.queries;
      return onDevice.choose(request, progress);
    },
  },
};

// Shaders are compiled and workers started before anything is timed.
const warmUp = imitated ? 128 : 4096;
const warm = structuredInput({ heads: 1, kvHeads: 1, queries: warmUp, keys: warmUp, headDim }, settings.kind);
for (const where of settings.on) await choose('topk(8) | threshold(0.5)', warm, 0, where);
for (const tokens of settings.lengths) {
  const input = structuredInput({ heads, kvHeads: heads, queries: tokens, keys: tokens, headDim }, settings.kind);
  for (const [label, expression] of settings.cases) {
    const row: Record<string, unknown> = { name: label, expression, tokens, heads, headDim, kind: settings.kind };
    let sums: number[] | undefined;
    for (const where of settings.on) {
      asked = left = 0;
      const found: number[] = [];
      let ms = 0;
      let cpu = 0;
      for (let head = 0; head < heads; head++) {
        const before = process.cpuUsage();
        const started = performance.now();
        const mask = await choose(expression, input, head, where);
        ms += performance.now() - started;
        const { user, system } = process.cpuUsage(before);
        cpu += (user + system) / 1000;
        found.push(checksum(mask, tokens));
      }
      Object.assign(row, { [`${where}Ms`]: ms, [`${where}ProcessorMs`]: cpu });
      if (where === 'gpu') Object.assign(row, { asked, left, notes: onDevice.notes() });
      if (sums !== undefined) row.same = found.every((sum, head) => sum === sums?.[head]);
      sums = found;
    }
    console.log(JSON.stringify(row));
  }
}
process.exit(0);

/** What a head chooses; tiles are not listed. */
async function choose(expression: string, input: AttentionInput, head: number, where: 'gpu' | 'cpu'): Promise<Mask> {
  const { rules } = await language.lowerExpression(expression, 'memory:/expression.sparse');
  const pattern = rules[0]?.pattern;
  if (pattern === undefined) throw new Error('An expression has a pattern.');
  const { keys: tokens, queries } = input;
  const shape = { tokens, queries, offset: 0, head, heads: input.heads, layer: 0, layers: 1 };
  return bindContent(pattern, shape, { content: headContent(input, head), rows: selectors[where] });
}

/** A number that changes with the keys of some rows, spread over all. */
function checksum(mask: Mask, tokens: number): number {
  let sum = 0;
  const step = Math.max(1, Math.floor(tokens / settings.compared));
  for (let row = 0; row < tokens; row += step)
    for (let key = 0; key < tokens; key += 32) sum = (Math.imul(sum, 31) + mask.word(row, key)) | 0;
  return sum;
}
