import { unzlibSync } from 'fflate';
import { toFloat32, toTruths } from '../../../runtime/tensor/convert.ts';
import type { Tensor } from '../../../runtime/tensor/dtype.ts';
import { readNpzArrays } from '../../../runtime/tensor/npz.ts';
import { readSafetensors, type SafetensorsFile } from '../../../runtime/tensor/safetensors.ts';
import { pythonExpression } from './python-expression.ts';
import type { WrittenFile } from './written.ts';

/**
 * What the libraries make of files, each by the rule that it documents, pair by pair. Slow and obvious, and sharing nothing
 * with the exporters but the readers of containers.
 */

/** Does query row `i` attend to key `j` in head `head`? */
export type Allows = (head: number, i: number, j: number) => boolean;

export const textOf = ({ bytes }: WrittenFile): string => new TextDecoder().decode(bytes);

function numbers(tensor: Tensor | undefined): Float32Array {
  if (tensor === undefined) throw new Error('a tensor is missing');
  return toFloat32(tensor);
}

function arrayOf(file: WrittenFile, name: string): Tensor {
  const array = readNpzArrays(file.bytes, [name], 2 ** 30).get(name);
  if (array === undefined || array.dtype === 'bytes') throw new Error(`no array ${name}`);
  return array;
}

/** `numpy.unpackbits(z['packed'], axis=-1, count=z['shape'][-1], bitorder=str(z['bitorder']))` */
export function packedBits(file: WrittenFile): { shape: number[]; allows: Allows } {
  const order = readNpzArrays(file.bytes, ['bitorder'], 1000).get('bitorder');
  if (new TextDecoder().decode(order?.data) !== 'little') throw new Error('not the bit order that is read here');
  const shape = [...numbers(arrayOf(file, 'shape'))];
  const [queries = 0, keys = 0] = shape.slice(-2);
  const { data } = arrayOf(file, 'packed');
  const width = Math.ceil(keys / 8);
  return {
    shape,
    allows: (head, i, j) => ((data[(head * queries + i) * width + (j >> 3)]! >> (j & 7)) & 1) === 1,
  };
}

/** SciPy: block `indices[at]` of block row r for `indptr[r] <= at < indptr[r + 1]` is `data[at]`. */
export function scipyBsr(file: WrittenFile): { shape: number[]; allows: Allows } {
  const [indptr, indices] = [numbers(arrayOf(file, 'indptr')), numbers(arrayOf(file, 'indices'))];
  const data = arrayOf(file, 'data');
  const [, R = 0, C = 0] = data.shape;
  const shape = [...numbers(arrayOf(file, 'shape'))];
  if (shape[0]! % R !== 0 || shape[1]! % C !== 0) throw new Error('blocks do not cover the matrix');
  if (indptr.length !== shape[0]! / R + 1) throw new Error('not a block row for each R rows');
  return { shape, allows: blockRows(indptr, indices, toTruths(data), R, C) };
}

/** FlashInfer: the same arrays; without `mask` all of each block is allowed. */
export function flashInfer(file: WrittenFile): Allows {
  const { tensors, metadata } = readSafetensors(file.bytes);
  const [M, N, R, C] = ['M', 'N', 'R', 'C'].map(name => Number(metadata[name])) as [number, number, number, number];
  if (M % R !== 0 || N % C !== 0) throw new Error('blocks do not cover the mask');
  const indices = numbers(tensors.get('indices'));
  const mask = tensors.get('mask');
  const truths = mask === undefined ? new Uint8Array(indices.length * R * C).fill(1) : toTruths(mask);
  return blockRows(numbers(tensors.get('indptr')), indices, truths, R, C);
}

function blockRows(indptr: Float32Array, indices: Float32Array, data: Uint8Array, R: number, C: number): Allows {
  return (_, i, j) => {
    const row = Math.floor(i / R);
    for (let at = indptr[row]!; at < indptr[row + 1]!; at++)
      if (indices[at] === Math.floor(j / C) && data[(at * R + (i % R)) * C + (j % C)] === 1) return true;
    return false;
  };
}

/** FlashMask: the rows of key j that are masked. */
export function flashMask(file: WrittenFile): { width: number; causal: boolean; kvHeads: number; allows: Allows } {
  const tensor = arrayOf(file, 'startend_row_indices');
  const causal = toTruths(arrayOf(file, 'causal'))[0] === 1;
  const [, kvHeads = 0, keys = 0, width = 0] = tensor.shape;
  const values = numbers(tensor);
  return {
    width,
    causal,
    kvHeads,
    allows: (head, i, j) => {
      const [a = 0, b = 0, c = 0, d = 0] = values.subarray((head * keys + j) * width, (head * keys + j + 1) * width);
      if (causal) return i >= j && !(width === 1 ? i >= a : i >= a && i < b);
      if (width === 2) return !(i >= a || i < b);
      return !((i >= a && i < b) || (i >= c && i < d));
    },
  };
}

