import { complement, difference, intersection, union } from './algebra.ts';
import { atSpan, CallArguments } from './arguments.ts';
import type { Pattern } from './ir.ts';
import type { Mask } from './mask.ts';
import { evaluate } from './numbers.ts';
import { PatternError } from './primitive.ts';
import { primitives } from './primitives.ts';
import { MAX_TOKENS, type Shape } from './shape.ts';
import { WhereMask } from './where-mask.ts';

/**
 * Gives a pattern its meaning at a shape. The mask covers all positions 0 <= i, j < shape.tokens.
 * Throws PatternError when a value has no meaning at this shape.
 */
export function bindPattern(pattern: Pattern, shape: Shape): Mask {
  if (!Number.isInteger(shape.tokens) || shape.tokens < 1)
    throw new PatternError('shape', `a sequence has at least one token, got n = ${shape.tokens}`, undefined, true);
  if (shape.tokens > MAX_TOKENS)
    throw new PatternError(
      'shape',
      `n = ${shape.tokens} is more than the ${MAX_TOKENS} tokens that can be handled`,
      undefined,
      true,
    );
  return bind(pattern, shape);
}

function bind(pattern: Pattern, shape: Shape): Mask {
  switch (pattern.kind) {
    case 'primitive': {
      const primitive = primitives.get(pattern.name);
      if (primitive === undefined)
        throw new PatternError('unknown-primitive', `there is no primitive ${pattern.name}`, pattern.span);
      return primitive.bind(new CallArguments(primitive, pattern.args, pattern.span, shape, bind), shape);
    }
    case 'union':
      return union(bind(pattern.left, shape), bind(pattern.right, shape));
    case 'intersection':
      return intersection(bind(pattern.left, shape), bind(pattern.right, shape));
    case 'difference':
      return difference(bind(pattern.left, shape), bind(pattern.right, shape));
    case 'complement':
      return complement(bind(pattern.of, shape));
    case 'choose': {
      const chosen = atSpan(pattern.span, () => evaluate(pattern.condition, shape)) !== 0;
      return bind(chosen ? pattern.then : pattern.otherwise, shape);
    }
    case 'where':
      return new WhereMask(pattern.condition, shape);
    case 'named':
      return bind(pattern.pattern, shape);
  }
}
