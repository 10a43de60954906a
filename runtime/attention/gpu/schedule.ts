import type { TilePlan } from '../../compile/tile-plan.ts';
import { rowBlocks } from '../../compile/tile-plan.ts';
import { FIRST_SEGMENT, LAST_SEGMENT } from './shader.ts';

/** Work items that fit into one dispatch. */
export const MAX_ITEMS = 2 ** 18;

/** How much one dispatch may do, in tiles; grows and shrinks with what was measured. */
export interface Budget {
  /** Tiles of all workgroups together. */
  tiles: number;
  /** Tiles of one workgroup: they run one after the other, however many processors there are. */
  tilesInRow: number;
}

/** A dispatch that lasts longer may be ended by the operating system, and delays a cancel. */
const TARGET_MS = 100;

/** A first dispatch: short on any device. */
export function firstBudget(): Budget {
  return { tiles: 256, tilesInRow: 64 };
}

/** Moves the budget towards dispatches of 100 ms. `full`: did the dispatch use up its budget? */
export function adjust(budget: Budget, ms: number, full: boolean): void {
  const factor = Math.min(8, Math.max(1 / 8, (0.8 * TARGET_MS) / Math.max(ms, 0.01)));
  // A dispatch that was cut short by the end of the work says nothing about a larger one.
  if (factor > 1 && !full) return;
  budget.tiles = Math.min(2 ** 31, Math.max(16, Math.round(budget.tiles * factor)));
  budget.tilesInRow = Math.min(2 ** 24, Math.max(4, Math.round(budget.tilesInRow * factor)));
}

interface Row {
  readonly head: number;
  readonly part: number;
  readonly from: number;
  readonly end: number;
  readonly next: number;
}

/** The work of some heads that share a plan, handed out in pieces. */
export class Schedule {
  readonly #plan: TilePlan;
  readonly #heads: readonly number[];
  readonly #parts: number;
  /** Row blocks, most tiles first: a long one that starts last would keep the device waiting. */
  readonly #order: readonly number[];
  #head = 0;
  #position = 0;
  #part = 0;
  #unfinished: Row[] = [];

  constructor(plan: TilePlan, heads: readonly number[], parts: number) {
    this.#plan = plan;
    this.#heads = heads;
    this.#parts = parts;
    const length = (block: number): number => Number(plan.rowStart[block + 1]) - Number(plan.rowStart[block]);
    this.#order = Array.from({ length: rowBlocks(plan) }, (_, block) => block).sort((a, b) => length(b) - length(a));
  }

  /** Tiles of the whole schedule, each row block counted with at least one. */
  get tiles(): number {
    const { rowStart } = this.#plan;
    let tiles = 0;
    for (const block of this.#order) tiles += Math.max(1, Number(rowStart[block + 1]) - Number(rowStart[block]));
    return tiles * this.#heads.length * this.#parts;
  }

  /**
   * Writes the next piece into `items` ([item][4]: head and flags, part, first entry, end) and returns how many items
   * and tiles it has; no items when the work is over. Segments of one row never share a piece.
   */
  take(items: Uint32Array, budget: Budget): { items: number; tiles: number; full: boolean } {
    let count = 0;
    let tiles = 0;
    const left: Row[] = [];
    const room = (): boolean => count < items.length / 4 && tiles < budget.tiles;
    while (room()) {
      const row = this.#unfinished.shift() ?? this.#nextRow();
      if (row === undefined) break;
      const end = Math.min(row.end, row.next + budget.tilesInRow);
      const flags = (row.next === row.from ? FIRST_SEGMENT : 0) | (end === row.end ? LAST_SEGMENT : 0);
      items.set([row.head * 4 + flags, row.part, row.next, end], count * 4);
      count++;
      tiles += Math.max(1, end - row.next);
      if (end < row.end) left.push({ ...row, next: end });
    }
    const full = !room() || left.length > 0;
    this.#unfinished = [...left, ...this.#unfinished];
    return { items: count, tiles, full };
  }

  #nextRow(): Row | undefined {
    const block = this.#order[this.#position];
    const head = this.#heads[this.#head];
    if (block === undefined || head === undefined) return undefined;
    const from = Number(this.#plan.rowStart[block]);
    const end = Number(this.#plan.rowStart[block + 1]);
    const row = { head, part: block * this.#parts + this.#part, from, end, next: from };
    this.#part++;
    if (this.#part === this.#parts) {
      this.#part = 0;
      this.#head++;
    }
    if (this.#head === this.#heads.length) {
      this.#head = 0;
      this.#position++;
    }
    return row;
  }
}
