import { compilePlan } from '../../compile/plan.ts';
import type { Mask } from '../../pattern/mask.ts';
import { KeySetsMask } from '../key-sets.ts';
import type { Choice } from '../method.ts';
import { keySetsOf } from './chosen-rows.ts';
import { CANDIDATE_TILE, type RowRule } from './row-rule.ts';

/** What each query takes of its candidates by a rule. Only tiles that hold a candidate are scored. Throws CompileError. */
export async function chooseByRow(choice: Choice, rule: RowRule): Promise<Mask> {
  const { candidates, shape, content, rows, checkpoint, signal, onProgress } = choice;
  const plan = compilePlan(candidates, shape, { tile: CANDIDATE_TILE, ...(checkpoint && { checkpoint }) });
  const { q, k, headDim } = content;
  const chosen = await rows.choose({ rule, q, k, headDim, candidates: plan }, { signal, onProgress });
  return new KeySetsMask(keySetsOf(chosen, shape.tokens), shape.offset);
}
