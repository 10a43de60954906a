import { everyQueryHasKeys, tileRuns } from '../analyse/proofs.ts';
import { planOf } from '../compile/plan.ts';
import { FULL_TILE, maskCount, rowBlocks, type TilePlan } from '../compile/tile-plan.ts';
import { fromInt32 } from '../tensor/convert.ts';
import { writeSafetensors } from '../tensor/safetensors.ts';
import { flexModule } from './flex-module.ts';
import { headsOf, type PerHead, treesOf } from './head-masks.ts';
import type { Exported, ExportRequest } from './request.ts';
import { checkExportSize } from './size-limit.ts';

/** FlexAttention's own. */
const BLOCK = 128;
/** Mask 0 allows nothing, this one everything; those of the plans come after them. */
const EVERYTHING = 1;
const OWN = 2;

/**
 * A Python module for FlexAttention (checked with PyTorch 2.13) and the tensors that it reads, as a .safetensors file beside it:
 *
 * `head` int32 [heads]: which of the distinct masks each head has. `row_start` int32 [distinct masks x row blocks + 1]: where
 * the blocks of each block of 128 queries begin. `column` int32 [blocks]: block of 128 keys. `tile` int32 [blocks]: 1 where all
 * pairs are allowed, else the number of the mask of the block. `bits` uint8 [masks, 128, 16]: bit b of byte c of row r is key
 * 8 c + b of the block; mask 0 allows nothing, mask 1 everything.
 *
 * The module has `block_mask(device)`, `make_mask_mod(device)`, `attend(q, k, v)` and `KERNEL_OPTIONS`, which are proven.
 *
 * @throws ExportSizeError above 2 GiB
 */
export function exportFlex(request: ExportRequest): Exported {
  const trees = treesOf(request, { queries: BLOCK, keys: BLOCK });
  const plans: PerHead<TilePlan> = { distinct: trees.distinct.map(planOf), head: trees.head };
  const entries = plans.distinct.reduce((sum, { column }) => sum + column.length, 0);
  const masks = OWN + plans.distinct.reduce((sum, plan) => sum + maskCount(plan), 0);
  checkExportSize('The blocks of this mask', 8 * entries + masks * 2 * BLOCK * 8, 'Use fewer tokens.');
  const bytes = writeSafetensors(tensorsOf(plans, entries, masks), {
    name: request.name,
    ...(request.source !== undefined && { source: request.source }),
    bit_order: 'little: bit b of byte c is key 8 c + b of the block',
  });
  const text = flexModule({
    name: request.name,
    source: request.source,
    queries: request.shape.queries,
    keys: request.shape.tokens,
    heads: headsOf(request).length,
    block: BLOCK,
    noEmptyQuery: trees.distinct.every(tree => everyQueryHasKeys(tree).holds),
    contiguous: plans.distinct.every(isContiguous),
  });
  return {
    files: [
      { extension: 'py', bytes: new TextEncoder().encode(text) },
      { extension: 'safetensors', bytes },
    ],
    addedPairs: 0,
  };
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
    writeWords(plan.masks, bits, (mask * BLOCK * BLOCK) / 8);
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

/** Words as bytes, the lowest first. */
function writeWords(words: Uint32Array, out: Uint8Array, from: number): void {
  const view = new DataView(out.buffer, out.byteOffset + from);
  for (const [at, word] of words.entries()) view.setUint32(4 * at, word, true);
}

/**
 * Is each list of blocks that a kernel walks one stretch: partial and full blocks of each row forwards, those of each column
 * backwards? That is what BLOCKS_ARE_CONTIGUOUS asserts.
 */
function isContiguous(plan: TilePlan): boolean {
  const { partial, full } = tileRuns(plan);
  if (!partial || !full) return false;
  const columns = Math.ceil(plan.keys / BLOCK);
  const last = { full: new Int32Array(columns).fill(-1), partial: new Int32Array(columns).fill(-1) };
  for (let row = 0; row < rowBlocks(plan); row++)
    for (let entry = Number(plan.rowStart[row]); entry < Number(plan.rowStart[row + 1]); entry++) {
      const column = Number(plan.column[entry]);
      const rows = plan.maskId[entry] === FULL_TILE ? last.full : last.partial;
      const before = Number(rows[column]);
      if (before >= 0 && before !== row - 1) return false;
      rows[column] = row;
    }
  return true;
}
