import {
  buildMaskTree,
  CompileError,
  type CompileOptions,
  type MaskNode,
  type MaskTree,
} from '../compile/mask-tree.ts';
import { coverageOf, EVERYTHING, NOTHING } from '../pattern/algebra.ts';
import { bitsBetween } from '../pattern/bits.ts';
import type { Box, Coverage, Mask } from '../pattern/mask.ts';
import type { Shape } from '../pattern/shape.ts';

/** Tiles of the smallest size: boxes of larger ones are squares of the tree. */
const TILE = { queries: 16, keys: 16 };

/**
 * The same mask read off its tree, for whoever asks again and again: conditions and unions of many heads are slow to
 * ask. The mask itself where its tree would be too large. `shape` has as many queries as tokens.
 */
export function treeMask(mask: Mask, shape: Shape, options: CompileOptions = {}): Mask {
  try {
    const tree = buildMaskTree(mask, shape, { ...options, tile: TILE });
    return tree.root === null ? NOTHING : new TreeMask(new Numbered(tree), tree.root, tree.levels, 0, 0);
  } catch (error) {
    if (error instanceof CompileError) return mask;
    throw error;
  }
}

/** The tree that a whole mask is read off, if it is one of those. */
export function treeBehind(mask: Mask): MaskTree | undefined {
  if (!(mask instanceof TreeMask)) return undefined;
  const { tree } = mask.kin;
  return mask.node === tree.root ? tree : undefined;
}

/** A tree and the numbers by which its squares are named. */
class Numbered {
  readonly tree: MaskTree;
  readonly #numbers = new Map<MaskNode, number>();

  constructor(tree: MaskTree) {
    this.tree = tree;
  }

  numberOf(node: MaskNode): number {
    let number = this.#numbers.get(node);
    if (number === undefined) {
      number = this.#numbers.size;
      this.#numbers.set(node, number);
    }
    return number;
  }
}

/** One square of a tree, in its place. */
class TreeMask implements Mask {
  /** Squares of one tree share their names. */
  readonly kin: Numbered;
  readonly node: MaskNode;
  readonly #level: number;
  readonly #row: number;
  readonly #column: number;

  constructor(kin: Numbered, node: MaskNode, level: number, row: number, column: number) {
    this.kin = kin;
    this.node = node;
    this.#level = level;
    this.#row = row;
    this.#column = column;
  }

  classify(box: Box): Coverage {
    return coverageOf(this.narrow(box));
  }

  narrow(box: Box): Mask {
    let [node, level, row, column] = [this.node, this.#level, this.#row, this.#column];
    for (;;) {
      if (node.full) return EVERYTHING;
      if (node.children === undefined) break;
      const half = TILE.queries * 2 ** (level - 1);
      const below = box.row >= row + half;
      const right = box.column >= column + half;
      // A box that several squares share stays with the square around them.
      if ((!below && box.rowEnd > row + half) || (!right && box.columnEnd > column + half)) break;
      const child: MaskNode | null = node.children[below ? (right ? 3 : 2) : right ? 1 : 0];
      if (child === null) return NOTHING;
      node = child;
      level--;
      if (below) row += half;
      if (right) column += half;
    }
    return node === this.node ? this : new TreeMask(this.kin, node, level, row, column);
  }

  signature(box: Box): string | undefined {
    const whole =
      box.row === this.#row &&
      box.column === this.#column &&
      box.rowEnd - box.row === this.node.rows &&
      box.columnEnd - box.column === this.node.keys;
    return whole ? String(this.kin.numberOf(this.node)) : undefined;
  }

  word(row: number, column: number): number {
    let word = 0;
    for (let key = column; key < column + 32; ) {
      const { bits, end } = this.#stretch(row, key);
      word |= shifted(bits, key - column);
      key = end;
    }
    return word;
  }

  /** The bits of a row from a key to the end of the smallest square around it; none outside of this square. */
  #stretch(row: number, key: number): { readonly bits: number; readonly end: number } {
    let node: MaskNode | null = this.node;
    let [top, left] = [this.#row, this.#column];
    let side = TILE.keys * 2 ** this.#level;
    if (row < top || row >= top + side || key < left || key >= left + side)
      return { bits: 0, end: key < left ? left : key + 32 };
    while (node !== null && !node.full && node.children !== undefined) {
      side /= 2;
      const below: boolean = row >= top + side;
      const right: boolean = key >= left + side;
      node = node.children[below ? (right ? 3 : 2) : right ? 1 : 0];
      if (below) top += side;
      if (right) left += side;
    }
    const end = left + side;
    if (node === null) return { bits: 0, end };
    if (node.full) return { bits: bitsBetween(0, end - key), end };
    const { tile, masks } = this.kin.tree;
    return { bits: (masks[(node.maskId ?? 0) * tile.queries + (row - top)] ?? 0) >>> (key - left), end };
  }
}

function shifted(bits: number, by: number): number {
  return by >= 32 ? 0 : bits << by;
}
