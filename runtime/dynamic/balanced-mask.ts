import type { ListedOrder, OrderableMask } from '../pattern/listed-order.ts';
import type { Mask } from '../pattern/mask.ts';
import type { Shape } from '../pattern/shape.ts';
import { KeySetsMask, keySet } from './key-sets.ts';

/** A cluster that takes so many queries and keys, some of which others take too. */
export interface Members {
  /** Query rows, ascending. */
  readonly queries: Uint32Array;
  /** Keys, ascending. */
  readonly keys: Uint32Array;
}

/**
 * Queries and keys that meet in any cluster. Sorted by the first cluster that takes them they are a square for each, and
 * what other clusters add is in few places; those that none takes come last.
 */
export class BalancedMask extends KeySetsMask implements OrderableMask {
  readonly listedOrder: ListedOrder;
  readonly #rows: readonly Uint32Array[];
  readonly #tokens: number;

  constructor(clusters: readonly Members[], { queries, tokens, offset }: Shape) {
    const lists: Uint32Array[][] = Array.from({ length: queries }, () => []);
    for (const members of clusters) for (const row of members.queries) lists[row]?.push(members.keys);
    const rows = lists.map(united);
    super(
      rows.map(keys => keySet(keys, tokens)),
      offset,
    );
    this.#rows = rows;
    this.#tokens = tokens;
    this.listedOrder = {
      queries: byFirst(
        clusters.map(members => members.queries),
        queries,
      ),
      keys: byFirst(
        clusters.map(members => members.keys),
        tokens,
      ),
    };
  }

  inOrder({ queries, keys }: ListedOrder): Mask {
    const placeOf = new Uint32Array(keys.length);
    keys.forEach((key, place) => {
      placeOf[key] = place;
    });
    const sets = Array.from(queries, row =>
      keySet((this.#rows[row] ?? new Uint32Array(0)).map(key => placeOf[key] ?? 0).sort(), this.#tokens),
    );
    return new KeySetsMask(sets, 0);
  }
}

/** Ascending, each once. */
function united(lists: readonly Uint32Array[]): Uint32Array {
  const [only] = lists;
  if (only !== undefined && lists.length === 1) return only;
  const keys = new Set<number>();
  for (const list of lists) for (const key of list) keys.add(key);
  return Uint32Array.from(keys).sort();
}

/** Tokens by the first of the lists that holds them; those in none at the end. */
function byFirst(lists: readonly Uint32Array[], tokens: number): Uint32Array {
  const order = new Set<number>();
  for (const list of lists) for (const token of list) order.add(token);
  for (let token = 0; token < tokens; token++) order.add(token);
  return Uint32Array.from(order);
}
