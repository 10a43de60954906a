import type { NumberExpression } from './ir.ts';
import type { Box, Coverage, Mask } from './mask.ts';
import { truthOf } from './pair-bounds.ts';
import { compilePair, fold, type PairExpression } from './pair-expression.ts';
import { pairSignature } from './pair-signature.ts';
import type { Shape } from './shape.ts';

/**
 * All pairs for which a condition holds. Boxes are decided by interval arithmetic on the condition; what it leaves
 * open is evaluated pair by pair, once for each distinct stretch of the condition.
 */
export class WhereMask implements Mask {
  readonly #condition: PairExpression;
  readonly #holds: (i: number, j: number) => number;
  readonly #tokens: number;

  constructor(condition: NumberExpression, shape: Shape) {
    this.#condition = fold(condition, shape);
    this.#holds = compilePair(this.#condition);
    this.#tokens = shape.tokens;
  }

  classify(box: Box): Coverage {
    const truth = truthOf(this.#condition, box);
    return truth === undefined ? 'mixed' : truth ? 'full' : 'empty';
  }

  word(row: number, column: number): number {
    const end = Math.min(32, this.#tokens - column);
    let word = 0;
    for (let bit = 0; bit < end; bit++) {
      const value = this.#holds(row, column + bit);
      if (value !== 0 && !Number.isNaN(value)) word |= 1 << bit;
    }
    return word;
  }

  signature(box: Box): string | undefined {
    return pairSignature(this.#condition, box);
  }
}
