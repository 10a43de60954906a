import type { Attention, AttentionHosts } from '../../../runtime/attention/attention.ts';
import type { RowSelector } from '../../../runtime/dynamic/rows/row-rule.ts';
import { selectHeads } from '../../../runtime/dynamic/select-heads.ts';
import { compareAttention } from '../../../runtime/language-model/compare-attention.ts';
import { readConfiguration } from '../../../runtime/language-model/configuration.ts';
import { sequencesOf } from '../../../runtime/language-model/evaluate.ts';
import { openDense } from '../../../runtime/language-model/open-dense.ts';
import { causalityOf, inPlaceOf, layerMasks } from '../../../runtime/language-model/replace-attention.ts';
import { readWeights } from '../../../runtime/language-model/weights.ts';
import { modelShown } from '../mask-choice.ts';
import type { ModelQuality, QualityJob } from './quality-messages.ts';

/**
 * Puts the masks of a choice in the place of a language model's attention.
 *
 * @throws LanguageModelError, TensorFileError, PatternError, CompileError, and Error when a query sees what it is to predict
 */
export async function measureModel(
  { choice, files, sequences: wanted, byLayer, causal }: QualityJob & { kind: 'model' },
  attention: Attention,
  rows: RowSelector,
  hosts: AttentionHosts,
  onProgress: (share: number, doing: string) => void,
): Promise<ModelQuality> {
  onProgress(0, `Reading ${files.name}`);
  const configuration = readConfiguration(files.configuration);
  const model = readWeights(configuration, files.weights);
  const { context } = configuration;
  const tokens = choice.model.tokens ?? context;
  if (tokens > context)
    throw new Error(
      `${choice.model.name} has ${tokens} tokens, but ${files.name} was trained on sequences of ${context}.`,
    );
  const shown = modelShown({ ...choice, tokens });
  const replaced = inPlaceOf({ ...shown, causal: causal || shown.causal }, configuration, tokens);
  const { future, choosers } = causalityOf(replaced, tokens);
  if (future !== null)
    throw new Error(
      `Query ${future.query} attends to the later key ${future.key} (layer ${future.layer}, head ${future.head}), from which it can read what it is to predict. Take later keys out, or write & causal() behind the pattern.`,
    );
  const there = Math.max(1, Math.floor(files.text.length / (context + 1)));
  const sequences = sequencesOf(files.text, tokens, context + 1, Math.min(wanted, there));
  const { dense, notes } = await openDense(model, hosts, 'auto');
  try {
    const comparison = await compareAttention(
      model,
      { dense, attention, backend: 'auto' },
      sequences,
      layerMasks(replaced, tokens, (whole, layer, heads, content) =>
        selectHeads(whole, layer, heads, content, { rows }),
      ),
      { byLayer, onProgress: share => onProgress(share, 'Predicting') },
    );
    return {
      ...comparison,
      model: files.name,
      denseDevice: dense.device,
      notes: [
        ...new Set([
          ...choosers.map(chooser => `${chooser} looks at the whole sequence when it chooses keys.`),
          ...notes,
          ...comparison.full.notes,
          ...comparison.sparse.notes,
        ]),
      ],
    };
  } finally {
    dense.dispose();
  }
}
