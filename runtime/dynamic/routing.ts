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
    return intersection(new BalancedMask(tops, shape), candidates);
  }
  const queryLabels = found.labels.subarray(0, shape.queries);
  return intersection(
    new SharedLabelMask(queryLabels, found.labels.subarray(shape.queries), clusters, shape.offset),
    candidates,
  );
};