/** Block-Sparse-Attention: blocks of 128, with `is_causal` cut at `j <= i + keys - queries`. */
export function mitBlockSparse(file: WrittenFile): { causal: boolean; allows: Allows } {
  const { tensors, metadata } = readSafetensors(file.bytes);
  const mask = tensors.get('base_blockmask')!;
  const [batch, heads = 0, rows = 0, columns = 0] = mask.shape;
  const [, queries = 0] = numbers(tensors.get('cu_seqlens_q'));
  const [, keys = 0] = numbers(tensors.get('cu_seqlens_k'));
  if (batch !== 1 || rows !== Math.ceil(queries / 128) || columns !== Math.ceil(keys / 128)) throw new Error('shape');
  if (numbers(tensors.get('head_mask_type')).join() !== Array(heads).fill(1).join()) throw new Error('head types');
  if (tensors.get('streaming_info')?.shape[0] !== 2 * heads) throw new Error('streaming info');
  const causal = metadata.is_causal === 'True';
  return {
    causal,
    allows: (head, i, j) =>
      mask.data[(head * rows + (i >> 7)) * columns + (j >> 7)] === 1 && (!causal || j <= i + keys - queries),
  };
}

/** SpargeAttn: blocks of 128 queries and 64 keys. */
export function sparge(file: WrittenFile): Allows {
  const mask = readSafetensors(file.bytes).tensors.get('mask_id')!;
  const [, , rows = 0, columns = 0] = mask.shape;
  if (mask.dtype !== 'i8') throw new Error('not int8');
  return (head, i, j) => mask.data[(head * rows + (i >> 7)) * columns + (j >> 6)] === 1;
}

/** FlashInfer's vsa backends: blocks of R x C, equal for all heads that share keys. */
export function flashInferVsa(file: WrittenFile): { size: number; allows: Allows } {
  const { tensors, metadata } = readSafetensors(file.bytes);
  const mask = tensors.get('block_mask')!;
  const [, rows = 0, columns = 0] = mask.shape;
  const size = Number(metadata.R);
  if (metadata.C !== metadata.R || rows * size !== Number(metadata.M) || columns * size !== Number(metadata.N))
    throw new Error('blocks do not cover the mask');
  return {
    size,
    allows: (head, i, j) => mask.data[(head * rows + Math.floor(i / size)) * columns + Math.floor(j / size)] === 1,
  };
}

/** DeepSpeed, Triton: block (I, J) is computed whole where the layout is 1. */
export function blockLayout(file: WrittenFile): { block: number; allows: Allows } {
  const { tensors, metadata } = readSafetensors(file.bytes);
  const layout = tensors.get('layout')!;
  if (layout.dtype !== 'i64') throw new Error('not int64');
  const values = numbers(layout);
  const block = Number(metadata.block);
  const [, rows = 0, columns = 0] = layout.shape;
  return {
    block,
    allows: (head, i, j) => values[(head * rows + Math.floor(i / block)) * columns + Math.floor(j / block)] === 1,
  };
}

/** What FlexAttention gets from an exported module. */
export interface Flex {
  readonly heads: number;
  /** What the mask_mod computes; undefined: it looks bits up. */
  readonly formula: string | undefined;
  readonly options: { readonly ROWS_GUARANTEED_SAFE: boolean; readonly BLOCKS_ARE_CONTIGUOUS: boolean };
  /** Uncompiled FlexAttention: the mask_mod of every pair. Throws where a formula differs from the bits. */
  readonly eager: Allows;
  /** Compiled FlexAttention: blocks of `full_kv_indices` whole, the mask_mod on those of `kv_indices`, nothing else. */
  readonly compiled: Allows;
  /** Block columns of a row of blocks, as kernels walk them. */
  readonly lists: (head: number, row: number) => { readonly partial: number[]; readonly full: number[] };
}

