import type { NumberExpression } from './ir.ts';
import type { Box, Coverage, Mask } from './mask.ts';
import { holds } from './numbers.ts';
import { truthOf } from './pair-bounds.ts';
import { compilePair, fold, type PairExpression } from './pair-expression.ts';
import { pairSignature } from './pair-signature.ts';
import type { Shape } from './shape.ts';

/**
 * All pairs for which a condition holds; one without a value (a root of a negative number) does not. Boxes are decided by interval arithmetic on the condition; what it leaves
 * open is evaluated pair by pair, once for each distinct stretch of the condition.
 */
export class WhereMask implements Mask {
  readonly #expression: PairExpression;
  readonly #condition: (i: number, j: number) => number;
  readonly #tokens: number;

  constructor(condition: NumberExpression, shape: Shape) {
    this.#expression = fold(condition, shape);
    this.#condition = compilePair(this.#expression);
    this.#tokens = shape.tokens;
  }

  classify(box: Box): Coverage {
    const truth = truthOf(this.#expression, box);
    return truth === undefined ? 'mixed' : truth ? 'full' : 'empty';
  }

  word(row: number, column: number): number {
    const end = Math.min(32, this.#tokens - column);
    let word = 0;
    for (let bit = 0; bit < end; bit++) {
      if (holds(this.#condition(row, column + bit))) word |= 1 << bit;
    }
    return word;
  }

  signature(box: Box): string | undefined {
    return pairSignature(this.#expression, box);
  }
}
