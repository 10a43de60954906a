import { modulo } from './bits.ts';
import type { Argument, NumberExpression, Pattern, PositionItem } from './ir.ts';
import { evaluate } from './numbers.ts';
import { readsOf } from './reads.ts';
import type { Shape } from './shape.ts';

/** Places in the file, and what a shorter neighbour stands for: the condition of a `where`, the hash of a mask file. */
const LEFT_OUT = new Set(['span', 'text', 'bits']);

/**
 * A pattern as text, the same for layers and heads of one model and length in which it is certainly the same mask:
 * `layer % 4 == 3 ? full() : sliding(512)` has two texts, however many layers there are. Places in the file and names of
 * declarations are left out.
 */
export function maskName(pattern: Pattern, shape: Shape): string {
  const special = specialised(pattern, shape);
  const { head, layer } = readsOf(special);
  return JSON.stringify([head ? shape.head : null, layer ? shape.layer : null, special], (name, value: unknown) =>
    LEFT_OUT.has(name) ? undefined : value,
  );
}

/** The pattern with choices made and numbers computed as far as they follow from the layer and the head. */
function specialised(pattern: Pattern, shape: Shape): Pattern {
  switch (pattern.kind) {
    case 'named':
      return specialised(pattern.pattern, shape);
    case 'choose': {
      const condition = folded(pattern.condition, shape);
      if (condition.op === 'number')
        return specialised(condition.value !== 0 ? pattern.then : pattern.otherwise, shape);
      return {
        kind: 'choose',
        condition,
        then: specialised(pattern.then, shape),
        otherwise: specialised(pattern.otherwise, shape),
      };
    }
    case 'union':
    case 'intersection':
    case 'difference':
      return { ...pattern, left: specialised(pattern.left, shape), right: specialised(pattern.right, shape) };
    case 'complement':
      return { ...pattern, of: specialised(pattern.of, shape) };
    case 'where':
      return { ...pattern, condition: folded(pattern.condition, shape) };
    case 'primitive':
      return {
        ...pattern,
        args: Object.fromEntries(
          Object.entries(pattern.args).map(([name, argument]) => [name, specialArgument(argument, shape)]),
        ),
      };
  }
}

function specialArgument(argument: Argument, shape: Shape): Argument {
  switch (argument.type) {
    case 'number':
    case 'bool':
      return { type: argument.type, value: folded(argument.value, shape) };
    case 'positions':
      return { type: 'positions', items: argument.items.map(item => specialItem(item, shape)) };
    case 'values':
      return {
        type: 'values',
        items: argument.items.map(item => specialItem(item, shape)),
        single: argument.single,
      };
    case 'pattern':
      return { type: 'pattern', value: specialised(argument.value, shape) };
    default:
      return argument;
  }
}

function specialItem(item: PositionItem, shape: Shape): PositionItem {
  return 'at' in item ? { at: folded(item.at, shape) } : { from: folded(item.from, shape), to: folded(item.to, shape) };
}

/** Computes what follows from numbers, layer and head; `n` stays, because a grid of blocks has another one. */
function folded(expression: NumberExpression, shape: Shape): NumberExpression {
  const known = (parts: readonly NumberExpression[], whole: NumberExpression): NumberExpression => {
    if (!parts.every(part => part.op === 'number')) return whole;
    try {
      return { op: 'number', value: evaluate(whole, shape) };
    } catch {
      // What has no value is left for whoever binds the pattern to complain about.
      return whole;
    }
  };
  switch (expression.op) {
    case 'number':
    case 'pair':
      return expression;
    case 'shape':
      return expression.name === 'n' ? expression : { op: 'number', value: shape[expression.name] };
    case 'named':
      return folded(expression.value, shape);
    case 'negate':
    case 'not': {
      const of = folded(expression.of, shape);
      return known([of], { op: expression.op, of });
    }
    case 'binary': {
      const left = folded(expression.left, shape);
      const right = folded(expression.right, shape);
      const remainder =
        expression.operator === '%' && right.op === 'number' && Number.isSafeInteger(right.value) && right.value > 0;
      return known([left, right], {
        ...expression,
        left: remainder ? withoutMultiples(left, right.value) : left,
        right,
      });
    }
    case 'choose': {
      const condition = folded(expression.condition, shape);
      if (condition.op === 'number')
        return folded(condition.value !== 0 ? expression.then : expression.otherwise, shape);
      return {
        op: 'choose',
        condition,
        then: folded(expression.then, shape),
        otherwise: folded(expression.otherwise, shape),
      };
    }
    case 'call': {
      const args = expression.args.map(part => folded(part, shape));
      return known(args, { ...expression, args });
    }
  }
}

/** `x + 9` as `x + 1` where only the remainder by 8 matters; x must be whole, or a fraction could round another way. */
function withoutMultiples(sum: NumberExpression, divisor: number): NumberExpression {
  let constant = 0;
  let rest = sum;
  while (rest.op === 'binary' && rest.operator === '+' && rest.right.op === 'number') {
    constant += rest.right.value;
    rest = rest.left;
  }
  if (rest === sum || !Number.isSafeInteger(constant) || !isWhole(rest)) return sum;
  return { op: 'binary', operator: '+', left: rest, right: { op: 'number', value: modulo(constant, divisor) } };
}

function isWhole(expression: NumberExpression): boolean {
  switch (expression.op) {
    case 'number':
      return Number.isSafeInteger(expression.value);
    case 'pair':
      return true;
    case 'shape':
      return true;
    case 'negate':
      return isWhole(expression.of);
    case 'binary':
      return ['+', '-', '*'].includes(expression.operator) && isWhole(expression.left) && isWhole(expression.right);
    default:
      return false;
  }
}
