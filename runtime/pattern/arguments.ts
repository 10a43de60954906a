import type { Argument, MaskData, NumberExpression, Pattern, PositionItem, Span } from './ir.ts';
import type { Mask } from './mask.ts';
import { evaluate, readsLength } from './numbers.ts';
import { PositionSet } from './position-set.ts';
import { type BoundArguments, type Parameter, PatternError, type Primitive } from './primitive.ts';
import type { Shape } from './shape.ts';

/** Value of a number argument, checked against the parameter's range. Throws PatternError. */
function checkedNumber(
  primitive: Primitive,
  parameter: Parameter,
  value: NumberExpression,
  span: Span | undefined,
  shape: Shape,
): number {
  const where = `${primitive.name}'s ${parameter.name}`;
  const result = atSpan(span, () => evaluate(value, shape));
  const depends = readsLength(value);
  if (parameter.integer && !Number.isInteger(result))
    throw new PatternError(
      'argument-integer',
      `${where} must be a whole number, got ${result}; write floor(...) or ceil(...) around it`,
      span,
      depends,
    );
  if (parameter.min !== undefined && result < parameter.min)
    throw new PatternError(
      'argument-range',
      `${where} must be at least ${parameter.min}, got ${result}`,
      span,
      depends,
    );
  return result;
}

/** Runs `action`; a PatternError without a place gets this one. */
export function atSpan<T>(span: Span | undefined, action: () => T): T {
  try {
    return action();
  } catch (error) {
    if (error instanceof PatternError && error.span === undefined && span !== undefined)
      throw new PatternError(
        error.code,
        error.message,
        span,
        error.dependsOnTokens,
        error.neededTokens,
        error.neededHeads,
      );
    throw error;
  }
}

/** Positions of a list at a shape: negative ones count from the end, ranges are half-open. Throws PatternError. */
export function positionsOf(items: readonly PositionItem[], shape: Shape, span: Span | undefined): PositionSet {
  const n = shape.tokens;
  const whole = (expression: NumberExpression, last: number): number => {
    const value = atSpan(span, () => evaluate(expression, shape));
    if (!Number.isInteger(value))
      throw new PatternError(
        'argument-integer',
        `a position must be a whole number, got ${value}; write floor(...) or ceil(...) around it`,
        span,
        readsLength(expression),
      );
    const position = value < 0 ? value + n : value;
    if (position < 0 || position > last)
      throw new PatternError(
        'position-range',
        `position ${value} is outside the sequence: with n = ${n}, positions go from ${-n} to ${last === n ? `${n} (as the end of a range)` : n - 1}`,
        span,
        true,
      );
    return position;
  };
  return PositionSet.of(
    items.map((item): readonly [number, number] => {
      if ('at' in item) {
        const position = whole(item.at, n - 1);
        return [position, position + 1];
      }
      const backwards = (from: number, to: number, depends: boolean): PatternError =>
        new PatternError(
          'position-range',
          `the range ${from}..${to} runs backwards; ranges go up and leave out their end`,
          span,
          depends,
        );
      // Bounds that count from the same end run backwards at every length: that goes before where they lie at this one.
      if (!readsLength(item.from) && !readsLength(item.to)) {
        const [first, end] = [item.from, item.to].map(bound => atSpan(span, () => evaluate(bound, shape)));
        if (first !== undefined && end !== undefined && first > end && first < 0 === end < 0)
          throw backwards(first, end, false);
      }
      const from = whole(item.from, n);
      const to = whole(item.to, n);
      if (from > to) throw backwards(from, to, true);
      return [from, to];
    }),
  );
}

/** Longest list of values. */
const MAX_VALUES = 2 ** 22;

/** The arguments of one call, evaluated on demand. */
export class CallArguments implements BoundArguments {
  readonly #primitive: Primitive;
  readonly #args: Readonly<Record<string, Argument>>;
  readonly #span: Span | undefined;
  readonly #shape: Shape;
  readonly #bind: (pattern: Pattern, shape: Shape) => Mask;

