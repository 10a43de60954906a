import { modulo } from './bits.ts';
import type { BinaryOperator, FunctionName } from './ir.ts';
import type { Box } from './mask.ts';
import type { PairExpression } from './pair-expression.ts';

/** Closed bounds of a value; NaN never appears: what may be undefined has infinite bounds and `whole: false`. */
export interface Bounds {
  readonly low: number;
  readonly high: number;
  /** Is every value a whole number below 2**53, and so exact? */
  readonly whole: boolean;
}

const ANY: Bounds = { low: Number.NEGATIVE_INFINITY, high: Number.POSITIVE_INFINITY, whole: false };
const EITHER: Bounds = { low: 0, high: 1, whole: true };

function exactly(value: number): Bounds {
  // An infinite constant decides nothing: what it is compared with may be undefined.
  return Number.isFinite(value) ? { low: value, high: value, whole: Number.isSafeInteger(value) } : ANY;
}

function between(low: number, high: number, whole: boolean): Bounds {
  if (Number.isNaN(low) || Number.isNaN(high)) return ANY;
  // Numbers from 2**53 on round, and rounded numbers do not repeat exactly: `whole` means exact, too.
  return { low, high, whole: whole && low >= Number.MIN_SAFE_INTEGER && high <= Number.MAX_SAFE_INTEGER };
}

/** Bounds of an expression over a box. They may be wider than needed, never narrower. */
export function boundsOf(expression: PairExpression, box: Box): Bounds {
  switch (expression.op) {
    case 'constant':
      return exactly(expression.value);
    case 'affine': {
      const { row, column, constant } = expression;
      const lowRow = row < 0 ? box.rowEnd - 1 : box.row;
      const highRow = row < 0 ? box.row : box.rowEnd - 1;
      const lowColumn = column < 0 ? box.columnEnd - 1 : box.column;
      const highColumn = column < 0 ? box.column : box.columnEnd - 1;
      return {
        low: row * lowRow + column * lowColumn + constant,
        high: row * highRow + column * highColumn + constant,
        whole: true,
      };
    }
    case 'negate': {
      const of = boundsOf(expression.of, box);
      return { low: -of.high, high: -of.low, whole: of.whole };
    }
    case 'not': {
      const of = boundsOf(expression.of, box);
      return truth(of.low > 0 || of.high < 0 ? false : of.low === 0 && of.high === 0 ? true : undefined);
    }
    case 'choose': {
      const condition = truthOf(expression.condition, box);
      if (condition !== undefined) return boundsOf(condition ? expression.then : expression.otherwise, box);
      const then = boundsOf(expression.then, box);
      const otherwise = boundsOf(expression.otherwise, box);
      return {
        low: Math.min(then.low, otherwise.low),
        high: Math.max(then.high, otherwise.high),
        whole: then.whole && otherwise.whole,
      };
    }
    case 'call':
      return callBounds(
        expression.name,
        expression.args.map(argument => boundsOf(argument, box)),
      );
    case 'binary':
      return binaryBounds(expression, box);
  }
}

/** Is the expression true (not 0) for every pair of the box, false for every pair, or undecided? */
export function truthOf(expression: PairExpression, box: Box): boolean | undefined {
  const { low, high } = boundsOf(expression, box);
  return low > 0 || high < 0 ? true : low === 0 && high === 0 ? false : undefined;
}

function truth(value: boolean | undefined): Bounds {
  return value === undefined ? EITHER : exactly(value ? 1 : 0);
}

function binaryBounds(expression: PairExpression & { op: 'binary' }, box: Box): Bounds {
  const { operator } = expression;
  if (operator === '&&' || operator === '||') {
    const decisive = operator === '||';
    const left = truthOf(expression.left, box);
    if (left === decisive) return truth(decisive);
    const right = truthOf(expression.right, box);
    if (right === decisive) return truth(decisive);
    return truth(left === undefined || right === undefined ? undefined : !decisive);
  }
  const left = boundsOf(expression.left, box);
  const right = boundsOf(expression.right, box);
  const comparison = compare(operator, left, right);
  return comparison === 'no comparison' ? arithmetic(operator, left, right) : truth(comparison);
}

