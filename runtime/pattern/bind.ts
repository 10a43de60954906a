import { complement, difference, EVERYTHING, intersection, union } from './algebra.ts';
import { atSpan, CallArguments } from './arguments.ts';
import type { Pattern } from './ir.ts';
import type { Mask } from './mask.ts';
import { evaluate } from './numbers.ts';
import { PatternError } from './primitive.ts';
import { primitives } from './primitives.ts';
import { MAX_LISTED_TOKENS, MAX_TOKENS, type Shape } from './shape.ts';
import { WhereMask } from './where-mask.ts';

/**
 * Gives a pattern its meaning at a shape. The mask covers all positions 0 <= i, j < shape.tokens.
 * Throws PatternError when a value has no meaning at this shape, and (`dynamic`) when the pattern selects by content.
 */
export function bindPattern(pattern: Pattern, shape: Shape): Mask {
  checkShape(shape);
  return bind(pattern, shape, false);
}

/**
 * The pairs that a pattern may hold, whatever the queries and keys are: primitives that select by content stand for the
 * candidates they select from, and for nothing where they are subtracted. The pattern itself if it is static.
 * Throws PatternError when a value has no meaning at this shape.
 */
export function bindCandidates(pattern: Pattern, shape: Shape): Mask {
  checkShape(shape);
  return bind(pattern, shape, true);
}

/** Does some part of the pattern select by content? */
export function isDynamic(pattern: Pattern): boolean {
  switch (pattern.kind) {
    case 'primitive':
      return (
        primitives.get(pattern.name)?.selects !== undefined ||
        Object.values(pattern.args).some(argument => argument.type === 'pattern' && isDynamic(argument.value))
      );
    case 'union':
    case 'intersection':
    case 'difference':
      return isDynamic(pattern.left) || isDynamic(pattern.right);
    case 'complement':
      return isDynamic(pattern.of);
    case 'choose':
      return isDynamic(pattern.then) || isDynamic(pattern.otherwise);
    case 'where':
      return false;
    case 'named':
      return isDynamic(pattern.pattern);
  }
}

function checkShape(shape: Shape): void {
  if (!Number.isInteger(shape.tokens) || shape.tokens < 1)
    throw new PatternError('shape', `a sequence has at least one token, got n = ${shape.tokens}`, undefined, true);
  if (shape.tokens > MAX_TOKENS)
    throw new PatternError(
      'shape',
      `n = ${shape.tokens} is more than the ${MAX_TOKENS} tokens that can be handled`,
      undefined,
      true,
    );
}

function bind(pattern: Pattern, shape: Shape, candidates: boolean): Mask {
  const inner = (part: Pattern, at: Shape): Mask => bind(part, at, candidates);
  switch (pattern.kind) {
    case 'primitive': {
      const primitive = primitives.get(pattern.name);
      if (primitive === undefined)
        throw new PatternError('unknown-primitive', `there is no primitive ${pattern.name}`, pattern.span);
      const args = new CallArguments(primitive, pattern.args, pattern.span, shape, inner);
      if (primitive.selects !== undefined && !candidates)
        throw new PatternError(
          'dynamic',
          `${pattern.name} chooses keys by content: it has no mask without queries and keys`,
          pattern.span,
        );
      return primitive.bind(args, shape);
    }
    case 'union':
      return union(inner(pattern.left, shape), inner(pattern.right, shape));
    case 'intersection':
      return intersection(inner(pattern.left, shape), inner(pattern.right, shape));
    case 'difference': {
      const right = inner(pattern.right, shape);
      return isDynamic(pattern.right) ? inner(pattern.left, shape) : difference(inner(pattern.left, shape), right);
    }
    case 'complement': {
      const of = inner(pattern.of, shape);
      return isDynamic(pattern.of) ? EVERYTHING : complement(of);
    }
    case 'choose': {
      const chosen = atSpan(pattern.span, () => evaluate(pattern.condition, shape)) !== 0;
      return inner(chosen ? pattern.then : pattern.otherwise, shape);
    }
    case 'where':
      if (shape.tokens > MAX_LISTED_TOKENS)
        throw new PatternError(
          'shape',
          `a condition is computed in doubles, exactly for up to ${MAX_LISTED_TOKENS} tokens, and n = ${shape.tokens}; write it with primitives`,
          pattern.span,
        );
      return WhereMask.of(pattern.condition, shape);
    case 'named':
      return inner(pattern.pattern, shape);
  }
}
