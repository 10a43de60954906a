import { compareTrees } from '../analyse/compare.ts';
import type { Pair } from '../analyse/find-pair.ts';
import { buildMaskTree, type MaskTree, type TileSize } from '../compile/mask-tree.ts';
import { planOf } from '../compile/plan.ts';
import type { TilePlan } from '../compile/tile-plan.ts';
import { bindPattern } from '../pattern/bind.ts';
import { maskName } from '../pattern/mask-name.ts';
import type { ExportRequest, HeadMask } from './request.ts';

/** Something for each head; heads that share it have the same number. */
export interface PerHead<T> {
  readonly distinct: readonly T[];
  /** [heads]: index into `distinct`. */
  readonly head: readonly number[];
}

/** The heads of a request: all, or the one that is meant. */
export function headsOf(request: ExportRequest): readonly HeadMask[] {
  return request.heads ?? [request];
}

/** [heads] before the other extents of an array of all heads, nothing where there is one mask. */
export function headAxis({ heads }: ExportRequest): readonly number[] {
  return heads === undefined ? [] : [heads.length];
}

/** The masks of a request, each compiled once. Throws PatternError and CompileError. */
export function treesOf(request: ExportRequest, tile?: TileSize): PerHead<MaskTree> {
  const { checkpoint } = request;
  const options = { ...(tile && { tile }), ...(checkpoint && { checkpoint }) };
  const known = new Map<string, number>();
  const distinct: MaskTree[] = [];
  const head = headsOf(request).map(({ pattern, shape }) => {
    const name = maskName(pattern, shape);
    const index = known.get(name) ?? distinct.push(buildMaskTree(bindPattern(pattern, shape), shape, options)) - 1;
    known.set(name, index);
    return index;
  });
  return { distinct, head };
}

/** The same as plans. */
export function plansOf(request: ExportRequest, tile?: TileSize): PerHead<TilePlan> {
  const { distinct, head } = treesOf(request, tile);
  return { distinct: distinct.map(planOf), head };
}

/** The plan of the one mask that is meant. */
export function planOfRequest(request: ExportRequest): TilePlan {
  const { checkpoint } = request;
  const tree = buildMaskTree(bindPattern(request.pattern, request.shape), request.shape, checkpoint && { checkpoint });
  return planOf(tree);
}

/** Two heads whose masks differ, and a pair that only one of them has. */
export interface DifferingHeads {
  readonly heads: readonly [number, number];
  readonly pair: Pair;
}

/**
 * The first of some heads whose mask is not that of the first of them; undefined when all are equal. `offset` is the
 * position of query row 0.
 */
export function differingHead(
  { distinct, head }: PerHead<MaskTree>,
  heads: readonly number[],
  offset: number,
): DifferingHeads | undefined {
  const [first = 0] = heads;
  const own = distinct[head[first] ?? 0];
  for (const other of heads) {
    const tree = distinct[head[other] ?? 0];
    if (own === undefined || tree === undefined || own === tree) continue;
    const { difference } = compareTrees(own, tree, offset);
    if (difference !== undefined)
      return { heads: [first, other], pair: { query: difference.query, key: difference.key } };
  }
  return undefined;
}
