import type { Expression, Given } from '../expression.ts';
import { valueText } from '../expression.ts';
import { expressionOf, type Part, type Whole } from '../parts.ts';

/** What a mask is called. */
export interface Name {
  readonly family: string;
  /** By what name they go in a title: `window 512`, `global [0]`. */
  readonly parameters: Readonly<Record<string, number | string>>;
  readonly expression: Expression;
}

export type Of<K extends Part['kind']> = Extract<Part, { kind: K }>;

/** The parts of a whole by kind, at most one of each; undefined where there are two of one kind. */
export type ByKind = { readonly [K in Part['kind']]?: Of<K> };

export function byKind(parts: readonly Part[]): ByKind | undefined {
  const found: Record<string, Part> = {};
  for (const part of parts) {
    if (found[part.kind] !== undefined) return undefined;
    found[part.kind] = part;
  }
  return found;
}

/** A name for exactly these kinds of parts. */
export function are(parts: ByKind, ...kinds: Part['kind'][]): boolean {
  return Object.keys(parts).sort().join() === [...kinds].sort().join();
}

export function library(module: string, name: string, args: readonly Given[], whole: Whole): Expression {
  return { kind: 'library', module: `sparse:${module}`, name, args, meaning: expressionOf(whole) };
}

/** An argument that is left out where the library's default says the same. */
export function unless(standard: string, given: Given): Given[] {
  return valueText(given.value) === standard ? [] : [given];
}

/** Later arguments need their names once one before them was left out. */
export function args(first: Given, ...rest: readonly (readonly Given[])[]): Given[] {
  const given = [first];
  let skipped = false;
  for (const each of rest) {
    for (const argument of each) given.push(skipped ? { ...argument, named: true } : argument);
    skipped ||= each.length === 0;
  }
  return given;
}

/** How many positions from the first on a list of global tokens names. */
export function leading(part: Part | undefined): number | undefined {
  return part?.kind === 'global' && part.tokens.length === 2 && part.tokens[0] === 0 ? part.tokens[1] : undefined;
}

/** The length of a list of columns that is a prefix. */
export function prefixLength(columns: Of<'columns'> | undefined): number | undefined {
  return columns !== undefined && columns.tokens.length === 2 && columns.tokens[0] === 0
    ? columns.tokens[1]
    : undefined;
}
