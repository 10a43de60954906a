import { dominates, N, N_SQUARED, ONE, power, times } from '../pattern/growth.ts';
import type { NumberExpression, Pattern } from '../pattern/ir.ts';
import { choosing } from '../pattern/mask-file.ts';
import { readsLength as dependsOnLength, evaluate } from '../pattern/numbers.ts';
import { PatternError, type SymbolicArguments, type Term } from '../pattern/primitive.ts';
import { primitives } from '../pattern/primitives.ts';
import type { Shape } from '../pattern/shape.ts';

/**
 * Symbolic number of pairs in the file's own names, simplified: `O(n * (size + tokens))`. Numbers written in place
 * appear under their parameter's name. An intersection counts as its smaller operand, a `where` as all pairs.
 *
 * @param shape the layer and head that it is about: a choice by them (`layer % 6 == 5 ? causal() : sliding(size)`) counts
 *   as what is chosen there. Without it, and where the length decides, both sides count.
 */
export function complexity(pattern: Pattern, shape?: Shape): string {
  return `O(${display(simplify(termsOf(pattern, shape)))})`;
}

/**
 * Symbolic memory of the scores that are kept: one for each pair, and the largest and the sum of each query's. Full
 * attention keeps `O(n^2)`.
 */
export function spaceComplexity(pattern: Pattern, shape?: Shape): string {
  return `O(${display(simplify([N, ...termsOf(pattern, shape)]))})`;
}

/** The terms of a pattern, not yet simplified. */
function termsOf(pattern: Pattern, shape: Shape | undefined): readonly Term[] {
  const inner = (part: Pattern): readonly Term[] => termsOf(part, shape);
  switch (pattern.kind) {
    case 'primitive': {
      const call = choosing(pattern);
      if (call !== undefined) return inner(call);
      const primitive = primitives.get(pattern.name);
      return primitive === undefined ? [] : primitive.terms(symbolicArguments(pattern, shape));
    }
    case 'union':
      return [...inner(pattern.left), ...inner(pattern.right)];
    case 'intersection':
      return smaller(inner(pattern.left), inner(pattern.right));
    case 'difference':
      return inner(pattern.left);
    case 'complement':
    case 'where':
      return [N_SQUARED];
    case 'choose':
      return sides(pattern, shape).flatMap(inner);
    case 'named':
      return inner(pattern.pattern);
  }
}

/** Which sides of a choice there may be. */
function sides(choice: Pattern & { kind: 'choose' }, shape: Shape | undefined): readonly Pattern[] {
  const both = [choice.then, choice.otherwise];
  if (shape === undefined || dependsOnLength(choice.condition)) return both;
  try {
    return [evaluate(choice.condition, shape) !== 0 ? choice.then : choice.otherwise];
  } catch (error) {
    // Whoever binds the pattern is told.
    if (error instanceof PatternError) return both;
    throw error;
  }
}

function symbolicArguments(call: Pattern & { kind: 'primitive' }, shape: Shape | undefined): SymbolicArguments {
  return {
    term(name) {
      const argument = call.args[name];
      if (argument?.type === 'positions' || argument?.type === 'values') return factor(argument.name ?? name);
      if (argument?.type === 'number') return monomial(argument.value) ?? factor(name);
      return factor(name);
    },
    length(name) {
      const argument = call.args[name];
      return argument?.type === 'values' ? argument.items.length : 1;
    },
    terms(name) {
      const argument = call.args[name];
      return argument?.type === 'pattern' ? termsOf(argument.value, shape) : [];
    },
    expression(name) {
      const argument = call.args[name];
      return argument?.type === 'number' ? argument.value : undefined;
    },
  };
}

function factor(name: string): Term {
  return { n: 0, log: 0, factors: { [name]: 1 } };
}

