import { findLayers } from '../tensor/attention-tensors.ts';
import { TensorFileError } from '../tensor/dtype.ts';
import { openTensorFile } from '../tensor/tensor-file.ts';
import { layerSizes, readLayerInput } from './layer-input.ts';
import type { AttentionInput } from './types.ts';

/**
 * Queries, keys and values from the bytes of a .safetensors, .npz or .npy file, as float32.
 *
 * @param layer which is meant where the file has several; null: the first
 * @throws TensorFileError when the file is not sound, does not have that layer, or its tensors do not fit together
 */
export async function readAttentionInput(bytes: Uint8Array, layer: number | null): Promise<AttentionInput> {
  const file = await openTensorFile({ size: bytes.length, read: async (from, to) => bytes.subarray(from, to) });
  const layers = findLayers(file.tensors);
  const names = layers.length === 1 || layer === null ? layers[0] : layers.find(each => each.layer === layer);
  if (names === undefined)
    throw new TensorFileError(`it has layers ${layers.map(each => each.layer).join(', ')}, and none ${layer}`);
  return readLayerInput(file, names, layerSizes(file, names));
}
