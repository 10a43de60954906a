import type { Argument, MaskData, Pattern } from '../../runtime/pattern/ir.ts';
import type { Primitive, Parameter as PrimitiveParameter } from '../../runtime/pattern/primitive.ts';
import type {
  Binder,
  Expression,
  Parameter,
  PatternDeclaration,
  Reference,
  StringLiteral,
  Where,
} from '../generated/ast.ts';
import { maskFileOf } from '../mask-files.ts';
import { meaningOf } from '../names.ts';
import { spanOf, spanOfProperty, textOf } from '../source.ts';
import { formalsOf, matchArguments, parameterType, type SparseType } from '../types.ts';
import { sizeOfItems } from './budget.ts';
import type { Bound, Environment } from './environment.ts';
import { LowerError } from './error.ts';
import { lowerNumber, lowerPositions } from './number.ts';

/** The pattern that an expression denotes. Throws LowerError. */
export function lowerPattern(expression: Expression | undefined, environment: Environment): Pattern {
  environment.budget.take(1, expression);
  switch (expression?.$type) {
    case 'Group':
      return lowerPattern(expression.of, environment);
    case 'Unary':
      if (expression.operator !== '!') break;
      return { kind: 'complement', of: lowerPattern(expression.operand, environment), span: spanOf(expression) };
    case 'Binary': {
      const kind = ({ '|': 'union', '&': 'intersection', '-': 'difference' } as const)[expression.operator as '|'];
      if (kind === undefined) break;
      return {
        kind,
        left: lowerPattern(expression.left, environment),
        right: lowerPattern(expression.right, environment),
        span: spanOf(expression),
      };
    }
    case 'Choice':
      return {
        kind: 'choose',
        condition: lowerNumber(expression.condition, environment),
        then: lowerPattern(expression.then, environment),
        otherwise: lowerPattern(expression.otherwise, environment),
        span: spanOf(expression.condition),
      };
    case 'Where':
      return lowerWhere(expression, environment);
    case 'Reference':
      return lowerReference(expression, environment);
    default:
  }
  throw new LowerError('wrong-type', 'a pattern is expected here', expression);
}

/** A declared pattern with the defaults of its parameters, as a call without arguments. */
export function lowerDeclaration(declaration: PatternDeclaration, environment: Environment): Pattern {
  const pattern = call(declaration, new Map(), environment, undefined);
  return { kind: 'named', name: declaration.name, pattern, span: spanOfProperty(declaration, 'name') };
}

function lowerReference(reference: Reference, environment: Environment): Pattern {
  const meaning = meaningOf(reference);
  switch (meaning.kind) {
    case 'primitive':
      return lowerPrimitive(reference, meaning.primitive, environment);
    case 'pattern': {
      const given = new Map<Parameter, Bound>();
      for (const [formal, argument] of matchArguments(reference, formalsOf(reference) ?? []))
        if (formal.node !== undefined) given.set(formal.node, bind(argument.value, formal.type, environment));
      return {
        kind: 'named',
        name: meaning.node.name,
        pattern: call(meaning.node, given, environment, reference),
        span: spanOf(reference),
      };
    }
    case 'parameter': {
      const bound = environment.parameters.get(meaning.node);
      // A pattern means what it means where it is used: on the grid of that place.
      if (bound?.type === 'pattern')
        return environment.budget.nested(reference, () =>
          lowerPattern(bound.expression, { ...bound.environment, grid: environment.grid }),
        );
      break;
    }
    default:
  }
  throw new LowerError('wrong-type', 'a pattern is expected here', reference);
}

function call(
  declaration: PatternDeclaration,
  given: ReadonlyMap<Parameter, Bound>,
  caller: Environment,
  at: Reference | undefined,
): Pattern {
  const environment = inside(declaration, given, caller, at);
  return caller.budget.nested(at, () => lowerPattern(declaration.body, environment));
}

/**
 * What holds inside a declaration when every parameter that is not given has its default. Throws LowerError when one has
 * none.
 */
export function defaultsOf(
  declaration: PatternDeclaration,
  caller: Environment,
  given: ReadonlyMap<Parameter, Bound> = new Map(),
): Environment {
  return inside(declaration, given, caller, undefined);
}

function inside(
  declaration: PatternDeclaration,
  given: ReadonlyMap<Parameter, Bound>,
  caller: Environment,
  at: Reference | undefined,
): Environment {
  const parameters = new Map<Parameter, Bound>();
  const environment: Environment = {
    parameters,
    grid: caller.grid,
    binders: new Map(),
    budget: caller.budget,
    adjusted: caller.adjusted,
  };
  for (const parameter of declaration.parameters) {
    const bound = given.get(parameter);
    if (bound !== undefined) parameters.set(parameter, bound);
    else if (parameter.default !== undefined)
      parameters.set(parameter, bind(parameter.default, parameterType(parameter), environment));
    else
      throw new LowerError(
        'argument-missing',
        `${declaration.name} needs ${parameter.name}`,
        at ?? spanOfProperty(declaration, 'name'),
      );
  }
  return environment;
}

