import type { MeasuredHead } from '../../../runtime/analyse/quality/csv.ts';
import type { Surveyor } from '../../../runtime/analyse/quality/survey.ts';
import { quality } from '../../../runtime/analyse/quality.ts';
import type { Attention } from '../../../runtime/attention/attention.ts';
import { modelForInput, modelForLayers } from '../../../runtime/attention/fit-model.ts';
import type { RowSelector } from '../../../runtime/dynamic/rows/row-rule.ts';
import { selectHeads } from '../../../runtime/dynamic/select-heads.ts';
import { modelShown } from '../mask-choice.ts';
import type { QualityJob, TensorQuality } from './quality-messages.ts';
import { tensorLayers } from './tensor-layers.ts';

/**
 * Measures the masks of a choice on every layer of a file of tensors.
 *
 * @throws TensorFileError, PatternError, CompileError, AttentionInputError, and Error when tensors and masks do not fit together
 */
export async function measureTensors(
  { choice, file, causal }: QualityJob & { kind: 'tensors' },
  attention: Attention,
  rows: RowSelector,
  surveyor: Surveyor,
  onProgress: (share: number, doing: string) => void,
): Promise<TensorQuality> {
  const { name } = file;
  const layers = await tensorLayers(file);
  const shown = modelShown(choice);
  const masks = modelForLayers({ ...shown, causal: causal || shown.causal }, lastOf(layers, choice.layer) + 1);
  const measured: MeasuredHead[] = [];
  const notes = new Set<string>();
  let last: Omit<TensorQuality, 'heads' | 'notes'> | undefined;
  for (const [index, tensors] of layers.entries()) {
    const layer = tensors.layer ?? choice.layer;
    if (layer >= masks.layers)
      throw new Error(
        `There is no layer ${layer} in ${masks.name}, which has ${masks.layers}, but in ${name} there is.`,
      );
    const doing = layers.length === 1 ? 'Measuring' : `Measuring layer ${layer}`;
    onProgress(index / layers.length, doing);
    const input = await tensors.read();
    const { heads, queries, keys } = input;
    if (masks.kind === 'model' && masks.tokens !== null && masks.tokens !== keys)
      throw new Error(`${name} has tokens = ${keys}, but ${masks.name} has tokens = ${masks.tokens}`);
    const model = modelForInput(masks, name, input);
    const all = Array.from({ length: heads }, (_, head) => head);
    const { parts, notes: chosen } = await selectHeads(model, layer, all, input, { rows });
    const found = await quality(attention, input, parts, {
      offset: model.align === 'end' ? keys - queries : 0,
      surveyor,
      named: { layer },
      onProgress: share => onProgress((index + share) / layers.length, doing),
    });
    for (const head of found.heads) measured.push({ ...head, layer, against: found.baseline });
    for (const note of [...chosen, ...found.notes]) notes.add(note);
    last = { file: name, tokens: keys, queries, backend: found.backend, device: found.device };
  }
  if (last === undefined) throw new RangeError('there is at least one layer');
  return { ...last, heads: measured, notes: [...notes] };
}

function lastOf(layers: readonly { readonly layer: number | null }[], unnamed: number): number {
  return Math.max(...layers.map(({ layer }) => layer ?? unnamed));
}
