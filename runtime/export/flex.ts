import { everyQueryHasKeys, tileRuns } from '../analyse/proofs.ts';
import { partsOf } from '../analyse/recognise.ts';
import type { MaskTree } from '../compile/mask-tree.ts';
import { planOf } from '../compile/plan.ts';
import { FULL_TILE, rowBlocks, type TilePlan } from '../compile/tile-plan.ts';
import { bindPattern } from '../pattern/bind.ts';
import { hasDraw } from '../pattern/reads.ts';
import { contentsOfText } from '../tensor/contents.ts';
import { BLOCK, blocksContents } from './block-tensors.ts';
import { formulaOf } from './flex-formula.ts';
import { flexModule } from './flex-module.ts';
import { headsOf, type PerHead, treesOf } from './head-masks.ts';
import type { Exported, ExportRequest } from './request.ts';

/**
 * A Python module for FlexAttention (checked with PyTorch 2.13) and the tensors that it reads, as a .safetensors file beside it
 * (see `blocksContents`).
 *
 * The module has `block_mask(device)`, `make_mask_mod(device)`, `attend(q, k, v)` and `KERNEL_OPTIONS`, which are proven.
 */
export function exportFlex(request: ExportRequest): Exported {
  const trees = treesOf(request, { queries: BLOCK, keys: BLOCK });
  const plans: PerHead<TilePlan> = { distinct: trees.distinct.map(planOf), head: trees.head };
  const formulas = formulasOf(request, trees);
  const text = flexModule({
    name: request.name,
    source: request.source,
    queries: request.shape.queries,
    keys: request.shape.tokens,
    heads: headsOf(request).length,
    block: BLOCK,
    offset: request.shape.offset,
    formulas,
    noEmptyQuery: trees.distinct.every(tree => everyQueryHasKeys(tree).holds),
    contiguous: plans.distinct.every(isContiguous),
  });
  return {
    files: [
      { extension: 'py', contents: contentsOfText(text) },
      { extension: 'safetensors', contents: blocksContents(plans, request) },
    ],
    addedPairs: 0,
  };
}

/** More formulas than this take longer than looking the bits up. */
const MOST_FORMULAS = 4;

/** A formula for each distinct mask, in their order; undefined where one has none. */
function formulasOf(request: ExportRequest, { distinct, head }: PerHead<MaskTree>): readonly string[] | undefined {
  if (distinct.length > MOST_FORMULAS) return undefined;
  const heads = headsOf(request);
  // What is drawn has no formula, and to look for one takes seconds.
  if (heads.some(({ pattern }) => hasDraw(pattern))) return undefined;
  const formulas: string[] = [];
  for (const index of distinct.keys()) {
    const own = heads[head.indexOf(index)];
    const whole =
      own &&
      partsOf(
        bindPattern(own.pattern, own.shape),
        own.shape,
        own,
        request.checkpoint && { checkpoint: request.checkpoint },
      );
    const formula = whole && formulaOf(whole);
    if (formula === undefined) return undefined;
    formulas.push(formula);
  }
  return formulas;
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
