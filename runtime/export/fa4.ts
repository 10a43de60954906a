import { FULL_TILE, maskCount, rowBlocks, type TilePlan } from '../compile/tile-plan.ts';
import { fromInt32, littleEndian } from '../tensor/convert.ts';
import { safetensorsContents } from '../tensor/safetensors.ts';
import { BIT_ORDER, BLOCK, bitsOf } from './block-tensors.ts';
import { type PerHead, plansOf } from './head-masks.ts';
import type { Exported, ExportRequest } from './request.ts';

/**
 * Block tensors of FlashAttention-4 (`flash_attn.cute`, 0251105a), in blocks of 128 x 128 as .safetensors: of
 * `BlockSparseTensorsTorch` the fields `mask_block_cnt` and `full_block_cnt` int32 [1, heads, blocks of queries],
 * `mask_block_idx` and `full_block_idx` int32 [1, heads, blocks of queries, as many as the fullest row has], zeros behind each
 * count. What a mask_mod has to look up for the blocks of `mask_block_idx`: `mask_block_bits` int32, of the same shape, says which of
 * `bits` uint8 [masks, 128, 16] a block has; bit b of byte c of row r is key 8 c + b of the block. Where there are none, every
 * block is whole and no mask_mod is needed.
 */
export function exportFa4(request: ExportRequest): Exported {
  const plans = plansOf(request, { queries: BLOCK, keys: BLOCK });
  const { distinct } = plans;
  const masks = distinct.reduce((sum, plan) => sum + maskCount(plan), 0);
  const partial = blockLists(plans, false);
  const full = blockLists(plans, true);
  const contents = safetensorsContents(
    {
      mask_block_cnt: fromInt32(partial.count, partial.shape),
      mask_block_idx: { dtype: 'i32', shape: [...partial.shape, partial.width], data: partial.index },
      full_block_cnt: fromInt32(full.count, full.shape),
      full_block_idx: { dtype: 'i32', shape: [...full.shape, full.width], data: full.index },
      mask_block_bits: { dtype: 'i32', shape: [...partial.shape, partial.width], data: partial.bits },
      bits: {
        dtype: 'u8',
        shape: [masks, BLOCK, BLOCK / 8],
        *data() {
          for (const plan of distinct) yield bitsOf(plan);
        },
      },
    },
    {
      name: request.name,
      ...(request.source !== undefined && { source: request.source }),
      block_size: `${BLOCK}, ${BLOCK}`,
      queries: String(request.shape.queries),
      keys: String(request.shape.tokens),
      bit_order: BIT_ORDER,
    },
  );
  return { files: [{ extension: 'safetensors', contents }], addedPairs: 0 };
}

/** The full or the partial blocks of each row of blocks of each head. */
function blockLists({ distinct, head }: PerHead<TilePlan>, full: boolean) {
  const rows = distinct[0] === undefined ? 0 : rowBlocks(distinct[0]);
  const isListed = (plan: TilePlan, entry: number): boolean => (plan.maskId[entry] === FULL_TILE) === full;
  /** [distinct][rows] */
  const counts = distinct.map(plan => {
    const count = new Int32Array(rows);
    for (let row = 0; row < rows; row++)
      for (let entry = Number(plan.rowStart[row]); entry < Number(plan.rowStart[row + 1]); entry++)
        if (isListed(plan, entry)) count[row] = Number(count[row]) + 1;
    return count;
  });
  const width = counts.reduce((most, count) => count.reduce((a, b) => Math.max(a, b), most), 0);
  const count = new Int32Array(head.length * rows);
  for (const [at, number] of head.entries()) count.set(counts[number] ?? [], at * rows);
  let masks = 0;
  const firstMask = distinct.map(plan => {
    masks += maskCount(plan);
    return masks - maskCount(plan);
  });
  /** A number for each listed block, padded to the width, row by row. */
  function* lists(numberOf: (plan: TilePlan, entry: number, firstMask: number) => number): Generator<Uint8Array, void> {
    for (const number of head) {
      const plan = distinct[number];
      if (plan === undefined) continue;
      for (let row = 0; row < rows; row++) {
        const list = new Int32Array(width);
        let place = 0;
        for (let entry = Number(plan.rowStart[row]); entry < Number(plan.rowStart[row + 1]); entry++)
          if (isListed(plan, entry)) list[place++] = numberOf(plan, entry, firstMask[number] ?? 0);
        yield littleEndian(list);
      }
    }
  }
  return {
    /** [1, heads, rows] */
    shape: [1, head.length, rows],
    count,
    /** Of the longest list. */
    width,
    index: () => lists((plan, entry) => Number(plan.column[entry])),
    bits: () => lists((plan, entry, first) => first + Number(plan.maskId[entry])),
  };
}
