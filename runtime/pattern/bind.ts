import { complement, difference, EVERYTHING, intersection, union } from './algebra.ts';
import { atSpan, CallArguments } from './arguments.ts';
import type { Pattern, Span } from './ir.ts';
import type { Mask } from './mask.ts';
import { evaluate } from './numbers.ts';
import { type BoundArguments, PatternError, type Primitive } from './primitive.ts';
import { primitives } from './primitives.ts';
import { MAX_LISTED_TOKENS, MAX_TOKENS, type Shape } from './shape.ts';
import { WhereMask } from './where-mask.ts';

/**
 * Gives a pattern its meaning at a shape. The mask covers all positions 0 <= i, j < shape.tokens.
 * Throws PatternError when a value has no meaning at this shape, and (`dynamic`) when the pattern selects by content.
 */
export function bindPattern(pattern: Pattern, shape: Shape): Mask {
  checkShape(shape);
  return bind(pattern, shape, 'refuse');
}

/**
 * The pairs that a pattern may hold, whatever the queries and keys are: primitives that select by content stand for the
 * candidates they select from, and for nothing where they are subtracted. The pattern itself if it is static.
 * Throws PatternError when a value has no meaning at this shape, and (`dynamic`) where rows would be asked for that have no
 * query, or blocks.
 */
export function bindCandidates(pattern: Pattern, shape: Shape): Mask {
  checkShape(shape);
  return bind(pattern, shape, 'candidates');
}

/**
 * What a call of a primitive that selects by content selects from `candidates` at a shape: a mask at the rows of the
 * shape's queries.
 */
export type Select = (call: PrimitiveCall, args: BoundArguments, candidates: Mask, shape: Shape) => Mask;

type PrimitiveCall = Pattern & { readonly kind: 'primitive' };

/**
 * The same as `bindPattern` where `select` says what content selects. Throws PatternError when a value has no meaning at
 * this shape, and (`dynamic`) where rows would be asked for that have no query, or blocks.
 */
export function bindSelected(pattern: Pattern, shape: Shape, select: Select): Mask {
  checkShape(shape);
  return bind(pattern, shape, select);
}

/** Does some part of the pattern select by content? With a shape, only parts that are chosen there count. */
export function isDynamic(pattern: Pattern, shape?: Shape): boolean {
  switch (pattern.kind) {
    case 'primitive':
      return (
        primitives.get(pattern.name)?.selects !== undefined ||
        // An argument may have a shape of its own, such as a grid of blocks.
        Object.values(pattern.args).some(argument => argument.type === 'pattern' && isDynamic(argument.value))
      );
    case 'union':
    case 'intersection':
    case 'difference':
      return isDynamic(pattern.left, shape) || isDynamic(pattern.right, shape);
    case 'complement':
      return isDynamic(pattern.of, shape);
    case 'choose':
      return shape === undefined
        ? isDynamic(pattern.then) || isDynamic(pattern.otherwise)
        : isDynamic(chosen(pattern, shape), shape);
    case 'where':
      return false;
    case 'named':
      return isDynamic(pattern.pattern, shape);
  }
}

/** What `c ? a : b` is at a shape. Throws PatternError. */
function chosen(pattern: Pattern & { readonly kind: 'choose' }, shape: Shape): Pattern {
  const condition = atSpan(pattern.span, () => evaluate(pattern.condition, shape));
  return condition !== 0 ? pattern.then : pattern.otherwise;
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

function bind(pattern: Pattern, shape: Shape, content: 'refuse' | 'candidates' | Select): Mask {
  const inner = (part: Pattern, at: Shape): Mask => bind(part, at, content);
  switch (pattern.kind) {
    case 'primitive': {
      const primitive = primitives.get(pattern.name);
      if (primitive === undefined)
        throw new PatternError('unknown-primitive', `there is no primitive ${pattern.name}`, pattern.span);
      const args = new CallArguments(primitive, pattern.args, pattern.span, shape, inner);
      if (primitive.selects === undefined) {
        if (content !== 'refuse') checkComparable(pattern, primitive, shape);
        return primitive.bind(args, shape);
      }
      if (content === 'refuse')
        throw new PatternError(
          'dynamic',
          `${pattern.name} chooses keys by content: it has no mask without queries and keys`,
          pattern.span,
        );
      const candidates = primitive.bind(args, shape);
      return content === 'candidates' ? candidates : content(pattern, args, candidates, shape);
    }
    case 'union':
      return union(inner(pattern.left, shape), inner(pattern.right, shape));
    case 'intersection':
      return intersection(inner(pattern.left, shape), inner(pattern.right, shape));
    case 'difference': {
      const right = inner(pattern.right, shape);
      const left = inner(pattern.left, shape);
      return content === 'candidates' && isDynamic(pattern.right) ? left : difference(left, right);
    }
    case 'complement': {
      const of = inner(pattern.of, shape);
      return content === 'candidates' && isDynamic(pattern.of) ? EVERYTHING : complement(of);
    }
    case 'choose':
      return inner(chosen(pattern, shape), shape);
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

/**
 * Patterns of patterns look at rows of their choice: each needs a query that content can be compared with, and blocks have
 * none. Throws PatternError.
 */
function checkComparable(call: PrimitiveCall, primitive: Primitive, shape: Shape): void {
  for (const { name, onGrid } of primitive.parameters) {
    const argument = call.args[name];
    if (argument?.type !== 'pattern' || !isDynamic(argument.value)) continue;
    if (onGrid)
      throw new PatternError(
        'dynamic',
        `inside ${call.name} there are blocks in the place of tokens, without queries and keys to choose by; block_topk chooses whole blocks`,
        selectingSpan(argument.value) ?? argument.span ?? call.span,
      );
    if (shape.queries < shape.tokens)
      throw new PatternError(
        'dynamic',
        `${call.name} of keys chosen by content needs a query at every token, and there are ${shape.queries} queries for ${shape.tokens} tokens`,
        selectingSpan(argument.value) ?? argument.span ?? call.span,
        true,
      );
  }
}

/** Where the first call stands that selects by content, if it stands in the argument itself. */
function selectingSpan(pattern: Pattern): Span | undefined {
  switch (pattern.kind) {
    case 'primitive':
      return primitives.get(pattern.name)?.selects === undefined ? undefined : pattern.span;
    case 'union':
    case 'intersection':
    case 'difference':
      return selectingSpan(pattern.left) ?? selectingSpan(pattern.right);
    case 'complement':
      return selectingSpan(pattern.of);
    default:
      return undefined;
  }
}
