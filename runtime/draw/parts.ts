import type { Argument, NumberExpression, Pattern, PositionItem, Span } from '../pattern/ir.ts';
import { evaluate } from '../pattern/numbers.ts';
import { primitives } from '../pattern/primitives.ts';
import { gridShape, type Shape } from '../pattern/shape.ts';

/** A primitive of an expression that adds pairs to the mask: one entry of the legend. */
export interface Part {
  /** As a person would write it with the numbers filled in, e.g. `window(512)`. */
  readonly label: string;
  readonly pattern: Pattern;
  readonly span: Span | undefined;
}

/**
 * The primitives that light cells, in source order. What only takes pairs away (the right side of a difference, a
 * `causal()` that limits its neighbour) is no part. Every pair of the mask is in at least one part.
 */
export function partsOf(pattern: Pattern, shape: Shape): readonly Part[] {
  switch (pattern.kind) {
    case 'union':
      return [...partsOf(pattern.left, shape), ...partsOf(pattern.right, shape)];
    case 'intersection':
      return partsOf(isLimit(pattern.left) ? pattern.right : pattern.left, shape);
    case 'difference':
      return partsOf(pattern.left, shape);
    case 'choose':
      return partsOf(evaluate(pattern.condition, shape) !== 0 ? pattern.then : pattern.otherwise, shape);
    case 'named':
      return partsOf(pattern.pattern, shape);
    case 'primitive': {
      const grid = onGrid(pattern, shape);
      if (grid === undefined) return [part(pattern, shape)];
      return partsOf(grid.inner, gridShape(shape, grid.blocks)).map(inner => ({
        label: grid.label(inner.label),
        pattern: grid.with(inner.pattern),
        span: inner.span,
      }));
    }
    case 'complement':
    case 'where':
      return [part(pattern, shape)];
  }
}

function part(pattern: Pattern, shape: Shape): Part {
  return { label: labelOf(pattern, shape), pattern, span: pattern.span };
}

/** A primitive that holds another pattern on a grid of blocks. */
export interface OnGrid {
  readonly inner: Pattern;
  /** Positions of a block. */
  readonly blocks: number;
  /** The same primitive around another pattern. */
  with(inner: Pattern): Pattern;
  /** The label of a part, from that of the part inside. */
  label(inner: string): string;
}

/** The pattern inside `blocked(size, p)`; undefined for primitives that hold none. */
export function onGrid(pattern: Pattern & { kind: 'primitive' }, shape: Shape): OnGrid | undefined {
  const name = primitives.get(pattern.name)?.parameters.find(parameter => parameter.onGrid)?.name;
  const p = name === undefined ? undefined : pattern.args[name];
  const size = pattern.args.size;
  if (name === undefined || p?.type !== 'pattern' || size?.type !== 'number') return undefined;
  const blocks = evaluate(size.value, shape);
  return {
    inner: p.value,
    blocks,
    with: inner => ({ ...pattern, args: { ...pattern.args, [name]: { ...p, value: inner } } }),
    label: inner => `${pattern.name}(${blocks}, ${inner})`,
  };
}

/** Does the pattern only say which half of the square is meant? */
export function isLimit(pattern: Pattern): boolean {
  if (pattern.kind === 'named') return isLimit(pattern.pattern);
  return pattern.kind === 'primitive' && primitives.get(pattern.name)?.limits === true;
}

/** The expression as a person would write it, with the numbers of this shape. */
export function labelOf(pattern: Pattern, shape: Shape): string {
  switch (pattern.kind) {
    case 'union':
      return `${labelOf(pattern.left, shape)} | ${labelOf(pattern.right, shape)}`;
    case 'intersection':
      return `${inParentheses(pattern.left, shape)} & ${inParentheses(pattern.right, shape)}`;
    case 'difference':
      return `${labelOf(pattern.left, shape)} - ${inParentheses(pattern.right, shape)}`;
    case 'complement':
      return `!${inParentheses(pattern.of, shape)}`;
    case 'choose':
      return labelOf(evaluate(pattern.condition, shape) !== 0 ? pattern.then : pattern.otherwise, shape);
    case 'where':
      return pattern.text;
    case 'named':
      return pattern.name;
    case 'primitive': {
      const { path } = pattern.args;
      if (path?.type === 'mask' && path.value.chosenBy !== undefined) return path.value.chosenBy;
      const names = primitives.get(pattern.name)?.parameters.map(parameter => parameter.name) ?? [];
      let positional = true;
      const written = names.flatMap((name, index) => {
        const argument = pattern.args[name];
        if (argument === undefined) {
          positional = false;
          return [];
        }
        // Positional arguments come first; after a gap, and from the second number on, names tell what is meant.
        const shown = showArgument(argument, shape);
        return [positional && index === 0 ? shown : `${name}: ${shown}`];
      });
      return `${pattern.name}(${written.join(', ')})`;
    }
  }
}

function inParentheses(pattern: Pattern, shape: Shape): string {
  const label = labelOf(pattern, shape);
  return pattern.kind === 'union' || pattern.kind === 'difference' || pattern.kind === 'intersection'
    ? `(${label})`
    : label;
}

function showArgument(argument: Argument, shape: Shape): string {
  switch (argument.type) {
    case 'number':
      return showNumber(argument.value, shape);
    case 'bool':
      return evaluate(argument.value, shape) !== 0 ? 'true' : 'false';
    case 'string':
      return JSON.stringify(argument.value);
    case 'mask':
      return JSON.stringify(argument.value.name);
    case 'pattern':
      return labelOf(argument.value, shape);
    case 'values': {
      const shown = argument.items.slice(0, 4).map(item => showItem(item, shape));
      return argument.single ? shown.join() : `[${shown.join(', ')}${argument.items.length > 4 ? ', ...' : ''}]`;
    }
    case 'positions': {
      const shown = argument.items.slice(0, 4).map(item => showItem(item, shape));
      return `[${shown.join(', ')}${argument.items.length > 4 ? ', ...' : ''}]`;
    }
  }
}

function showItem(item: PositionItem, shape: Shape): string {
  return 'at' in item ? showNumber(item.at, shape) : `${showNumber(item.from, shape)}..${showNumber(item.to, shape)}`;
}

function showNumber(expression: NumberExpression, shape: Shape): string {
  return String(evaluate(expression, shape));
}
