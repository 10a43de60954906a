import { differingHead, treesOf } from './head-masks.ts';
import type { Misfit } from './misfit.ts';
import type { ExportRequest } from './request.ts';

/** The query heads of each head of keys and values. */
export function groupsOf({ heads, kvHeads }: ExportRequest): readonly (readonly number[])[] {
  if (heads === undefined) return [[0]];
  const groups = kvHeads ?? heads.length;
  const size = heads.length / groups;
  return Array.from({ length: groups }, (_, group) => Array.from({ length: size }, (_, head) => group * size + head));
}

/** Why heads that share keys cannot share a mask; undefined when they can. Throws CompileError. */
export function groupMisfit(request: ExportRequest): Misfit | undefined {
  const trees = treesOf(request);
  for (const group of groupsOf(request)) {
    const found = differingHead(trees, group, request.shape.offset);
    if (found !== undefined)
      return {
        reason: `heads ${found.heads[0]} and ${found.heads[1]} share keys and must share the mask, but differ`,
        pair: found.pair,
        roundable: false,
      };
  }
  return undefined;
}
