import { everyQueryHasKeys, tileRuns } from '../analyse/proofs.ts';
import { planOf } from '../compile/plan.ts';
import { FULL_TILE, rowBlocks, type TilePlan } from '../compile/tile-plan.ts';
import { BLOCK, writeBlocks } from './block-tensors.ts';
import { flexModule } from './flex-module.ts';
import { headsOf, type PerHead, treesOf } from './head-masks.ts';
import type { Exported, ExportRequest } from './request.ts';

/**
 * A Python module for FlexAttention (checked with PyTorch 2.13) and the tensors that it reads, as a .safetensors file beside it
 * (see `writeBlocks`).
 *
 * The module has `block_mask(device)`, `make_mask_mod(device)`, `attend(q, k, v)` and `KERNEL_OPTIONS`, which are proven.
 *
 * @throws ExportSizeError above 2 GiB
 */
export function exportFlex(request: ExportRequest): Exported {
  const trees = treesOf(request, { queries: BLOCK, keys: BLOCK });
  const plans: PerHead<TilePlan> = { distinct: trees.distinct.map(planOf), head: trees.head };
  const bytes = writeBlocks(plans, request);
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
