/** How much one dispatch may do, in tiles; grows and shrinks with what was measured. */
export interface Budget {
  /** Tiles of all workgroups together. */
  tiles: number;
}

/** A dispatch that lasts longer may be ended by the operating system, and delays a cancel. */
const TARGET_MS = 100;

/** A first dispatch: short on any device. */
export function firstBudget(): Budget {
  return { tiles: 256 };
}

/** Moves the budget towards dispatches of 100 ms. `full`: did the dispatch use up its budget? */
export function adjust(budget: Budget, ms: number, full: boolean): void {
  const factor = Math.min(8, Math.max(1 / 8, (0.8 * TARGET_MS) / Math.max(ms, 0.01)));
  // A dispatch that was cut short by the end of the work says nothing about a larger one.
  if (factor > 1 && !full) return;
  budget.tiles = Math.min(2 ** 31, Math.max(16, Math.round(budget.tiles * factor)));
}
