import type { Mask } from './mask.ts';

/** An order of tokens that is written out. */
export interface ListedOrder {
  /** [queries]: which query row stands at each place. */
  readonly queries: Uint32Array;
  /** [keys] */
  readonly keys: Uint32Array;
}

/** A mask that knows an order of tokens in which it becomes dense, and what it holds in any order. */
export interface OrderableMask extends Mask {
  readonly listedOrder: ListedOrder;
  /** The pairs (a, b) of places whose query and key the mask holds together. */
  inOrder(order: ListedOrder): Mask;
}

export function isOrderableMask(mask: Mask): mask is OrderableMask {
  return 'listedOrder' in mask;
}