/** The value of an argument, as it is meant where it is written. */
function bind(expression: Expression, wanted: SparseType, environment: Environment): Bound {
  const passed = passedOn(expression, environment);
  if (passed !== undefined && passed.type !== 'number' && passed.type !== 'bool') return passed;
  const span = passed?.span ?? spanOf(expression);
  switch (wanted) {
    case 'number':
    case 'bool':
      return { type: wanted, value: lowerNumber(expression, environment), span };
    case 'condition':
      return { type: 'bool', value: lowerNumber(expression, environment), span };
    case 'positions': {
      const list = ungrouped(expression);
      if (list.$type === 'List') return { type: 'positions', items: lowerPositions(list, environment), span };
      break;
    }
    case 'values': {
      const list = ungrouped(expression);
      return list.$type === 'List'
        ? { type: 'positions', items: lowerPositions(list, environment), span }
        : { type: 'number', value: lowerNumber(expression, environment), span };
    }
    case 'string': {
      const literal = ungrouped(expression);
      if (literal.$type === 'StringLiteral') return { type: 'string', literal, span };
      break;
    }
    case 'pattern':
      return { type: 'pattern', expression, environment };
    case 'unknown': {
      // A parameter that nothing uses takes anything.
      const literal = ungrouped(expression);
      if (literal.$type === 'List') return { type: 'positions', items: lowerPositions(literal, environment), span };
      if (literal.$type === 'StringLiteral') return { type: 'string', literal, span };
      return { type: 'pattern', expression, environment };
    }
  }
  throw new LowerError('wrong-type', `${wanted} expected here`, expression);
}

function lowerPrimitive(reference: Reference, primitive: Primitive, environment: Environment): Pattern {
  const args: Record<string, Argument> = {};
  for (const [formal, { value }] of matchArguments(reference, formalsOf(reference) ?? []))
    args[formal.name] = lowerArgument(
      value,
      formal.type,
      primitive.parameters.find(({ name }) => name === formal.name),
      environment,
    );
  return { kind: 'primitive', name: primitive.name, args, span: spanOf(reference) };
}

function lowerArgument(
  expression: Expression,
  type: SparseType,
  parameter: PrimitiveParameter | undefined,
  environment: Environment,
): Argument {
  if (type === 'pattern') {
    // On a coarser grid `n`, sizes and positions count blocks.
    const grid = environment.grid + (parameter?.onGrid ? 1 : 0);
    return { type, value: lowerPattern(expression, { ...environment, grid }), span: spanOf(expression) };
  }
  const bound = bind(expression, type, environment);
  if (type === 'values' && (bound.type === 'number' || bound.type === 'bool'))
    return { type, items: [{ at: bound.value }], single: true, span: bound.span };
  switch (bound.type) {
    case 'number':
    case 'bool':
      return { type: bound.type, value: bound.value, span: bound.span };
    case 'string':
      return parameter?.isMaskFile
        ? { type: 'mask', value: contentsOf(bound.literal), span: bound.span }
        : { type: 'string', value: bound.literal.value, span: bound.span };
    case 'positions': {
      environment.budget.take(sizeOfItems(bound.items), expression);
      const through = ungrouped(expression);
      const named = through.$type === 'Reference' ? { name: through.target.$refText } : {};
      return type === 'values'
        ? { type, items: bound.items, single: false, ...named, span: bound.span }
        : { type: 'positions', items: bound.items, ...named, span: bound.span };
    }
    case 'pattern':
      throw new LowerError('wrong-type', 'a pattern cannot stand here', expression);
  }
}

/** What the mask file holds that a string names. Throws LowerError when it could not be read. */
function contentsOf(literal: StringLiteral): MaskData {
  const file = maskFileOf(literal);
  if ('problem' in file) throw new LowerError('mask-file', file.problem, literal);
  return file.data;
}

/** What a parameter holds that is handed on as it is. */
function passedOn(expression: Expression, environment: Environment): Exclude<Bound, { type: 'pattern' }> | undefined {
  const inner = ungrouped(expression);
  if (inner.$type !== 'Reference') return undefined;
  const meaning = meaningOf(inner);
  const bound = meaning.kind === 'parameter' ? environment.parameters.get(meaning.node) : undefined;
  return bound === undefined || bound.type === 'pattern' ? undefined : bound;
}

function ungrouped(expression: Expression): Expression {
  let inner = expression;
  while (inner.$type === 'Group') inner = inner.of;
  return inner;
}

function lowerWhere(where: Where, environment: Environment): Pattern {
  const binders = new Map<Binder, 'i' | 'j'>([
    [where.query, 'i'],
    [where.key, 'j'],
  ]);
  return {
    kind: 'where',
    condition: lowerNumber(where.condition, { ...environment, binders }),
    text: textOf(where),
    span: spanOf(where),
  };
}
