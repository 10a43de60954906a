import { FUNCTION_NAMES, type FunctionName, type ShapeName } from '../runtime/pattern/ir.ts';
import type { Primitive } from '../runtime/pattern/primitive.ts';
import { primitives } from '../runtime/pattern/primitives.ts';
import {
  type Binder,
  type Constant,
  isBinder,
  isConstant,
  isModelDeclaration,
  isParameter,
  isPatternDeclaration,
  type ModelDeclaration,
  type Parameter,
  type PatternDeclaration,
  type Reference,
} from './generated/ast.ts';

/** Names of the surroundings that any number may read, with what they mean. */
export const SHAPE_NAMES: Readonly<Record<ShapeName, string>> = {
  n: 'Length of the sequence in tokens. Inside `blocked(...)`: the number of blocks.',
  head: 'The head, counted from 0.',
  layer: 'The layer, counted from 0.',
  heads: 'Number of heads of the model.',
  layers: 'Number of layers of the model.',
};

/** The functions on numbers: how a call looks, what it means and how many arguments it takes. */
export const FUNCTIONS: Readonly<
  Record<FunctionName, { readonly call: string; readonly documentation: string; readonly most: number }>
> = {
  min: { call: 'min(a, b, ...)', documentation: 'The smallest of the numbers.', most: Number.POSITIVE_INFINITY },
  max: { call: 'max(a, b, ...)', documentation: 'The largest of the numbers.', most: Number.POSITIVE_INFINITY },
  abs: { call: 'abs(a)', documentation: 'The number without its sign.', most: 1 },
  floor: { call: 'floor(a)', documentation: 'The largest whole number that is not above `a`.', most: 1 },
  ceil: { call: 'ceil(a)', documentation: 'The smallest whole number that is not below `a`.', most: 1 },
  sqrt: { call: 'sqrt(a)', documentation: 'The square root.', most: 1 },
  log2: { call: 'log2(a)', documentation: 'The logarithm to base 2.', most: 1 },
};

export function isShapeName(name: string): name is ShapeName {
  return Object.hasOwn(SHAPE_NAMES, name);
}

export function isFunctionName(name: string): name is FunctionName {
  return (FUNCTION_NAMES as readonly string[]).includes(name);
}

/** What a name in an expression stands for. */
export type Meaning =
  | { readonly kind: 'parameter'; readonly node: Parameter }
  | { readonly kind: 'binder'; readonly node: Binder }
  | { readonly kind: 'constant'; readonly node: Constant }
  | { readonly kind: 'pattern'; readonly node: PatternDeclaration }
  | { readonly kind: 'model'; readonly node: ModelDeclaration }
  | { readonly kind: 'primitive'; readonly primitive: Primitive }
  | { readonly kind: 'function'; readonly name: FunctionName }
  | { readonly kind: 'shape'; readonly name: ShapeName }
  | { readonly kind: 'unknown' };

/** Resolves a name: what the file declares around it first, then what the language itself knows. */
export function meaningOf(reference: Reference): Meaning {
  const node = reference.target?.ref;
  if (isParameter(node)) return { kind: 'parameter', node };
  if (isBinder(node)) return { kind: 'binder', node };
  if (isConstant(node)) return { kind: 'constant', node };
  if (isPatternDeclaration(node)) return { kind: 'pattern', node };
  if (isModelDeclaration(node)) return { kind: 'model', node };
  return builtIn(reference.target?.$refText ?? '');
}

/** What a name means when no file declares it. */
export function builtIn(name: string): Meaning {
  const primitive = primitives.get(name);
  if (primitive !== undefined) return { kind: 'primitive', primitive };
  if (isFunctionName(name)) return { kind: 'function', name };
  if (isShapeName(name)) return { kind: 'shape', name };
  return { kind: 'unknown' };
}
