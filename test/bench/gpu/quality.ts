// What measuring the loss of a pattern takes on the graphics device and on the processor, and what a pass of the language
// model does. Prints tables in Markdown.
//   quality.mjs '{"small":true}' FOLDER-OF-THE-LANGUAGE-MODEL
import { readFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import path from 'node:path';
import { createGpuSurveyor } from '../../../runtime/analyse/quality/gpu/gpu-surveyor.ts';
import { createSurveyor } from '../../../runtime/analyse/quality/surveyor.ts';
import { type Quality, quality } from '../../../runtime/analyse/quality.ts';
import { createAttention } from '../../../runtime/attention/attention.ts';
import { nodeWorkers } from '../../../runtime/attention/cpu/workers.node.ts';
import { openDawn } from '../../../runtime/attention/gpu/dawn.node.ts';
import { structuredInput } from '../../../runtime/attention/structured-data.ts';
import type { PlanParts } from '../../../runtime/attention/types.ts';
import { compileHeadParts } from '../../../runtime/compile/compile-heads.ts';
import { createRowSelector } from '../../../runtime/dynamic/rows/row-selector.ts';
import { selectHeads } from '../../../runtime/dynamic/select-heads.ts';
import { readConfiguration } from '../../../runtime/language-model/configuration.ts';
import { Losses, sequencesOf } from '../../../runtime/language-model/evaluate.ts';
import { predictSequence } from '../../../runtime/language-model/forward.ts';
import { openDense } from '../../../runtime/language-model/open-dense.ts';
import { inPlaceOf, layerMasks } from '../../../runtime/language-model/replace-attention.ts';
import { readWeights } from '../../../runtime/language-model/weights.ts';
import { createLanguage, NO_FILES } from '../../../server/language.ts';

interface Settings {
  /** For devices that software imitates. */
  readonly small?: boolean;
  readonly heads?: number;
  readonly tokens?: number;
  readonly headDim?: number;
  readonly patterns?: readonly string[];
  readonly runs?: number;
  /** Of the language model. */
  readonly sequences?: number;
  readonly backends?: readonly Backend[];
}

type Backend = 'gpu' | 'cpu';

const settings = JSON.parse(process.argv[2] ?? '{}') as Settings;
const folder = process.argv[3] ?? 'examples/tiny-lm';
const { small = false } = settings;
const {
  heads = small ? 2 : 12,
  tokens = small ? 512 : 8192,
  headDim = 64,
  patterns = ['sliding(512)', 'window(512)', 'topk(256, within: causal())'],
  runs = small ? 1 : 5,
  sequences = small ? 1 : 16,
  backends = ['gpu', 'cpu'],
} = settings;

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1] ?? 0;
const ms = (value: number): string => `${value.toFixed(value < 10 ? 2 : 0)}`;
const language = createLanguage(NO_FILES);
const hosts = { gpu: openDawn, workers: nodeWorkers() };
const rows = createRowSelector({ workers: nodeWorkers() });

console.log(
  `Node ${process.versions.node}, ${cpus()[0]?.model}, ${hosts.workers.threads} threads, load ${loadavg()[0]?.toFixed(1)}.\n`,
);
await benchQuality();
await benchModel();
process.exit(0);

async function partsOf(expression: string, input: Parameters<typeof selectHeads>[3]): Promise<PlanParts> {
  const lowered = await language.lowerExpression(expression);
  if (!expression.startsWith('topk'))
    return compileHeadParts(lowered, 0, [0], tokens).map(({ plans }) => ({
      plans,
      headPlan: new Array<number>(heads).fill(0),
    }));
  const all = [...Array(heads).keys()];
  const rules = lowered.rules.map(rule => ({ ...rule, heads: all }));
  const model = { ...lowered, tokens, heads, kvHeads: heads, rules };
  return (await selectHeads(model, 0, all, input, { rows })).parts;
}

