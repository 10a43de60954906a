import type { Model, Pattern } from '../pattern/ir.ts';
import { shapeAt } from '../pattern/model.ts';
import { evaluate } from '../pattern/numbers.ts';
import { readsOf } from '../pattern/reads.ts';
import { gridShape, type Shape } from '../pattern/shape.ts';
import { isLimit, labelOf, onGrid } from './parts.ts';

const NONE: Pattern = { kind: 'primitive', name: 'none', args: {} };

/**
 * A pattern as if the parts with these labels (those of `partsOf` at this shape) were not written: a union keeps its other
 * operands, and what is left of an operand whose parts are all hidden is `none()`.
 */
export function withoutParts(pattern: Pattern, shape: Shape, hidden: readonly string[]): Pattern {
  return hidden.length === 0 ? pattern : new Hiding(new Set(hidden)).of(pattern, shape, label => label);
}

/**
 * A model as if the parts with these labels were not written, at so many tokens.
 *
 * @throws PatternError when it has no meaning at this length
 */
export function modelWithout(model: Model, tokens: number, hidden: readonly string[]): Model {
  if (hidden.length === 0) return model;
  // A part may have another label, and so be left in, in another layer or head.
  const rules = model.rules.flatMap(rule => {
    const reads = readsOf(rule.pattern);
    return (reads.layer ? rule.layers.map(layer => [layer]) : [rule.layers]).flatMap(layers =>
      (reads.head ? rule.heads.map(head => [head]) : [rule.heads]).map(heads => {
        const shape = shapeAt(model, layers[0] ?? 0, heads[0] ?? 0, tokens);
        return { ...rule, layers, heads, pattern: withoutParts(rule.pattern, shape, hidden) };
      }),
    );
  });
  return { ...model, rules };
}

class Hiding {
  readonly #hidden: ReadonlySet<string>;

  constructor(hidden: ReadonlySet<string>) {
    this.#hidden = hidden;
  }

  /** `outer` makes the label that a part has in the whole out of the one that it has in `pattern`. */
  of(pattern: Pattern, shape: Shape, outer: (label: string) => string): Pattern {
    switch (pattern.kind) {
      case 'union': {
        const left = this.of(pattern.left, shape, outer);
        const right = this.of(pattern.right, shape, outer);
        if (isNone(left)) return right;
        return isNone(right) ? left : { ...pattern, left, right };
      }
      case 'intersection': {
        const side = isLimit(pattern.left) ? 'right' : 'left';
        const rest = this.of(pattern[side], shape, outer);
        return isNone(rest) ? NONE : { ...pattern, [side]: rest };
      }
      case 'difference': {
        const left = this.of(pattern.left, shape, outer);
        return isNone(left) ? NONE : { ...pattern, left };
      }
      case 'choose':
        return this.of(evaluate(pattern.condition, shape) !== 0 ? pattern.then : pattern.otherwise, shape, outer);
      case 'named': {
        const inner = this.of(pattern.pattern, shape, outer);
        return isNone(inner) ? NONE : { ...pattern, pattern: inner };
      }
      case 'primitive': {
        const grid = onGrid(pattern, shape);
        if (grid === undefined) return this.#leaf(pattern, shape, outer);
        const label = (inner: string): string => outer(grid.label(inner));
        const inner = this.of(grid.inner, gridShape(shape, grid.blocks), label);
        return isNone(inner) ? NONE : grid.with(inner);
      }
      case 'complement':
      case 'where':
        return this.#leaf(pattern, shape, outer);
    }
  }

  #leaf(pattern: Pattern, shape: Shape, outer: (label: string) => string): Pattern {
    return this.#hidden.has(outer(labelOf(pattern, shape))) ? NONE : pattern;
  }
}

function isNone(pattern: Pattern): boolean {
  return pattern === NONE;
}
