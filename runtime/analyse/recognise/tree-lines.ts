import type { MaskNode, MaskTree } from '../../compile/mask-tree.ts';
import type { Intervals } from './intervals.ts';

/** Reads single rows and columns of a compiled mask as runs: cost follows the tiles that hold a pair there. */
export class TreeLines {
  readonly #tree: MaskTree;
  readonly #words: number;

  constructor(tree: MaskTree) {
    this.#tree = tree;
    this.#words = Math.ceil(tree.tile.keys / 32);
  }

  /** Keys of a query row. */
  row(row: number): Intervals {
    const runs: number[] = [];
    const walk = (node: MaskNode | null, level: number, top: number, left: number): void => {
      if (node === null) return;
      if (node.full) extend(runs, left, left + node.keys);
      else if (node.children === undefined) this.#tileRow(node, row - top, left, runs);
      else {
        const rows = this.#tree.tile.queries * 2 ** (level - 1);
        const keys = this.#tree.tile.keys * 2 ** (level - 1);
        const below = row >= top + rows;
        walk(node.children[below ? 2 : 0], level - 1, below ? top + rows : top, left);
        walk(node.children[below ? 3 : 1], level - 1, below ? top + rows : top, left + keys);
      }
    };
    walk(this.#tree.root, this.#tree.levels, 0, 0);
    return runs;
  }

  /** Query rows that attend to a key. */
  column(key: number): Intervals {
    const runs: number[] = [];
    const walk = (node: MaskNode | null, level: number, top: number, left: number): void => {
      if (node === null) return;
      if (node.full) extend(runs, top, top + node.rows);
      else if (node.children === undefined) this.#tileColumn(node, key - left, top, runs);
      else {
        const rows = this.#tree.tile.queries * 2 ** (level - 1);
        const keys = this.#tree.tile.keys * 2 ** (level - 1);
        const right = key >= left + keys;
        walk(node.children[right ? 1 : 0], level - 1, top, right ? left + keys : left);
        walk(node.children[right ? 3 : 2], level - 1, top + rows, right ? left + keys : left);
      }
    };
    walk(this.#tree.root, this.#tree.levels, 0, 0);
    return runs;
  }

  #tileRow(node: MaskNode, row: number, left: number, runs: number[]): void {
    const start = ((node.maskId ?? 0) * this.#tree.tile.queries + row) * this.#words;
    for (let word = 0; word < this.#words; word++) {
      const bits = this.#tree.masks[start + word] ?? 0;
      for (let from = trailingZeros(bits); from < 32; ) {
        const to = from + trailingZeros(~(bits >>> from));
        extend(runs, left + 32 * word + from, left + 32 * word + to);
        from = to >= 32 ? 32 : to + trailingZeros(bits >>> to);
      }
    }
  }

  #tileColumn(node: MaskNode, key: number, top: number, runs: number[]): void {
    const start = (node.maskId ?? 0) * this.#tree.tile.queries * this.#words + (key >>> 5);
    for (let row = 0; row < node.rows; row++)
      if ((((this.#tree.masks[start + row * this.#words] ?? 0) >>> (key & 31)) & 1) === 1)
        extend(runs, top + row, top + row + 1);
  }
}

function extend(runs: number[], from: number, to: number): void {
  const last = runs.length - 1;
  if (last >= 0 && runs[last] === from) runs[last] = to;
  else runs.push(from, to);
}

function trailingZeros(word: number): number {
  return word === 0 ? 32 : 31 - Math.clz32(word & -word);
}
