import type { ParameterType } from '../runtime/pattern/primitive.ts';
import type { Argument, Expression, Parameter, PatternDeclaration, Reference } from './generated/ast.ts';
import { meaningOf } from './names.ts';

/**
 * A type of the language; `condition` takes numbers and truth values, `unknown` takes everything. `values` is what some
 * primitives take: it has no name that a file could write.
 */
export type SparseType = ParameterType | 'condition' | 'unknown';

export const TYPE_NAMES: readonly ParameterType[] = ['number', 'bool', 'positions', 'string', 'pattern'];

/** A type in words, for messages. */
export const TYPE_WORDS: Readonly<Record<SparseType, string>> = {
  number: 'a number',
  bool: 'true or false',
  positions: 'a list of positions such as [0, 4..8]',
  values: 'a whole number or a list of them such as [32, 32]',
  string: 'a string',
  pattern: 'a pattern',
  condition: 'a condition',
  unknown: 'a value',
};

export function isTypeName(name: string): name is ParameterType {
  return (TYPE_NAMES as readonly string[]).includes(name);
}

/** One parameter of anything that can be called. */
export interface Formal {
  readonly name: string;
  readonly type: SparseType;
  readonly required: boolean;
  /** The declaration in a file; undefined for primitives. */
  readonly node?: Parameter;
}

/** The parameters of what a reference calls; undefined when it takes no arguments at all. */
export function formalsOf(reference: Reference): readonly Formal[] | undefined {
  const meaning = meaningOf(reference);
  if (meaning.kind === 'primitive')
    return meaning.primitive.parameters.map(({ name, type, default: value, optional }) => ({
      name,
      type,
      required: value === undefined && optional !== true,
    }));
  if (meaning.kind === 'pattern')
    return meaning.node.parameters
      .filter(parameter => parameter.name !== undefined)
      .map(parameter => ({
        name: parameter.name,
        type: parameterType(parameter),
        required: parameter.default === undefined,
        node: parameter,
      }));
  return undefined;
}

/** Name of an argument that was written with one. */
export function argumentName(argument: Argument): string | undefined {
  return argument.parameter?.$refText;
}

/** Which argument goes to which parameter; arguments that fit none are left out. */
export function matchArguments(reference: Reference, formals: readonly Formal[]): Map<Formal, Argument> {
  const matched = new Map<Formal, Argument>();
  for (const [index, argument] of reference.arguments.entries()) {
    const name = argumentName(argument);
    const formal = name === undefined ? formals[index] : formals.find(candidate => candidate.name === name);
    if (formal !== undefined && !matched.has(formal)) matched.set(formal, argument);
  }
  return matched;
}

/** Inferred types, until some document changes. */
let known = new WeakMap<Parameter, SparseType>();
/** Parameters whose type is being inferred right now: a pattern that calls itself must not loop. */
const underway = new Set<Parameter>();

/** Inferred types depend on what names are linked to: to be called before documents are linked again. */
export function forgetTypes(): void {
  known = new WeakMap();
}

/** Type of a parameter: as written, else from its use in the body, else from its default. */
export function parameterType(parameter: Parameter): SparseType {
  if (parameter.type !== undefined) return isTypeName(parameter.type) ? parameter.type : 'unknown';
  const before = known.get(parameter);
  if (before !== undefined) return before;
  if (underway.has(parameter)) return 'unknown';
  underway.add(parameter);
  try {
    const type = usedType(parameter) ?? (parameter.default === undefined ? 'unknown' : typeOf(parameter.default));
    known.set(parameter, type);
    return type;
  } finally {
    underway.delete(parameter);
  }
}

function usedType(parameter: Parameter): SparseType | undefined {
  const found = new Set<SparseType>();
  const declaration = parameter.$container as PatternDeclaration | undefined;
  visit(declaration?.body, 'pattern', parameter, found);
  for (const other of declaration?.parameters ?? [])
    if (other !== parameter && other.type !== undefined && isTypeName(other.type))
      visit(other.default, other.type, parameter, found);
  for (const type of ['pattern', 'positions', 'values', 'string', 'number', 'bool'] as const)
    if (found.has(type)) return type;
  return found.has('condition') ? 'bool' : undefined;
}

