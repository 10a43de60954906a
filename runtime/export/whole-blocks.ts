import { firstBrokenTile } from '../analyse/fit/whole-tiles.ts';
import { neverSeesTheFuture } from '../analyse/proofs.ts';
import { buildMaskTree, type TileSize } from '../compile/mask-tree.ts';
import { planPairs, rowBlocks, type TilePlan } from '../compile/tile-plan.ts';
import { EVERYTHING } from '../pattern/algebra.ts';
import { bindPattern } from '../pattern/bind.ts';
import type { Shape } from '../pattern/shape.ts';
import { headsOf, type PerHead, plansOf, treesOf } from './head-masks.ts';
import type { Misfit } from './misfit.ts';
import type { ExportRequest } from './request.ts';

/** Do blocks stand for all their pairs, or for those of the past? */
export type Domain = 'all' | 'past';

/** Which blocks of each head hold a pair, and what taking them whole adds. */
export interface Blocks {
  /** [heads, block rows, block columns], 1 where a block holds a pair, row by row. */
  readonly allowed: () => Iterable<Uint8Array>;
  readonly rows: number;
  readonly columns: number;
  /** Pairs in those blocks that are not in the masks, over all heads. */
  readonly addedPairs: number;
}

/** Why some mask of a request is not one of whole blocks; undefined when all are. Throws CompileError. */
export function brokenBlock(request: ExportRequest, tile: TileSize, domain: Domain): Misfit | undefined {
  const { shape, checkpoint } = request;
  const whole = buildMaskTree(
    domain === 'all' ? EVERYTHING : bindPattern({ kind: 'primitive', name: 'causal', args: {} }, shape),
    shape,
    { tile, ...(checkpoint && { checkpoint }) },
  );
  for (const tree of treesOf(request, tile).distinct) {
    const broken = firstBrokenTile(tree, whole, shape.offset);
    if (broken === undefined) continue;
    const { held, missing } = broken;
    const size = `${tile.queries} x ${tile.keys}`;
    return {
      reason: `it holds whole blocks of ${size}${domain === 'all' ? '' : ' cut to the past'}, but of one block query ${held.query} attends to key ${held.key} and the following pair is missing`,
      pair: missing,
      roundable: true,
    };
  }
  return undefined;
}

/** Is every mask of a request within the past? Throws CompileError. */
export function allCausal(request: ExportRequest): boolean {
  const { checkpoint } = request;
  return headsOf(request).every(
    ({ pattern, shape }) => neverSeesTheFuture(bindPattern(pattern, shape), shape, checkpoint && { checkpoint }).holds,
  );
}

/** The blocks of a request that hold a pair. Throws CompileError. */
export function blocksOf(request: ExportRequest, tile: TileSize, domain: Domain): Blocks {
  const { distinct, head }: PerHead<TilePlan> = plansOf(request, tile);
  const { shape } = request;
  const rows = Math.ceil(shape.queries / tile.queries);
  const columns = Math.ceil(shape.tokens / tile.keys);
  const added = distinct.map(plan => pairsOfBlocks(plan, shape, domain) - planPairs(plan));
  return {
    allowed: () => rowsOfBlocks({ distinct, head }, columns),
    rows,
    columns,
    addedPairs: head.reduce((sum, index) => sum + (added[index] ?? 0), 0),
  };
}

function* rowsOfBlocks({ distinct, head }: PerHead<TilePlan>, columns: number): Generator<Uint8Array, void> {
  for (const index of head) {
    const plan = distinct[index];
    if (plan === undefined) continue;
    for (let row = 0; row < rowBlocks(plan); row++) {
      const out = new Uint8Array(columns);
      for (const column of plan.column.subarray(plan.rowStart[row], plan.rowStart[row + 1])) out[column] = 1;
      yield out;
    }
  }
}

/** Pairs of the domain in the tiles of a plan. */
function pairsOfBlocks({ tile, queries, keys, rowStart, column }: TilePlan, shape: Shape, domain: Domain): number {
  let pairs = 0;
  for (let block = 0; block + 1 < rowStart.length; block++) {
    const first = block * tile.queries;
    const rows = Math.min(tile.queries, queries - first);
    for (let entry = Number(rowStart[block]); entry < Number(rowStart[block + 1]); entry++) {
      const key = Number(column[entry]) * tile.keys;
      const width = Math.min(tile.keys, keys - key);
      if (domain === 'all') pairs += rows * width;
      else
        for (let row = first; row < first + rows; row++)
          pairs += Math.max(0, Math.min(width, shape.offset + row + 1 - key));
    }
  }
  return pairs;
}
