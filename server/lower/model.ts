import type { AstNode } from 'langium';
import type { Model, NumberExpression, Rule } from '../../runtime/pattern/ir.ts';
import { evaluate } from '../../runtime/pattern/numbers.ts';
import { PatternError } from '../../runtime/pattern/primitive.ts';
import type { Shape } from '../../runtime/pattern/shape.ts';
import type { AttentionRule, Expression, ModelDeclaration, Property, Selector } from '../generated/ast.ts';
import { isList, isReference, isStringLiteral } from '../generated/ast.ts';
import { MODEL_PROPERTIES, type ModelPropertyName } from '../model-properties.ts';
import { spanOf, spanOfProperty } from '../source.ts';
import type { Adjusted } from './adjusted.ts';
import { outermost } from './environment.ts';
import { LowerError } from './error.ts';
import { lowerNumber } from './number.ts';
import { lowerPattern } from './pattern.ts';

type WholeName = {
  [Name in ModelPropertyName]: (typeof MODEL_PROPERTIES)[Name]['type'] extends 'whole' ? Name : never;
}[ModelPropertyName];

/** Everything a model says about itself, without its rules. */
export type ModelFrame = Omit<Model, 'rules'>;

/** Told about each value that cannot be; reading goes on with what can. */
export type Report = (error: LowerError) => void;

/** Stands for a value whose mistake was reported already. */
class AlreadyReported extends Error {}

/** Reads the properties of a model, each when it is first needed: `dim = heads * 64` works in any order. */
export class ModelReader {
  readonly #model: ModelDeclaration;
  readonly #report: Report;
  readonly #properties = new Map<string, Property>();
  readonly #values = new Map<WholeName, number | undefined>();
  readonly #underway = new Set<WholeName>();
  readonly #shape: Shape;
  readonly #tokens: number | undefined;
  readonly #adjusted: Adjusted;

  /** `tokens` replaces the model's own, for everything that reads `n` too; `adjusted` what is written. */
  constructor(model: ModelDeclaration, report: Report, tokens?: number, adjusted: Adjusted = new Map()) {
    this.#model = model;
    this.#report = report;
    this.#tokens = tokens;
    this.#adjusted = adjusted;
    for (const property of model.properties)
      if (property.value !== undefined && !this.#properties.has(property.name))
        this.#properties.set(property.name, property);
    const needed = (name: WholeName): number => {
      const value = this.whole(name);
      if (value === undefined) throw new AlreadyReported();
      return value;
    };
    const perRule = (name: string): never => {
      throw new LowerError('model-name', `\`${name}\` has no value here: it differs from rule to rule`, undefined);
    };
    this.#shape = {
      get tokens() {
        return needed('tokens');
      },
      get queries() {
        return needed('queries');
      },
      offset: 0,
      get heads() {
        return needed('heads');
      },
      get layers() {
        return needed('layers');
      },
      get head() {
        return perRule('head');
      },
      get layer() {
        return perRule('layer');
      },
    };
  }

  /** A whole-number property or its default; undefined when it has neither or its value cannot be. */
  whole(name: WholeName): number | undefined {
    if (this.#values.has(name)) return this.#values.get(name);
    const property = this.#properties.get(name);
    if (property === undefined) return this.#default(name);
    if (this.#underway.has(name)) {
      this.#report(new LowerError('recursion', `\`${name}\` needs its own value`, property.value));
      this.#values.set(name, undefined);
      return undefined;
    }
    this.#underway.add(name);
    let value: number | undefined;
    try {
      value = name === 'tokens' && this.#tokens !== undefined ? this.#tokens : this.#number(property.value);
    } finally {
      this.#underway.delete(name);
    }
    const { max } = MODEL_PROPERTIES[name];
    if (value !== undefined && (!Number.isInteger(value) || value < 1 || value > max)) {
      this.#report(
        new LowerError(
          Number.isInteger(value) ? 'property-range' : 'property-integer',
          Number.isInteger(value)
            ? `${name} must be 1 to ${max.toLocaleString('en-US')}, got ${value}`
            : `${name} must be a whole number, got ${value}; write floor(...) or ceil(...) around it`,
          property.value,
        ),
      );
      value = undefined;
    }
    if (!this.#values.has(name)) this.#values.set(name, value);
    return this.#values.get(name);
  }

  has(name: ModelPropertyName): boolean {
    return this.#properties.has(name);
  }

  #default(name: WholeName): number | undefined {
    switch (name) {
      case 'queries':
        return this.whole('tokens');
      case 'kv_heads':
        return this.whole('heads');
      case 'layers':
      case 'heads':
      case 'batch':
        return 1;
      default:
        return undefined;
    }
  }

