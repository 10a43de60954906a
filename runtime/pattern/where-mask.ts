import { coverageOf, EVERYTHING, NOTHING, narrow } from './algebra.ts';
import { CutMask } from './cut-mask.ts';
import type { NumberExpression } from './ir.ts';
import type { Box, Coverage, Mask } from './mask.ts';
import { holds } from './numbers.ts';
import { truthOf } from './pair-bounds.ts';
import { compilePair, fold, type PairExpression } from './pair-expression.ts';
import { cutsOf, settled } from './pair-settle.ts';
import { pairSignature } from './pair-signature.ts';
import type { Shape } from './shape.ts';

/**
 * All pairs for which a condition holds; one without a value (a root of a negative number) does not. Boxes are decided by
 * interval arithmetic on the condition, which becomes simpler the smaller they are; what it leaves open is evaluated pair
 * by pair, once for each distinct stretch of the condition.
 */
export class WhereMask implements Mask {
  /** Signatures name the condition itself, so that one understands what is left of another. */
  readonly kin = WhereMask;
  readonly #expression: PairExpression;
  readonly #tokens: number;
  #condition: ((i: number, j: number) => number) | undefined;

  private constructor(expression: PairExpression, tokens: number) {
    this.#expression = expression;
    this.#tokens = tokens;
  }

  static of(condition: NumberExpression, shape: Shape): WhereMask {
    return new WhereMask(fold(condition, shape), shape.tokens);
  }

  classify(box: Box): Coverage {
    return coverageOf(this.narrow(box));
  }

  narrow(box: Box): Mask {
    const expression = settled(this.#expression, box);
    const truth = truthOf(expression, box);
    if (truth !== undefined) return truth ? EVERYTHING : NOTHING;
    const mask = expression === this.#expression ? this : new WhereMask(expression, this.#tokens);
    const cuts = cutsOf(expression, box);
    if (cuts === undefined) return mask;
    const { row = box.rowEnd, column = box.columnEnd } = cuts;
    const parts = [
      { ...box, rowEnd: row, columnEnd: column },
      { ...box, rowEnd: row, column },
      { ...box, row, columnEnd: column },
      { ...box, row, column },
    ].filter(part => part.row < part.rowEnd && part.column < part.columnEnd);
    return CutMask.of(
      parts.map(part => ({ box: part, mask: narrow(mask, part) })),
      box,
    );
  }

  word(row: number, column: number): number {
    this.#condition ??= compilePair(this.#expression);
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
