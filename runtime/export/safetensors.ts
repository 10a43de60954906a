import { forEachRun } from '../compile/dense.ts';
import { FULL_TILE, maskCount, rowBlocks, type TilePlan, wordsPerMask, wordsPerRow } from '../compile/tile-plan.ts';
import { emptyMask, type MaskBits, setKeys } from '../pattern/mask-bits.ts';
import { fromInt64, fromUint32, toUint32 } from '../tensor/convert.ts';
import { TensorFileError } from '../tensor/dtype.ts';
import { type SafetensorsFile, writeSafetensors } from '../tensor/safetensors.ts';
import { checkMaskShape } from './mask-shape.ts';
import { checkExportSize } from './size-limit.ts';

/** What the metadata of an exported tile plan calls it. */
const FORMAT = 'sparse-attention/tile-plan';
/** Larger tiles are none of ours. */
const MAX_TILE = 4096;

/**
 * The tile plan as a .safetensors file, the most compact of the formats: block-sparse rows of tiles.
 *
 * `row_start` [row blocks + 1], `column` [entries], `mask_id` [entries] (4294967295: the whole tile attends), `masks`
 * [unique masks, tile rows, words] with key 32 w + c of the tile in bit c of word w, all U32; `pairs` [row blocks] I64.
 * The metadata repeats format, version, sizes and bit order, and holds what the caller adds.
 *
 * @param info more metadata: name, source text, n...
 * @throws ExportSizeError above 2 GiB
 */
export function exportSafetensors(
  plan: TilePlan,
  info: Readonly<Record<string, string>> = {},
): Uint8Array<ArrayBuffer> {
  const { tile, queries, keys, rowStart, column, maskId, masks, pairs } = plan;
  checkExportSize(
    `The tile plan of ${queries} x ${keys}`,
    rowStart.byteLength + column.byteLength + maskId.byteLength + masks.byteLength + pairs.byteLength,
    'Use fewer tokens.',
  );
  return writeSafetensors(
    {
      row_start: fromUint32(rowStart, [rowStart.length]),
      column: fromUint32(column, [column.length]),
      mask_id: fromUint32(maskId, [maskId.length]),
      masks: fromUint32(masks, [maskCount(plan), tile.queries, wordsPerRow(plan)]),
      pairs: fromInt64(BigInt64Array.from(pairs, BigInt), [rowBlocks(plan)]),
    },
    {
      ...info,
      format: FORMAT,
      version: '1',
      queries: String(queries),
      keys: String(keys),
      tile_queries: String(tile.queries),
      tile_keys: String(tile.keys),
      full_tile: '4294967295',
      bit_order: 'little: bit c of word w is key 32 w + c of the tile',
    },
  );
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
