import { type Count, plus } from '../compile/count.ts';
import { buildMaskTree, type CompileOptions } from '../compile/mask-tree.ts';
import { CallArguments } from '../pattern/arguments.ts';
import { bindCandidates, isDynamic } from '../pattern/bind.ts';
import type { Pattern } from '../pattern/ir.ts';
import { evaluate } from '../pattern/numbers.ts';
import { primitives } from '../pattern/primitives.ts';
import type { Shape } from '../pattern/shape.ts';

/**
 * Most pairs that a pattern can hold at a shape, whatever the queries and keys are; exact for a static pattern.
 * Never more than its candidates. Throws PatternError and CompileError.
 */
export function pairBudget(pattern: Pattern, shape: Shape, options: CompileOptions = {}): Count {
  const candidates = buildMaskTree(bindCandidates(pattern, shape), shape, options).root?.pairs ?? 0;
  return isDynamic(pattern) ? fewer(candidates, selected(pattern, shape, options)) : candidates;
}

function fewer(a: Count, b: Count): Count {
  return a < b ? a : b;
}

/** Infinity where nothing is known. */
function selected(pattern: Pattern, shape: Shape, options: CompileOptions): Count {
  switch (pattern.kind) {
    case 'union':
      return plus(pairBudget(pattern.left, shape, options), pairBudget(pattern.right, shape, options));
    case 'intersection':
      return fewer(pairBudget(pattern.left, shape, options), pairBudget(pattern.right, shape, options));
    case 'difference':
      return pairBudget(pattern.left, shape, options);
    case 'choose':
      return pairBudget(evaluate(pattern.condition, shape) !== 0 ? pattern.then : pattern.otherwise, shape, options);
    case 'named':
      return pairBudget(pattern.pattern, shape, options);
    case 'complement':
    case 'where':
      return Number.POSITIVE_INFINITY;
    case 'primitive': {
      const primitive = primitives.get(pattern.name);
      const of = pattern.args.p?.type === 'pattern' ? pattern.args.p.value : undefined;
      // Turned around, a pattern has as many pairs.
      if (pattern.name === 'transpose' && of !== undefined) return pairBudget(of, shape, options);
      if (pattern.name === 'symmetric' && of !== undefined) {
        const once = pairBudget(of, shape, options);
        return plus(once, once);
      }
      if (primitive?.selects === undefined) return Number.POSITIVE_INFINITY;
      const args = new CallArguments(primitive, pattern.args, pattern.span, shape, bindCandidates);
      return primitive.selects.most(args, shape);
    }
  }
}
