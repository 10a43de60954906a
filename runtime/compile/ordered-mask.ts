import { overLeaves } from '../pattern/algebra.ts';
import { boxAround, isLatticeMask, type Run, runWordOf } from '../pattern/lattice.ts';
import type { Box, Coverage, Mask } from '../pattern/mask.ts';
import type { TokenOrder } from './token-order.ts';

/** Boxes of more runs than this along a side have no signature. */
const SIGNED_RUNS = 3;

/** Orders of the query rows and of the keys of one plan; `tokens` is the length of the sequence. */
export interface Orders {
  readonly queries: TokenOrder;
  readonly keys: TokenOrder;
  readonly tokens: number;
}

/** A mask with its rows and columns in another order: (a, b) where the mask holds the a-th query and the b-th key. */
export function orderedMask(mask: Mask, orders: Orders): Mask {
  return overLeaves(mask, leaf => new OrderedMask(leaf, orders));
}

class OrderedMask implements Mask {
  readonly #of: Mask;
  readonly #orders: Orders;

  constructor(of: Mask, orders: Orders) {
    this.#of = of;
    this.#orders = orders;
  }

  classify(box: Box): Coverage {
    const { queries, keys, tokens } = this.#orders;
    const rows = queries.around(box.row, box.rowEnd);
    const columns = keys.around(box.column, box.columnEnd);
    return isLatticeMask(this.#of)
      ? this.#of.classifyLattice(rows, columns)
      : this.#of.classify(boxAround(rows, columns, tokens));
  }

  word(row: number, column: number): number {
    const { queries, keys } = this.#orders;
    const query = queries.at(row);
    let word = 0;
    let bit = 0;
    for (const run of keys.word(column)) {
      const bits =
        run.stride === 1 || run.count === 1
          ? this.#of.word(query, run.start) & (run.count === 32 ? -1 : (1 << run.count) - 1)
          : isLatticeMask(this.#of)
            ? this.#of.runWord(query, run)
            : runWordOf(this.#of, query, run);
      word |= bits << bit;
      bit += run.count;
    }
    return word;
  }

  /** What the mask holds between each run of rows and each run of columns says it all. */
  signature(box: Box): string | undefined {
    if (!isLatticeMask(this.#of)) return undefined;
    const rows = this.#orders.queries.runs(box.row, box.rowEnd, SIGNED_RUNS);
    const columns = rows && this.#orders.keys.runs(box.column, box.columnEnd, SIGNED_RUNS);
    if (rows === undefined || columns === undefined) return undefined;
    let name = `${counts(rows)}/${counts(columns)}`;
    for (const row of rows)
      for (const column of columns) {
        const signature = this.#of.runSignature(row, column);
        if (signature === undefined) return undefined;
        name += `;${signature}`;
      }
    return name;
  }
}

function counts(runs: readonly Run[]): string {
  return runs.map(run => run.count).join();
}
