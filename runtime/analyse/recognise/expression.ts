import type { Argument, NumberExpression, Pattern, PositionItem } from '../../pattern/ir.ts';
import type { Condition } from './condition.ts';
import type { Intervals } from './intervals.ts';
import { rangesOf } from './intervals.ts';

/** What stands for an argument. Positions are a set within the sequence (or the grid) that the call is about. */
export type Value =
  | number
  | boolean
  | { readonly positions: Intervals; readonly of: number }
  | { readonly values: readonly number[]; readonly single: boolean }
  | Expression;

/** One argument; `named` ones are written with their name. */
export interface Given {
  readonly parameter: string;
  readonly value: Value;
  readonly named: boolean;
}

/** A pattern that can be written down as well as bound. */
export type Expression =
  | { readonly kind: 'call'; readonly name: string; readonly args: readonly Given[] }
  | { readonly kind: 'union'; readonly of: readonly Expression[] }
  /** A condition on the pair; `text` is what stands behind `where (i, j) =>`. */
  | { readonly kind: 'where'; readonly text: string; readonly condition: NumberExpression }
  | { readonly kind: 'both'; readonly left: Expression; readonly right: Expression }
  /** `of & causal()`. */
  | { readonly kind: 'causal'; readonly of: Expression }
  /** A pattern of the standard library; `meaning` is what it stands for at the shape in question. */
  | {
      readonly kind: 'library';
      readonly module: string;
      readonly name: string;
      readonly args: readonly Given[];
      readonly meaning: Expression;
    };

/** An argument by position. */
export function by(parameter: string, value: Value): Given {
  return { parameter, value, named: false };
}

/** An argument by name. */
export function named(parameter: string, value: Value): Given {
  return { parameter, value, named: true };
}

export function call(name: string, ...args: readonly Given[]): Expression {
  return { kind: 'call', name, args };
}

/** A conjunction of conditions on the pair. */
export function where(...conditions: readonly Condition[]): Expression {
  const condition = conditions
    .map(({ meaning }) => meaning)
    .reduce((left, right): NumberExpression => ({ op: 'binary', operator: '&&', left, right }));
  return { kind: 'where', text: conditions.map(({ text }) => text).join(' && '), condition };
}

export function anyOf(...of: readonly Expression[]): Expression {
  const [only] = of;
  return of.length === 1 && only !== undefined ? only : { kind: 'union', of };
}

export function causally(of: Expression): Expression {
  return { kind: 'causal', of };
}

export function one(value: number): Value {
  return { values: [value], single: true };
}

export function list(values: readonly number[]): Value {
  return { values, single: false };
}

/** A list with one value for each axis, or a single one where all are equal. */
export function perAxis(values: readonly number[]): Value {
  const [first] = values;
  return first !== undefined && values.every(value => value === first) ? one(first) : list(values);
}

/** Positions closer to the end than that are counted from there. */
const NEAR_THE_END = 4096;

/** A position as a list has it: negative ones count from the end. */
function fromEitherEnd(position: number, n: number): number {
  return position >= n / 2 && position > 0 && n - position <= NEAR_THE_END ? position - n : position;
}

/** The expression in the language. */
export function textOf(expression: Expression): string {
  switch (expression.kind) {
    case 'call':
    case 'library':
      return `${expression.name}(${expression.args.map(given => `${given.named ? `${given.parameter}: ` : ''}${valueText(given.value)}`).join(', ')})`;
    case 'union': {
      return expression.of.map(textOf).join(' | ');
    }
    case 'where':
      // Inside a larger expression it stands in parentheses, and alone it may.
      return `(where (i, j) => ${expression.text})`;
    case 'both':
      return [expression.left, expression.right]
        .map(part => (part.kind === 'union' ? `(${textOf(part)})` : textOf(part)))
        .join(' & ');
    case 'causal':
      return `${expression.of.kind === 'union' ? `(${textOf(expression.of)})` : textOf(expression.of)} & causal()`;
  }
}

/** A value as an argument has it. */
export function valueText(value: Value): string {
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  if ('positions' in value) return positionsText(value.positions, value.of);
  if ('values' in value) return value.single ? String(value.values[0]) : `[${value.values.join(', ')}]`;
  return textOf(value);
}

/** A set of positions of a sequence of n as a list: `[0..4, 17, -1]`. */
export function positionsText(positions: Intervals, n: number): string {
  const items = rangesOf(positions).map(([from, to]) =>
    to - from === 1
      ? String(fromEitherEnd(from, n))
      : to === n
        ? from === 0
          ? '0..n'
          : `${fromEitherEnd(from, n)}..n`
        : `${from}..${to}`,
  );
  return `[${items.join(', ')}]`;
}

/** The expression for the compiler; `grid` counts the `blocked(...)` around it. */
export function patternOf(expression: Expression, grid = 0): Pattern {
  switch (expression.kind) {
    case 'call': {
      const args: Record<string, Argument> = {};
      for (const { parameter, value } of expression.args) args[parameter] = argumentOf(value, grid);
      return { kind: 'primitive', name: expression.name, args };
    }
    case 'union': {
      const [first, ...rest] = expression.of.map(part => patternOf(part, grid));
      if (first === undefined) return { kind: 'primitive', name: 'none', args: {} };
      return rest.reduce<Pattern>((left, right) => ({ kind: 'union', left, right }), first);
    }
    case 'where':
      return { kind: 'where', text: expression.text, condition: expression.condition };
    case 'both':
      return { kind: 'intersection', left: patternOf(expression.left, grid), right: patternOf(expression.right, grid) };
    case 'causal':
      return {
        kind: 'intersection',
        left: patternOf(expression.of, grid),
        right: { kind: 'primitive', name: 'causal', args: {} },
      };
    case 'library':
      return { kind: 'named', name: expression.name, pattern: patternOf(expression.meaning, grid) };
  }
}

function argumentOf(value: Value, grid: number): Argument {
  if (typeof value === 'number') return { type: 'number', value: literal(value) };
  if (typeof value === 'boolean') return { type: 'bool', value: literal(value ? 1 : 0) };
  if ('positions' in value) {
    const { of } = value;
    const items = rangesOf(value.positions).map(([from, to]): PositionItem => {
      if (to - from === 1) return { at: literal(fromEitherEnd(from, of)) };
      return to === of
        ? { from: literal(fromEitherEnd(from, of)), to: { op: 'shape', name: 'n', grid } }
        : { from: literal(from), to: literal(to) };
    });
    return { type: 'positions', items };
  }
  if ('values' in value)
    return { type: 'values', items: value.values.map(each => ({ at: literal(each) })), single: value.single };
  return { type: 'pattern', value: patternOf(value, grid + 1) };
}

function literal(value: number): NumberExpression {
  return { op: 'number', value };
}