/** The tensors as the module reads them; tests of the module itself run it in PyTorch. */
export function flexAttention(module: WrittenFile, tensors: WrittenFile): Flex {
  const text = textOf(module);
  const constant = (name: string): string => new RegExp(`^${name} = (.*?)(?:  #.*)?$`, 'm').exec(text)![1]!;
  const [queries, keys, heads, block] = ['QUERIES', 'KEYS', 'HEADS', 'BLOCK'].map(name => Number(constant(name))) as [
    number,
    number,
    number,
    number,
  ];
  const options = JSON.parse(constant('KERNEL_OPTIONS').toLowerCase());
  const file: SafetensorsFile = readSafetensors(tensors.bytes);
  const [head, rowStart, column, tile] = ['head', 'row_start', 'column', 'tile'].map(name =>
    numbers(file.tensors.get(name)),
  ) as [Float32Array, Float32Array, Float32Array, Float32Array];
  const bits = file.tensors.get('bits')!;
  const rows = Math.ceil(queries / block);
  if ((rowStart.length - 1) % rows !== 0 || head.length !== heads) throw new Error('tensors do not fit the constants');
  const entries = (h: number, row: number): number[] => {
    const at = (head[heads > 1 ? h : 0]! * rows + row) as number;
    return Array.from({ length: rowStart[at + 1]! - rowStart[at]! }, (_, entry) => rowStart[at]! + entry);
  };
  const lists: Flex['lists'] = (h, row) => ({
    partial: entries(h, row).flatMap(at => (tile[at] === 1 ? [] : [column[at]!])),
    full: entries(h, row).flatMap(at => (tile[at] === 1 ? [column[at]!] : [])),
  });
  const lookedUp: Allows = (h, i, j) => {
    const at = entries(h, Math.floor(i / block)).find(entry => column[entry] === Math.floor(j / block));
    const mask = at === undefined ? 0 : tile[at]!;
    return ((bits.data[((mask * block + (i % block)) * block + (j % block)) >> 3]! >> (j % 8)) & 1) === 1;
  };
  // A mask_mod that computes has its formula in the return statement.
  const [, offset, formula] = / i, j = q_idx(?: \+ (\d+))?, kv_idx\n(?: .*\n)? +return (.*)\n/.exec(text) ?? [];
  const computes = formula === undefined ? undefined : pythonExpression(formula);
  const eager: Allows = (h, i, j) => {
    const found = lookedUp(h, i, j);
    const computed = computes?.({ i: i + Number(offset ?? 0), j, mask: head[heads > 1 ? h : 0]! });
    if (computed !== undefined && (computed === 1) !== found)
      throw new Error(`head ${h}: (${i}, ${j}) is ${found}, but ${formula} says ${computed}`);
    return found;
  };
  return {
    heads,
    formula,
    options: {
      ROWS_GUARANTEED_SAFE: options.rows_guaranteed_safe,
      BLOCKS_ARE_CONTIGUOUS: options.blocks_are_contiguous,
    },
    eager,
    compiled: (h, i, j) => {
      const { partial, full } = lists(h, Math.floor(i / block));
      const key = Math.floor(j / block);
      if (full.includes(key)) {
        // Padding is no part of a full block.
        if ((key + 1) * block > keys || (Math.floor(i / block) + 1) * block > queries)
          throw new Error('a ragged full block');
        return true;
      }
      return partial.includes(key) && eager(h, i, j);
    },
    lists,
  };
}

/** A C header: the function of its text, over the arrays of its text. */
export function cHeader(file: WrittenFile): Allows {
  const text = textOf(file);
  const define = (name: string): number => Number(new RegExp(`^#define SPARSE_${name} (\\d+)$`, 'm').exec(text)![1]);
  const array = (name: string): number[] =>
    new RegExp(`sparse_${name}\\[\\] = \\{([^}]*)\\}`)
      .exec(text)![1]!
      .match(/\d+(?=u)/g)!
      .map(Number);
  const [rowStart, column, maskId, masks] = ['row_start', 'column', 'mask_id', 'masks'].map(array) as [
    number[],
    number[],
    number[],
    number[],
  ];
  const [rows, width] = [define('TILE_QUERIES'), define('TILE_KEYS')];
  return (_, i, j) => {
    const block = Math.floor(i / rows);
    for (let at = rowStart[block]!; at < rowStart[block + 1]!; at++) {
      if (column[at] !== Math.floor(j / width)) continue;
      if (maskId[at] === 4294967295) return true;
      const word = maskId[at]! * define('MASK_WORDS') + (i % rows) * define('ROW_WORDS') + ((j % width) >> 5);
      return ((masks[word]! >>> (j & 31)) & 1) === 1;
    }
    return false;
  };
}

/** The pixels of a PNG file of unfiltered RGBA rows. */
export function pngPixels(bytes: Uint8Array): {
  width: number;
  height: number;
  at: (x: number, y: number) => number[];
} {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const [width, height] = [view.getUint32(16), view.getUint32(20)];
  const length = view.getUint32(33);
  if (new TextDecoder().decode(bytes.subarray(37, 41)) !== 'IDAT') throw new Error('no IDAT after IHDR');
  const rows = unzlibSync(bytes.subarray(41, 41 + length));
  if (rows.length !== height * (4 * width + 1)) throw new Error('pixels do not fill the picture');
  return {
    width,
    height,
    at: (x, y) => [...rows.subarray(y * (4 * width + 1) + 1 + 4 * x, y * (4 * width + 1) + 5 + 4 * x)],
  };
}
