import { maskCount, rowBlocks, type TilePlan, wordsPerRow } from '../compile/tile-plan.ts';
import { fromInt64, fromUint32 } from '../tensor/convert.ts';
import { writeSafetensors } from '../tensor/safetensors.ts';
import { checkExportSize } from './size-limit.ts';

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
      format: 'sparse-attention/tile-plan',
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
