import type { HeadPlans } from '../attention/types.ts';
import { bindPattern } from '../pattern/bind.ts';
import { BESIDE_MEANING, type Model } from '../pattern/ir.ts';
import { patternAt, shapeAt } from '../pattern/model.ts';
import { PatternError } from '../pattern/primitive.ts';
import { readsOf } from '../pattern/reads.ts';
import type { CompileOptions } from './mask-tree.ts';
import { compilePlan } from './plan.ts';
import type { TilePlan } from './tile-plan.ts';

/**
 * Plans of some heads of one layer, in the order given; heads with equal masks share a plan.
 * `tokens` replaces the model's own. Throws PatternError (also when no rule reaches a head) and CompileError.
 */
export function compileHeads(
  model: Model,
  layer: number,
  heads: readonly number[],
  tokens: number | undefined,
  options: CompileOptions = {},
): HeadPlans {
  const plans: TilePlan[] = [];
  const known = new Map<string, number>();
  const headPlan = heads.map(head => {
    const shape = shapeAt(model, layer, head, tokens);
    const pattern = patternAt(model, layer, head);
    if (pattern === undefined)
      throw new PatternError(
        'uncovered',
        `no rule of ${model.name} reaches layer ${layer}, head ${head}; add one, e.g. attention = causal()`,
      );
    const name = JSON.stringify([readsOf(pattern).head ? head : null, pattern], (field, value: unknown) =>
      BESIDE_MEANING.has(field) ? undefined : value,
    );
    const shared = known.get(name);
    if (shared !== undefined) return shared;
    const plan = compilePlan(bindPattern(pattern, shape), shape, options);
    // `head < 2 ? 1 : 4` reads the head and still gives only two masks.
    const same = plans.findIndex(other => isSamePlan(other, plan));
    const index = same >= 0 ? same : plans.push(plan) - 1;
    known.set(name, index);
    return index;
  });
  return { plans, headPlan };
}

/** Do two plans of one shape hold the same tiles? */
function isSamePlan(a: TilePlan, b: TilePlan): boolean {
  return (
    isSameArray(a.rowStart, b.rowStart) &&
    isSameArray(a.column, b.column) &&
    isSameArray(a.maskId, b.maskId) &&
    isSameArray(a.masks, b.masks)
  );
}

function isSameArray(a: Uint32Array, b: Uint32Array): boolean {
  return a.length === b.length && a.every((value, index) => value === b[index]);
}
