import { bitsBetween, modulo } from './bits.ts';
import { type Lattice, type LatticeMask, latticeEnd, latticeOf, type Regrouping, type Run } from './lattice.ts';
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
export class Progression extends DifferenceMask implements LatticeMask {
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
    return from > to ? 0 : multiples(from - this.#residue, to - this.#residue, this.#step);
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

  /** Differences of two lattices of one stride s are `origin + e + s * u` for whole e and u in two ranges. */
  classifyLattice(rows: Lattice, columns: Lattice): Coverage {
    const origin = rows.start - columns.start;
    const stride = rows.count === 1 ? columns.stride : rows.stride;
    if (rows.count > 1 && columns.count > 1 && rows.stride !== columns.stride) {
      const low = rows.start - (latticeEnd(columns) - 1);
      const high = latticeEnd(rows) - 1 - columns.start;
      return this.count(low, high) === 0 ? 'empty' : 'mixed';
    }
    const near = { low: origin - (columns.width - 1), high: origin + rows.width - 1 };
    const far = { low: -(columns.count - 1), high: rows.count - 1 };
    const least = Math.max(far.low, Math.ceil((this.#low - near.high) / stride));
    const most = Math.min(far.high, Math.floor((this.#high - near.low) / stride));
    if (least > most) return 'empty';
    // Where the stride is a multiple of the step, the remainder depends on e alone.
    const steady = stride % this.#step === 0;
    const fitting = steady ? multiples(near.low - this.#residue, near.high - this.#residue, this.#step) : undefined;
    if (fitting === 0) return 'empty';
    const inside = near.low + stride * far.low >= this.#low && near.high + stride * far.high <= this.#high;
    if (inside && fitting === near.high - near.low + 1) return 'full';
    return 'mixed';
  }

  runWord(row: number, { start, stride, count }: Run): number {
    // The t-th key is at difference `first - stride * t`.
    const first = row - start;
    const inside = bitsBetween(
      Math.ceil((first - this.#high) / stride),
      Math.min(count, Math.floor((first - this.#low) / stride) + 1),
    );
    if (this.#step === 1 || inside === 0) return inside;
    if (stride % this.#step === 0) return modulo(first - this.#residue, this.#step) === 0 ? inside : 0;
    let word = 0;
    for (let t = 0; t < count; t++) if ((first - stride * t - this.#residue) % this.#step === 0) word |= 1 << t;
    return word & inside;
  }

  runSignature(rows: Run, columns: Run): string {
    const coverage = this.classifyLattice(latticeOf(rows), latticeOf(columns));
    return coverage === 'mixed' ? `${rows.start - columns.start},${rows.stride},${columns.stride}` : coverage;
  }

  regroupings(): readonly Regrouping[] {
    return this.#step === 1 ? [] : [{ chunk: Number.POSITIVE_INFINITY, stride: this.#step }];
  }
}

/** Multiples of `step` in [low, high]. */
function multiples(low: number, high: number, step: number): number {
  return Math.floor(high / step) - Math.ceil(low / step) + 1;
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
