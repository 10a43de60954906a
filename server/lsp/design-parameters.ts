import { AstUtils } from 'langium';
import { evaluate } from '../../runtime/pattern/numbers.ts';
import { PatternError } from '../../runtime/pattern/primitive.ts';
import {
  type Expression,
  isChoice,
  isExpression,
  isNumberLiteral,
  isPatternDeclaration,
  isReference,
  type Parameter,
} from '../generated/ast.ts';
import type { Bound } from '../lower/environment.ts';
import { LowerError } from '../lower/error.ts';
import { lowerNumber } from '../lower/number.ts';
import { meaningOf } from '../names.ts';
import { spanOf, textOf } from '../source.ts';
import { parameterType, typeOf } from '../types.ts';
import { type Viewpoint, viewpointOf } from '../viewpoint.ts';

/** Values of parameters that are tried: an expression is a design if it is one with each of them. */
export interface Trial {
  readonly view: Viewpoint;
  /** How a list is written that a parameter has in this trial. */
  readonly lists: ReadonlyMap<Parameter, string>;
}

/** Does an expression depend on the parameters of the pattern around it? */
export function usesParameters(node: Expression): boolean {
  return AstUtils.streamAst(node).some(each => isReference(each) && meaningOf(each).kind === 'parameter');
}

/**
 * An expression with some values for the parameters around it that no design has as its defaults; the last trial has
 * numbers of the other kind, odd for even. Empty when there is a parameter that is neither a number nor a list.
 */
export function trialsOf(node: Expression): readonly Trial[] {
  const declaration = AstUtils.getContainerOfType(node, isPatternDeclaration);
  if (declaration === undefined) return [];
  const trials = [0, 1, 2].map(trial => {
    const given = new Map<Parameter, Bound>();
    const lists = new Map<Parameter, string>();
    for (const [index, parameter] of declaration.parameters.entries()) {
      const type = parameterType(parameter);
      const span = spanOf(parameter.default ?? parameter);
      if (span === undefined) return undefined;
      if (type === 'number') {
        const value = (numberOf(parameter) ?? 16 * (index + 1)) + ([2, 6, 11][trial] ?? 0);
        given.set(parameter, { type, value: { op: 'number', value }, span });
      } else if (type === 'positions') {
        const second = 5 + index + 4 * trial;
        const items = [0, second].map(value => ({ at: { op: 'number', value } as const }));
        given.set(parameter, { type, items, span });
        lists.set(parameter, `[0, ${second}]`);
      }
    }
    const view = viewpointOf(node, given);
    return view === undefined ? undefined : { view, lists };
  });
  const isKnown = AstUtils.streamAst(node).every(each => {
    const meaning = isReference(each) ? meaningOf(each) : undefined;
    return meaning?.kind !== 'parameter' || ['number', 'positions'].includes(parameterType(meaning.node));
  });
  return isKnown ? trials.flatMap(trial => trial ?? []) : [];
}

/** The number that a parameter has by default, where it is written as one. */
function numberOf({ default: value }: Parameter): number | undefined {
  return isNumberLiteral(value) ? value.value : undefined;
}

/** Numbers and lists in the text of a design; or only numbers, those in lists among them. */
const SLOTS = [/\[[^\]]*\]|\b\d+(?:\.\d+)?\b/g, /\b\d+\b/g] as const;

/** A design whose arguments follow the parameters. */
export interface ParameterisedDesign {
  readonly text: string;
  /**
   * Numbers of the last trial that the text would make others, with those. `window(523)` is known as `window(522)`, which
   * is the same: whether it is has to be looked at.
   */
  readonly otherNumbers: ReadonlyMap<number, number>;
}

/**
 * What a design is called whose arguments follow the parameters: `longformer(514)` and `longformer(518)` are
 * `longformer(size)` where `size` was 514 and 518. Undefined when the texts differ in more than that, or when some
 * number follows from nothing that stands in the expression.
 */
export function withParameters(
  node: Expression,
  trials: readonly Trial[],
  texts: readonly string[],
): ParameterisedDesign | undefined {
  const sources = sourcesOf(node, trials);
  for (const slot of SLOTS) {
    const design = filled(slot, sources, texts);
    if (design !== undefined) return design;
  }
  return undefined;
}

function filled(slot: RegExp, sources: readonly Source[], texts: readonly string[]): ParameterisedDesign | undefined {
  const skeletons = new Set(texts.map(text => text.replaceAll(slot, '#')));
  if (skeletons.size !== 1) return undefined;
  const slots = texts.map(text => text.match(slot) ?? []);
  const otherNumbers = new Map<number, number>();
  let isKnown = true;
  let at = 0;
  const [model = ''] = texts;
  // Arguments stand for themselves, in a condition there are operators around.
  const isCondition = model.includes('=>');
  const text = model.replaceAll(slot, written => {
    const [first, second, last] = slots.map(each => each[at] ?? '');
    at++;
    if (first === second && second === last) return written;
    const source = sources.find(({ values }) => values[0] === first && values[1] === second);
    if (source === undefined) isKnown = false;
    else if (source.values[2] !== last) otherNumbers.set(Number(last), Number(source.values[2]));
    if (source === undefined) return written;
    return isCondition && !/^\w+$/.test(source.text) ? `(${source.text})` : source.text;
  });
  return isKnown ? { text, otherNumbers } : undefined;
}

/** A number or list that stands in an expression, and what it is in the trials. */
interface Source {
  readonly values: readonly string[];
  readonly text: string;
}

/** Numbers and lists as they are written, the shortest first, and then what is one more or less than that. */
function sourcesOf(node: Expression, trials: readonly Trial[]): readonly Source[] {
  const lists: Source[] = [];
  const numbers: { readonly values: readonly number[]; readonly text: string }[] = [];
  for (const each of AstUtils.streamAst(node)) {
    if (!isExpression(each) || !usesParameters(each)) continue;
    const meaning = isReference(each) ? meaningOf(each) : undefined;
    if (meaning?.kind === 'parameter' && parameterType(meaning.node) === 'positions')
      lists.push({ values: trials.map(trial => trial.lists.get(meaning.node) ?? ''), text: textOf(each) });
    if (typeOf(each) !== 'number') continue;
    const values = valuesOf(each, trials);
    if (values !== undefined) numbers.push({ values, text: isChoice(each) ? `(${textOf(each)})` : textOf(each) });
  }
  numbers.sort((a, b) => a.text.length - b.text.length);
  const steps = [
    { step: 0, written: '' },
    { step: 1, written: ' + 1' },
    { step: -1, written: ' - 1' },
  ];
  return [
    ...lists,
    ...steps.flatMap(({ step, written }) =>
      numbers.map(({ values, text }) => ({ values: values.map(value => String(value + step)), text: text + written })),
    ),
  ];
}

function valuesOf(node: Expression, trials: readonly Trial[]): readonly number[] | undefined {
  try {
    return trials.map(({ view }) => evaluate(lowerNumber(node, view.environment), view.shape));
  } catch (error) {
    if (error instanceof LowerError || error instanceof PatternError || error instanceof RangeError) return undefined;
    throw error;
  }
}

/** A pattern with other numbers. */
export function withNumbers<T>(part: T, numbers: ReadonlyMap<number, number>): T {
  const changed = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(changed);
    if (typeof value !== 'object' || value === null) return value;
    if ('op' in value && value.op === 'number' && 'value' in value && typeof value.value === 'number')
      return { ...value, value: numbers.get(value.value) ?? value.value };
    return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, changed(inner)]));
  };
  // Only numbers become others.
  return changed(part) as T;
}
