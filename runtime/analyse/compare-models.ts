import { buildMaskTree, type CompileOptions } from '../compile/mask-tree.ts';
import { bindPattern } from '../pattern/bind.ts';
import type { Model, Pattern } from '../pattern/ir.ts';
import { maskName } from '../pattern/mask-name.ts';
import { coveredAt, shapeAt } from '../pattern/model.ts';
import { PatternError } from '../pattern/primitive.ts';
import type { Shape } from '../pattern/shape.ts';
import { type Comparison, compareTrees } from './compare.ts';
import type { Places } from './places.ts';

/** Which of the masks of two models are compared. */
export interface ComparisonChoice {
  /** Replaces the models' own lengths. */
  readonly tokens?: number;
  /** Only this layer or head instead of all of them. */
  readonly layer?: number;
  readonly head?: number;
}

/** Two masks, and all the layers and heads that have them. */
export interface MaskComparison extends Comparison {
  readonly at: readonly Places[];
}

/** Two patterns or models side by side. */
export interface ModelComparison {
  readonly tokens: number;
  readonly queries: number;
  readonly layers: number;
  readonly heads: number;
  /** Is every mask of the first equal to that of the second in the same layer and head? */
  readonly equal: boolean;
  /** The distinct masks, in the order of the first layer and head that has them. */
  readonly masks: readonly MaskComparison[];
}

/**
 * Compares two models layer by layer and head by head, exactly; layers and heads with the same two masks are compared
 * once. A bare pattern takes the length, the queries, the layers and the heads of the other.
 *
 * Throws PatternError when lengths, queries, layers or heads do not fit each other and the choice does not settle it, when
 * a mask has no meaning there or is chosen by content, and CompileError when one is too large.
 */
export function compareModels(
  first: Model,
  second: Model,
  choice: ComparisonChoice = {},
  options: CompileOptions = {},
): ModelComparison {
  const [a, b] = [fitted(first, second), fitted(second, first)];
  const tokens = choice.tokens ?? common('tokens', a, b, a.tokens, b.tokens);
  if (tokens === null)
    throw new PatternError('shape', `${a.name} and ${b.name} have no length of their own: say how many tokens`);
  const layers = choice.layer === undefined ? common('layers', a, b, a.layers, b.layers) : undefined;
  const heads = choice.head === undefined ? common('heads', a, b, a.heads, b.heads) : undefined;
  const found = new Map<string, { readonly comparison: Comparison; readonly at: [number, number][] }>();
  let shape: Shape | undefined;
  for (const layer of layers === undefined ? [choice.layer ?? 0] : upTo(layers))
    for (const head of heads === undefined ? [choice.head ?? 0] : upTo(heads)) {
      const [left, right] = [maskAt(a, layer, head, tokens), maskAt(b, layer, head, tokens)];
      shape = left.shape;
      if (left.shape.queries !== right.shape.queries || left.shape.offset !== right.shape.offset)
        throw new PatternError(
          'shape',
          `${a.name} has the queries ${range(left.shape)} and ${b.name} ${range(right.shape)}: only masks of the same queries can be compared`,
        );
      const name = `${maskName(left.pattern, left.shape)}\n${maskName(right.pattern, right.shape)}`;
      const known = found.get(name);
      if (known !== undefined) known.at.push([layer, head]);
      else found.set(name, { comparison: compareAt(left, right, options), at: [[layer, head]] });
    }
  const masks = [...found.values()].map(({ comparison, at }) => ({ at: placesOf(at), ...comparison }));
  return {
    tokens,
    queries: shape?.queries ?? tokens,
    layers: Math.max(a.layers, b.layers),
    heads: Math.max(a.heads, b.heads),
    equal: masks.every(({ relation }) => relation === 'equal'),
    masks,
  };
}

interface Placed {
  readonly pattern: Pattern;
  readonly shape: Shape;
}

function maskAt(model: Model, layer: number, head: number, tokens: number): Placed {
  const shape = shapeAt(model, layer, head, tokens);
  return { pattern: coveredAt(model, layer, head), shape };
}

function compareAt(left: Placed, right: Placed, options: CompileOptions): Comparison {
  const [first, second] = [left, right].map(({ pattern, shape }) =>
    buildMaskTree(bindPattern(pattern, shape), shape, options),
  );
  if (first === undefined || second === undefined) throw new RangeError('two masks were expected');
  return compareTrees(first, second, left.shape.offset);
}

/** A bare pattern as a model with the size of the other; a model as it is. */
export function fitted(model: Model, other: Model): Model {
  if (model.kind === 'model') return model;
  const { tokens, queries, align, layers, heads, kvHeads } = other;
  const everywhere = { layers: upTo(layers), heads: upTo(heads) };
  const rules = model.rules.map(rule => ({ ...rule, ...everywhere }));
  return { ...model, tokens: model.tokens ?? tokens, queries, align, layers, heads, kvHeads, rules };
}

/** What both have, or what one of them leaves to the other. */
function common<T extends number | null>(what: string, a: Model, b: Model, first: T, second: T): T {
  if (first === null || first === second) return second;
  if (second === null) return first;
  throw new PatternError(
    'shape',
    `${a.name} has ${first} ${what} and ${b.name} has ${second}: say ${what === 'tokens' ? 'at how many tokens' : `which ${what.slice(0, -1)}`} to compare`,
  );
}

function range({ offset, queries }: Shape): string {
  return `${offset} to ${offset + queries - 1}`;
}

function upTo(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index);
}

/** Layers with the same heads together. */
function placesOf(at: readonly (readonly [layer: number, head: number])[]): Places[] {
  const headsOf = new Map<number, number[]>();
  for (const [layer, head] of at) headsOf.set(layer, [...(headsOf.get(layer) ?? []), head]);
  const layersOf = new Map<string, { layers: number[]; heads: readonly number[] }>();
  for (const [layer, heads] of headsOf) {
    const known = layersOf.get(heads.join());
    if (known === undefined) layersOf.set(heads.join(), { layers: [layer], heads });
    else known.layers.push(layer);
  }
  return [...layersOf.values()];
}
