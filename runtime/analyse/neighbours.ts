import type { MaskTree } from '../compile/mask-tree.ts';
import { planOf } from '../compile/plan.ts';
import { FULL_TILE, wordsPerMask, wordsPerRow } from '../compile/tile-plan.ts';

/** Distance of a position that is not reached. */
export const UNREACHED = -1;

/** The pairs of a mask by query: keys of query i are `key[start[i]]` to `key[start[i + 1] - 1]`, ascending. */
export interface Neighbours {
  /** [queries + 1] */
  readonly start: Uint32Array;
  readonly key: Uint32Array;
}

/** Lists all pairs of a mask. Throws CompileError when its tiles are too many to list. */
export function neighboursOf(tree: MaskTree, checkpoint?: () => void): Neighbours {
  const plan = planOf(tree);
  const words = wordsPerRow(plan);
  const start = new Uint32Array(tree.queries + 1);
  const key = new Uint32Array(Number(tree.root?.pairs ?? 0));
  let end = 0;
  for (let block = 0; block + 1 < plan.rowStart.length; block++) {
    checkpoint?.();
    const first = block * plan.tile.queries;
    const rows = Math.min(plan.tile.queries, tree.queries - first);
    for (let row = 0; row < rows; row++) {
      for (let entry = plan.rowStart[block] ?? 0; entry < (plan.rowStart[block + 1] ?? 0); entry++) {
        const column = (plan.column[entry] ?? 0) * plan.tile.keys;
        const mask = plan.maskId[entry] ?? 0;
        const own = mask * wordsPerMask(plan) + row * words;
        for (let word = 0; word < words; word++) {
          const inside = plan.tile.keys - 32 * word;
          const all = inside >= 32 ? -1 : 2 ** inside - 1;
          for (let bits = mask === FULL_TILE ? all : (plan.masks[own + word] ?? 0); bits !== 0; bits &= bits - 1)
            key[end++] = column + 32 * word + 31 - Math.clz32(bits & -bits);
        }
      }
      start[first + row + 1] = end;
    }
  }
  return { start, key };
}

/** Fewest steps in which a query gets to each position, UNREACHED where it never does. [tokens] */
export function distancesIn({ start, key }: Neighbours, from: number): Int32Array {
  const tokens = start.length - 1;
  const distance = new Int32Array(tokens).fill(UNREACHED);
  const queue = new Uint32Array(tokens);
  distance[from] = 0;
  queue[0] = from;
  let end = 1;
  for (let next = 0; next < end; next++) {
    const query = queue[next] ?? 0;
    const steps = (distance[query] ?? 0) + 1;
    for (let at = start[query] ?? 0; at < (start[query + 1] ?? 0); at++) {
      const to = key[at] ?? 0;
      if (distance[to] !== UNREACHED) continue;
      distance[to] = steps;
      queue[end++] = to;
    }
  }
  return distance;
}
