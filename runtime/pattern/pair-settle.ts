import { modulo } from './bits.ts';
import type { Box } from './mask.ts';
import { boundsOf } from './pair-bounds.ts';
import { type Affine, binaryOf, type PairExpression } from './pair-expression.ts';

/**
 * The expression as far as it matters inside a box, with the same value for every pair of it: what does not move there is
 * a constant, and a remainder that does not start anew is a sum. `(i % 1350 - j % 1350) < 8` becomes a band wherever
 * both remainders run through.
 */
export function settled(expression: PairExpression, box: Box): PairExpression {
  if (expression.op === 'constant') return expression;
  const { low, high } = boundsOf(expression, box);
  if (low === high && Number.isFinite(low)) return { op: 'constant', value: low };
  switch (expression.op) {
    case 'affine':
      return expression;
    case 'negate':
    case 'not': {
      const of = settled(expression.of, box);
      return of === expression.of ? expression : { ...expression, of };
    }
    case 'binary': {
      const left = settled(expression.left, box);
      const right = settled(expression.right, box);
      if (expression.operator === '%' && left.op === 'affine' && right.op === 'constant') {
        const start = startOf(left, right.value, box);
        if (start !== undefined) return { ...left, constant: left.constant - start };
      }
      return left === expression.left && right === expression.right
        ? expression
        : binaryOf(expression.operator, left, right);
    }
    case 'choose': {
      const condition = settled(expression.condition, box);
      if (condition.op === 'constant')
        return settled(condition.value !== 0 ? expression.then : expression.otherwise, box);
      const then = settled(expression.then, box);
      const otherwise = settled(expression.otherwise, box);
      return condition === expression.condition && then === expression.then && otherwise === expression.otherwise
        ? expression
        : { op: 'choose', condition, then, otherwise };
    }
    case 'call': {
      const args = expression.args.map(argument => settled(argument, box));
      return args.every((argument, index) => argument === expression.args[index])
        ? expression
        : { ...expression, args };
    }
  }
}

/** The multiple of the divisor at which a remainder starts that runs through the box; undefined when it starts anew there. */
function startOf(of: Affine, divisor: number, box: Box): number | undefined {
  if (!Number.isSafeInteger(divisor) || divisor === 0) return undefined;
  const { low, high } = boundsOf({ op: 'affine', ...of }, box);
  const start = low - modulo(low, divisor);
  return start === high - modulo(high, divisor) ? start : undefined;
}

/** Where a box has to be cut so that remainders run through its parts. */
export interface Cuts {
  /** First query of the lower part. */
  readonly row: number | undefined;
  /** First key of the right part. */
  readonly column: number | undefined;
}

/**
 * The one row and the one column at which remainders of i alone or of j alone start anew; undefined when there is none,
 * or when a side would have to be cut more than once.
 */
export function cutsOf(expression: PairExpression, box: Box): Cuts | undefined {
  const rows = new Set<number>();
  const columns = new Set<number>();
  const isFew = collect(expression, box, rows, columns);
  if (!isFew || rows.size + columns.size === 0) return undefined;
  const [row] = rows;
  const [column] = columns;
  return { row, column };
}

/** Adds where remainders start anew; false as soon as there are too many places. */
function collect(expression: PairExpression, box: Box, rows: Set<number>, columns: Set<number>): boolean {
  const inside = (each: PairExpression): boolean => collect(each, box, rows, columns);
  switch (expression.op) {
    case 'constant':
    case 'affine':
      return true;
    case 'negate':
    case 'not':
      return inside(expression.of);
    case 'choose':
      return inside(expression.condition) && inside(expression.then) && inside(expression.otherwise);
    case 'call':
      return expression.args.every(inside);
    case 'binary': {
      const { operator, left, right } = expression;
      if (operator !== '%' || left.op !== 'affine' || right.op !== 'constant') return inside(left) && inside(right);
      const divisor = right.value;
      if (!Number.isSafeInteger(divisor) || divisor <= 0) return true;
      // Only steps of one: the place where another remainder starts anew would have to be rounded.
      if (Math.abs(left.row) === 1 && left.column === 0)
        return addStarts(left.row, left.constant, divisor, box.row, box.rowEnd, rows);
      if (Math.abs(left.column) === 1 && left.row === 0)
        return addStarts(left.column, left.constant, divisor, box.column, box.columnEnd, columns);
      return true;
    }
  }
}

/** Adds the position in (from, to) at which `step * position + constant` enters another multiple of the divisor. */
function addStarts(
  step: number,
  constant: number,
  divisor: number,
  from: number,
  to: number,
  cuts: Set<number>,
): boolean {
  // Rising values start anew at a multiple, falling ones behind it.
  const first = step > 0 ? from + modulo(-(from + constant), divisor) : from + modulo(constant - from, divisor) + 1;
  const start = first === from ? first + divisor : first;
  if (start >= to) return true;
  cuts.add(start);
  return start + divisor >= to && cuts.size <= 1;
}
