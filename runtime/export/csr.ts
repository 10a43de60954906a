import { forEachRun } from '../compile/dense.ts';
import { planPairs, type TilePlan } from '../compile/tile-plan.ts';
import { emptyMask, type MaskBits, setKeys } from '../pattern/mask-bits.ts';
import { fromInt32, fromInt64, toTruths, toUint32 } from '../tensor/convert.ts';
import { type Tensor, TensorFileError } from '../tensor/dtype.ts';
import type { NpyArray } from '../tensor/npy.ts';
import { writeNpz } from '../tensor/npz.ts';
import { checkMaskShape } from './mask-shape.ts';
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

/** Arrays of a file that `scipy.sparse.save_npz` wrote. */
export const CSR_ARRAYS = ['format', 'shape', 'indptr', 'indices', 'data'] as const;

/**
 * The mask that compressed sparse rows hold, for all heads: pairs whose value is true, or 1.
 *
 * @throws TensorFileError for another sparse format, a matrix that is not square, and arrays that do not fit together
 */
export function readCsr(arrays: ReadonlyMap<string, NpyArray>): MaskBits {
  const format = arrays.get('format');
  const written = format?.dtype === 'bytes' ? new TextDecoder().decode(format.data).replace(/\0+$/, '') : undefined;
  if (written !== 'csr')
    throw new TensorFileError(
      `It holds a sparse matrix in the format ${JSON.stringify(written ?? null)}; save matrix.tocsr() instead.`,
    );
  const extents = toUint32(tensor(arrays, 'shape'));
  if (extents.length !== 2) throw new TensorFileError(`Its shape has ${extents.length} extents, not two.`);
  const { tokens } = checkMaskShape([...extents], 2);
  const indptr = toUint32(tensor(arrays, 'indptr'));
  const indices = toUint32(tensor(arrays, 'indices'));
  const data = toTruths(tensor(arrays, 'data'));
  if (indptr.length !== tokens + 1 || indptr[0] !== 0 || indptr[tokens] !== indices.length)
    throw new TensorFileError('Its indptr does not fit its shape and its indices.');
  if (data.length !== indices.length) throw new TensorFileError('It has not as many values as indices.');
  const mask = emptyMask(null, tokens);
  for (let row = 0; row < tokens; row++) {
    const end = Number(indptr[row + 1]);
    if (end < Number(indptr[row]) || end > indices.length)
      throw new TensorFileError(`Its indptr runs backwards at row ${row}.`);
    for (let at = Number(indptr[row]); at < end; at++) {
      const key = Number(indices[at]);
      if (key >= tokens) throw new TensorFileError(`Row ${row} has the column ${key}, but there are only ${tokens}.`);
      if (data[at] === 1) setKeys(mask, row, key, key + 1);
    }
  }
  return mask;
}

function tensor(arrays: ReadonlyMap<string, NpyArray>, name: string): Tensor {
  const array = arrays.get(name);
  if (array === undefined || array.dtype === 'bytes')
    throw new TensorFileError(`It looks like a sparse matrix, but has no numbers called ${name}.`);
  return array;
}
