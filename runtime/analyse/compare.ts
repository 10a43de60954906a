import { type Count, minus, plus } from '../compile/count.ts';
import { buildMaskTree, type CompileOptions, type MaskNode, type MaskTree } from '../compile/mask-tree.ts';
import { popcount } from '../pattern/bits.ts';
import type { Mask } from '../pattern/mask.ts';
import type { Shape } from '../pattern/shape.ts';
import type { Pair } from './find-pair.ts';
import { quartersOf } from './quarters.ts';

/**
 * How two sets of pairs lie to each other; the first that applies. `contained`: every pair of the first is in the
 * second, which holds more. `containing`: the other way round. A mask without pairs is contained in every other.
 */
export type Relation = 'equal' | 'contained' | 'containing' | 'disjoint' | 'overlapping';

/** Two masks side by side. All counts are exact. */
export interface Comparison {
  readonly relation: Relation;
  /** Pairs that only the first, only the second, and both masks hold. */
  readonly onlyFirst: Count;
  readonly onlySecond: Count;
  readonly both: Count;
  /** The smallest pair that one mask holds and the other lacks: the smallest query, of its keys the smallest; undefined when equal. */
  readonly difference: (Pair & { readonly heldBy: 'first' | 'second' }) | undefined;
}

/**
 * Compares two masks over the queries and keys of a shape, exactly, without looking at every pair.
 * Throws CompileError when one of them is too large to compile.
 */
export function compareMasks(first: Mask, second: Mask, shape: Shape, options: CompileOptions = {}): Comparison {
  return compareTrees(buildMaskTree(first, shape, options), buildMaskTree(second, shape, options), shape.offset);
}

/**
 * Compares two compiled masks of the same tile, queries and keys; `offset` is the position of query row 0. Cost follows
 * the number of different pairs of squares that lie on top of each other. Throws RangeError for trees of unequal sizes.
 */
export function compareTrees(first: MaskTree, second: MaskTree, offset = 0): Comparison {
  const overlay = new Overlay(first, second);
  const both = overlay.both(first.root, second.root);
  const onlyFirst = minus(pairsOf(first.root), both);
  const onlySecond = minus(pairsOf(second.root), both);
  const difference = overlay.smallest(first.root, second.root, first.levels);
  return {
    relation: relationOf(onlyFirst, onlySecond, both),
    onlyFirst,
    onlySecond,
    both,
    difference: difference && {
      query: offset + difference.row,
      key: difference.key,
      heldBy: difference.inFirst ? 'first' : 'second',
    },
  };
}

/** Do two trees of one tile and size hold the same pairs? Ends at the first square that differs. */
export function sameTrees(first: MaskTree, second: MaskTree): boolean {
  return pairsOf(first.root) === pairsOf(second.root) && new Overlay(first, second).same(first.root, second.root);
}

/** Does the second tree hold every pair of the first? */
export function isContained(first: MaskTree, second: MaskTree): boolean {
  return (
    pairsOf(first.root) <= pairsOf(second.root) &&
    new Overlay(first, second).both(first.root, second.root) === pairsOf(first.root)
  );
}

/** The smallest pair of a tree in the order of queries, then keys; undefined when it has none. */
export function smallestPair(tree: MaskTree, offset = 0): Pair | undefined {
  const found = new Overlay(tree, { ...tree, root: null }).smallest(tree.root, null, tree.levels);
  return found && { query: offset + found.row, key: found.key };
}

function relationOf(onlyFirst: Count, onlySecond: Count, both: Count): Relation {
  if (onlyFirst === 0 && onlySecond === 0) return 'equal';
  if (onlyFirst === 0) return 'contained';
  if (onlySecond === 0) return 'containing';
  return both === 0 ? 'disjoint' : 'overlapping';
}

function pairsOf(node: MaskNode | null): Count {
  return node === null ? 0 : node.pairs;
}

/** A pair by its row and key within a square. */
interface Found {
  readonly row: number;
  readonly key: number;
  readonly inFirst: boolean;
}

/** Node numbers stay below this: a pair of them is one exact number. */
const NODES = 2 ** 26;

/** Two trees laid on top of each other. What two nodes have in common is worked out once. */
class Overlay {
  readonly #first: MaskTree;
  readonly #second: MaskTree;
  readonly #words: number;
  readonly #numbers = new Map<MaskNode, number>();
  readonly #common = new Map<number, Count>();
  readonly #equal = new Set<number>();

