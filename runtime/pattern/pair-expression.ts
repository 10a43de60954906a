import { modulo } from './bits.ts';
import type { BinaryOperator, FunctionName, NumberExpression } from './ir.ts';
import { applyBinary, applyFunction, holds, shapeValue } from './numbers.ts';
import type { Shape } from './shape.ts';

/**
 * A condition of `where` at a shape: everything but the pair is a constant, and sums of integer multiples of i and j
 * are gathered, so that bounds and repetition can be read off.
 */
export type PairExpression =
  | { readonly op: 'constant'; readonly value: number }
  /** row * i + column * j + constant, all three whole numbers. */
  | { readonly op: 'affine'; readonly row: number; readonly column: number; readonly constant: number }
  | { readonly op: 'negate' | 'not'; readonly of: PairExpression }
  | {
      readonly op: 'binary';
      readonly operator: BinaryOperator;
      readonly left: PairExpression;
      readonly right: PairExpression;
    }
  | {
      readonly op: 'choose';
      readonly condition: PairExpression;
      readonly then: PairExpression;
      readonly otherwise: PairExpression;
    }
  | { readonly op: 'call'; readonly name: FunctionName; readonly args: readonly PairExpression[] };

/** row * i + column * j + constant. */
export interface Affine {
  readonly row: number;
  readonly column: number;
  readonly constant: number;
}

function asAffine(expression: PairExpression): Affine | undefined {
  if (expression.op === 'affine') return expression;
  return expression.op === 'constant' && Number.isInteger(expression.value)
    ? { row: 0, column: 0, constant: expression.value }
    : undefined;
}

/** Coefficients this large could make sums inexact. */
const LARGEST = 2 ** 24;

function affine(row: number, column: number, constant: number): PairExpression | undefined {
  if (Math.abs(row) > LARGEST || Math.abs(column) > LARGEST || Math.abs(constant) > 2 ** 50) return undefined;
  return row === 0 && column === 0 ? { op: 'constant', value: constant } : { op: 'affine', row, column, constant };
}

function combineAffine(
  operator: BinaryOperator,
  left: PairExpression,
  right: PairExpression,
): PairExpression | undefined {
  const a = asAffine(left);
  const b = asAffine(right);
  if (a === undefined || b === undefined) return undefined;
  if (operator === '+') return affine(a.row + b.row, a.column + b.column, a.constant + b.constant);
  if (operator === '-') return affine(a.row - b.row, a.column - b.column, a.constant - b.constant);
  if (operator !== '*') return undefined;
  if (left.op === 'constant') return affine(b.row * a.constant, b.column * a.constant, b.constant * a.constant);
  if (right.op === 'constant') return affine(a.row * b.constant, a.column * b.constant, a.constant * b.constant);
  return undefined;
}

/** Two expressions together; as a sum of multiples of i and j where they are one. */
export function binaryOf(operator: BinaryOperator, left: PairExpression, right: PairExpression): PairExpression {
  if (left.op === 'constant' && right.op === 'constant')
    return { op: 'constant', value: applyBinary(operator, left.value, right.value) };
  return combineAffine(operator, left, right) ?? { op: 'binary', operator, left, right };
}

/** Replaces everything that does not depend on the pair by its value at the shape. */
export function fold(expression: NumberExpression, shape: Shape): PairExpression {
  switch (expression.op) {
    case 'number':
      return { op: 'constant', value: expression.value };
    case 'shape':
      return { op: 'constant', value: shapeValue(expression.name, expression.grid, shape) };
    case 'pair':
      return {
        op: 'affine',
        row: expression.name === 'i' ? 1 : 0,
        column: expression.name === 'j' ? 1 : 0,
        constant: 0,
      };
    case 'named':
      return fold(expression.value, shape);
    case 'negate': {
      const of = fold(expression.of, shape);
      if (of.op === 'constant') return { op: 'constant', value: -of.value };
      if (of.op === 'affine') return { op: 'affine', row: -of.row, column: -of.column, constant: -of.constant };
      return { op: 'negate', of };
    }
    case 'not': {
      const of = fold(expression.of, shape);
      return of.op === 'constant' ? { op: 'constant', value: holds(of.value) ? 0 : 1 } : { op: 'not', of };
    }
    case 'binary': {
      const left = fold(expression.left, shape);
      const right = fold(expression.right, shape);
      return binaryOf(expression.operator, left, right);
    }
    case 'choose': {
      const condition = fold(expression.condition, shape);
      if (condition.op === 'constant')
        return fold(holds(condition.value) ? expression.then : expression.otherwise, shape);
      return {
        op: 'choose',
        condition,
        then: fold(expression.then, shape),
        otherwise: fold(expression.otherwise, shape),
      };
    }
    case 'call': {
      const args = expression.args.map(argument => fold(argument, shape));
      if (args.every(argument => argument.op === 'constant'))
        return {
          op: 'constant',
          value: applyFunction(
            expression.name,
            args.map(argument => argument.value),
          ),
        };
      return { op: 'call', name: expression.name, args };
    }
  }
}

/** A function of the pair that gives the expression's value, the same as evaluating the source one pair at a time. */
export function compilePair(expression: PairExpression): (i: number, j: number) => number {
  switch (expression.op) {
    case 'constant': {
      const { value } = expression;
      return () => value;
    }
    case 'affine': {
      const { row, column, constant } = expression;
      return (i, j) => row * i + column * j + constant;
    }
    case 'negate': {
      const of = compilePair(expression.of);
      return (i, j) => -of(i, j);
    }
    case 'not': {
      const of = compilePair(expression.of);
      return (i, j) => (holds(of(i, j)) ? 0 : 1);
    }
    case 'binary':
      return compileBinary(expression.operator, compilePair(expression.left), compilePair(expression.right));
    case 'choose': {
      const condition = compilePair(expression.condition);
      const then = compilePair(expression.then);
      const otherwise = compilePair(expression.otherwise);
      return (i, j) => (holds(condition(i, j)) ? then(i, j) : otherwise(i, j));
    }
    case 'call': {
      const args = expression.args.map(compilePair);
      const { name } = expression;
      const [of] = args;
      if (name === 'abs' && of !== undefined) return (i, j) => Math.abs(of(i, j));
      if (name === 'floor' && of !== undefined) return (i, j) => Math.floor(of(i, j));
      return (i, j) =>
        applyFunction(
          name,
          args.map(argument => argument(i, j)),
        );
    }
  }
}

type PairFunction = (i: number, j: number) => number;

/** The operators that conditions use most, without a dispatch for every pair. */
function compileBinary(operator: BinaryOperator, left: PairFunction, right: PairFunction): PairFunction {
  switch (operator) {
    case '&&':
      return (i, j) => (holds(left(i, j)) && holds(right(i, j)) ? 1 : 0);
    case '||':
      return (i, j) => (holds(left(i, j)) || holds(right(i, j)) ? 1 : 0);
    case '<':
      return (i, j) => (left(i, j) < right(i, j) ? 1 : 0);
    case '<=':
      return (i, j) => (left(i, j) <= right(i, j) ? 1 : 0);
    case '==':
      return (i, j) => (left(i, j) === right(i, j) ? 1 : 0);
    case '%':
      return (i, j) => modulo(left(i, j), right(i, j));
    default:
      return (i, j) => applyBinary(operator, left(i, j), right(i, j));
  }
}
