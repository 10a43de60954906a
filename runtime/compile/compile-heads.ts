import type { HeadPlans } from '../attention/types.ts';
import { bindPattern } from '../pattern/bind.ts';
import type { Model } from '../pattern/ir.ts';
import { patternAt, shapeAt } from '../pattern/model.ts';
import { PatternError } from '../pattern/primitive.ts';
import type { CompileOptions } from './mask-tree.ts';
import { compilePlan } from './plan.ts';
import type { TilePlan } from './tile-plan.ts';

/**
 * Plans of some heads of one layer, in the order given; heads whose pattern cannot differ share a plan.
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
    const name = JSON.stringify([mayReadHead(pattern) ? head : null, pattern]);
    const shared = known.get(name);
    if (shared !== undefined) return shared;
    const index = plans.length;
    plans.push(compilePlan(bindPattern(pattern, shape), shape, options));
    known.set(name, index);
    return index;
  });
  return { plans, headPlan };
}

/** Could the mask be another for another head? */
function mayReadHead(part: unknown): boolean {
  if (Array.isArray(part)) return part.some(mayReadHead);
  if (typeof part !== 'object' || part === null) return false;
  if ('op' in part && part.op === 'shape' && 'name' in part && part.name === 'head') return true;
  return Object.entries(part).some(([name, value]) => name === 'per_head' || mayReadHead(value));
}
