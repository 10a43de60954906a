// Puts patterns in the place of a language model's attention, sequence by sequence, and prints what each came to as a line
// of JSON: a run can be stopped and taken up again.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { createAttention } from '../../../runtime/attention/attention.ts';
import { nodeWorkers } from '../../../runtime/attention/cpu/workers.node.ts';
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
  readonly folder: string;
  readonly threads: number;
  readonly sequences: number;
  /** Lines of imports, and the expressions that need them. */
  readonly imports: string;
  readonly patterns: readonly string[];
  /** `[sequence, pattern]` that are known already. */
  readonly known: readonly (readonly [number, string])[];
}

const { folder, threads, sequences, imports, patterns, known } = JSON.parse(process.argv[2] ?? '') as Settings;
const configuration = readConfiguration(readFileSync(path.join(folder, 'config.json'), 'utf8'));
const model = readWeights(configuration, readFileSync(path.join(folder, 'model.safetensors')));
const { context } = configuration;
const texts = sequencesOf(readFileSync(path.join(folder, 'heldout.txt')), context, context + 1, sequences);

const rows = createRowSelector({ workers: nodeWorkers(threads) });
const language = createLanguage(NO_FILES);
const source = `${imports}\n${patterns.map((pattern, at) => `pattern p${at} = ${pattern}`).join('\n')}\n`;
const file = await language.open('memory:/patterns.sparse', source);
const masks = patterns.map((_, at) => {
  // A pattern such as `columns([0..4])` shows its first queries keys that they are to predict.
  const replaced = inPlaceOf({ ...file.lower(`p${at}`), causal: true }, configuration, context);
  return layerMasks(replaced, context, (whole, layer, heads, content) =>
    selectHeads(whole, layer, heads, content, { rows }),
  );
});

const attention = createAttention({ workers: nodeWorkers(threads) });
const { dense } = await openDense(model, { workers: nodeWorkers(threads) }, 'cpu');
const machine = { dense, attention, backend: 'cpu' } as const;
const done = new Set(known.map(each => JSON.stringify(each)));
for (const [sequence, bytes] of texts.entries()) {
  for (const [at, pattern] of patterns.entries()) {
    const own = masks[at];
    if (own === undefined || done.has(JSON.stringify([sequence, pattern]))) continue;
    const started = process.cpuUsage();
    const result = await predictSequence(model, machine, bytes, own);
    const { user, system } = process.cpuUsage(started);
    const losses = new Losses(model, context);
    losses.add(result);
    const { bitsPerByte, later, pairs, attentionMs, selectMs, denseMs } = losses.evaluation();
    const processorMs = (user + system) / 1000;
    console.log(
      JSON.stringify({ sequence, pattern, bitsPerByte, later, pairs, attentionMs, selectMs, denseMs, processorMs }),
    );
  }
}
dense.dispose();
rows.dispose();
attention.dispose();
