import { planPairs } from '../compile/tile-plan.ts';
import { fromInt32 } from '../tensor/convert.ts';
import { safetensorsContents } from '../tensor/safetensors.ts';
import { blockRowsOf } from './block-rows.ts';
import { differingHead, planOfRequest, treesOf } from './head-masks.ts';
import type { Misfit } from './misfit.ts';
import type { Exported, ExportRequest } from './request.ts';

/** Why FlashInfer cannot hold the masks of a request: one pattern serves all heads. Throws CompileError. */
export function flashInferMisfit(request: ExportRequest): Misfit | undefined {
  if (request.heads === undefined) return undefined;
  const found = differingHead(
    treesOf(request),
    request.heads.map((_, head) => head),
    request.shape.offset,
  );
  return (
    found && {
      reason: `one pattern serves all heads, but heads ${found.heads[0]} and ${found.heads[1]} differ`,
      pair: found.pair,
      roundable: false,
    }
  );
}

/**
 * Arguments of `BlockSparseAttentionWrapper.plan` of FlashInfer 0.6.18: `indptr` int32 [M / R + 1], `indices` int32 [blocks],
 * and unless every block is allowed whole, `mask` bool [blocks, R, C]; the metadata says M, N, R and C. R and C are the largest
 * sizes up to 64 that divide the queries M and the keys N.
 */
export function exportFlashInfer(request: ExportRequest): Exported {
  const plan = planOfRequest(request);
  const { block, indptr, blocks, indices, data } = blockRowsOf(plan);
  const isWhole = planPairs(plan) === blocks * block[0] * block[1];
  const contents = safetensorsContents(
    {
      indptr: fromInt32(indptr, [indptr.length]),
      indices: { dtype: 'i32', shape: [blocks], data: indices },
      ...(!isWhole && { mask: { dtype: 'bool', shape: [blocks, ...block], data } as const }),
    },
    {
      name: request.name,
      M: String(plan.queries),
      N: String(plan.keys),
      R: String(block[0]),
      C: String(block[1]),
    },
  );
  return { files: [{ extension: 'safetensors', contents }], addedPairs: 0 };
}
