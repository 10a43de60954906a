import { FULL_TILE, maskCount, rowBlocks, type TilePlan } from '../compile/tile-plan.ts';
import type { Contents, Made } from '../tensor/contents.ts';
import { fromInt32, littleEndian } from '../tensor/convert.ts';
import type { Tensor } from '../tensor/dtype.ts';
import { safetensorsContents } from '../tensor/safetensors.ts';
import type { PerHead } from './head-masks.ts';
import type { ExportRequest } from './request.ts';

/** Queries and keys of a block. */
export const BLOCK = 128;
/** Mask 0 allows nothing, this one everything; those of the plans come after them. */
const EVERYTHING = 1;
const OWN = 2;
const MASK_BYTES = (BLOCK * BLOCK) / 8;
/** What `bits` is, for people who read the metadata. */
export const BIT_ORDER = 'little: bit b of byte c is key 8 c + b of the block';

/**
 * The blocks of 128 x 128 of some masks as a .safetensors file:
 *
 * `head` int32 [heads]: which of the distinct masks each head has. `row_start` int32 [distinct masks x row blocks + 1]: where
 * the blocks of each block of 128 queries begin. `column` int32 [blocks]: block of 128 keys. `tile` int32 [blocks]: 1 where all
 * pairs are allowed, else the number of the mask of the block. `bits` uint8 [masks, 128, 16]: bit b of byte c of row r is key
 * 8 c + b of the block; mask 0 allows nothing, mask 1 everything.
 */
export function blocksContents(
  plans: PerHead<TilePlan>,
  { name, source }: Pick<ExportRequest, 'name' | 'source'>,
): Contents {
  return safetensorsContents(tensorsOf(plans), {
    name,
    ...(source !== undefined && { source }),
    bit_order: BIT_ORDER,
  });
}

function tensorsOf({ distinct, head }: PerHead<TilePlan>): Record<string, Made<Tensor>> {
  const entries = distinct.reduce((sum, { column }) => sum + column.length, 0);
  const masks = OWN + distinct.reduce((sum, plan) => sum + maskCount(plan), 0);
  const rowStart = new Int32Array(distinct.reduce((sum, plan) => sum + rowBlocks(plan), 1));
  let [row, entry] = [0, 0];
  for (const plan of distinct) {
    for (let block = 1; block <= rowBlocks(plan); block++) rowStart[++row] = entry + Number(plan.rowStart[block]);
    entry += plan.column.length;
  }
  return {
    head: fromInt32(Int32Array.from(head), [head.length]),
    row_start: fromInt32(rowStart, [rowStart.length]),
    column: {
      dtype: 'i32',
      shape: [entries],
      *data() {
        for (const { column } of distinct) yield littleEndian(column);
      },
    },
    tile: { dtype: 'i32', shape: [entries], data: () => tilesOf(distinct) },
    bits: {
      dtype: 'u8',
      shape: [masks, BLOCK, BLOCK / 8],
      *data() {
        yield new Uint8Array(MASK_BYTES);
        yield new Uint8Array(MASK_BYTES).fill(0xff);
        for (const plan of distinct) yield bitsOf(plan);
      },
    },
  };
}

function* tilesOf(distinct: readonly TilePlan[]): Generator<Uint8Array, void> {
  let first = OWN;
  for (const plan of distinct) {
    for (let block = 0; block < rowBlocks(plan); block++) {
      const ids = plan.maskId.subarray(plan.rowStart[block], plan.rowStart[block + 1]);
      yield littleEndian(Int32Array.from(ids, id => (id === FULL_TILE ? EVERYTHING : first + id)));
    }
    first += maskCount(plan);
  }
}

/** The masks of a plan of such blocks, uint8 [masks, 128, 16]. */
export function bitsOf({ masks }: TilePlan): Uint8Array {
  return littleEndian(masks);
}
