import { modulo } from './bits.ts';
import type { Box } from './mask.ts';
import { boundsOf } from './pair-bounds.ts';
import type { PairExpression } from './pair-expression.ts';

/**
 * What an expression does inside a box, independent of where the box is: its values there are those of `name`, plus
 * `shift`, a whole number. Tracking the shift apart lets `i - j < 8` and `(i - j) % 128 == 0` repeat along diagonals.
 */
interface Course {
  readonly name: string;
  readonly shift: number;
}

/** Two boxes of one size with equal signatures hold the same truth values; undefined when nothing is known to repeat. */
export function pairSignature(expression: PairExpression, box: Box): string | undefined {
  const course = courseOf(expression, box);
  return course === undefined ? undefined : `${course.name}+${course.shift}`;
}

function courseOf(expression: PairExpression, box: Box): Course | undefined {
  const { low, high } = boundsOf(expression, box);
  if (low === high) return Number.isSafeInteger(low) ? { name: '', shift: low } : { name: `=${low}`, shift: 0 };
  switch (expression.op) {
    case 'constant':
      return undefined;
    case 'affine':
      return {
        name: `${expression.row}i${expression.column}j`,
        shift: expression.row * box.row + expression.column * box.column + expression.constant,
      };
    case 'negate': {
      const of = courseOf(expression.of, box);
      return of && { name: `-(${of.name})`, shift: -of.shift };
    }
    case 'not': {
      const of = courseOf(expression.of, box);
      return of && absorbed('!', [of]);
    }
    case 'choose': {
      const condition = courseOf(expression.condition, box);
      const then = courseOf(expression.then, box);
      const otherwise = courseOf(expression.otherwise, box);
      return condition && then && otherwise && absorbed('?', [condition, then, otherwise]);
    }
    case 'call': {
      const [first] = expression.args;
      if (first === undefined) return undefined;
      if (expression.name === 'floor' || expression.name === 'ceil') return roundedCourse(expression.name, first, box);
      const args: Course[] = [];
      for (const argument of expression.args) {
        const course = courseOf(argument, box);
        if (course === undefined) return undefined;
        args.push(course);
      }
      return absorbed(expression.name, args);
    }
    case 'binary':
      return binaryCourse(expression, box);
  }
}

/** A course whose operands' shifts have become part of its name. */
function absorbed(name: string, of: readonly Course[]): Course {
  return { name: `${name}(${of.map(course => `${course.name}+${course.shift}`).join(',')})`, shift: 0 };
}

/** Is the expression a whole, exact number everywhere in the box? */
function isWhole(expression: PairExpression, box: Box): boolean {
  return boundsOf(expression, box).whole;
}

function binaryCourse(expression: PairExpression & { op: 'binary' }, box: Box): Course | undefined {
  const { operator } = expression;
  // An operand that is settled in this box has no say in the outcome's course.
  const left = courseOf(expression.left, box);
  const right = courseOf(expression.right, box);
  if (left === undefined || right === undefined) return undefined;
  switch (operator) {
    case '+':
    case '-':
      // A fraction added at another place may round another way, so only whole sums move with their box.
      if (!isWhole(expression.left, box) || !isWhole(expression.right, box) || !isWhole(expression, box))
        return absorbed(operator, [left, right]);
      return {
        name: `(${left.name})${operator}(${right.name})`,
        shift: operator === '+' ? left.shift + right.shift : left.shift - right.shift,
      };
    case '%': {
      const divisor = right.name === '' ? right.shift : undefined;
      if (divisor === undefined || divisor === 0 || !Number.isSafeInteger(divisor)) return absorbed('%', [left, right]);
      // Sums of whole numbers are exact, so only the remainder of the shift matters.
      return isWhole(expression.left, box)
        ? { name: `(${left.name}+${modulo(left.shift, divisor)})%${divisor}`, shift: 0 }
        : absorbed('%', [left, right]);
    }
    case '<':
    case '<=':
    case '>':
    case '>=':
    case '==':
    case '!=':
      // Only whole numbers may be compared by their difference: elsewhere a shift could round differently.
      return isWhole(expression.left, box) && isWhole(expression.right, box)
        ? { name: `(${left.name})${operator}(${right.name})@${left.shift - right.shift}`, shift: 0 }
        : absorbed(operator, [left, right]);
    default:
      return absorbed(operator, [left, right]);
  }
}

/** floor or ceil of a quotient of whole numbers: whole divisors in the shift come out of it. */
function roundedCourse(name: 'floor' | 'ceil', of: PairExpression, box: Box): Course | undefined {
  if (of.op === 'binary' && of.operator === '/' && of.right.op === 'constant') {
    const divisor = of.right.value;
    const numerator = courseOf(of.left, box);
    if (numerator === undefined) return undefined;
    if (Number.isInteger(divisor) && divisor > 0 && boundsOf(of.left, box).whole) {
      const rest = modulo(numerator.shift, divisor);
      return { name: `${name}((${numerator.name}+${rest})/${divisor})`, shift: (numerator.shift - rest) / divisor };
    }
    return absorbed(`${name}/${divisor}`, [numerator]);
  }
  const course = courseOf(of, box);
  return course && absorbed(name, [course]);
}
