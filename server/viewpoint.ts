import type { AstNode } from 'langium';
import { evaluate } from '../runtime/pattern/numbers.ts';
import { PatternError } from '../runtime/pattern/primitive.ts';
import { gridShape, type Shape, squareShape } from '../runtime/pattern/shape.ts';
import { reachedFrom } from './check/declarations.ts';
import {
  type AttentionRule,
  type Expression,
  isAttentionRule,
  isConstant,
  isExpression,
  isFile,
  isModelDeclaration,
  isPatternDeclaration,
  isReference,
  type ModelDeclaration,
  type Parameter,
} from './generated/ast.ts';
import { type Bound, type Environment, outermost } from './lower/environment.ts';
import { LowerError } from './lower/error.ts';
import { type ModelFrame, ModelReader } from './lower/model.ts';
import { lowerNumber } from './lower/number.ts';
import { defaultsOf } from './lower/pattern.ts';
import { meaningOf } from './names.ts';
import { formalsOf, matchArguments } from './types.ts';

/** Length at which patterns are looked at that no model uses. */
export const USUAL_TOKENS = 4096;

/** From where an expression is looked at: the length, head and layer, and the values of the parameters around it. */
export interface Viewpoint {
  readonly shape: Shape;
  readonly environment: Environment;
  /** The model whose length it is; undefined when nobody says. */
  readonly model: string | undefined;
  /** Is the expression evaluated on a grid of blocks? */
  readonly blocks: boolean;
}

/** Frame of a model, or undefined while it has mistakes. */
export function frameOf(model: ModelDeclaration): ModelFrame | undefined {
  let sound = true;
  try {
    const frame = new ModelReader(model, () => {
      sound = false;
    }).frame();
    return sound ? frame : undefined;
  } catch {
    return undefined;
  }
}

/** The shape of one rule: its first layer and head. */
export function shapeOfRule(frame: ModelFrame, rule: AttentionRule | undefined, model: ModelDeclaration): Shape {
  const tokens = frame.tokens ?? USUAL_TOKENS;
  const queries = frame.queries ?? tokens;
  const reader = new ModelReader(model, () => undefined);
  return {
    tokens,
    queries,
    offset: frame.align === 'end' ? tokens - queries : 0,
    heads: frame.heads,
    layers: frame.layers,
    layer: (rule && reader.selection(rule, 'layers')?.[0]) ?? 0,
    head: (rule && reader.selection(rule, 'heads')?.[0]) ?? 0,
  };
}

/**
 * The viewpoint of a node, where parameters have their defaults unless they are `given`; undefined inside a pattern whose
 * parameters have no values, or in broken surroundings.
 */
export function viewpointOf(node: AstNode, given?: ReadonlyMap<Parameter, Bound>): Viewpoint | undefined {
  try {
    const top = topViewpoint(node, given);
    return top === undefined ? undefined : onItsGrid(node, top);
  } catch (error) {
    if (error instanceof LowerError || error instanceof PatternError || error instanceof RangeError) return undefined;
    throw error;
  }
}

function topViewpoint(node: AstNode, given?: ReadonlyMap<Parameter, Bound>): Viewpoint | undefined {
  for (let current: AstNode | undefined = node; current !== undefined; current = current.$container) {
    if (isModelDeclaration(current)) {
      const frame = frameOf(current);
      if (frame === undefined) return undefined;
      const rule = ancestors(node).find(isAttentionRule);
      const shape = shapeOfRule(frame, rule, current);
      return { shape, environment: outermost(), model: current.name, blocks: false };
    }
    if (isPatternDeclaration(current) || isConstant(current)) {
      const environment = outermost();
      const user = firstUser(current);
      return {
        shape: user?.shape ?? squareShape(USUAL_TOKENS),
        environment: isPatternDeclaration(current) ? defaultsOf(current, environment, given) : environment,
        model: user?.model.name,
        blocks: false,
      };
    }
  }
  return undefined;
}

/** The first model of the file that uses a declaration. */
function firstUser(declaration: AstNode): { readonly model: ModelDeclaration; readonly shape: Shape } | undefined {
  const file = declaration.$container;
  if (!isFile(file)) return undefined;
  for (const model of file.declarations) {
    if (!isModelDeclaration(model)) continue;
    if (![...reachedFrom(model)].some(reached => reached === declaration)) continue;
    const frame = frameOf(model);
    if (frame !== undefined) return { model, shape: shapeOfRule(frame, undefined, model) };
  }
  return undefined;
}

function ancestors(node: AstNode): AstNode[] {
  const found: AstNode[] = [];
  for (let current: AstNode | undefined = node; current !== undefined; current = current.$container)
    found.push(current);
  return found;
}

/** Inside `blocked(size, ...)` an expression is looked at on the grid of blocks. */
function onItsGrid(node: AstNode, top: Viewpoint): Viewpoint {
  let view = top;
  const path = ancestors(node).reverse();
  for (const [index, outer] of path.entries()) {
    if (!isReference(outer)) continue;
    const meaning = meaningOf(outer);
    if (meaning.kind !== 'primitive' || !meaning.primitive.parameters.some(parameter => parameter.onGrid)) continue;
    const below = new Set(path.slice(index + 1));
    let inside = false;
    let size: Expression | undefined;
    for (const [formal, argument] of matchArguments(outer, formalsOf(outer) ?? [])) {
      if (formal.type === 'pattern' && below.has(argument)) inside = true;
      if (formal.type === 'number') size = argument.value;
    }
    if (!inside || size === undefined || !isExpression(size)) continue;
    const { shape, environment } = view;
    const grid = gridShape(shape, evaluate(lowerNumber(size, environment), shape));
    if (!Number.isInteger(grid.tokens) || grid.tokens < 1)
      throw new LowerError('argument-range', 'blocks of this size do not exist', size);
    view = {
      ...view,
      blocks: true,
      shape: grid,
      environment: { ...environment, grid: environment.grid + 1 },
    };
  }
  return view;
}
