import { FULL_TILE, maskCount, rowBlocks, type TilePlan } from '../compile/tile-plan.ts';
import { fromInt32 } from '../tensor/convert.ts';
import { writeSafetensors } from '../tensor/safetensors.ts';
import type { PerHead } from './head-masks.ts';
import type { ExportRequest } from './request.ts';
import { checkExportSize } from './size-limit.ts';

/** Queries and keys of a block. */
export const BLOCK = 128;
/** Mask 0 allows nothing, this one everything; those of the plans come after them. */
const EVERYTHING = 1;
const OWN = 2;

/**
 * The blocks of 128 x 128 of some masks as a .safetensors file:
 *
 * `head` int32 [heads]: which of the distinct masks each head has. `row_start` int32 [distinct masks x row blocks + 1]: where
 * the blocks of each block of 128 queries begin. `column` int32 [blocks]: block of 128 keys. `tile` int32 [blocks]: 1 where all
 * pairs are allowed, else the number of the mask of the block. `bits` uint8 [masks, 128, 16]: bit b of byte c of row r is key
 * 8 c + b of the block; mask 0 allows nothing, mask 1 everything.
 *
 * @throws ExportSizeError above 2 GiB
 */
export function writeBlocks(
  plans: PerHead<TilePlan>,
  { name, source }: Pick<ExportRequest, 'name' | 'source'>,
): Uint8Array<ArrayBuffer> {
  const entries = plans.distinct.reduce((sum, { column }) => sum + column.length, 0);
  const masks = OWN + plans.distinct.reduce((sum, plan) => sum + maskCount(plan), 0);
  checkExportSize('The blocks of this mask', 8 * entries + masks * 2 * BLOCK * 8, 'Use fewer tokens.');
  return writeSafetensors(tensorsOf(plans, entries, masks), {
    name,
    ...(source !== undefined && { source }),
    bit_order: 'little: bit b of byte c is key 8 c + b of the block',
  });
}

function tensorsOf({ distinct, head }: PerHead<TilePlan>, entries: number, masks: number) {
  const blocks = distinct.reduce((sum, plan) => sum + rowBlocks(plan), 0);
  const rowStart = new Int32Array(blocks + 1);
  const column = new Int32Array(entries);
  const tile = new Int32Array(entries);
  const bits = new Uint8Array((masks * BLOCK * BLOCK) / 8);
  bits.fill(0xff, (EVERYTHING * BLOCK * BLOCK) / 8, (OWN * BLOCK * BLOCK) / 8);
  let [row, entry, mask] = [0, 0, OWN];
  for (const plan of distinct) {
    for (let block = 1; block <= rowBlocks(plan); block++) rowStart[++row] = entry + Number(plan.rowStart[block]);
    column.set(plan.column, entry);
    for (const [at, id] of plan.maskId.entries()) tile[entry + at] = id === FULL_TILE ? EVERYTHING : mask + id;
    copyBits(plan, bits, mask);
    entry += plan.column.length;
    mask += maskCount(plan);
  }
  return {
    head: fromInt32(Int32Array.from(head), [head.length]),
    row_start: fromInt32(rowStart, [rowStart.length]),
    column: fromInt32(column, [entries]),
    tile: fromInt32(tile, [entries]),
    bits: { dtype: 'u8', shape: [masks, BLOCK, BLOCK / 8], data: bits } as const,
  };
}

/** Copies the masks of a plan of such blocks to [masks, 128, 16], from mask number `first` on. */
export function copyBits({ masks }: TilePlan, out: Uint8Array, first: number): void {
  const view = new DataView(out.buffer, out.byteOffset + (first * BLOCK * BLOCK) / 8);
  for (const [at, word] of masks.entries()) view.setUint32(4 * at, word, true);
}
