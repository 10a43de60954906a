import { buildMaskTree, type CompileOptions, type MaskNode, type MaskTree } from '../compile/mask-tree.ts';
import { complement, foldMask, intersection, union } from '../pattern/algebra.ts';
import type { Mask } from '../pattern/mask.ts';
import { squareShape } from '../pattern/shape.ts';
import { treeBehind } from './tree-mask.ts';

/**
 * The keys of a query as stretches that ascend and do not touch: [from, to, from, to, ...], `to` left out. To be read
 * before the next query is asked for; cheapest when queries are asked for in their order.
 */
export type RowReader = (query: number) => readonly number[];

/** Side of the tiles that a band of rows is looked through in. */
const TILE = 64;

/** Does a mask have parts whose pairs are listed row by row? */
export function isListed(mask: Mask): boolean {
  const either = (left: boolean, right: boolean): boolean => left || right;
  return foldMask(mask, {
    leaf: ({ keysOf }) => keysOf !== undefined,
    union: either,
    intersection: either,
    complement: of => of,
  });
}

/** A part of a mask: `read` where some of it is listed. */
interface Part {
  readonly mask: Mask;
  readonly read: RowReader | undefined;
}

/** Reads the rows of a mask of a square shape one after another, without keeping them. Reading throws CompileError. */
export function rowReader(mask: Mask, tokens: number, options: CompileOptions = {}): RowReader {
  const readerOf = ({ mask, read }: Part): RowReader => {
    if (read !== undefined) return read;
    const tree = treeBehind(mask);
    return tree === undefined ? bandReader(mask, tokens, options) : treeReader(tree);
  };
  const combined = (mask: Mask, left: Part, right: Part, wanted: number): Part => {
    if (left.read === undefined && right.read === undefined) return { mask, read: undefined };
    const [one, other] = [readerOf(left), readerOf(right)];
    return { mask, read: query => combinedRuns(one(query), other(query), wanted) };
  };
  const whole = foldMask<Part>(mask, {
    leaf: leaf => ({ mask: leaf, read: leaf.keysOf && listReader(leaf.keysOf.bind(leaf)) }),
    union: (left, right) => combined(union(left.mask, right.mask), left, right, 1),
    intersection: (left, right) => combined(intersection(left.mask, right.mask), left, right, 2),
    complement: of => {
      const { read } = of;
      return { mask: complement(of.mask), read: read && (query => gapsOf(read(query), tokens)) };
    },
  });
  return readerOf(whole);
}

function listReader(keysOf: (row: number) => Uint32Array): RowReader {
  const runs: number[] = [];
  return query => {
    runs.length = 0;
    for (const key of keysOf(query)) addRun(runs, key, key + 1);
    return runs;
  };
}

/** Adds a stretch at the end; one that touches the last makes that longer. */
export function addRun(runs: number[], from: number, to: number): void {
  if (runs.length > 0 && runs[runs.length - 1] === from) runs[runs.length - 1] = to;
  else runs.push(from, to);
}

/** What lies in at least `wanted` of two rows. */
function combinedRuns(a: readonly number[], b: readonly number[], wanted: number): readonly number[] {
  const runs: number[] = [];
  let [atA, atB] = [0, 0];
  let from = 0;
  for (;;) {
    const nextA = a[atA] ?? Number.POSITIVE_INFINITY;
    const nextB = b[atB] ?? Number.POSITIVE_INFINITY;
    const next = Math.min(nextA, nextB);
    // Beginnings have even places: past one and before its end there is an odd number behind.
    if (next > from && (atA & 1) + (atB & 1) >= wanted) addRun(runs, from, next);
    if (next === Number.POSITIVE_INFINITY) return runs;
    if (nextA === next) atA++;
    if (nextB === next) atB++;
    from = next;
  }
}

function gapsOf(runs: readonly number[], tokens: number): readonly number[] {
  const gaps: number[] = [];
  let from = 0;
  for (let at = 0; at < runs.length; at += 2) {
    const start = runs[at] ?? 0;
    if (start > from) gaps.push(from, start);
    from = runs[at + 1] ?? 0;
  }
  if (from < tokens) gaps.push(from, tokens);
  return gaps;
}

/** Compiles a band of rows at a time, so that memory does not follow their number. */
function bandReader(mask: Mask, tokens: number, options: CompileOptions): RowReader {
  let first = -1;
  let read: RowReader = () => [];
  return query => {
    if (first < 0 || query < first || query >= first + TILE) {
      first = query - (query % TILE);
      const band = { ...squareShape(tokens), queries: Math.min(TILE, tokens - first), offset: first };
      read = treeReader(buildMaskTree(mask, band, { ...options, tile: { queries: TILE, keys: TILE } }));
    }
    return read(query - first);
  };
}

/** Reads the rows of a compiled mask. */
export function treeReader(tree: MaskTree): RowReader {
  const words = Math.ceil(tree.tile.keys / 32);
  const runs: number[] = [];
  let band: Band = { squares: [], end: 0, alike: false };
  let first = 0;
  return query => {
    const row = query % tree.tile.queries;
    const tileRow = (query - row) / tree.tile.queries;
    if (tileRow >= first && tileRow < band.end) {
      if (band.alike) return runs;
    } else {
      band = bandAt(tree, tileRow);
      first = tileRow;
    }
    runs.length = 0;
    for (const { node, column } of band.squares) {
      if (node.full) {
        addRun(runs, column, column + node.keys);
        continue;
      }
      const start = ((node.maskId ?? 0) * tree.tile.queries + row) * words;
      for (let word = 0; word < words; word++) {
        const bits = tree.masks[start + word] ?? 0;
        if (bits !== 0) addBits(runs, bits, column + 32 * word);
      }
    }
    return runs;
  };
}

/** A tile that is not empty, or a larger square that is full. */
interface Square {
  readonly node: MaskNode;
  readonly column: number;
}

/** What rows of tiles consist of that cross the same squares. */
interface Band {
  /** Keys ascending. */
  readonly squares: readonly Square[];
  /** The first row of tiles that crosses others. */
  readonly end: number;
  /** Are all squares full, so that the rows of the band are all alike? */
  readonly alike: boolean;
}

function bandAt(tree: MaskTree, tileRow: number): Band {
  const squares: Square[] = [];
  let end = 2 ** tree.levels;
  let alike = true;
  const walk = (node: MaskNode | null, level: number, row: number, tileColumn: number): void => {
    if (node !== null && !node.full && node.children !== undefined) {
      const half = 2 ** (level - 1);
      const below = row < half ? 0 : 2;
      walk(node.children[below], level - 1, row % half, tileColumn);
      walk(node.children[below + 1] ?? null, level - 1, row % half, tileColumn + half);
      return;
    }
    end = Math.min(end, tileRow - row + 2 ** level);
    if (node === null) return;
    squares.push({ node, column: tileColumn * tree.tile.keys });
    if (!node.full) alike = false;
  };
  walk(tree.root, tree.levels, tileRow, 0);
  return { squares, end, alike };
}

/** Adds the stretches of a word whose first key is `key`. */
function addBits(runs: number[], word: number, key: number): void {
  for (let bits = word; bits !== 0; ) {
    const from = 31 - Math.clz32(bits & -bits);
    // The lowest clear bit above it ends the run.
    const beyond = ~(bits | ((1 << from) - 1));
    const to = beyond === 0 ? 32 : 31 - Math.clz32(beyond & -beyond);
    addRun(runs, key + from, key + to);
    bits = to === 32 ? 0 : bits & (-1 << to);
  }
}