  constructor(
    primitive: Primitive,
    args: Readonly<Record<string, Argument>>,
    span: Span | undefined,
    shape: Shape,
    bind: (pattern: Pattern, shape: Shape) => Mask,
  ) {
    this.#primitive = primitive;
    this.#args = args;
    this.#span = span;
    this.#shape = shape;
    this.#bind = bind;
    for (const name of Object.keys(args))
      if (!primitive.parameters.some(parameter => parameter.name === name))
        throw this.error(name, `${primitive.name} has no parameter ${name}`, 'argument-unknown');
    for (const parameter of primitive.parameters)
      if (parameter.default === undefined && !parameter.optional && args[parameter.name] === undefined)
        throw this.error(
          undefined,
          `${primitive.name} needs ${parameter.name}: ${primitive.example}`,
          'argument-missing',
        );
  }

  has(name: string): boolean {
    return this.#args[name] !== undefined;
  }

  number(name: string): number {
    const parameter = this.#parameter(name);
    const argument = this.#args[name];
    if (argument === undefined)
      return parameter.default === 'n' ? this.#shape.tokens : Number(parameter.default ?? Number.NaN);
    if (argument.type !== 'number') throw this.#wrongType(name, 'a number');
    return checkedNumber(this.#primitive, parameter, argument.value, argument.span ?? this.#span, this.#shape);
  }

  bool(name: string): boolean {
    const parameter = this.#parameter(name);
    const argument = this.#args[name];
    if (argument === undefined) return parameter.default === 'true';
    if (argument.type !== 'bool') throw this.#wrongType(name, 'true or false');
    return atSpan(argument.span ?? this.#span, () => evaluate(argument.value, this.#shape)) !== 0;
  }

  string(name: string): string {
    const argument = this.#args[name];
    if (argument?.type !== 'string') throw this.#wrongType(name, 'a string');
    return argument.value;
  }

  mask(name: string): MaskData {
    const argument = this.#args[name];
    if (argument?.type !== 'mask') throw this.#wrongType(name, 'the path of a mask file such as "mask.npz"');
    return argument.value;
  }

  positions(name: string): PositionSet {
    const argument = this.#args[name];
    if (argument?.type !== 'positions') throw this.#wrongType(name, 'a list of positions such as [0, 4..8]');
    return positionsOf(argument.items, this.#shape, argument.span ?? this.#span);
  }

  values(name: string): { readonly values: readonly number[]; readonly single: boolean } {
    const parameter = this.#parameter(name);
    const argument = this.#args[name];
    if (argument === undefined) {
      const value = parameter.default === 'true' ? 1 : parameter.default === 'false' ? 0 : Number(parameter.default);
      return { values: [value], single: true };
    }
    if (argument.type !== 'values') throw this.#wrongType(name, 'a whole number or a list of them');
    const span = argument.span ?? this.#span;
    const whole = (value: NumberExpression): number =>
      checkedNumber(this.#primitive, { ...parameter, integer: true }, value, span, this.#shape);
    const values: number[] = [];
    for (const item of argument.items) {
      if ('at' in item) values.push(whole(item.at));
      else {
        const to = whole(item.to);
        if (to - values.length > MAX_VALUES) throw this.error(name, `${name} may list at most ${MAX_VALUES} values`);
        for (let value = whole(item.from); value < to; value++) values.push(value);
      }
    }
    return { values, single: argument.single };
  }

  pattern(name: string): Pattern {
    const argument = this.#args[name];
    const parameter = this.#parameter(name);
    // A default is a primitive without arguments.
    if (argument === undefined && parameter.default !== undefined)
      return { kind: 'primitive', name: parameter.default.replace('()', ''), args: {} };
    if (argument?.type !== 'pattern') throw this.#wrongType(name, 'a pattern');
    return argument.value;
  }

  error(name: string | undefined, message: string, code = 'argument-range'): PatternError {
    const argument = name === undefined ? undefined : this.#args[name];
    const depends = (argument?.type === 'number' || argument?.type === 'bool') && readsLength(argument.value);
    return new PatternError(code, message, argument?.span ?? this.#span, depends);
  }

  bind(pattern: Pattern, shape: Shape): Mask {
    return this.#bind(pattern, shape);
  }

  #parameter(name: string): Parameter {
    const parameter = this.#primitive.parameters.find(candidate => candidate.name === name);
    if (parameter === undefined) throw new Error(`${this.#primitive.name} declares no parameter ${name}`);
    return parameter;
  }

  #wrongType(name: string, wanted: string): PatternError {
    return this.error(name, `${this.#primitive.name}'s ${name} must be ${wanted}`, 'argument-type');
  }
}
