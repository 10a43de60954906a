import { rangeOf } from '../compile/listed-mask.ts';
import type { ListedOrder, OrderableMask } from '../pattern/listed-order.ts';
import type { Box, Coverage, Mask } from '../pattern/mask.ts';
import { type KeySet, KeySetsMask, keySet } from './key-sets.ts';

/**
 * The pairs whose query and key carry one label: a bucket or a cluster. Rows of one label share their set of keys. Sorted by
 * label, they are a square for each label.
 */
export class SharedLabelMask extends KeySetsMask implements OrderableMask {
  readonly listedOrder: ListedOrder;
  readonly #queryLabels: Uint32Array;
  readonly #keyLabels: Uint32Array;

  /**
   * @param queryLabels [queries], of the rows from `firstRow` on
   * @param keyLabels [tokens]
   * @param labels how many there are; labels are 0 to labels - 1
   */
  constructor(queryLabels: Uint32Array, keyLabels: Uint32Array, labels: number, firstRow: number) {
    const { order, start } = sortedByLabel(keyLabels, labels);
    const known = new Map<number, KeySet>();
    const sets = Array.from(queryLabels, label => {
      let set = known.get(label);
      if (set === undefined) {
        set = keySet(order.subarray(start[label], start[label + 1]), keyLabels.length);
        known.set(label, set);
      }
      return set;
    });
    super(sets, firstRow);
    this.listedOrder = { queries: sortedByLabel(queryLabels, labels).order, keys: order };
    this.#queryLabels = queryLabels;
    this.#keyLabels = keyLabels;
  }

  inOrder({ queries, keys }: ListedOrder): Mask {
    return new LabelsInOrder(
      queries.map(row => this.#queryLabels[row] ?? 0),
      keys.map(key => this.#keyLabels[key] ?? 0),
    );
  }
}

/** Tokens by label, those of one label in the order of the sequence; where each label begins. */
function sortedByLabel(
  ofTokens: Uint32Array,
  labels: number,
): { readonly order: Uint32Array; readonly start: Uint32Array } {
  const start = new Uint32Array(labels + 1);
  for (const label of ofTokens) start[label + 1] = (start[label + 1] ?? 0) + 1;
  for (let label = 0; label < labels; label++) start[label + 1] = (start[label + 1] ?? 0) + (start[label] ?? 0);
  const order = new Uint32Array(ofTokens.length);
  const next = start.slice();
  ofTokens.forEach((label, token) => {
    const at = next[label] ?? 0;
    order[at] = token;
    next[label] = at + 1;
  });
  return { order, start };
}

/** The same pairs in some order: the labels at the places of rows and columns. */
class LabelsInOrder implements Mask {
  readonly #rows: Uint32Array;
  readonly #columns: Uint32Array;

  constructor(rows: Uint32Array, columns: Uint32Array) {
    this.#rows = rows;
    this.#columns = columns;
  }

  classify({ row, rowEnd, column, columnEnd }: Box): Coverage {
    const [firstOfRows, lastOfRows] = rangeOf(this.#rows, row, rowEnd);
    const [firstOfColumns, lastOfColumns] = rangeOf(this.#columns, column, columnEnd);
    if (lastOfRows < firstOfColumns || lastOfColumns < firstOfRows) return 'empty';
    const alike = firstOfRows === lastOfRows && firstOfColumns === lastOfColumns;
    return alike ? 'full' : 'mixed';
  }

  word(row: number, column: number): number {
    const label = this.#rows[row];
    const end = Math.min(32, this.#columns.length - column);
    let word = 0;
    for (let bit = 0; bit < end; bit++) if (this.#columns[column + bit] === label) word |= 1 << bit;
    return word;
  }

  signature(): undefined {
    return undefined;
  }
}