  /** One of a few words, written as it is or in quotes. */
  choice<Name extends 'align' | 'dtype'>(name: Name): (typeof MODEL_PROPERTIES)[Name]['choices'][number] {
    const { choices, default: usual } = MODEL_PROPERTIES[name];
    const property = this.#properties.get(name);
    if (property === undefined) return usual;
    const word = wordOf(property.value);
    const found = choices.find(choice => choice === word);
    if (found !== undefined) return found;
    this.#report(new LowerError('property-value', `${name} is ${listWords(choices)}`, property.value));
    return usual;
  }

  bool(name: 'causal'): boolean {
    const property = this.#properties.get(name);
    return property === undefined ? false : (this.#number(property.value) ?? 0) !== 0;
  }

  /** All properties together, and whether they agree; undefined when something essential is missing. */
  frame(): ModelFrame | undefined {
    const fail = (name: ModelPropertyName, message: string): void => {
      const property = this.#properties.get(name);
      this.#report(new LowerError('property-value', message, property?.value ?? spanOfProperty(this.#model, 'name')));
    };
    const tokens = this.whole('tokens');
    if (!this.has('tokens'))
      this.#report(
        new LowerError(
          'property-missing',
          `${this.#model.name} needs its sequence length: tokens = 4096`,
          spanOfProperty(this.#model, 'name'),
        ),
      );
    const queries = this.has('queries') ? this.whole('queries') : undefined;
    if (tokens !== undefined && queries !== undefined && queries > tokens)
      fail(
        'queries',
        `there are ${queries} queries but only ${tokens} tokens: use more tokens, or queries that follow them, such as queries = n / 2`,
      );
    const layers = this.whole('layers');
    const heads = this.whole('heads');
    const kvHeads = this.whole('kv_heads');
    if (heads !== undefined && kvHeads !== undefined && heads % kvHeads !== 0)
      fail('kv_heads', `kv_heads must divide heads: ${heads} is no multiple of ${kvHeads}`);
    const dim = this.whole('dim');
    let headDim = this.whole('head_dim');
    if (dim !== undefined && heads !== undefined) {
      if (headDim !== undefined && headDim * heads !== dim)
        fail('dim', `dim is heads x head_dim: ${heads} x ${headDim} is ${heads * headDim}, not ${dim}`);
      else if (headDim === undefined && !this.has('head_dim')) {
        if (dim % heads === 0) headDim = dim / heads;
        else fail('dim', `dim must be a multiple of heads: ${dim} is none of ${heads}`);
      }
    }
    const rest = {
      align: this.choice('align'),
      dtype: this.choice('dtype'),
      batch: this.whole('batch'),
      causal: this.bool('causal'),
    };
    if (tokens === undefined || layers === undefined || heads === undefined) return undefined;
    return {
      name: this.#model.name,
      kind: 'model',
      tokens,
      queries: queries ?? null,
      align: rest.align,
      layers,
      heads,
      kvHeads: kvHeads ?? heads,
      headDim: headDim ?? null,
      dtype: rest.dtype,
      batch: rest.batch ?? 1,
      causal: rest.causal,
    };
  }

  /** The layers or heads that a rule names; all of them when it does not say. */
  selection(rule: AttentionRule, axis: 'layers' | 'heads'): readonly number[] | undefined {
    const count = this.whole(axis);
    if (count === undefined) return undefined;
    const selector = rule.selectors.find(candidate => candidate.axis === axis);
    if (selector === undefined) return Array.from({ length: count }, (_, index) => index);
    return this.#selected(selector, axis, count);
  }

  #selected(selector: Selector, axis: string, count: number): readonly number[] | undefined {
    const chosen = new Set<number>();
    const items =
      isList(selector.from) && selector.to === undefined
        ? selector.from.items
        : selector.to === undefined
          ? undefined
          : [{ from: selector.from, to: selector.to }];
    if (items === undefined) {
      this.#report(
        new LowerError('selector', `write ${axis} as a list or a range: ${axis} [3] or ${axis} 0..6`, selector.from),
      );
      return undefined;
    }
    for (const item of items) {
      const from = this.#position(item.from, axis, count, item.to !== undefined);
      if (from === undefined) return undefined;
      const to = item.to === undefined ? from + 1 : this.#position(item.to, axis, count, true);
      if (to === undefined) return undefined;
      if (to < from) {
        this.#report(
          new LowerError(
            'position-range',
            `the range ${from}..${to} runs backwards; ranges go up and leave out their end`,
            item.to,
          ),
        );
        return undefined;
      }
      for (let index = from; index < to; index++) chosen.add(index);
    }
    const sorted = [...chosen].sort((a, b) => a - b);
    if (selector.step === undefined) return sorted;
    const step = this.#number(selector.step);
    if (step === undefined) return undefined;
    if (!Number.isInteger(step) || step < 1) {
      this.#report(
        new LowerError('position-range', `the step must be a whole number from 1, got ${step}`, selector.step),
      );
      return undefined;
    }
    return sorted.filter((_, index) => index % step === 0);
  }

  #position(expression: Expression, axis: string, count: number, bound: boolean): number | undefined {
    const value = this.#number(expression);
    if (value === undefined) return undefined;
    const position = value < 0 ? value + count : value;
    if (Number.isInteger(position) && position >= 0 && position < count + (bound ? 1 : 0)) return position;
    this.#report(
      new LowerError(
        'position-range',
        Number.isInteger(value)
          ? `there is no ${axis.slice(0, -1)} ${value}: the model has ${axis} 0 to ${count - 1}`
          : `${axis} are counted in whole numbers, got ${value}`,
        expression,
      ),
    );
    return undefined;
  }

  #number(expression: Expression): number | undefined {
    try {
      const lowered: NumberExpression = lowerNumber(expression, outermost(this.#adjusted));
      return evaluate(lowered, this.#shape);
    } catch (error) {
      if (error instanceof LowerError) this.#report(located(error, expression));
      else if (error instanceof PatternError) this.#report(new LowerError(error.code, error.message, expression));
      else if (!(error instanceof AlreadyReported)) throw error;
      return undefined;
    }
  }
}

function located(error: LowerError, at: AstNode): LowerError {
  return error.span === undefined ? new LowerError(error.code, error.message, at) : error;
}

function wordOf(expression: Expression): string | undefined {
  if (isReference(expression) && !expression.call) return expression.target.$refText;
  return isStringLiteral(expression) ? expression.value : undefined;
}

function listWords(words: readonly string[]): string {
  return `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`;
}

/**
 * A model with all its rules; `tokens` replaces its own, `adjusted` what is written. Throws the first LowerError, also when the model has no meaning
 * at these tokens.
 */
export function lowerModel(declaration: ModelDeclaration, tokens?: number, adjusted: Adjusted = new Map()): Model {
  const reader = new ModelReader(
    declaration,
    error => {
      throw error;
    },
    tokens,
    adjusted,
  );
  const frame = reader.frame();
  if (frame === undefined) throw new LowerError('property-missing', `${declaration.name} is not complete`, declaration);
  const rules = declaration.rules.map((rule): Rule => {
    const layers = reader.selection(rule, 'layers') ?? [];
    const heads = reader.selection(rule, 'heads') ?? [];
    return { layers, heads, pattern: lowerPattern(rule.pattern, outermost(adjusted)), span: spanOf(rule) };
  });
  return { ...frame, rules };
}
