import { FULL_TILE, maskCount, rowBlocks, type TilePlan } from '../compile/tile-plan.ts';
import { fromInt32 } from '../tensor/convert.ts';
import type { Tensor } from '../tensor/dtype.ts';
import { writeSafetensors } from '../tensor/safetensors.ts';
import { BLOCK, copyBits } from './block-tensors.ts';
import { type PerHead, plansOf } from './head-masks.ts';
import type { Exported, ExportRequest } from './request.ts';
import { checkExportSize } from './size-limit.ts';

/**
 * Block tensors of FlashAttention-4 (`flash_attn.cute`, 0251105a), in blocks of 128 x 128 as .safetensors: of
 * `BlockSparseTensorsTorch` the fields `mask_block_cnt` and `full_block_cnt` int32 [1, heads, blocks of queries],
 * `mask_block_idx` and `full_block_idx` int32 [1, heads, blocks of queries, as many as the fullest row has], zeros behind each
 * count. What a mask_mod has to look up for the blocks of `mask_block_idx`: `mask_block_bits` int32, of the same shape, says which of
 * `bits` uint8 [masks, 128, 16] a block has; bit b of byte c of row r is key 8 c + b of the block. Where there are none, every
 * block is whole and no mask_mod is needed.
 *
 * @throws ExportSizeError above 2 GiB
 */
export function exportFa4(request: ExportRequest): Exported {
  const plans = plansOf(request, { queries: BLOCK, keys: BLOCK });
  const partial = blockLists(plans, false);
  const full = blockLists(plans, true);
  const masks = plans.distinct.reduce((sum, plan) => sum + maskCount(plan), 0);
  checkExportSize(
    'The block lists of this mask',
    4 * (2 * partial.size + full.size) + (masks * BLOCK * BLOCK) / 8,
    'Export it as flex, which pads no lists.',
  );
  const bits = new Uint8Array((masks * BLOCK * BLOCK) / 8);
  let first = 0;
  const firstMask = plans.distinct.map(plan => {
    copyBits(plan, bits, first);
    first += maskCount(plan);
    return first - maskCount(plan);
  });
  const { count: maskBlockCount, index: maskBlockIndex, bits: maskBlockBits } = partial.write(firstMask);
  const { count: fullBlockCount, index: fullBlockIndex } = full.write(firstMask);
  const bytes = writeSafetensors(
    {
      mask_block_cnt: maskBlockCount,
      mask_block_idx: maskBlockIndex,
      full_block_cnt: fullBlockCount,
      full_block_idx: fullBlockIndex,
      mask_block_bits: maskBlockBits,
      bits: { dtype: 'u8', shape: [masks, BLOCK, BLOCK / 8], data: bits },
    },
    {
      name: request.name,
      ...(request.source !== undefined && { source: request.source }),
      block_size: `${BLOCK}, ${BLOCK}`,
      queries: String(request.shape.queries),
      keys: String(request.shape.tokens),
      bit_order: 'little: bit b of byte c is key 8 c + b of the block',
    },
  );
  return { files: [{ extension: 'safetensors', bytes }], addedPairs: 0 };
}

interface BlockLists {
  /** Numbers of one list of blocks. */
  readonly size: number;
  /** `firstMask`: number of the first mask of each plan. */
  write(firstMask: readonly number[]): { readonly count: Tensor; readonly index: Tensor; readonly bits: Tensor };
}

/** The full or the partial blocks of each row of blocks of each head. */
function blockLists({ distinct, head }: PerHead<TilePlan>, full: boolean): BlockLists {
  const rows = distinct[0] === undefined ? 0 : rowBlocks(distinct[0]);
  const entriesOf = (plan: TilePlan, row: number): number[] => {
    const entries: number[] = [];
    for (let at = Number(plan.rowStart[row]); at < Number(plan.rowStart[row + 1]); at++)
      if ((plan.maskId[at] === FULL_TILE) === full) entries.push(at);
    return entries;
  };
  let width = 0;
  for (const plan of distinct)
    for (let row = 0; row < rows; row++) width = Math.max(width, entriesOf(plan, row).length);
  const size = head.length * rows * width;
  return {
    size,
    write: firstMask => {
      const [count, index, bits] = [new Int32Array(head.length * rows), new Int32Array(size), new Int32Array(size)];
      for (const [at, number] of head.entries()) {
        const plan = distinct[number];
        if (plan === undefined) continue;
        for (let row = 0; row < rows; row++) {
          const entries = entriesOf(plan, row);
          count[at * rows + row] = entries.length;
          for (const [place, entry] of entries.entries()) {
            index[(at * rows + row) * width + place] = Number(plan.column[entry]);
            bits[(at * rows + row) * width + place] = full ? 0 : Number(firstMask[number]) + Number(plan.maskId[entry]);
          }
        }
      }
      const shape = [1, head.length, rows];
      return {
        count: fromInt32(count, shape),
        index: fromInt32(index, [...shape, width]),
        bits: fromInt32(bits, [...shape, width]),
      };
    },
  };
}
