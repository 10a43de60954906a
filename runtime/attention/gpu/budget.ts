/**
 * How much one dispatch may do, in keys that workgroups take one after the other; grows and shrinks with what was measured.
 *
 * A workgroup takes the rows of its item against its keys in turn, so that a device of P processors, each of which needs `a`
 * milliseconds for a key, does `keys` in items of at most `depth` in at most `a keys / P + a depth`: both are limited.
 */
export interface Budget {
  /** Keys of all work items together. */
  keys: number;
  /** Keys of one work item: a longer one is continued by a later dispatch. */
  depth: number;
}

/** What a dispatch did. */
export interface Done {
  /** Keys of all its items, and of the one with the most. */
  readonly keys: number;
  readonly depth: number;
  readonly items: number;
  /** Did the budget end it, and not the work? */
  readonly full: boolean;
}

/** A dispatch that lasts longer may be ended by the operating system, and delays a cancel. */
export const TARGET_MS = 100;
/** What items that follow each other aim at, and what is left for the last one to end alone. */
const KEYS_MS = 0.75 * TARGET_MS;
const DEPTH_MS = 0.2 * TARGET_MS;
/** So much larger or smaller at once. */
const STEP = 8;
/** Continuing an item, which takes its outputs up again, costs little from here on. */
const FIRST_DEPTH = 512;
const MOST = 2 ** 31;

/** A first dispatch: short on any device. */
export function firstBudget(): Budget {
  return { keys: 2 * FIRST_DEPTH, depth: FIRST_DEPTH };
}

/**
 * What a run begins with, from what was learnt before it: a device that has been idle may compute at a sixth of its speed
 * at first (measured on an H200).
 */
export function cautious({ keys, depth }: Readonly<Budget>): Budget {
  return { keys: Math.ceil(keys / STEP), depth: Math.min(depth, Math.max(FIRST_DEPTH, Math.ceil(depth / STEP))) };
}

/** Moves the budget towards dispatches of somewhat less than 100 ms. */
export function learn(budget: Budget, done: Done, ms: number): void {
  const measured = Math.max(ms, 0.05);
  const factor = Math.max(1 / STEP, KEYS_MS / measured);
  if (factor < 1) budget.keys = Math.max(1, Math.floor(Math.min(budget.keys, done.keys) * factor));
  // A dispatch that was cut short by the end of the work says nothing about a larger one.
  else if (done.full)
    budget.keys = Math.floor(Math.max(budget.keys, Math.min(MOST, STEP * budget.keys, done.keys * factor)));
  // Its longest item took no more time than all of it, and the same time if it was alone.
  const proven = Math.min(MOST, STEP * budget.depth, (done.depth * DEPTH_MS) / measured);
  if (proven > budget.depth) budget.depth = Math.floor(proven);
  else if (done.items === 1 && measured > DEPTH_MS) budget.depth = Math.max(1, Math.floor(proven));
  // Who is to blame, many items or a long one, is open; short items cost little, so they are tried.
  else if (measured > TARGET_MS)
    budget.depth = Math.max(Math.min(budget.depth, FIRST_DEPTH), Math.floor(budget.depth * factor));
}
