/** How much of a rectangle of pairs a mask holds. `mixed` promises nothing; the other two are certain. */
export type Coverage = 'empty' | 'full' | 'mixed';

/** A rectangle of pairs: query positions [row, rowEnd) and key positions [column, columnEnd). */
export interface Box {
  readonly row: number;
  readonly rowEnd: number;
  readonly column: number;
  readonly columnEnd: number;
}

/**
 * A pattern bound to a shape: a set of pairs over positions 0 <= i, j < tokens that answers questions about
 * rectangles without looking at every pair.
 */
export interface Mask {
  /** Coverage of a non-empty box inside the sequence. Must never claim `empty` or `full` wrongly. */
  classify(box: Box): Coverage;
  /** 32 mask bits: bit b is set when query `row` may attend to key `column + b`. Bits past the sequence are unspecified. */
  word(row: number, column: number): number;
  /**
   * A name for what the mask holds inside a mixed box: two boxes of one size with the same name hold the same
   * bits, so the compiler looks only once. Undefined when the mask does not repeat.
   */
  signature(box: Box): string | undefined;
  /**
   * The mask as far as it matters inside a box: one that equals it there and is cheaper to ask, EVERYTHING or NOTHING
   * (of algebra.ts) where it is full or empty. Left out by masks that are as cheap as they get.
   */
  narrow?(box: Box): Mask;
  /**
   * Masks of one kin name what they hold in the same words: equal signatures mean equal bits from one to the other.
   * Left out: only the mask itself understands its signatures. A mask that narrows has one, or nothing would repeat.
   */
  readonly kin?: object;
  /**
   * The keys of a row, ascending. Only of masks whose pairs are scattered: listing them is cheaper there than looking for
   * them in boxes.
   */
  readonly keysOf?: (row: number) => Uint32Array;
}
