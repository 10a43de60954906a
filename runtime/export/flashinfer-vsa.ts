import { safetensorsContents } from '../tensor/safetensors.ts';
import { groupMisfit } from './head-groups.ts';
import type { Misfit } from './misfit.ts';
import type { Exported, ExportRequest } from './request.ts';
import { type Blocks, blocksOf, brokenBlock } from './whole-blocks.ts';

/** Sizes of blocks that there are backends for. */
type Size = 128 | 64;

/** Why FlashInfer's block masks cannot hold the masks of a request; undefined when they can. Throws CompileError. */
export function flashInferVsaMisfit(request: ExportRequest): Misfit | undefined {
  const differing = groupMisfit(request);
  if (differing !== undefined) return differing;
  const { queries, tokens } = request.shape;
  if (queries % 64 !== 0 || tokens % 64 !== 0)
    return { reason: `queries and keys must be multiples of 64, but are ${queries} and ${tokens}`, roundable: false };
  if (isExact(request, 128)) return undefined;
  const empty = emptyRow(blocksOf(request, tileOf(64), 'all'));
  if (empty !== undefined)
    return {
      reason: `with blocks of 64 each block of queries needs a key, but queries ${64 * empty} to ${64 * empty + 63} of some head have none`,
      roundable: false,
    };
  return brokenBlock(request, tileOf(64), 'all');
}

/**
 * The argument `block_mask` of `BlockSparseAttentionWrapper.plan` of FlashInfer 0.6.18 for its backends `vsa_*`: bool
 * [query heads, queries / R, keys / C], with R = C = 128 where the masks are whole blocks of that, else 64; the metadata says
 * M, N, R and C.
 */
export function exportFlashInferVsa(request: ExportRequest): Exported {
  const { queries, tokens } = request.shape;
  const size: Size = isExact(request, 128) ? 128 : 64;
  const heads = request.heads?.length ?? 1;
  const { allowed, rows, columns, addedPairs } = blocksOf(request, tileOf(size), 'all');
  const contents = safetensorsContents(
    { block_mask: { dtype: 'bool', shape: [heads, rows, columns], data: allowed } },
    { name: request.name, M: String(queries), N: String(tokens), R: String(size), C: String(size) },
  );
  return { files: [{ extension: 'safetensors', contents }], addedPairs };
}

function isExact(request: ExportRequest, size: Size): boolean {
  const { queries, tokens } = request.shape;
  return queries % size === 0 && tokens % size === 0 && brokenBlock(request, tileOf(size), 'all') === undefined;
}

function tileOf(size: Size): { readonly queries: number; readonly keys: number } {
  return { queries: size, keys: size };
}

/** The first block row of any head without a block. */
function emptyRow({ allowed, rows }: Blocks): number | undefined {
  let at = 0;
  for (const row of allowed()) {
    if (!row.includes(1)) return at % rows;
    at++;
  }
  return undefined;
}