/** Collects the types that an expression wants of a parameter. */
function visit(
  expression: Expression | undefined,
  wanted: SparseType,
  parameter: Parameter,
  found: Set<SparseType>,
): void {
  const into = (child: Expression | undefined, type: SparseType): void => visit(child, type, parameter, found);
  switch (expression?.$type) {
    case 'Reference': {
      const meaning = meaningOf(expression);
      if (meaning.kind === 'parameter' && meaning.node === parameter) {
        if (wanted !== 'unknown') found.add(wanted);
      } else if (meaning.kind === 'function') {
        for (const argument of expression.arguments) into(argument.value, 'number');
      } else {
        const formals = formalsOf(expression);
        if (formals !== undefined)
          for (const [formal, argument] of matchArguments(expression, formals)) into(argument.value, formal.type);
      }
      return;
    }
    case 'Group':
      into(expression.of, wanted);
      return;
    case 'Unary':
      into(expression.operand, expression.operator === '-' ? 'number' : wanted === 'pattern' ? wanted : 'condition');
      return;
    case 'Power':
      into(expression.base, 'number');
      into(expression.exponent, 'number');
      return;
    case 'Binary': {
      const [left, right] = operandTypes(expression.operator, wanted, expression.left, expression.right);
      into(expression.left, left);
      into(expression.right, right);
      return;
    }
    case 'Choice':
      into(expression.condition, 'condition');
      into(expression.then, wanted);
      into(expression.otherwise, wanted);
      return;
    case 'Where':
      into(expression.condition, 'condition');
      return;
    case 'List':
      for (const item of expression.items) {
        into(item.from, 'number');
        into(item.to, 'number');
      }
      return;
    default:
      return;
  }
}

/** Types that an operator wants of its operands, where the whole is wanted to be `wanted`. */
export function operandTypes(
  operator: string,
  wanted: SparseType,
  left: Expression | undefined,
  right: Expression | undefined,
): readonly [SparseType, SparseType] {
  switch (operator) {
    case '&':
    case '|':
      return ['pattern', 'pattern'];
    case '&&':
    case '||':
      return ['condition', 'condition'];
    case '-': {
      const pattern = wanted === 'pattern' || (wanted === 'unknown' && differenceType(left, right) === 'pattern');
      return pattern ? ['pattern', 'pattern'] : ['number', 'number'];
    }
    case '==':
    case '!=': {
      const bool = [left, right].some(side => side !== undefined && typeOf(side) === 'bool');
      return bool ? ['condition', 'condition'] : ['number', 'number'];
    }
    default:
      return ['number', 'number'];
  }
}

function differenceType(left: Expression | undefined, right: Expression | undefined): SparseType {
  const types = [left, right].map(side => (side === undefined ? 'unknown' : typeOf(side)));
  return types.includes('pattern') ? 'pattern' : types.every(type => type === 'unknown') ? 'unknown' : 'number';
}

/** Type of an expression by its own form, without looking at what surrounds it. */
export function typeOf(expression: Expression | undefined): SparseType {
  switch (expression?.$type) {
    case 'NumberLiteral':
    case 'Power':
      return 'number';
    case 'BooleanLiteral':
      return 'bool';
    case 'StringLiteral':
      return 'string';
    case 'List':
      return 'positions';
    case 'Where':
      return 'pattern';
    case 'Group':
      return typeOf(expression.of);
    case 'Unary':
      if (expression.operator === '-') return 'number';
      return typeOf(expression.operand) === 'pattern' ? 'pattern' : 'bool';
    case 'Choice': {
      const then = typeOf(expression.then);
      return then === 'unknown' ? typeOf(expression.otherwise) : then;
    }
    case 'Binary':
      switch (expression.operator) {
        case '&':
        case '|':
          return 'pattern';
        case '-':
          return differenceType(expression.left, expression.right);
        case '+':
        case '*':
        case '/':
        case '%':
          return 'number';
        default:
          return 'bool';
      }
    case 'Reference': {
      const meaning = meaningOf(expression);
      switch (meaning.kind) {
        case 'primitive':
        case 'pattern':
          return 'pattern';
        case 'function':
        case 'shape':
        case 'binder':
        case 'constant':
          return 'number';
        case 'parameter':
          return parameterType(meaning.node);
        default:
          return 'unknown';
      }
    }
    default:
      return 'unknown';
  }
}
