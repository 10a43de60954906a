import type { BinaryOperator, NumberExpression, PositionItem } from '../../runtime/pattern/ir.ts';
import type { Constant, Expression, List } from '../generated/ast.ts';
import { meaningOf } from '../names.ts';
import { adjustedList } from './adjusted.ts';
import { sizeOf } from './budget.ts';
import type { Environment } from './environment.ts';
import { LowerError } from './error.ts';

const OPERATORS: ReadonlySet<string> = new Set<BinaryOperator>([
  '+',
  '-',
  '*',
  '/',
  '%',
  '**',
  '<',
  '<=',
  '>',
  '>=',
  '==',
  '!=',
  '&&',
  '||',
]);

/** A number or truth value as a symbolic expression. Throws LowerError for what is no number. */
export function lowerNumber(expression: Expression | undefined, environment: Environment): NumberExpression {
  environment.budget.take(1, expression);
  const adjusted = expression && environment.adjusted.get(expression);
  if (typeof adjusted === 'number' || typeof adjusted === 'boolean') return { op: 'number', value: Number(adjusted) };
  switch (expression?.$type) {
    case 'NumberLiteral':
      return { op: 'number', value: expression.value };
    case 'BooleanLiteral':
      return { op: 'number', value: expression.value === 'true' ? 1 : 0 };
    case 'Group':
      return lowerNumber(expression.of, environment);
    case 'Unary': {
      const of = lowerNumber(expression.operand, environment);
      if (expression.operator === '!') return { op: 'not', of };
      return of.op === 'number' ? { op: 'number', value: -of.value } : { op: 'negate', of };
    }
    case 'Power':
      return {
        op: 'binary',
        operator: '**',
        left: lowerNumber(expression.base, environment),
        right: lowerNumber(expression.exponent, environment),
      };
    case 'Binary':
      if (!isNumberOperator(expression.operator)) break;
      return {
        op: 'binary',
        operator: expression.operator,
        left: lowerNumber(expression.left, environment),
        right: lowerNumber(expression.right, environment),
      };
    case 'Choice':
      return {
        op: 'choose',
        condition: lowerNumber(expression.condition, environment),
        then: lowerNumber(expression.then, environment),
        otherwise: lowerNumber(expression.otherwise, environment),
      };
    case 'Reference': {
      const meaning = meaningOf(expression);
      switch (meaning.kind) {
        case 'shape':
          return { op: 'shape', name: meaning.name, grid: meaning.name === 'n' ? environment.grid : 0 };
        case 'function':
          return {
            op: 'call',
            name: meaning.name,
            args: expression.arguments.map(argument => lowerNumber(argument.value, environment)),
          };
        case 'binder': {
          const name = environment.binders.get(meaning.node);
          if (name !== undefined) return { op: 'pair', name };
          break;
        }
        case 'parameter': {
          const bound = environment.parameters.get(meaning.node);
          if (bound?.type !== 'number' && bound?.type !== 'bool') break;
          environment.budget.take(sizeOf(bound.value), expression);
          return { op: 'named', name: meaning.node.name, value: bound.value };
        }
        case 'constant':
          return { op: 'named', name: meaning.node.name, value: lowerConstant(meaning.node, environment) };
        default:
      }
      break;
    }
    default:
  }
  throw new LowerError('wrong-type', 'a number is expected here', expression);
}

function isNumberOperator(operator: string): operator is BinaryOperator {
  return OPERATORS.has(operator);
}

/** A constant stands for its text: an `n` in it is the length of the grid on which the constant is used. */
function lowerConstant(constant: Constant, { grid, budget, adjusted }: Environment): NumberExpression {
  return budget.nested(constant, () =>
    lowerNumber(constant.value, { parameters: new Map(), binders: new Map(), grid, budget, adjusted }),
  );
}

/** The elements of a position list. */
export function lowerPositions(list: List, environment: Environment): readonly PositionItem[] {
  const adjusted = environment.adjusted.get(list);
  if (typeof adjusted === 'string') return adjustedList(adjusted, list, environment.grid);
  return list.items.map(item =>
    item.to === undefined
      ? { at: lowerNumber(item.from, environment) }
      : { from: lowerNumber(item.from, environment), to: lowerNumber(item.to, environment) },
  );
}
