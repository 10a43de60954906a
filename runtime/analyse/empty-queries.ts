import { buildMaskTree, type CompileOptions, type MaskNode, type MaskTree } from '../compile/mask-tree.ts';
import { Progression } from '../pattern/difference-mask.ts';
import type { Mask } from '../pattern/mask.ts';
import type { Shape } from '../pattern/shape.ts';
import { pairOutside } from './find-pair.ts';

const DIAGONAL: Mask = new Progression(0, 0);

/**
 * Position of the first query of a shape that attends to nothing; undefined when every query has a key.
 * Throws CompileError when the mask is too large to know.
 */
export function firstEmptyQuery(mask: Mask, shape: Shape, options: CompileOptions = {}): number | undefined {
  // Nearly every mask lets a query see itself, and that is quickly known.
  if (pairOutside(DIAGONAL, mask, shape, options) === undefined) return undefined;
  const row = firstEmptyRow(buildMaskTree(mask, shape, options));
  return row === undefined ? undefined : shape.offset + row;
}

/**
 * The first row of a mask without a key, counted from the first row of the tree; undefined when every row has one.
 *
 * Rows are looked at in halves: what a half holds is the set of nodes beside each other in it, and sets that came up
 * before are not looked at again, so that the cost follows the distinct stretches of the mask.
 */
export function firstEmptyRow(tree: MaskTree): number | undefined {
  if (tree.root === null) return 0;
  return new EmptyRowSearch(tree).search([tree.root], tree.levels, 0, tree.queries);
}

class EmptyRowSearch {
  readonly #tree: MaskTree;
  readonly #words: number;
  readonly #numbers = new Map<MaskNode, number>();
  /** Sets of nodes that leave no row empty. */
  readonly #covered = new Set<string>();

  constructor(tree: MaskTree) {
    this.#tree = tree;
    this.#words = Math.ceil(tree.tile.keys / 32);
  }

  /** `nodes`: the distinct nodes of one band of `rows` rows. */
  search(nodes: readonly MaskNode[], level: number, row: number, rows: number): number | undefined {
    if (rows <= 0) return undefined;
    if (nodes.length === 0) return row;
    if (nodes.some(node => node.full)) return undefined;
    const name = `${rows}:${nodes.map(node => this.#numberOf(node)).sort((a, b) => a - b)}`;
    if (this.#covered.has(name)) return undefined;
    const found = level === 0 ? this.#inTiles(nodes, row, rows) : this.#inHalves(nodes, level, row, rows);
    if (found === undefined) this.#covered.add(name);
    return found;
  }

  #inHalves(nodes: readonly MaskNode[], level: number, row: number, rows: number): number | undefined {
    const half = this.#tree.tile.queries * 2 ** (level - 1);
    const top = new Set<MaskNode>();
    const bottom = new Set<MaskNode>();
    for (const { children } of nodes) {
      if (children === undefined) continue;
      const [topLeft, topRight, bottomLeft, bottomRight] = children;
      if (topLeft !== null) top.add(topLeft);
      if (topRight !== null) top.add(topRight);
      if (bottomLeft !== null) bottom.add(bottomLeft);
      if (bottomRight !== null) bottom.add(bottomRight);
    }
    return (
      this.search([...top], level - 1, row, Math.min(half, rows)) ??
      this.search([...bottom], level - 1, row + half, rows - half)
    );
  }

  #inTiles(nodes: readonly MaskNode[], row: number, rows: number): number | undefined {
    const size = this.#tree.tile.queries * this.#words;
    for (let r = 0; r < rows; r++) {
      const empty = nodes.every(({ maskId }) => {
        const start = (maskId ?? 0) * size + r * this.#words;
        for (let w = 0; w < this.#words; w++) if (this.#tree.masks[start + w] !== 0) return false;
        return true;
      });
      if (empty) return row + r;
    }
    return undefined;
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