function compare(operator: BinaryOperator, a: Bounds, b: Bounds): boolean | undefined | 'no comparison' {
  // Values that may be NaN have infinite bounds on both sides, so nothing below is ever decided for them.
  switch (operator) {
    case '<':
      return a.high < b.low ? true : a.low >= b.high ? false : undefined;
    case '<=':
      return a.high <= b.low ? true : a.low > b.high ? false : undefined;
    case '>':
      return compare('<', b, a);
    case '>=':
      return compare('<=', b, a);
    case '==':
      return a.high < b.low || b.high < a.low ? false : a.low === a.high && b.low === b.high ? true : undefined;
    case '!=': {
      const equal = compare('==', a, b);
      return typeof equal === 'boolean' ? !equal : equal;
    }
    default:
      return 'no comparison';
  }
}

function arithmetic(operator: BinaryOperator, a: Bounds, b: Bounds): Bounds {
  const whole = a.whole && b.whole;
  switch (operator) {
    case '+':
      return between(a.low + b.low, a.high + b.high, whole);
    case '-':
      return between(a.low - b.high, a.high - b.low, whole);
    case '*':
      return corners([a.low * b.low, a.low * b.high, a.high * b.low, a.high * b.high], whole);
    case '/':
      if (b.low <= 0 && b.high >= 0) return ANY;
      return corners([a.low / b.low, a.low / b.high, a.high / b.low, a.high / b.high], false);
    case '%':
      return remainder(a, b);
    default:
      // Powers: only when nothing moves.
      return a.low === a.high && b.low === b.high ? exactly(a.low ** b.low) : ANY;
  }
}

function corners(values: readonly number[], whole: boolean): Bounds {
  return between(Math.min(...values), Math.max(...values), whole);
}

function remainder(a: Bounds, b: Bounds): Bounds {
  if (b.low !== b.high || b.low === 0 || !Number.isFinite(b.low)) return ANY;
  const divisor = b.low;
  const whole = a.whole && b.whole;
  if (!Number.isFinite(a.low) || !Number.isFinite(a.high)) return ANY;
  if (whole && Math.floor(a.low / divisor) === Math.floor(a.high / divisor))
    return { low: modulo(a.low, divisor), high: modulo(a.high, divisor), whole };
  const last = whole ? Math.abs(divisor) - 1 : Math.abs(divisor);
  return divisor > 0 ? { low: 0, high: last, whole } : { low: -last, high: 0, whole };
}

function callBounds(name: FunctionName, args: readonly Bounds[]): Bounds {
  const first = args[0] ?? ANY;
  switch (name) {
    case 'min':
      return args.every(isFiniteBounds)
        ? between(
            Math.min(...args.map(a => a.low)),
            Math.min(...args.map(a => a.high)),
            args.every(a => a.whole),
          )
        : ANY;
    case 'max':
      return args.every(isFiniteBounds)
        ? between(
            Math.max(...args.map(a => a.low)),
            Math.max(...args.map(a => a.high)),
            args.every(a => a.whole),
          )
        : ANY;
    case 'abs':
      // What may be undefined has infinite bounds and must keep them on both sides.
      if (!isFiniteBounds(first)) return ANY;
      if (first.low >= 0) return first;
      return between(first.high <= 0 ? -first.high : 0, Math.max(-first.low, first.high), first.whole);
    case 'floor':
      return isFiniteBounds(first) ? between(Math.floor(first.low), Math.floor(first.high), true) : ANY;
    case 'ceil':
      return isFiniteBounds(first) ? between(Math.ceil(first.low), Math.ceil(first.high), true) : ANY;
    case 'sqrt':
      return first.low >= 0 ? between(Math.sqrt(first.low), Math.sqrt(first.high), false) : ANY;
    case 'log2':
      // The platform's log2 need not be monotone in its last bit.
      return first.low > 0 && isFiniteBounds(first)
        ? between(Math.log2(first.low) - 1e-9, Math.log2(first.high) + 1e-9, false)
        : ANY;
  }
}

function isFiniteBounds(bounds: Bounds): boolean {
  return Number.isFinite(bounds.low) && Number.isFinite(bounds.high);
}
