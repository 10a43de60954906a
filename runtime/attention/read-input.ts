import { findLayers } from '../tensor/attention-tensors.ts';
import { TensorFileError } from '../tensor/dtype.ts';
import { openTensorFile } from '../tensor/tensor-file.ts';
import { layerSizes, readLayerInput, type TensorChoice } from './layer-input.ts';
import type { AttentionInput } from './types.ts';

/**
 * Queries, keys and values from the bytes of a .safetensors, .npz or .npy file, as float32.
 *
 * @param layer which is meant where the file numbers them; null: the first
 * @param choice of names, layout and batch, where the file leaves them open
 * @throws TensorFileError when the file is not sound, does not have that layer, or its tensors do not fit together
 */
export async function readAttentionInput(
  bytes: Uint8Array,
  layer: number | null,
  choice: TensorChoice = {},
): Promise<AttentionInput> {
  const file = await openTensorFile({ size: bytes.length, read: async (from, to) => bytes.subarray(from, to) });
  const layers = findLayers(file.tensors, choice.names);
  // Tensors whose names say no number are those of any layer.
  const names = layers.find(each => layer === null || each.layer === layer || each.layer === null);
  if (names === undefined) {
    const all = layers.map(each => each.layer).join(', ');
    throw new TensorFileError(`it has layer${layers.length === 1 ? '' : 's'} ${all}, and none ${layer}`);
  }
  return readLayerInput(file, names, layerSizes(file, names, choice), choice);
}
