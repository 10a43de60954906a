import { safetensorsContents } from '../tensor/safetensors.ts';
import type { Misfit } from './misfit.ts';
import type { Exported, ExportRequest } from './request.ts';
import { blocksOf, brokenBlock } from './whole-blocks.ts';

/** Of the kernel for every card but those of compute capability 9.0, which has 64 x 128. */
const TILE = { queries: 128, keys: 64 };

/** Why SpargeAttn cannot hold the masks of a request; undefined when it can. Throws CompileError. */
export function spargeMisfit(request: ExportRequest): Misfit | undefined {
  return brokenBlock(request, TILE, 'all');
}

/**
 * The argument of `block_sparse_sage2_attn_cuda` of SpargeAttn: `mask_id` int8 [1, heads, ceil(queries / 128), ceil(keys / 64)],
 * 1 where a block is computed.
 */
export function exportSparge(request: ExportRequest): Exported {
  const heads = request.heads?.length ?? 1;
  const { allowed, rows, columns, addedPairs } = blocksOf(request, TILE, 'all');
  const contents = safetensorsContents(
    { mask_id: { dtype: 'i8', shape: [1, heads, rows, columns], data: allowed } },
    { name: request.name, block_queries: '128', block_keys: '64' },
  );
  return { files: [{ extension: 'safetensors', contents }], addedPairs };
}
