import { forEachRun } from '../compile/dense.ts';
import { planPairs, type TilePlan } from '../compile/tile-plan.ts';
import { emptyMask, type MaskBits, setKeys } from '../pattern/mask-bits.ts';
import type { Contents } from '../tensor/contents.ts';
import { fromInt32, fromInt64, littleEndian, toTruths, toUint32 } from '../tensor/convert.ts';
import { type Tensor, TensorFileError } from '../tensor/dtype.ts';
import type { NpyArray } from '../tensor/npy.ts';
import { npzContents } from '../tensor/npz.ts';
import { maskRows } from './mask-rows.ts';
import { checkMaskShape } from './mask-shape.ts';
import { checkExportSize, ZIP_LIMIT } from './size-limit.ts';

/**
 * The mask as compressed sparse rows in the file layout of `scipy.sparse.save_npz`: bool [queries, keys], column
 * indices sorted within each row. `scipy.sparse.load_npz` reads it.
 *
 * Indices are int32, as scipy makes them up to 2^31 - 1 pairs; a zip file cannot hold a mask that needed int64.
 *
 * @throws ExportSizeError when a zip file cannot hold it
 */
export function exportCsr(plan: TilePlan): Contents {
  const { queries, keys } = plan;
  const pairs = planPairs(plan);
  checkExportSize(
    `A CSR file of ${pairs.toLocaleString('en-US')} pairs`,
    pairs * 5 + (queries + 1) * 4,
    ZIP_LIMIT,
    'Export it as safetensors, which stores tiles instead of pairs.',
  );
  const indptr = new Int32Array(queries + 1);
  forEachRun(plan, (row, from, to) => {
    indptr[row + 1] = Number(indptr[row + 1]) + to - from;
  });
  for (let row = 0; row < queries; row++) indptr[row + 1] = Number(indptr[row + 1]) + Number(indptr[row]);
  return npzContents({
    indices: { dtype: 'i32', shape: [pairs], data: () => columnsOf(plan) },
    indptr: fromInt32(indptr, [indptr.length]),
    format: { dtype: 'bytes', width: 3, shape: [], data: new TextEncoder().encode('csr') },
    shape: fromInt64(BigInt64Array.of(BigInt(queries), BigInt(keys)), [2]),
    data: { dtype: 'bool', shape: [pairs], data: () => ones(pairs) },
  });
}

/** The keys of each query. */
function* columnsOf(plan: TilePlan): Generator<Uint8Array, void> {
  const columns = new Int32Array(plan.keys);
  for (const { runs } of maskRows(plan)) {
    let count = 0;
    for (let run = 0; run < runs.length; run += 2)
      for (let key = Number(runs[run]); key < Number(runs[run + 1]); key++) columns[count++] = key;
    yield littleEndian(columns.subarray(0, count));
  }
}

function* ones(count: number): Generator<Uint8Array, void> {
  const some = new Uint8Array(Math.min(count, 2 ** 16)).fill(1);
  for (let at = 0; at < count; at += some.length) yield some.subarray(0, count - at);
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
