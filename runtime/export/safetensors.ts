import { forEachRun } from '../compile/dense.ts';
import { FULL_TILE, maskCount, rowBlocks, type TilePlan, wordsPerMask, wordsPerRow } from '../compile/tile-plan.ts';
import { emptyMask, type MaskBits, setKeys } from '../pattern/mask-bits.ts';
import type { Contents } from '../tensor/contents.ts';
import { fromInt64, fromUint32, toUint32 } from '../tensor/convert.ts';
import { type Tensor, TensorFileError } from '../tensor/dtype.ts';
import { hashOf, type SafetensorsFile, safetensorsContents } from '../tensor/safetensors.ts';
import { checkMaskShape } from './mask-shape.ts';

/** What the metadata of an exported tile plan calls it. */
const FORMAT = 'sparse-attention/tile-plan';
/** Larger tiles are none of ours. */
const MAX_TILE = 4096;

/**
 * The tile plan as a .safetensors file, the most compact of the formats: block-sparse rows of tiles.
 *
 * `row_start` [row blocks + 1], `column` [entries], `mask_id` [entries] (4294967295: the whole tile attends), `masks`
 * [unique masks, tile rows, words] with key 32 w + c of the tile in bit c of word w, all U32; `pairs` [row blocks] I64.
 * The metadata repeats format, version, sizes and bit order, says the `hash` of all data (`crc32:` and eight digits), and holds
 * what the caller adds.
 *
 * A mask in several disjoint parts has version 2: metadata `parts` says how many, the tensors of part p are called
 * `part_p.row_start` and so on, and `part_p.query_order` [queries] and `part_p.key_order` [keys], both U32, say which
 * query is row a and which key is column b of that part; without them the part is in the order of the sequence.
 *
 * @param info more metadata: name, source text, n...
 */
export function exportSafetensors(parts: readonly TilePlan[], info: Readonly<Record<string, string>> = {}): Contents {
  const [plan] = parts;
  if (plan === undefined) throw new RangeError('a mask has at least one part');
  const { tile, queries, keys } = plan;
  const single = parts.length === 1 && plan.queryOrder === undefined && plan.keyOrder === undefined;
  const tensors = parts.map((part, index) => tensorsOf(part, single ? '' : `part_${index}.`));
  const metadata = {
    ...info,
    format: FORMAT,
    ...(single ? { version: '1' } : { version: '2', parts: String(parts.length) }),
    queries: String(queries),
    keys: String(keys),
    tile_queries: String(tile.queries),
    tile_keys: String(tile.keys),
    full_tile: '4294967295',
    bit_order: 'little: bit c of word w is key 32 w + c of the tile',
  };
  return safetensorsContents(Object.assign({}, ...tensors), metadata, { hashed: true });
}

function tensorsOf(plan: TilePlan, prefix: string): Record<string, Tensor> {
  const { tile, queries, keys, rowStart, column, maskId, masks, pairs, queryOrder, keyOrder } = plan;
  return {
    [`${prefix}row_start`]: fromUint32(rowStart, [rowStart.length]),
    [`${prefix}column`]: fromUint32(column, [column.length]),
    [`${prefix}mask_id`]: fromUint32(maskId, [maskId.length]),
    [`${prefix}masks`]: fromUint32(masks, [maskCount(plan), tile.queries, wordsPerRow(plan)]),
    [`${prefix}pairs`]: fromInt64(BigInt64Array.from(pairs, BigInt), [rowBlocks(plan)]),
    ...(queryOrder === undefined ? {} : { [`${prefix}query_order`]: fromUint32(queryOrder, [queries]) }),
    ...(keyOrder === undefined ? {} : { [`${prefix}key_order`]: fromUint32(keyOrder, [keys]) }),
  };
}

/** Is a file a tile plan as `exportSafetensors` writes it? */
export function isTilePlan({ metadata }: SafetensorsFile): boolean {
  return metadata.format === FORMAT;
}

/**
 * The mask that a tile plan holds, for all heads.
 *
 * @throws TensorFileError for a version that is unknown, fewer queries than keys, and arrays that do not fit together
 */
export function readTilePlan(file: SafetensorsFile): MaskBits {
  const plan = planOf(file);
  const mask = emptyMask(null, plan.keys);
  forEachRun(plan, (row, from, to) => setKeys(mask, row, from, to));
  return mask;
}

function planOf({ tensors, metadata }: SafetensorsFile): TilePlan {
  if (metadata.hash !== undefined && metadata.hash !== hashOf(dataOf(tensors)))
    throw new TensorFileError('This tile plan is damaged: its data are not those that its hash is of.');
  if (metadata.version !== '1')
    throw new TensorFileError(`This tile plan has the version ${metadata.version}; version 1 can be read.`);
  const size = (name: string, most: number): number => {
    const value = Number(metadata[name]);
    if (!Number.isInteger(value) || value < 1 || value > most)
      throw new TensorFileError(`This tile plan says ${JSON.stringify(metadata[name] ?? null)} for ${name}.`);
    return value;
  };
  const array = (name: string): Uint32Array => {
    const tensor = tensors.get(name);
    if (tensor === undefined) throw new TensorFileError(`This tile plan has no ${name}.`);
    return toUint32(tensor);
  };
  const { tokens } = checkMaskShape([size('queries', 2 ** 32), size('keys', 2 ** 32)], 2);
  const tile = { queries: size('tile_queries', MAX_TILE), keys: size('tile_keys', MAX_TILE) };
  const rowStart = array('row_start');
  const column = array('column');
  const maskId = array('mask_id');
  const masks = array('masks');
  const blocks = Math.ceil(tokens / tile.queries);
  const columns = Math.ceil(tokens / tile.keys);
  const count = masks.length / wordsPerMask({ tile });
  const ascending = rowStart.every((start, row) => row === 0 || start >= Number(rowStart[row - 1]));
  if (
    rowStart.length !== blocks + 1 ||
    rowStart[0] !== 0 ||
    !ascending ||
    rowStart[blocks] !== column.length ||
    column.length !== maskId.length ||
    !Number.isInteger(count) ||
    column.some(each => each >= columns) ||
    maskId.some(id => id !== FULL_TILE && id >= count)
  )
    throw new TensorFileError('The arrays of this tile plan do not fit together.');
  return { tile, queries: tokens, keys: tokens, rowStart, column, maskId, masks, pairs: new Float64Array(blocks) };
}

/** The data of tensors that were read, in the order of the file. */
function dataOf(tensors: SafetensorsFile['tensors']): readonly Uint8Array[] {
  const data = Array.from(tensors.values(), tensor => tensor.data);
  return data.filter(({ length }) => length > 0).sort((a, b) => a.byteOffset - b.byteOffset);
}
