import type { ListedOrder, OrderableMask } from '../pattern/listed-order.ts';
import type { Mask } from '../pattern/mask.ts';
import type { Shape } from '../pattern/shape.ts';
import { type KeySet, KeySetsMask, keySet } from './key-sets.ts';
import { listedBits } from './rows/chosen-rows.ts';

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
  /** [queries]: rows of the same clusters share their keys, ascending. */
  readonly #rows: readonly Uint32Array[];
  readonly #tokens: number;

  constructor(clusters: readonly Members[], { queries, tokens, offset }: Shape) {
    const clustersOf: number[][] = Array.from({ length: queries }, () => []);
    clusters.forEach((members, cluster) => {
      for (const row of members.queries) clustersOf[row]?.push(cluster);
    });
    const known = new Map<string, Uint32Array>();
    const rows = clustersOf.map(own => {
      const name = own.join();
      let keys = known.get(name);
      if (keys === undefined) {
        keys = united(
          own.map(cluster => clusters[cluster]?.keys ?? new Uint32Array(0)),
          tokens,
        );
        known.set(name, keys);
      }
      return keys;
    });
    super(setsOf(rows, tokens), offset);
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
    const known = new Map<Uint32Array, Uint32Array>();
    const rows = Array.from(queries, row => {
      const own = this.#rows[row] ?? new Uint32Array(0);
      let places = known.get(own);
      if (places === undefined) {
        places = own.map(key => placeOf[key] ?? 0).sort();
        known.set(own, places);
      }
      return places;
    });
    return new KeySetsMask(setsOf(rows, this.#tokens), 0);
  }
}

/** A set for each row; rows with the same list share it. */
function setsOf(rows: readonly Uint32Array[], tokens: number): KeySet[] {
  const known = new Map<Uint32Array, KeySet>();
  return rows.map(keys => {
    let set = known.get(keys);
    if (set === undefined) {
      set = keySet(keys, tokens);
      known.set(keys, set);
    }
    return set;
  });
}

/** Ascending, each once. */
function united(lists: readonly Uint32Array[], tokens: number): Uint32Array {
  const [only] = lists;
  if (only === undefined) return new Uint32Array(0);
  if (lists.length === 1) return only;
  const bits = new Uint32Array(Math.ceil(tokens / 32));
  for (const list of lists) for (const key of list) bits[key >>> 5] = (bits[key >>> 5] as number) | (1 << (key & 31));
  return listedBits(bits);
}

/** Tokens by the first of the lists that holds them; those in none at the end. */
function byFirst(lists: readonly Uint32Array[], tokens: number): Uint32Array {
  const order = new Set<number>();
  for (const list of lists) for (const token of list) order.add(token);
  for (let token = 0; token < tokens; token++) order.add(token);
  return Uint32Array.from(order);
}
