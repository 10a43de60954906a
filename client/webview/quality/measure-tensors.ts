import type { Surveyor } from '../../../runtime/analyse/quality/survey.ts';
import { quality } from '../../../runtime/analyse/quality.ts';
import type { Attention } from '../../../runtime/attention/attention.ts';
import { layerSizes, readLayerInput } from '../../../runtime/attention/layer-input.ts';
import type { RowSelector } from '../../../runtime/dynamic/rows/row-rule.ts';
import { selectHeads } from '../../../runtime/dynamic/select-heads.ts';
import type { Model } from '../../../runtime/pattern/ir.ts';
import { findLayers } from '../../../runtime/tensor/attention-tensors.ts';
import { openTensorFile } from '../../../runtime/tensor/tensor-file.ts';
import { modelShown } from '../mask-choice.ts';
import type { MeasuredHead, QualityJob, TensorQuality } from './quality-messages.ts';

/**
 * Measures the masks of a choice on every layer of a file of tensors.
 *
 * @throws TensorFileError, PatternError, CompileError, and Error when tensors and masks do not fit together
 */
export async function measureTensors(
  { choice, file, causal }: QualityJob & { kind: 'tensors' },
  attention: Attention,
  rows: RowSelector,
  surveyor: Surveyor,
  onProgress: (share: number, doing: string) => void,
): Promise<TensorQuality> {
  const { bytes, name } = file;
  const opened = await openTensorFile({ size: bytes.length, read: async (from, to) => bytes.subarray(from, to) });
  const layers = findLayers(opened.tensors);
  const measured: MeasuredHead[] = [];
  const notes = new Set<string>();
  let last: Omit<TensorQuality, 'heads' | 'notes'> | undefined;
  for (const [index, names] of layers.entries()) {
    const layer = names.layer ?? choice.layer;
    const doing = layers.length === 1 ? 'Measuring' : `Measuring layer ${layer}`;
    onProgress(index / layers.length, doing);
    const input = await readLayerInput(opened, names, layerSizes(opened, names));
    const { heads, kvHeads, queries, keys } = input;
    const model = fitted({ ...modelShown(choice), causal: causal || choice.model.causal }, layer, {
      ...{ heads, kvHeads, queries, tokens: keys },
    });
    const all = Array.from({ length: heads }, (_, head) => head);
    const { parts, notes: chosen } = await selectHeads(model, layer, all, input, { rows });
    const found = await quality(attention, input, parts, {
      offset: model.align === 'end' ? keys - queries : 0,
      surveyor,
      onProgress: share => onProgress((index + share) / layers.length, doing),
    });
    for (const head of found.heads) measured.push({ ...head, layer, against: found.baseline });
    for (const note of [...chosen, ...found.notes]) notes.add(note);
    last = { file: name, tokens: keys, queries, backend: found.backend, device: found.device };
  }
  if (last === undefined) throw new RangeError('there is at least one layer');
  return { ...last, heads: measured, notes: [...notes] };
}

type Sizes = Readonly<Record<'heads' | 'kvHeads' | 'queries' | 'tokens', number>>;

/** A bare pattern takes its length and heads from the tensors; a model has to have the same. Throws Error. */
function fitted(model: Model, layer: number, sizes: Sizes): Model {
  if (model.kind === 'pattern' && (model.heads === 1 || model.heads === sizes.heads)) {
    const heads = Array.from({ length: sizes.heads }, (_, head) => head);
    const rules = model.rules.map(rule => ({
      ...rule,
      layers: [layer],
      heads: model.heads === 1 ? heads : rule.heads,
    }));
    return { ...model, ...sizes, layers: layer + 1, rules };
  }
  const own = { ...model, queries: model.queries ?? sizes.queries, tokens: model.tokens ?? sizes.tokens };
  for (const what of ['heads', 'queries', 'tokens'] as const)
    if (own[what] !== sizes[what])
      throw new Error(`The tensors have ${sizes[what]} ${what}, but ${model.name} has ${own[what]}.`);
  if (layer >= model.layers)
    throw new Error(
      `There is no layer ${layer} in ${model.name}, which has ${model.layers}, but in the tensors there is.`,
    );
  return { ...model, ...sizes };
}
