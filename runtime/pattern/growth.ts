import type { Term } from './primitive.ts';

/** The term 1. */
export const ONE: Term = { n: 0, log: 0, factors: {} };
/** The term n. */
export const N: Term = { n: 1, log: 0, factors: {} };
/** The term n**2. */
export const N_SQUARED: Term = { n: 2, log: 0, factors: {} };

/** Product of terms. */
export function times(...terms: readonly Term[]): Term {
  let n = 0;
  let log = 0;
  const factors: Record<string, number> = {};
  for (const term of terms) {
    n += term.n;
    log += term.log;
    for (const [name, exponent] of Object.entries(term.factors)) factors[name] = (factors[name] ?? 0) + exponent;
  }
  return { n, log, factors: Object.fromEntries(Object.entries(factors).filter(([, exponent]) => exponent !== 0)) };
}

/** A term to a power. */
export function power(term: Term, exponent: number): Term {
  return {
    n: term.n * exponent,
    log: term.log * exponent,
    factors: Object.fromEntries(Object.entries(term.factors).map(([name, own]) => [name, own * exponent])),
  };
}

/** Does `a` grow at least as fast as `b` in n, whatever the other names are? Compares n, then log n. */
export function dominates(a: Term, b: Term): boolean {
  return a.n !== b.n ? a.n > b.n : a.log >= b.log;
}
