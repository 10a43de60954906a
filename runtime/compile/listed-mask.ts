import { overLeaves } from '../pattern/algebra.ts';
import { isOrderableMask, type ListedOrder } from '../pattern/listed-order.ts';
import type { Box, Coverage, Mask } from '../pattern/mask.ts';
import type { Shape } from '../pattern/shape.ts';

/** A mask with its rows and columns in a written order: (a, b) where the mask holds the a-th query and the b-th key. */
export function listedMask(mask: Mask, order: ListedOrder, { offset }: Shape): Mask {
  return overLeaves(mask, leaf => (isOrderableMask(leaf) ? leaf.inOrder(order) : new ListedMask(leaf, order, offset)));
}

/** Judges a box by the stretches of the sequence that its queries and keys lie in. */
class ListedMask implements Mask {
  readonly #of: Mask;
  readonly #order: ListedOrder;
  readonly #offset: number;

  constructor(of: Mask, order: ListedOrder, offset: number) {
    this.#of = of;
    this.#order = order;
    this.#offset = offset;
  }

  classify({ row, rowEnd, column, columnEnd }: Box): Coverage {
    const [firstRow, lastRow] = rangeOf(this.#order.queries, row, rowEnd);
    const [firstColumn, lastColumn] = rangeOf(this.#order.keys, column, columnEnd);
    return this.#of.classify({
      row: this.#offset + firstRow,
      rowEnd: this.#offset + lastRow + 1,
      column: firstColumn,
      columnEnd: lastColumn + 1,
    });
  }

  word(row: number, column: number): number {
    const { queries, keys } = this.#order;
    const query = this.#offset + (queries[row] ?? 0);
    const end = Math.min(32, keys.length - column);
    let word = 0;
    for (let bit = 0; bit < end; bit++) word |= (this.#of.word(query, keys[column + bit] as number) & 1) << bit;
    return word;
  }

  signature(): undefined {
    return undefined;
  }
}

/** The smallest and the largest of values[from] to values[to - 1]. */
export function rangeOf(values: Uint32Array, from: number, to: number): readonly [number, number] {
  let least = values[from] ?? 0;
  let most = least;
  for (let at = from + 1; at < to; at++) {
    const value = values[at] as number;
    if (value < least) least = value;
    else if (value > most) most = value;
  }
  return [least, most];
}
