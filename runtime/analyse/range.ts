import type { MaskNode, MaskTree } from '../compile/mask-tree.ts';

/** How far the queries of a mask look, in tokens. */
export interface Range {
  /** Largest i - j of a pair, 0 when no query sees an earlier key. */
  readonly back: number;
  /** Largest j - i of a pair, 0 when no query sees a later key: the mask is causal. */
  readonly ahead: number;
}

/**
 * The farthest keys that a mask reaches, back and ahead. Row 0 of the tree sits at position `offset`, as in its shape.
 * Exact; 0 and 0 for an empty mask.
 */
export function rangeOf(tree: MaskTree, offset = 0): Range {
  const differences = new RangeFinder(tree).of(tree.root, tree.levels);
  if (differences === undefined) return { back: 0, ahead: 0 };
  return { back: Math.max(0, differences.max + offset), ahead: Math.max(0, -(differences.min + offset)) };
}

/** Least and largest row - column of a node's pairs, both counted from its corner: shared nodes have no other place. */
interface Differences {
  readonly min: number;
  readonly max: number;
}

class RangeFinder {
  readonly #tree: MaskTree;
  readonly #words: number;
  readonly #known = new Map<MaskNode, Differences | undefined>();

  constructor(tree: MaskTree) {
    this.#tree = tree;
    this.#words = Math.ceil(tree.tile.keys / 32);
  }

  of(node: MaskNode | null, level: number): Differences | undefined {
    if (node === null) return undefined;
    if (node.full) return { min: -(node.keys - 1), max: node.rows - 1 };
    if (this.#known.has(node)) return this.#known.get(node);
    const found = node.children === undefined ? this.#inTile(node) : this.#below(node.children, level);
    this.#known.set(node, found);
    return found;
  }

  #below(children: NonNullable<MaskNode['children']>, level: number): Differences | undefined {
    const rows = this.#tree.tile.queries * 2 ** (level - 1);
    const keys = this.#tree.tile.keys * 2 ** (level - 1);
    let min = Number.POSITIVE_INFINITY;
    let max = Number.NEGATIVE_INFINITY;
    for (const [index, child] of children.entries()) {
      const part = this.of(child, level - 1);
      if (part === undefined) continue;
      const shift = (index >= 2 ? rows : 0) - (index % 2 === 1 ? keys : 0);
      min = Math.min(min, part.min + shift);
      max = Math.max(max, part.max + shift);
    }
    return min > max ? undefined : { min, max };
  }

  #inTile(node: MaskNode): Differences | undefined {
    const start = (node.maskId ?? 0) * this.#tree.tile.queries * this.#words;
    let min = Number.POSITIVE_INFINITY;
    let max = Number.NEGATIVE_INFINITY;
    for (let row = 0; row < node.rows; row++)
      for (let w = 0; w < this.#words; w++) {
        const bits = this.#tree.masks[start + row * this.#words + w] ?? 0;
        if (bits === 0) continue;
        const first = 32 * w + 31 - Math.clz32(bits & -bits);
        const last = 32 * w + 31 - Math.clz32(bits);
        min = Math.min(min, row - last);
        max = Math.max(max, row - first);
      }
    return min > max ? undefined : { min, max };
  }
}
