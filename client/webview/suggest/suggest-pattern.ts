import { suggestFor } from '../../../runtime/analyse/suggest/within-time.ts';
import type { Attention, AttentionHosts } from '../../../runtime/attention/attention.ts';
import type { RowSelector } from '../../../runtime/dynamic/rows/row-rule.ts';
import { selectHeads } from '../../../runtime/dynamic/select-heads.ts';
import { readConfiguration } from '../../../runtime/language-model/configuration.ts';
import { sequencesOf } from '../../../runtime/language-model/evaluate.ts';
import { openDense } from '../../../runtime/language-model/open-dense.ts';
import { suggestAttention, USUAL_TOKENS } from '../../../runtime/language-model/suggest-attention.ts';
import { readWeights } from '../../../runtime/language-model/weights.ts';
import type { LanguageModelFiles, TensorFile } from '../../preview/messages.ts';
import { tensorLayers } from '../quality/tensor-layers.ts';
import type { Suggested, SuggestJob } from './suggest-messages.ts';

/** Sequences that are predicted with what was found, where there are so many beside the one that was searched. */
const PREDICTED = 2;

/**
 * Looks for the pattern that keeps most on tensors of a file or in a language model.
 *
 * @throws SuggestError, TensorFileError, AttentionInputError and LanguageModelError
 */
export async function suggestPattern(
  job: SuggestJob,
  attention: Attention,
  rows: RowSelector,
  hosts: AttentionHosts,
  onProgress: (share: number, doing: string) => void,
): Promise<Suggested> {
  const { subject } = job;
  return subject.kind === 'tensors'
    ? forTensors(job, subject.file, attention, onProgress)
    : forModel(job, subject.files, attention, rows, hosts, onProgress);
}

async function forTensors(
  { budget, perHead, dynamic }: SuggestJob,
  file: TensorFile,
  attention: Attention,
  onProgress: (share: number, doing: string) => void,
): Promise<Suggested> {
  onProgress(0, `Reading ${file.name}`);
  const layers = await tensorLayers(file);
  const found = await suggestFor(
    attention,
    layers.map(({ layer, read }) => ({ layer: layer ?? 0, read })),
    budget,
    { perHead, dynamic, subject: file.name, onProgress: share => onProgress(share, 'Searching') },
  );
  return { subject: file.name, suggestion: withoutModel(found), prediction: null, notes: found.notes };
}

async function forModel(
  { budget, perHead, dynamic }: SuggestJob,
  files: LanguageModelFiles,
  attention: Attention,
  rows: RowSelector,
  hosts: AttentionHosts,
  onProgress: (share: number, doing: string) => void,
): Promise<Suggested> {
  const { name, text } = files;
  onProgress(0, `Reading ${name}`);
  const configuration = readConfiguration(files.configuration);
  const model = readWeights(configuration, files.weights);
  const { context } = configuration;
  const tokens = Math.min(USUAL_TOKENS, context);
  const there = Math.max(1, Math.floor(text.length / (context + 1)));
  const [searched, ...others] = sequencesOf(text, tokens, context + 1, Math.min(1 + PREDICTED, there));
  if (searched === undefined) throw new RangeError('there is at least one sequence');
  const predicted = others.length > 0 ? others : [searched];
  const { dense, notes } = await openDense(model, hosts, 'auto');
  try {
    const machine = { dense, attention, backend: 'auto' } as const;
    const { suggestion, comparison, choosers } = await suggestAttention(model, machine, searched, predicted, {
      ...{ budget, perHead, dynamic, subject: name, onProgress },
      compile: (whole, layer, heads, content) => selectHeads(whole, layer, heads, content, { rows }),
    });
    const { full, sparse, attentionSpeedUp } = comparison;
    return {
      subject: name,
      suggestion: withoutModel(suggestion),
      prediction: {
        ...{ full: full.bitsPerByte, suggested: sparse.bitsPerByte, tokens, attentionSpeedUp },
        ...{ sequences: predicted.length, searchedToo: others.length === 0 },
      },
      notes: [
        ...new Set([
          ...choosers.map(chooser => `${chooser} looks at the whole sequence when it chooses keys.`),
          ...notes,
          ...suggestion.notes,
          ...sparse.notes,
        ]),
      ],
    };
  } finally {
    dense.dispose();
  }
}

/** The text says the same, and is what is kept. */
function withoutModel({
  model: _,
  ...rest
}: Suggested['suggestion'] & { readonly model: unknown }): Suggested['suggestion'] {
  return rest;
}
