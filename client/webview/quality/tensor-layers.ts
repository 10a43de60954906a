import { layerSizes, readLayerInput } from '../../../runtime/attention/layer-input.ts';
import type { AttentionInput } from '../../../runtime/attention/types.ts';
import { findLayers } from '../../../runtime/tensor/attention-tensors.ts';
import { openTensorFile } from '../../../runtime/tensor/tensor-file.ts';
import type { TensorFile } from '../../preview/messages.ts';

/** A layer of a file of tensors. */
export interface TensorLayer {
  /** Its number, or null where the names of the tensors say none. */
  readonly layer: number | null;
  /** Throws TensorFileError and AttentionInputError. */
  read(): Promise<AttentionInput>;
}

/** The layers of a file, in ascending order; throws TensorFileError when it is not sound, or has no q, k and v. */
export async function tensorLayers({ bytes, tensors = {} }: TensorFile): Promise<readonly TensorLayer[]> {
  const opened = await openTensorFile({ size: bytes.length, read: async (from, to) => bytes.subarray(from, to) });
  return findLayers(opened.tensors, tensors.names).map(names => ({
    layer: names.layer,
    read: () => readLayerInput(opened, names, layerSizes(opened, names, tensors), tensors),
  }));
}
