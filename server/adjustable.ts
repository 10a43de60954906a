import { AstUtils } from 'langium';
import type { NumberExpression } from '../runtime/pattern/ir.ts';
import type { Primitive, Parameter as PrimitiveParameter } from '../runtime/pattern/primitive.ts';
import {
  type Constant,
  type Declaration,
  type Expression,
  isPatternDeclaration,
  isReference,
  type Parameter,
  type Reference,
} from './generated/ast.ts';
import { type Adjusted, type AdjustedValue, adjustedList } from './lower/adjusted.ts';
import { outermost } from './lower/environment.ts';
import { LowerError } from './lower/error.ts';
import { lowerNumber } from './lower/number.ts';
import { defaultsOf } from './lower/pattern.ts';
import { meaningOf } from './names.ts';
import type { Adjustable, Adjustments } from './protocol.ts';
import { type Place, placeOf, textOf, uriOf } from './source.ts';
import { type Formal, formalsOf, matchArguments, parameterType, type SparseType } from './types.ts';

/** What primitives say about the numbers that an expression gives them. */
type Facts = Pick<Adjustable, 'integer' | 'min' | 'unit' | 'documentation'>;

/** A value of a declaration that can be tried out, and where it is written. */
interface Site {
  readonly adjustable: Adjustable;
  readonly expression: Expression;
}

/**
 * The values of a declaration that can be tried out without changing its text: the defaults of a pattern's parameters,
 * what is written as an argument of a call in it, and the constants of its file that it uses.
 */
export function adjustablesOf(declaration: Declaration, adjusted: Adjusted = new Map()): readonly Adjustable[] {
  return sitesOf(declaration, adjusted).map(({ adjustable }) => adjustable);
}

/** Which expressions other values take the place of; names that the declaration does not have (any more) are left out. */
export function adjustedBy(declaration: Declaration, adjustments: Adjustments): Adjusted {
  const adjusted = new Map<Expression, AdjustedValue>();
  if (Object.keys(adjustments).length === 0) return adjusted;
  for (const { adjustable, expression } of sitesOf(declaration, adjusted)) {
    const value = givenValue(adjustments, adjustable);
    if (value !== undefined) adjusted.set(expression, value);
  }
  return adjusted;
}

/** What to write so that the source has these values. Throws LowerError for a list that is none. */
export function adjustmentEdits(
  declaration: Declaration,
  adjustments: Adjustments,
): readonly (Place & { readonly text: string })[] {
  return sitesOf(declaration, new Map()).flatMap(({ adjustable, expression }) => {
    const value = givenValue(adjustments, adjustable);
    const place = placeOf(expression);
    if (value === undefined || place === undefined) return [];
    if (typeof value === 'string') adjustedList(value, expression);
    const text = String(value);
    return text === textOf(expression) ? [] : [{ ...place, text }];
  });
}

/** The value that an adjustable is given, if it is one of its kind. */
function givenValue(adjustments: Adjustments, { id, kind }: Adjustable): AdjustedValue | undefined {
  const value = Object.hasOwn(adjustments, id) ? adjustments[id] : undefined;
  const type = { number: 'number', bool: 'boolean', list: 'string' }[kind];
  return typeof value === type && (type !== 'number' || Number.isFinite(value)) ? value : undefined;
}

function sitesOf(declaration: Declaration, adjusted: Adjusted): readonly Site[] {
  if (declaration.$type === 'Constant') return [];
  return [
    ...(isPatternDeclaration(declaration) ? parameterSites(declaration.parameters, adjusted) : []),
    ...argumentSites(declaration),
    ...constantSites(declaration),
  ];
}

function parameterSites(parameters: readonly Parameter[], adjusted: Adjusted): readonly Site[] {
  return parameters.flatMap(parameter => {
    const { name, default: expression } = parameter;
    if (expression === undefined || name === undefined) return [];
    const found = kindOf(expression, parameterType(parameter));
    const value = found?.value ?? defaultNumber(parameter, expression, adjusted);
    if (value === undefined) return [];
    return site({ id: name, name, of: null }, { kind: found?.kind ?? 'number', value }, expression, factsOf(parameter));
  });
}

/** A default that is computed (`ceil(sqrt(n))`), as far as it is a number. */
function defaultNumber(parameter: Parameter, expression: Expression, adjusted: Adjusted): NumberExpression | undefined {
  const declaration = parameter.$container;
  if (parameterType(parameter) !== 'number' || !isPatternDeclaration(declaration)) return undefined;
  try {
    return lowerNumber(expression, defaultsOf(declaration, outermost(adjusted)));
  } catch (error) {
    if (error instanceof LowerError) return undefined;
    throw error;
  }
}

