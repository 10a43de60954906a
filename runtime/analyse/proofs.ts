import { buildMaskTree, type CompileOptions, type MaskTree } from '../compile/mask-tree.ts';
import { FULL_TILE, rowBlocks, type TilePlan } from '../compile/tile-plan.ts';
import { difference } from '../pattern/algebra.ts';
import { Progression } from '../pattern/difference-mask.ts';
import type { Mask } from '../pattern/mask.ts';
import type { Shape } from '../pattern/shape.ts';
import { smallestPair } from './compare.ts';
import { firstEmptyRow } from './empty-queries.ts';
import type { Pair } from './find-pair.ts';
import { TreeLines } from './recognise/tree-lines.ts';
import { rowRuns } from './row-runs.ts';

const PAST: Mask = new Progression(0, Number.POSITIVE_INFINITY);

/** Holds for every pair of the mask, or `counterexample` says where it does not. */
export type Proof<T> = { readonly holds: true } | { readonly holds: false; readonly counterexample: T };

/** A query that attends to `before` and `after` and not to `missing` between them. */
export interface Gap {
  readonly query: number;
  readonly before: number;
  readonly missing: number;
  readonly after: number;
}

/** What is certain about every row of a mask. Positions are those of queries and keys, 0-based. */
export interface Proofs {
  /** No query attends to a later key. The counterexample is the smallest pair that does. */
  readonly causal: Proof<Pair>;
  /** Every query has a key. The counterexample is the first without. */
  readonly noEmptyQuery: Proof<number>;
  /** The keys of every query are one stretch (or none). The counterexample is the first gap of the first such query. */
  readonly contiguous: Proof<Gap>;
  /** The most stretches of keys that a query has, and the first query that has so many. */
  readonly intervals: { readonly most: number; readonly query: number };
}

/** Proves or refutes what kernels and exports rely on, over the queries and keys of a shape, exactly. Throws CompileError. */
export function prove(mask: Mask, shape: Shape, options: CompileOptions = {}): Proofs {
  const tree = buildMaskTree(mask, shape, options);
  return {
    causal: neverSeesTheFuture(mask, shape, options),
    noEmptyQuery: everyQueryHasKeys(tree, shape.offset),
    ...rowsOf(tree, shape.offset),
  };
}

/** Does no query attend to a key after it? Throws CompileError. */
export function neverSeesTheFuture(mask: Mask, shape: Shape, options: CompileOptions = {}): Proof<Pair> {
  return proof(smallestPair(buildMaskTree(difference(mask, PAST), shape, options), shape.offset));
}

/** Has every query of a compiled mask a key? `offset` is the position of query row 0. */
export function everyQueryHasKeys(tree: MaskTree, offset = 0): Proof<number> {
  const row = firstEmptyRow(tree);
  return proof(row === undefined ? undefined : offset + row);
}

/** Into how many stretches the keys of each query fall. `offset` is the position of query row 0. */
export function rowsOf(tree: MaskTree, offset = 0): Pick<Proofs, 'contiguous' | 'intervals'> {
  const runs = rowRuns(tree);
  let most = 0;
  let query = 0;
  let broken: number | undefined;
  for (let row = 0; row < runs.length; row++) {
    const count = runs[row] ?? 0;
    if (count > 1) broken ??= row;
    if (count > most) [most, query] = [count, row];
  }
  return {
    contiguous: proof(broken === undefined ? undefined : gapOf(tree, broken, offset)),
    intervals: { most, query: offset + query },
  };
}

function gapOf(tree: MaskTree, row: number, offset: number): Gap {
  const [, end = 0, next = 0] = new TreeLines(tree).row(row);
  return { query: offset + row, before: end - 1, missing: end, after: next };
}

function proof<T>(counterexample: T | undefined): Proof<T> {
  return counterexample === undefined ? { holds: true } : { holds: false, counterexample };
}

/** Are the tiles of every row block neighbours: those that hold a pair, those that are partly allowed, those that are full? */
export interface TileRuns {
  readonly all: boolean;
  readonly partial: boolean;
  readonly full: boolean;
}

/**
 * Whether the lists of tiles that a kernel walks have no gap, row block by row block. FlexAttention walks partial and full
 * tiles separately: its BLOCKS_ARE_CONTIGUOUS needs `partial` and `full`.
 */
export function tileRuns(plan: Pick<TilePlan, 'rowStart' | 'column' | 'maskId'>): TileRuns {
  const runs = { all: true, partial: true, full: true };
  for (let block = 0; block < rowBlocks(plan); block++) {
    const last = { all: -1, partial: -1, full: -1 };
    for (let entry = plan.rowStart[block] ?? 0; entry < (plan.rowStart[block + 1] ?? 0); entry++) {
      const column = plan.column[entry] ?? 0;
      for (const kind of ['all', plan.maskId[entry] === FULL_TILE ? 'full' : 'partial'] as const) {
        if (last[kind] >= 0 && column !== last[kind] + 1) runs[kind] = false;
        last[kind] = column;
      }
    }
  }
  return runs;
}
