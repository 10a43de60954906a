import { intersection } from '../pattern/algebra.ts';
import { BalancedMask } from './balanced-mask.ts';
import type { Method } from './method.ts';
import { SharedLabelMask } from './shared-label.ts';
import { SphericalClusters } from './spherical-clusters.ts';

/**
 * `routing(clusters, iterations, seed)`: the candidates in the cluster of the query (Roy et al., Routing Transformer, 2021).
 * Clusters come from spherical k-means over all queries and keys of the head. With `top: w` they are balanced: each takes
 * the w queries and the w keys nearest to its centre, so that a token may be in several or in none.
 */
export const routing: Method = async ({ args, candidates, shape, content, rows, checkpoint, signal, onProgress }) => {
  const clusters = args.number('clusters');
  if (clusters === 1 && !args.has('top')) return candidates;
  const found = await SphericalClusters.of([content.q, content.k], content.headDim, {
    ...{ clusters, iterations: args.number('iterations'), seed: args.number('seed') },
    ...{ rows, checkpoint, signal, onProgress },
  });
  const { queries, tokens } = shape;
  if (args.has('top')) {
    const top = args.number('top');
    const ofQueries = await found.nearest(0, queries, top);
    const ofKeys = await found.nearest(queries, tokens, top);
    const tops = ofQueries.map((members, cluster) => ({
      queries: members,
      keys: ofKeys[cluster] ?? new Uint32Array(0),
    }));
    return intersection(new BalancedMask(tops, shape), candidates);
  }
  const { labels } = found;
  return intersection(
    new SharedLabelMask(labels.subarray(0, queries), labels.subarray(queries), clusters, shape.offset),
    candidates,
  );
};
