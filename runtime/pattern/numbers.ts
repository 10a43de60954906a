import { modulo } from './bits.ts';
import type { BinaryOperator, FunctionName, NumberExpression, ShapeName } from './ir.ts';
import { PatternError } from './primitive.ts';
import type { Shape } from './shape.ts';

/** Value of a name at a shape. `grid` is 0 for the sequence, 1 for the outermost grid of blocks, and so on. */
export function shapeValue(name: ShapeName, grid: number, shape: Shape): number {
  switch (name) {
    case 'n':
      return shape.outer?.[grid] ?? shape.tokens;
    case 'head':
      return shape.head;
    case 'heads':
      return shape.heads;
    case 'layer':
      return shape.layer;
    case 'layers':
      return shape.layers;
  }
}

/** Is a truth value true? What has no value (a root of a negative number) is not. */
export function holds(value: number): boolean {
  return value !== 0 && !Number.isNaN(value);
}

/** Applies an operator to two numbers; truth values are 1 and 0. `/` is real division, `%` takes the divisor's sign. */
export function applyBinary(operator: BinaryOperator, left: number, right: number): number {
  switch (operator) {
    case '+':
      return left + right;
    case '-':
      return left - right;
    case '*':
      return left * right;
    case '/':
      // Zero has no sign in the language, so a division by it has no value rather than an infinite one.
      return right === 0 ? Number.NaN : left / right;
    case '%':
      return modulo(left, right);
    case '**':
      return left === 0 && right < 0 ? Number.NaN : left ** right;
    case '<':
      return left < right ? 1 : 0;
    case '<=':
      return left <= right ? 1 : 0;
    case '>':
      return left > right ? 1 : 0;
    case '>=':
      return left >= right ? 1 : 0;
    case '==':
      return left === right ? 1 : 0;
    case '!=':
      return left !== right ? 1 : 0;
    case '&&':
      return holds(left) && holds(right) ? 1 : 0;
    case '||':
      return holds(left) || holds(right) ? 1 : 0;
  }
}

/** Applies a function of the language. */
export function applyFunction(name: FunctionName, args: readonly number[]): number {
  const first = args[0] ?? Number.NaN;
  switch (name) {
    case 'min':
      return Math.min(...args);
    case 'max':
      return Math.max(...args);
    case 'abs':
      return Math.abs(first);
    case 'floor':
      return Math.floor(first);
    case 'ceil':
      return Math.ceil(first);
    case 'sqrt':
      return Math.sqrt(first);
    case 'log2':
      return Math.log2(first);
  }
}

/**
 * Value of a number at a shape; truth values are 1 and 0. Operands that do not decide (`false && 1 / 0`) are not
 * looked at. Throws PatternError (`number`) for a result that is no finite number and for `i` or `j` outside `where`.
 */
export function evaluate(expression: NumberExpression, shape: Shape): number {
  const value = evaluateAt(expression, shape, Number.NaN, Number.NaN);
  if (!Number.isFinite(value))
    throw new PatternError(
      'number',
      'this number has no value here (a division by zero or a root of a negative number?)',
      undefined,
      readsLength(expression),
    );
  return value;
}

/** Value of a condition for one pair; not checked for finiteness, because a condition may rule such pairs out. */
export function evaluateAt(expression: NumberExpression, shape: Shape, i: number, j: number): number {
  switch (expression.op) {
    case 'number':
      return expression.value;
    case 'shape':
      return shapeValue(expression.name, expression.grid, shape);
    case 'pair':
      return expression.name === 'i' ? i : j;
    case 'named':
      return evaluateAt(expression.value, shape, i, j);
    case 'negate':
      return -evaluateAt(expression.of, shape, i, j);
    case 'not':
      return holds(evaluateAt(expression.of, shape, i, j)) ? 0 : 1;
    case 'binary': {
      const left = evaluateAt(expression.left, shape, i, j);
      if (expression.operator === '&&' && !holds(left)) return 0;
      if (expression.operator === '||' && holds(left)) return 1;
      return applyBinary(expression.operator, left, evaluateAt(expression.right, shape, i, j));
    }
    case 'choose':
      return holds(evaluateAt(expression.condition, shape, i, j))
        ? evaluateAt(expression.then, shape, i, j)
        : evaluateAt(expression.otherwise, shape, i, j);
    case 'call':
      return applyFunction(
        expression.name,
        expression.args.map(argument => evaluateAt(argument, shape, i, j)),
      );
  }
}

/** Does the number depend on the sequence length? */
export function readsLength(expression: NumberExpression): boolean {
  switch (expression.op) {
    case 'number':
    case 'pair':
      return false;
    case 'shape':
      return expression.name === 'n';
    case 'named':
      return readsLength(expression.value);
    case 'negate':
    case 'not':
      return readsLength(expression.of);
    case 'binary':
      return readsLength(expression.left) || readsLength(expression.right);
    case 'choose':
      return readsLength(expression.condition) || readsLength(expression.then) || readsLength(expression.otherwise);
    case 'call':
      return expression.args.some(readsLength);
  }
}