/** A number as a product of powers of n and names; undefined for plain numbers and what is no product. */
function monomial(expression: NumberExpression): Term | undefined {
  switch (expression.op) {
    case 'named':
      return readsLength(expression.value)
        ? (monomial(expression.value) ?? factor(expression.name))
        : factor(expression.name);
    case 'shape':
      return expression.name === 'n' ? { n: 1, log: 0, factors: {} } : factor(expression.name);
    case 'call': {
      const of = expression.args[0] === undefined ? undefined : monomial(expression.args[0]);
      if (of === undefined) return undefined;
      if (expression.name === 'sqrt') return power(of, 0.5);
      if (expression.name === 'log2' && of.n === 1 && Object.keys(of.factors).length === 0)
        return { n: 0, log: 1, factors: {} };
      return expression.name === 'floor' || expression.name === 'ceil' || expression.name === 'abs' ? of : undefined;
    }
    case 'binary': {
      const left = expression.left.op === 'number' ? ONE : monomial(expression.left);
      const right = expression.right.op === 'number' ? ONE : monomial(expression.right);
      if (left === undefined || right === undefined) return undefined;
      if (expression.operator === '*') return left === ONE && right === ONE ? undefined : times(left, right);
      if (expression.operator === '/') return left === ONE && right === ONE ? undefined : times(left, power(right, -1));
      return undefined;
    }
    default:
      return undefined;
  }
}

function readsLength(expression: NumberExpression): boolean {
  return monomial(expression)?.n !== undefined && (monomial(expression)?.n ?? 0) !== 0;
}

/** The operand of an intersection that grows more slowly; the one with more names when neither does. */
function smaller(left: readonly Term[], right: readonly Term[]): readonly Term[] {
  const a = largest(left);
  const b = largest(right);
  if (a === undefined || b === undefined) return [];
  if (a.n !== b.n || a.log !== b.log) return dominates(a, b) ? right : left;
  return Object.keys(b.factors).length > Object.keys(a.factors).length ? right : left;
}

function largest(terms: readonly Term[]): Term | undefined {
  return terms.reduce<Term | undefined>(
    (best, term) => (best === undefined || dominates(term, best) ? term : best),
    undefined,
  );
}

/** Drops repeated terms and those that others outgrow whatever the names are. */
export function simplify(terms: readonly Term[]): readonly Term[] {
  const distinct = [
    ...new Map(
      terms.map(term => [JSON.stringify([term.n, term.log, Object.entries(term.factors).sort()]), term]),
    ).values(),
  ];
  return distinct.filter(term => !distinct.some(other => other !== term && covers(other, term)));
}

/**
 * Is `other` at least `term` for all n and all names? A name stands for at least 1 and for at most n keys: a wider
 * window is cut at the ends of the sequence. So a name that `other` lacks may be paid for with an n that it has more.
 */
function covers(other: Term, term: Term): boolean {
  if (other.n === term.n && other.log < term.log) return false;
  const names = new Set([...Object.keys(other.factors), ...Object.keys(term.factors)]);
  let spare = other.n - term.n;
  for (const name of names) spare -= Math.max(0, (term.factors[name] ?? 0) - (other.factors[name] ?? 0));
  return spare >= 0;
}

function display(terms: readonly Term[]): string {
  if (terms.length === 0) return '0';
  const n = Math.min(...terms.map(term => term.n));
  const log = Math.min(...terms.map(term => term.log));
  const common: Term = { n, log, factors: {} };
  const rest = terms.map(term => times(term, power(common, -1)));
  const sum = rest.map(showTerm).join(' + ');
  if (n === 0 && log === 0) return sum;
  if (sum === '1') return showTerm(common);
  const [only] = rest;
  if (rest.length === 1 && only !== undefined) return showTerm(times(common, only));
  return `${showTerm(common)} * (${sum})`;
}

function showTerm(term: Term): string {
  const over: string[] = [];
  const under: string[] = [];
  const put = (name: string, exponent: number): void => {
    if (exponent === 0) return;
    const size = Math.abs(exponent);
    const text =
      size === 1 ? name : size === 0.5 ? `sqrt(${name})` : size === 1.5 ? `${name} * sqrt(${name})` : `${name}^${size}`;
    (exponent > 0 ? over : under).push(text);
  };
  put('n', term.n);
  put('log n', term.log);
  for (const [name, exponent] of Object.entries(term.factors)) put(name, exponent);
  const product = over.length === 0 ? '1' : over.join(' * ');
  if (under.length === 0) return product;
  return `${product} / ${under.length === 1 ? under[0] : `(${under.join(' * ')})`}`;
}
