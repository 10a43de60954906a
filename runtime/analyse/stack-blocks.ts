import type { CompileOptions } from '../compile/mask-tree.ts';
import { gridOf } from '../pattern/block-masks.ts';
import { Progression } from '../pattern/difference-mask.ts';
import type { Mask } from '../pattern/mask.ts';
import { squareShape } from '../pattern/shape.ts';
import { pairOutside } from './find-pair.ts';
import type { RowReader } from './row-reader.ts';
import type { Field, Stack, Stacked } from './stacking.ts';

const SELF: Mask = new Progression(0, 0);

/**
 * The same stack of blocks of `size` positions, for masks that are written as grids of such blocks and in which every
 * block sees itself: one position then stands for its block. Undefined for others.
 */
export function blockStack(
  stack: Stack<Mask>,
  options: CompileOptions,
): { readonly size: number; readonly stack: Stack<Mask> } | undefined {
  const grids = stack.masks.map(gridOf);
  const size = grids[0]?.size ?? 1;
  if (size === 1 || stack.tokens % size !== 0 || grids.some(grid => grid?.size !== size)) return undefined;
  const tokens = stack.tokens / size;
  const masks = grids.flatMap(grid => grid?.grid ?? []);
  const shape = squareShape(tokens);
  if (masks.some(mask => pairOutside(SELF, mask, shape, options) !== undefined)) return undefined;
  const place = stack.token === undefined ? {} : { token: Math.floor(stack.token / size) };
  return { size, stack: { tokens, masks, layers: stack.layers, ...place } };
}

/**
 * The largest side of blocks of which a mask holds all pairs of a block of queries and a block of keys or none of them,
 * and all pairs of a block with itself: one position then stands for its block. 1 for most masks. `reads`: of the parts
 * that the mask is the union of.
 */
export function blockSide(tokens: number, reads: readonly RowReader[], checkpoint?: () => void): number {
  let side = tokens;
  const before: (readonly number[])[] = [];
  for (let query = 0; query < tokens && side > 1; query++) {
    if ((query & 0xff) === 0) checkpoint?.();
    for (const [part, read] of reads.entries()) {
      const runs = read(query);
      const last = before[part];
      if (last !== undefined && isSame(runs, last)) continue;
      side = divisor(side, query);
      for (const bound of runs) side = divisor(side, bound);
      before[part] = runs.slice();
    }
  }
  return side > 1 && blocksSeeThemselves(tokens, side, reads) ? side : 1;
}

function blocksSeeThemselves(tokens: number, side: number, reads: readonly RowReader[]): boolean {
  for (let block = 0; block < tokens; block += side) if (!reads.some(read => holds(read(block), block))) return false;
  return true;
}

function holds(runs: readonly number[], key: number): boolean {
  for (let at = 0; at < runs.length; at += 2) if (key < (runs[at + 1] ?? 0)) return key >= (runs[at] ?? 0);
  return false;
}

function isSame(a: readonly number[], b: readonly number[]): boolean {
  if (a.length !== b.length) return false;
  for (let at = 0; at < a.length; at++) if (a[at] !== b[at]) return false;
  return true;
}

function divisor(a: number, b: number): number {
  return b === 0 ? a : divisor(b, a % b);
}

/** The rows of such a mask with blocks in the place of positions. */
export function blockReader(read: RowReader, side: number): RowReader {
  return block => read(block * side).map(bound => bound / side);
}

/** What is connected, told of positions instead of blocks. `count`: of blocks. */
export function unfolded(blocks: Stacked, count: number, side: number): Stacked {
  const pairs = side ** 2;
  // On the diagonal of blocks lie keys that are earlier and such that are later.
  const half = (count: number, diagonal: number): number =>
    (count - diagonal) * pairs + (diagonal * (pairs + side)) / 2;
  const { past, future } = blocks.missing;
  return {
    connected: blocks.connected * pairs,
    past: half(blocks.past, count),
    future: half(blocks.future, count),
    // Positions of one block are a step apart.
    hops: Math.max(1, blocks.hops),
    byLayer: blocks.byLayer.map(connected => connected * pairs),
    fields: blocks.fields.map(
      ({ keys, first, last }): Field => ({ keys: keys * side, first: first * side, last: (last + 1) * side - 1 }),
    ),
    missing: {
      past: past && { query: past.query * side, key: past.key * side },
      future: future && { query: future.query * side, key: future.key * side },
    },
  };
}
