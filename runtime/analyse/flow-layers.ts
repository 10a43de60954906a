import { checkListed } from '../compile/mask-tree.ts';
import { union } from '../pattern/algebra.ts';
import { bindPattern } from '../pattern/bind.ts';
import type { Model } from '../pattern/ir.ts';
import type { Mask } from '../pattern/mask.ts';
import { maskName } from '../pattern/mask-name.ts';
import { coveredAt, shapeAt } from '../pattern/model.ts';
import { PatternError } from '../pattern/primitive.ts';
import type { Shape } from '../pattern/shape.ts';
import type { FlowOptions } from './flow-report.ts';

/** The distinct masks of a model's layers. */
export interface Layers {
  /** What any head of a layer sees. */
  readonly masks: readonly Mask[];
  /** By layer, which mask it has. */
  readonly layers: readonly number[];
  /** Square: every position is a query. */
  readonly shape: Shape;
  /** Queries of one pass. */
  readonly queries: number;
}

/** Throws PatternError and CompileError. */
export function layersOf(model: Model, tokens: number | undefined, options: FlowOptions): Layers {
  const { only, token } = options;
  const first = squareShapeAt(model, only?.layer ?? 0, only?.head ?? 0, tokens);
  checkListed(first.tokens);
  if (token !== undefined) checkPosition(token, first.tokens);
  const named = new Map<string, Mask>();
  const maskAt = (layer: number, head: number): string => {
    const pattern = coveredAt(model, layer, head);
    const shape = squareShapeAt(model, layer, head, tokens);
    const name = maskName(pattern, shape);
    if (!named.has(name)) named.set(name, bindPattern(pattern, shape));
    return name;
  };
  // A bare pattern is a model with just the one layer and head that it was asked for.
  const heads = Array.from({ length: model.heads }, (_, head) => head);
  const rows =
    only !== undefined
      ? [[maskAt(only.layer, only.head)]]
      : Array.from({ length: model.layers }, (_, layer) => heads.map(head => maskAt(layer, head)));
  const masks: Mask[] = [];
  const numbers = new Map<string, number>();
  const layers = rows.map(names => {
    const distinct = [...new Set(names)].sort();
    const key = distinct.join('\n');
    const known = numbers.get(key);
    if (known !== undefined) return known;
    const number = masks.push(distinct.flatMap(name => named.get(name) ?? []).reduce(union)) - 1;
    numbers.set(key, number);
    return number;
  });
  const { queries } = shapeAt(model, only?.layer ?? 0, only?.head ?? 0, tokens);
  return { masks, layers, shape: first, queries };
}

/**
 * The shape of a layer and head with every position as a query. Where the queries are the last tokens, those before them
 * were queries of the same layers when their keys were put into the cache; where they are the first, nothing tells what
 * the keys behind them have heard of.
 */
function squareShapeAt(model: Model, layer: number, head: number, tokens: number | undefined): Shape {
  const shape = shapeAt(model, layer, head, tokens);
  if (shape.queries < shape.tokens && model.align === 'start')
    throw new PatternError(
      'shape',
      `${model.name} has ${shape.queries} queries for ${shape.tokens} tokens and sets them at the first positions (align = start): the keys after them are queries of no layer, so that information cannot flow on from them. For decoding or a chunk at the end of a cache use align = end; to follow the whole sequence leave out queries`,
    );
  return { ...shape, queries: shape.tokens, offset: 0 };
}

export function checkPosition(position: number, tokens: number): void {
  if (!Number.isInteger(position) || position < 0 || position >= tokens)
    throw new PatternError(
      'position-range',
      `there is no position ${position}: n = ${tokens}, the last is ${tokens - 1}`,
    );
}
