import type { AstNode } from 'langium';
import type { NumberExpression, PositionItem } from '../../runtime/pattern/ir.ts';
import { LowerError } from './error.ts';

const MOST_PARTS = 50_000;
const DEEPEST = 256;

/**
 * Names that use others several times can double the result at every step; this stops them long before they fill
 * the memory, with an error that says so.
 */
export class Budget {
  #parts = 0;
  #depth = 0;

  take(parts: number, at: AstNode | undefined): void {
    this.#parts += parts;
    if (this.#parts > MOST_PARTS)
      throw new LowerError(
        'too-large',
        `this unfolds to more than ${MOST_PARTS.toLocaleString('en-US')} parts: declarations that use others several times grow at every step, and what is listed at such length fits into a file that mask(...) names`,
        at,
      );
  }

  /** Runs one step deeper into the calls. */
  nested<T>(at: AstNode | undefined, action: () => T): T {
    if (++this.#depth > DEEPEST) throw new LowerError('too-large', 'these declarations use each other too deeply', at);
    try {
      return action();
    } finally {
      this.#depth--;
    }
  }
}

const sizes = new WeakMap<NumberExpression, number>();

/** Number of parts of an expression as it would be written out. */
export function sizeOf(expression: NumberExpression): number {
  const known = sizes.get(expression);
  if (known !== undefined) return known;
  const size = 1 + partsOf(expression).reduce((sum, part) => sum + sizeOf(part), 0);
  sizes.set(expression, size);
  return size;
}

function partsOf(expression: NumberExpression): readonly NumberExpression[] {
  switch (expression.op) {
    case 'named':
      return [expression.value];
    case 'negate':
    case 'not':
      return [expression.of];
    case 'binary':
      return [expression.left, expression.right];
    case 'choose':
      return [expression.condition, expression.then, expression.otherwise];
    case 'call':
      return expression.args;
    default:
      return [];
  }
}

/** The same for a position list. */
export function sizeOfItems(items: readonly PositionItem[]): number {
  return items.reduce((sum, item) => sum + ('at' in item ? sizeOf(item.at) : sizeOf(item.from) + sizeOf(item.to)), 1);
}
