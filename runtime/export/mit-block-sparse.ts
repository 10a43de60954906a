import { fromInt32 } from '../tensor/convert.ts';
import { safetensorsContents } from '../tensor/safetensors.ts';
import type { Misfit } from './misfit.ts';
import type { Exported, ExportRequest } from './request.ts';
import { allCausal, blocksOf, brokenBlock, type Domain } from './whole-blocks.ts';

/** The only size that the kernel has. */
const TILE = { queries: 128, keys: 128 };

/** Why Block-Sparse-Attention cannot hold the masks of a request; undefined when it can. Throws CompileError. */
export function mitMisfit(request: ExportRequest): Misfit | undefined {
  const broken = brokenBlock(request, TILE, 'all');
  if (broken === undefined || domainOf(request) === 'all') return broken;
  return brokenBlock(request, TILE, 'past');
}

/** With `is_causal` a block stands for its pairs of the past; the kernel puts the last query at the last key. */
function domainOf(request: ExportRequest): Domain {
  const { queries, tokens, offset } = request.shape;
  return offset + queries === tokens && allCausal(request) ? 'past' : 'all';
}

/**
 * Arguments of `block_sparse_attn_func` of Block-Sparse-Attention 0.0.2, for one sequence: `base_blockmask` bool
 * [1, heads, ceil(queries / 128), ceil(keys / 128)], `head_mask_type` int32 [heads] (1: block-sparse), `streaming_info`
 * int32 [2 heads] (unused), `cu_seqlens_q` and `cu_seqlens_k` int32 [2]; the metadata says `is_causal`.
 */
export function exportMitBlockSparse(request: ExportRequest): Exported {
  const { queries, tokens } = request.shape;
  const heads = request.heads?.length ?? 1;
  const domain = brokenBlock(request, TILE, 'all') === undefined ? 'all' : domainOf(request);
  const { allowed, rows, columns, addedPairs } = blocksOf(request, TILE, domain);
  const contents = safetensorsContents(
    {
      base_blockmask: { dtype: 'bool', shape: [1, heads, rows, columns], data: allowed },
      head_mask_type: fromInt32(new Int32Array(heads).fill(1), [heads]),
      streaming_info: fromInt32(new Int32Array(2 * heads), [2 * heads]),
      cu_seqlens_q: fromInt32(Int32Array.of(0, queries), [2]),
      cu_seqlens_k: fromInt32(Int32Array.of(0, tokens), [2]),
    },
    {
      name: request.name,
      is_causal: domain === 'past' ? 'True' : 'False',
      max_seqlen_q: String(queries),
      max_seqlen_k: String(tokens),
    },
  );
  return { files: [{ extension: 'safetensors', contents }], addedPairs };
}
