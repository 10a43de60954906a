import { intersection } from '../pattern/algebra.ts';
import type { Method } from './method.ts';
import { sharedLabelMask } from './shared-label.ts';
import { SphericalClusters } from './spherical-clusters.ts';

/**
 * `routing(clusters, iterations, seed)`: the candidates in the cluster of the query (Roy et al., Routing Transformer, 2021).
 * Clusters come from spherical k-means over all queries and keys of the head.
 */
export const routing: Method = ({ args, candidates, shape, content, checkpoint }) => {
  const clusters = args.number('clusters');
  if (clusters === 1) return candidates;
  const found = new SphericalClusters([content.q, content.k], content.headDim, {
    clusters,
    iterations: args.number('iterations'),
    seed: args.number('seed'),
    checkpoint,
  });
  const queryLabels = found.labels.subarray(0, shape.queries);
  return intersection(
    sharedLabelMask(queryLabels, found.labels.subarray(shape.queries), clusters, shape.offset),
    candidates,
  );
};
