import { intersection } from '../pattern/algebra.ts';
import type { Mask } from '../pattern/mask.ts';
import type { Shape } from '../pattern/shape.ts';
import { type KeySet, KeySetsMask, keySet } from './key-sets.ts';
import type { Method } from './method.ts';
import { SharedLabelMask } from './shared-label.ts';
import { SphericalClusters } from './spherical-clusters.ts';

/**
 * `routing(clusters, iterations, seed)`: the candidates in the cluster of the query (Roy et al., Routing Transformer, 2021).
 * Clusters come from spherical k-means over all queries and keys of the head. With `top: w` they are balanced: each takes
 * the w queries and the w keys nearest to its centre, so that a token may be in several or in none.
 */
export const routing: Method = async ({ args, candidates, shape, content, checkpoint }) => {
  const clusters = args.number('clusters');
  if (clusters === 1 && !args.has('top')) return candidates;
  const found = await SphericalClusters.of([content.q, content.k], content.headDim, {
    clusters,
    iterations: args.number('iterations'),
    seed: args.number('seed'),
    checkpoint,
  });
  if (args.has('top')) {
    const top = args.number('top');
    const tops = Array.from({ length: found.count }, (_, cluster) => {
      checkpoint?.();
      return {
        queries: found.nearest(cluster, 0, shape.queries, top),
        keys: found.nearest(cluster, shape.queries, shape.tokens, top),
      };
    });
    return intersection(balancedMask(tops, shape), candidates);
  }
  const queryLabels = found.labels.subarray(0, shape.queries);
  return intersection(
    new SharedLabelMask(queryLabels, found.labels.subarray(shape.queries), clusters, shape.offset),
    candidates,
  );
};

interface Members {
  /** Query rows, ascending. */
  readonly queries: Uint32Array;
  /** Keys, ascending. */
  readonly keys: Uint32Array;
}

/** Queries and keys that meet in any cluster. */
function balancedMask(clusters: readonly Members[], { queries, tokens, offset }: Shape): Mask {
  const rows: Uint32Array[][] = Array.from({ length: queries }, () => []);
  for (const members of clusters) for (const row of members.queries) rows[row]?.push(members.keys);
  const sets = rows.map((lists): KeySet => {
    const [only] = lists;
    if (only !== undefined && lists.length === 1) return keySet(only, tokens);
    const keys = new Set<number>();
    for (const list of lists) for (const key of list) keys.add(key);
    return keySet(Uint32Array.from(keys).sort(), tokens);
  });
  return new KeySetsMask(sets, offset);
}
