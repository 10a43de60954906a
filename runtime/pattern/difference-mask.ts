import { bitsBetween, modulo } from './bits.ts';
import type { Box, Coverage, Mask } from './mask.ts';

/** A mask that depends on the difference d = i - j alone (its pattern repeats along diagonals). */
abstract class DifferenceMask implements Mask {
  /** How many differences in [low, high] are allowed. */
  protected abstract count(low: number, high: number): number;
  abstract word(row: number, column: number): number;

  classify(box: Box): Coverage {
    const low = box.row - (box.columnEnd - 1);
    const high = box.rowEnd - 1 - box.column;
    const allowed = this.count(low, high);
    return allowed === 0 ? 'empty' : allowed === high - low + 1 ? 'full' : 'mixed';
  }

  signature(box: Box): string {
    return String(box.row - box.column);
  }
}

/** Differences low <= d <= high with d = residue (mod step). Bounds may be infinite. */
export class Progression extends DifferenceMask {
  readonly #low: number;
  readonly #high: number;
  readonly #step: number;
  readonly #residue: number;

  constructor(low: number, high: number, step = 1, residue = 0) {
    super();
    this.#low = low;
    this.#high = high;
    this.#step = step;
    this.#residue = residue;
  }

  protected override count(low: number, high: number): number {
    const from = Math.max(low, this.#low);
    const to = Math.min(high, this.#high);
    if (from > to) return 0;
    return Math.floor((to - this.#residue) / this.#step) - Math.ceil((from - this.#residue) / this.#step) + 1;
  }

  word(row: number, column: number): number {
    const difference = row - column;
    const inside = bitsBetween(difference - this.#high, difference - this.#low + 1);
    if (this.#step === 1 || inside === 0) return inside;
    let word = 0;
    for (let bit = modulo(difference - this.#residue, this.#step); bit < 32; bit += this.#step) word |= 1 << bit;
    return word & inside;
  }

  override signature(box: Box): string {
    const difference = box.row - box.column;
    const inside = box.row - (box.columnEnd - 1) >= this.#low && box.rowEnd - 1 - box.column <= this.#high;
    return inside ? `%${modulo(difference, this.#step)}` : String(difference);
  }
}

/** An explicit ascending list of differences. */
export class DifferenceList extends DifferenceMask {
  readonly #differences: readonly number[];

  constructor(ascending: readonly number[]) {
    super();
    this.#differences = ascending;
  }

  protected override count(low: number, high: number): number {
    return this.#below(high + 1) - this.#below(low);
  }

  word(row: number, column: number): number {
    const difference = row - column;
    let word = 0;
    for (let at = this.#below(difference - 31); at < this.#differences.length; at++) {
      const bit = difference - (this.#differences[at] ?? 0);
      if (bit < 0) break;
      word |= 1 << bit;
    }
    return word;
  }

  /** How many listed differences are smaller than `bound`. */
  #below(bound: number): number {
    let low = 0;
    let high = this.#differences.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#differences[middle] ?? 0) < bound) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