async function benchQuality(): Promise<void> {
  const input = structuredInput({ heads, kvHeads: heads, queries: tokens, keys: tokens, headDim }, 'local');
  console.log(
    `Quality, ${heads} heads x ${tokens} tokens x ${headDim}, median of ${runs} runs after a first one, in ms. ` +
      'The first run opens and checks the device or starts workers.\n',
  );
  console.log(
    '| pattern | against | on | first, recall | first, all | recall | all | of that attention twice | recall | oracle | overlap |',
  );
  console.log('|---|---|---|---:|---:|---:|---:|---:|---:|---:|---:|');
  const prepared: (readonly [string, PlanParts])[] = [];
  for (const pattern of patterns) prepared.push([pattern, await partsOf(pattern, input)]);
  for (const backend of backends) {
    const attention = createAttention(hosts);
    const otherwise = createSurveyor({ workers: hosts.workers });
    const surveyor = backend === 'cpu' ? otherwise : createGpuSurveyor({ open: openDawn, otherwise, always: true });
    let attended = 0;
    const attend: typeof attention.attend = async (...args) => {
      const started = performance.now();
      const result = await attention.attend(...args);
      attended += performance.now() - started;
      return result;
    };
    for (const [pattern, parts] of prepared) {
      let last: Quality | undefined;
      const once = async (distribution: boolean): Promise<number> => {
        const started = performance.now();
        last = await quality({ attend }, input, parts, { backend, surveyor, distribution });
        return performance.now() - started;
      };
      const many = async (distribution: boolean): Promise<number> => {
        const times: number[] = [];
        for (let run = 0; run < (backend === 'cpu' ? Math.min(runs, 2) : runs); run++)
          times.push(await once(distribution));
        return median(times);
      };
      const first = [await once(false), await once(true)] as const;
      const recall = await many(false);
      attended = 0;
      const all = await many(true);
      const inAttention = attended / (backend === 'cpu' ? Math.min(runs, 2) : runs);
      const found = last?.heads[0];
      console.log(
        `| \`${pattern}\` | ${last?.baseline} | ${last?.device} | ${first.map(ms).join(' | ')} | ${ms(recall)} | ${ms(all)} | ${ms(inAttention)} | ` +
          `${found?.recall.toFixed(6)} | ${found?.distribution?.oracle.toFixed(6)} | ${found?.distribution?.overlap?.toFixed(6)} |`,
      );
      for (const note of last?.notes ?? []) console.log(`note: ${note}`);
    }
    attention.dispose();
    surveyor.dispose();
  }
  console.log();
}

async function benchModel(): Promise<void> {
  const configuration = readConfiguration(readFileSync(path.join(folder, 'config.json'), 'utf8'));
  const model = readWeights(configuration, readFileSync(path.join(folder, 'model.safetensors')));
  const reference = JSON.parse(readFileSync(path.join(folder, 'reference.json'), 'utf8')) as Record<
    string,
    { readonly bitsPerByte: number }
  >;
  const { context } = configuration;
  const length = small ? 300 : context;
  const texts = sequencesOf(readFileSync(path.join(folder, 'heldout.txt')), length, context + 1, sequences);
  console.log(
    `The language model, ${length} tokens a pass, ${sequences} sequences, medians in ms; on the processor one sequence.\n`,
  );
  console.log(
    '| in place of attention | products on | attention on | first pass | pass | attention | all else | bits per byte | off reference |',
  );
  console.log('|---|---|---|---:|---:|---:|---:|---:|---:|');
  let worst = 0;
  for (const backend of backends) {
    const attention = createAttention(hosts);
    const { dense, notes } = await openDense(model, hosts, backend);
    for (const pattern of Object.keys(reference).slice(0, small ? 2 : undefined)) {
      const replaced = inPlaceOf({ ...(await language.lowerExpression(pattern)), causal: true }, configuration, length);
      const masks = layerMasks(replaced, length, (whole, layer, some, content) =>
        selectHeads(whole, layer, some, content, { rows }),
      );
      const losses = new Losses(model, length);
      const times: number[] = [];
      let device = '';
      for (const bytes of backend === 'cpu' ? texts.slice(0, 1) : texts) {
        const started = performance.now();
        const result = await predictSequence(model, { dense, attention, backend }, bytes, masks);
        times.push(performance.now() - started);
        losses.add(result);
        device = result.attentionDevice;
        for (const note of result.notes) console.log(`note: ${note}`);
      }
      const { bitsPerByte, attentionMs, denseMs } = losses.evaluation();
      const comparable = !small && backend === 'gpu' && sequences === 16;
      const off = bitsPerByte - (reference[pattern]?.bitsPerByte ?? Number.NaN);
      if (comparable) worst = Math.max(worst, Math.abs(off));
      console.log(
        `| \`${pattern.replaceAll('|', '\\|')}\` | ${dense.device} | ${device} | ${ms(times[0] ?? 0)} | ${ms(median(times))} | ${ms(attentionMs)} | ${ms(denseMs)} | ` +
          `${bitsPerByte.toFixed(4)} | ${comparable ? off.toExponential(1) : ''} |`,
      );
    }
    for (const note of notes) console.log(`note: ${note}`);
    dense.dispose();
    attention.dispose();
  }
  console.log(`\nLargest difference from reference.json: ${worst.toExponential(1)} bits per byte.`);
}
