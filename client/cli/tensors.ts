import { readAttentionInput } from '../../runtime/attention/read-input.ts';
import type { AttentionInput, AttentionResult } from '../../runtime/attention/types.ts';
import { fromFloat32 } from '../../runtime/tensor/convert.ts';
import { writeSafetensors } from '../../runtime/tensor/safetensors.ts';
import { messageOf, wrongUse } from './failure.ts';
import { readWholeFile } from './read-file.ts';

/**
 * Reads q, k and v from a .safetensors, .npz or .npy file.
 *
 * @throws Failure (2) when the file is not sound, or the tensors are missing, not floats or do not fit together
 */
export async function readInput(file: string, signal: AbortSignal): Promise<AttentionInput> {
  const contents = await readWholeFile(file, signal);
  try {
    return readAttentionInput(contents, file);
  } catch (error) {
    throw wrongUse(`${file}: ${messageOf(error)}`);
  }
}

/** The bytes of a .safetensors file with `o [heads, queries, head_dim]` and `lse [heads, queries]`, both F32. */
export function outputFile(
  { heads, queries, headDim }: Pick<AttentionInput, 'heads' | 'queries' | 'headDim'>,
  result: AttentionResult,
  metadata: Readonly<Record<string, string>>,
): Uint8Array {
  return writeSafetensors(
    { o: fromFloat32(result.o, [heads, queries, headDim]), lse: fromFloat32(result.lse, [heads, queries]) },
    metadata,
  );
}