/** What is written as an argument of a call, by the call's name and the parameter's. */
function argumentSites(declaration: Declaration): readonly Site[] {
  const seen = new Map<string, number>();
  return AstUtils.streamContents(declaration)
    .filter(node => node.$type !== 'Parameter')
    .flatMap(node => AstUtils.streamAst(node))
    .filter(isReference)
    .toArray()
    .flatMap(reference =>
      [...matchArguments(reference, formalsOf(reference) ?? [])].flatMap(([formal, { value }]) => {
        const found = kindOf(value, formal.type);
        if (found === undefined) return [];
        const of = reference.target.$refText;
        const name = `${of}.${formal.name}`;
        const index = seen.get(name) ?? 0;
        seen.set(name, index + 1);
        return site(
          { id: `${name}#${index}`, name: formal.name, of: textOf(reference) },
          found,
          value,
          factsOfFormal(reference, formal),
        );
      }),
    );
}

/** Constants of the same file that are used in the declaration itself. */
function constantSites(declaration: Declaration): readonly Site[] {
  const constants = new Map<Constant, Facts>();
  for (const reference of AstUtils.streamAst(declaration).filter(isReference)) {
    const meaning = meaningOf(reference);
    if (meaning.kind !== 'constant' || uriOf(meaning.node) !== uriOf(declaration)) continue;
    constants.set(meaning.node, both(constants.get(meaning.node), factsAt(reference)));
  }
  return [...constants].flatMap(([{ name, value }, facts]) => {
    const found = kindOf(value, 'number');
    return found === undefined ? [] : site({ id: `const ${name}`, name, of: null }, found, value, facts);
  });
}

function site(
  named: Pick<Adjustable, 'id' | 'name' | 'of'>,
  found: Pick<Adjustable, 'kind' | 'value'>,
  expression: Expression,
  facts: Facts,
): Site[] {
  const { kind, value } = found;
  // A whole number that nothing says more about is most likely meant to be one.
  const integer =
    facts.integer || (typeof value !== 'object' ? false : value.op === 'number' && Number.isInteger(value.value));
  return [{ adjustable: { ...named, ...facts, integer, kind, value }, expression }];
}

/** The kind of a value that is written out, and the value. */
function kindOf(expression: Expression | undefined, type: SparseType): Pick<Adjustable, 'kind' | 'value'> | undefined {
  switch (expression?.$type) {
    case 'NumberLiteral':
      return { kind: 'number', value: { op: 'number', value: expression.value } };
    case 'Unary':
      return expression.operator === '-' && expression.operand.$type === 'NumberLiteral'
        ? { kind: 'number', value: { op: 'number', value: -expression.operand.value } }
        : undefined;
    case 'BooleanLiteral':
      return { kind: 'bool', value: expression.value === 'true' };
    case 'List': {
      if (type !== 'positions' && type !== 'values') return undefined;
      const text = textOf(expression);
      try {
        adjustedList(text, expression);
        return { kind: 'list', value: text };
      } catch {
        // With names in it, another list would lose them.
        return undefined;
      }
    }
    default:
      return undefined;
  }
}

const NO_FACTS: Facts = { integer: false, min: null, unit: null, documentation: null };

/** What all primitives together say that a parameter is handed to as it is; one that calls itself says nothing more. */
function factsOf(parameter: Parameter, above: readonly Parameter[] = []): Facts {
  const declaration = parameter.$container;
  if (!isPatternDeclaration(declaration) || declaration.body === undefined || above.includes(parameter))
    return NO_FACTS;
  let facts: Facts | undefined;
  for (const reference of AstUtils.streamAst(declaration.body).filter(isReference)) {
    const meaning = meaningOf(reference);
    if (meaning.kind === 'parameter' && meaning.node === parameter)
      facts = both(facts, factsAt(reference, [...above, parameter]));
  }
  return facts ?? NO_FACTS;
}

/** The facts of the parameter that an expression is the argument of. */
function factsAt(expression: Expression, above: readonly Parameter[] = []): Facts {
  const argument = expression.$container;
  const call = argument?.$container;
  if (argument?.$type !== 'Argument' || call === undefined || !isReference(call)) return NO_FACTS;
  for (const [formal, { value }] of matchArguments(call, formalsOf(call) ?? []))
    if (value === expression) return factsOfFormal(call, formal, above);
  return NO_FACTS;
}

function factsOfFormal(reference: Reference, formal: Formal, above: readonly Parameter[] = []): Facts {
  if (formal.node !== undefined) return factsOf(formal.node, above);
  const meaning = meaningOf(reference);
  const parameter = meaning.kind === 'primitive' ? parameterOf(meaning.primitive, formal.name) : undefined;
  if (parameter === undefined) return NO_FACTS;
  const { integer = false, min = null, unit = null, documentation } = parameter;
  return { integer, min, unit, documentation };
}

function parameterOf(primitive: Primitive, name: string): PrimitiveParameter | undefined {
  return primitive.parameters.find(parameter => parameter.name === name);
}

function both(first: Facts | undefined, second: Facts): Facts {
  if (first === undefined) return second;
  const mins = [first.min, second.min].flatMap(min => min ?? []);
  return {
    integer: first.integer || second.integer,
    min: mins.length === 0 ? null : Math.max(...mins),
    unit: first.unit ?? second.unit,
    documentation: first.documentation ?? second.documentation,
  };
}
