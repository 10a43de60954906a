import type { Contents } from '../tensor/contents.ts';
import { fromInt32, fromInt64 } from '../tensor/convert.ts';
import { npzContents } from '../tensor/npz.ts';
import { blockRowsOf } from './block-rows.ts';
import { planOfRequest } from './head-masks.ts';
import type { ExportRequest } from './request.ts';
import { checkExportSize, ZIP_LIMIT } from './size-limit.ts';

/**
 * The mask as block sparse rows in the file layout of `scipy.sparse.save_npz`: bool [queries, keys], `data`
 * [blocks, rows, keys]. `scipy.sparse.load_npz` reads it. Blocks are the largest up to 64 x 64 that divide the lengths.
 *
 * @throws ExportSizeError when a zip file cannot hold it
 */
export function exportBsr(request: ExportRequest): Contents {
  const plan = planOfRequest(request);
  const { block, indptr, blocks, indices, data } = blockRowsOf(plan);
  checkExportSize(
    `A file of ${blocks.toLocaleString('en-US')} blocks of ${block.join(' x ')}`,
    blocks * (block[0] * block[1] + 4),
    ZIP_LIMIT,
    'Export it as safetensors, which stores equal tiles once.',
  );
  return npzContents({
    indices: { dtype: 'i32', shape: [blocks], data: indices },
    indptr: fromInt32(indptr, [indptr.length]),
    format: { dtype: 'bytes', width: 3, shape: [], data: new TextEncoder().encode('bsr') },
    shape: fromInt64(BigInt64Array.of(BigInt(plan.queries), BigInt(plan.keys)), [2]),
    data: { dtype: 'bool', shape: [blocks, ...block], data },
  });
}
