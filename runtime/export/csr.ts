import { forEachRun } from '../compile/dense.ts';
import { planPairs, type TilePlan } from '../compile/tile-plan.ts';
import { fromInt32, fromInt64 } from '../tensor/convert.ts';
import { writeNpz } from '../tensor/npz.ts';
import { checkExportSize } from './size-limit.ts';

/**
 * The mask as compressed sparse rows in the file layout of `scipy.sparse.save_npz`: bool [queries, keys], column
 * indices sorted within each row. `scipy.sparse.load_npz` reads it.
 *
 * Indices are int32, as scipy makes them up to 2^31 - 1 pairs; a mask that needed int64 is beyond the limit of size.
 *
 * @throws ExportSizeError above 2 GiB before packing
 */
export function exportCsr(plan: TilePlan): Uint8Array<ArrayBuffer> {
  const { queries, keys } = plan;
  const pairs = planPairs(plan);
  checkExportSize(
    `A CSR file of ${pairs.toLocaleString('en-US')} pairs`,
    pairs * 5 + (queries + 1) * 4,
    'Export it as safetensors, which stores tiles instead of pairs.',
  );
  const indptr = new Int32Array(queries + 1);
  forEachRun(plan, (row, from, to) => {
    indptr[row + 1] = Number(indptr[row + 1]) + to - from;
  });
  for (let row = 0; row < queries; row++) indptr[row + 1] = Number(indptr[row + 1]) + Number(indptr[row]);
  const indices = new Int32Array(Number(indptr[queries]));
  const next = indptr.slice();
  forEachRun(plan, (row, from, to) => {
    let at = Number(next[row]);
    for (let key = from; key < to; key++) indices[at++] = key;
    next[row] = at;
  });
  return writeNpz({
    indices: fromInt32(indices, [indices.length]),
    indptr: fromInt32(indptr, [indptr.length]),
    format: { dtype: 'bytes', width: 3, shape: [], data: new TextEncoder().encode('csr') },
    shape: fromInt64(BigInt64Array.of(BigInt(queries), BigInt(keys)), [2]),
    data: { dtype: 'bool', shape: [indices.length], data: new Uint8Array(indices.length).fill(1) },
  });
}
