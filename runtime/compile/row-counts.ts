import { popcount } from '../pattern/bits.ts';
import type { MaskNode, MaskTree } from './mask-tree.ts';

/** Keys of each query row. [queries] */
export function rowCounts(tree: MaskTree): Uint32Array {
  const counts = new Uint32Array(tree.queries);
  new RowCounter(tree).add(tree.root, tree.levels, counts, 0);
  return counts;
}

/** Adds up rows; a node that was met before is not walked again. */
class RowCounter {
  readonly #tree: MaskTree;
  readonly #words: number;
  readonly #met = new Set<MaskNode>();
  readonly #known = new Map<MaskNode, Uint32Array>();

  constructor(tree: MaskTree) {
    this.#tree = tree;
    this.#words = Math.ceil(tree.tile.keys / 32);
  }

  add(node: MaskNode | null, level: number, counts: Uint32Array, row: number): void {
    if (node === null) return;
    if (node.full) {
      for (let r = 0; r < node.rows; r++) counts[row + r] = (counts[row + r] ?? 0) + node.keys;
      return;
    }
    const known = this.#known.get(node);
    if (known !== undefined) {
      for (let r = 0; r < known.length; r++) counts[row + r] = (counts[row + r] ?? 0) + (known[r] ?? 0);
      return;
    }
    // Only what is met a second time is worth remembering: an irregular mask would fill memory otherwise.
    if (this.#met.has(node)) {
      const own = new Uint32Array(node.rows);
      this.#walk(node, level, own, 0);
      this.#known.set(node, own);
      for (let r = 0; r < own.length; r++) counts[row + r] = (counts[row + r] ?? 0) + (own[r] ?? 0);
      return;
    }
    this.#met.add(node);
    this.#walk(node, level, counts, row);
  }

  #walk(node: MaskNode, level: number, counts: Uint32Array, row: number): void {
    if (node.children === undefined) {
      const start = (node.maskId ?? 0) * this.#tree.tile.queries * this.#words;
      for (let r = 0; r < node.rows; r++) {
        let keys = 0;
        for (let w = 0; w < this.#words; w++) keys += popcount(this.#tree.masks[start + r * this.#words + w] ?? 0);
        counts[row + r] = (counts[row + r] ?? 0) + keys;
      }
      return;
    }
    const half = this.#tree.tile.queries * 2 ** (level - 1);
    this.add(node.children[0], level - 1, counts, row);
    this.add(node.children[1], level - 1, counts, row);
    this.add(node.children[2], level - 1, counts, row + half);
    this.add(node.children[3], level - 1, counts, row + half);
  }
}
