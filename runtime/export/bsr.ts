import { fromInt32, fromInt64 } from '../tensor/convert.ts';
import { writeNpz } from '../tensor/npz.ts';
import { blockRowsOf } from './block-rows.ts';
import { planOfRequest } from './head-masks.ts';
import type { ExportRequest } from './request.ts';

/**
 * The mask as block sparse rows in the file layout of `scipy.sparse.save_npz`: bool [queries, keys], `data`
 * [blocks, rows, keys]. `scipy.sparse.load_npz` reads it. Blocks are the largest up to 64 x 64 that divide the lengths.
 *
 * @throws ExportSizeError above 2 GiB before packing
 */
export function exportBsr(request: ExportRequest): Uint8Array<ArrayBuffer> {
  const plan = planOfRequest(request);
  const { block, indptr, indices, data } = blockRowsOf(plan);
  return writeNpz({
    indices: fromInt32(indices, [indices.length]),
    indptr: fromInt32(indptr, [indptr.length]),
    format: { dtype: 'bytes', width: 3, shape: [], data: new TextEncoder().encode('bsr') },
    shape: fromInt64(BigInt64Array.of(BigInt(plan.queries), BigInt(plan.keys)), [2]),
    data: { dtype: 'bool', shape: [indices.length, ...block], data },
  });
}