  constructor(first: MaskTree, second: MaskTree) {
    const fits =
      first.tile.queries === second.tile.queries &&
      first.tile.keys === second.tile.keys &&
      first.queries === second.queries &&
      first.keys === second.keys;
    if (!fits)
      throw new RangeError(
        `only masks of one size can be compared, got ${first.queries} x ${first.keys} and ${second.queries} x ${second.keys} pairs`,
      );
    this.#first = first;
    this.#second = second;
    this.#words = Math.ceil(first.tile.keys / 32);
  }

  /** Pairs that two nodes of one square have in common. */
  both(a: MaskNode | null, b: MaskNode | null): Count {
    if (a === null || b === null) return 0;
    if (a.full) return b.pairs;
    if (b.full) return a.pairs;
    if (a.children === undefined || b.children === undefined) return this.#commonInTile(a, b);
    const name = this.#nameOf(a, b);
    const known = this.#common.get(name);
    if (known !== undefined) return known;
    let common: Count = 0;
    for (let quarter = 0; quarter < 4; quarter++)
      common = plus(common, this.both(a.children[quarter] ?? null, b.children[quarter] ?? null));
    this.#common.set(name, common);
    return common;
  }

  same(a: MaskNode | null, b: MaskNode | null): boolean {
    if (a === null || b === null) return a === b;
    if (a.pairs !== b.pairs) return false;
    if (a.full || b.full) return true;
    if (a.children === undefined || b.children === undefined) return this.#commonInTile(a, b) === a.pairs;
    const name = this.#nameOf(a, b);
    if (this.#equal.has(name)) return true;
    for (let quarter = 0; quarter < 4; quarter++)
      if (!this.same(a.children[quarter] ?? null, b.children[quarter] ?? null)) return false;
    this.#equal.add(name);
    return true;
  }

  /** The smallest pair, row by row, that one node of a square of 2**level tiles holds and the other lacks. */
  smallest(a: MaskNode | null, b: MaskNode | null, level: number): Found | undefined {
    const common = this.both(a, b);
    if (pairsOf(a) === common && pairsOf(b) === common) return undefined;
    if (level === 0) return this.#smallestInTile(a, b);
    const left = quartersOf(a, level, this.#first.tile);
    const right = quartersOf(b, level, this.#first.tile);
    const rows = this.#first.tile.queries * 2 ** (level - 1);
    const keys = this.#first.tile.keys * 2 ** (level - 1);
    for (const half of [0, 1]) {
      const near = this.smallest(left[2 * half] ?? null, right[2 * half] ?? null, level - 1);
      // Nothing in the other half can come before the first row.
      const far =
        near?.row === 0 ? undefined : this.smallest(left[2 * half + 1] ?? null, right[2 * half + 1] ?? null, level - 1);
      if (near !== undefined && (far === undefined || near.row <= far.row))
        return { ...near, row: half * rows + near.row };
      if (far !== undefined) return { ...far, row: half * rows + far.row, key: keys + far.key };
    }
    return undefined;
  }

  #commonInTile(a: MaskNode, b: MaskNode): number {
    const size = this.#first.tile.queries * this.#words;
    const left = (a.maskId ?? 0) * size;
    const right = (b.maskId ?? 0) * size;
    let common = 0;
    for (let word = 0; word < size; word++)
      common += popcount((this.#first.masks[left + word] ?? 0) & (this.#second.masks[right + word] ?? 0));
    return common;
  }

  #smallestInTile(a: MaskNode | null, b: MaskNode | null): Found | undefined {
    const wordOf = (tree: MaskTree, node: MaskNode | null, at: number): number => {
      if (node === null) return 0;
      if (node.full) return -1;
      return tree.masks[(node.maskId ?? 0) * tree.tile.queries * this.#words + at] ?? 0;
    };
    // A full tile beside one that is none may be narrower than its words.
    const inside = this.#first.tile.keys % 32 === 0 ? -1 : (1 << (this.#first.tile.keys % 32)) - 1;
    for (let row = 0; row < this.#first.tile.queries; row++)
      for (let word = 0; word < this.#words; word++) {
        const left = wordOf(this.#first, a, row * this.#words + word);
        const right = wordOf(this.#second, b, row * this.#words + word);
        const differing = (left ^ right) & (word === this.#words - 1 ? inside : -1);
        if (differing === 0) continue;
        const bit = 31 - Math.clz32(differing & -differing);
        return { row, key: 32 * word + bit, inFirst: ((left >>> bit) & 1) === 1 };
      }
    return undefined;
  }

  #nameOf(a: MaskNode, b: MaskNode): number {
    return this.#numberOf(a) * NODES + this.#numberOf(b);
  }

  #numberOf(node: MaskNode): number {
    let number = this.#numbers.get(node);
    if (number === undefined) {
      number = this.#numbers.size;
      this.#numbers.set(node, number);
    }
    return number;
  }
}
