import { checkListed, type MaskNode, type MaskTree } from '../compile/mask-tree.ts';

/**
 * The last row of a mask that sees each key, -1 for a key that nobody sees. [keys] `checkpoint` may stop it by throwing.
 * Throws CompileError.
 */
export function lastRows(tree: MaskTree, checkpoint?: () => void): Int32Array {
  checkListed(tree.keys);
  const last = new Int32Array(tree.keys).fill(-1);
  new LastRowFinder(tree, checkpoint).add(tree.root, tree.levels, last, 0, 0);
  return last;
}

/**
 * Most keys that are needed at once while a sequence is decoded one token at a time: a key is kept from its own position
 * until the last query that sees it. So a window of `w` keys needs `w`, one with `s` sinks `w + s`, a causal mask all, and
 * a strided one nearly all, because every key waits for a later query.
 *
 * `last`: as `lastRows` gives it, of one head or the largest of several that share their keys. Row r sits at position
 * `offset + r`; only the positions of those `queries` rows are looked at, so that a single row needs what it sees.
 */
export function mostKeysAtOnce(last: Int32Array, offset: number, queries: number): number {
  // How many keys more than at the row before are needed at each row.
  const change = new Int32Array(queries + 1);
  for (let key = 0; key < last.length; key++) {
    const from = Math.max(0, key - offset);
    const until = last[key] ?? -1;
    if (until < from) continue;
    change[from] = (change[from] ?? 0) + 1;
    change[until + 1] = (change[until + 1] ?? 0) - 1;
  }
  let kept = 0;
  let most = 0;
  for (const difference of change) {
    kept += difference;
    most = Math.max(most, kept);
  }
  return most;
}

/** Finds last rows; a node that was met before is not walked again. */
class LastRowFinder {
  readonly #tree: MaskTree;
  readonly #words: number;
  readonly #met = new Set<MaskNode>();
  readonly #known = new Map<MaskNode, Int32Array>();
  readonly #checkpoint: (() => void) | undefined;

  constructor(tree: MaskTree, checkpoint: (() => void) | undefined) {
    this.#tree = tree;
    this.#checkpoint = checkpoint;
    this.#words = Math.ceil(tree.tile.keys / 32);
  }

  add(node: MaskNode | null, level: number, last: Int32Array, row: number, column: number): void {
    if (node === null) return;
    this.#checkpoint?.();
    if (node.full) {
      raise(last, column, node.keys, row + node.rows - 1);
      return;
    }
    let own = this.#known.get(node);
    if (own === undefined) {
      // Only what is met a second time is worth remembering: an irregular mask would fill memory otherwise.
      if (!this.#met.has(node)) {
        this.#met.add(node);
        this.#walk(node, level, last, row, column);
        return;
      }
      own = new Int32Array(node.keys).fill(-1);
      this.#walk(node, level, own, 0, 0);
      this.#known.set(node, own);
    }
    for (let key = 0; key < own.length; key++) {
      const inside = own[key] ?? -1;
      if (inside >= 0 && row + inside > (last[column + key] ?? -1)) last[column + key] = row + inside;
    }
  }

  #walk(node: MaskNode, level: number, last: Int32Array, row: number, column: number): void {
    if (node.children !== undefined) {
      const rows = this.#tree.tile.queries * 2 ** (level - 1);
      const keys = this.#tree.tile.keys * 2 ** (level - 1);
      const [topLeft, topRight, bottomLeft, bottomRight] = node.children;
      this.add(bottomLeft, level - 1, last, row + rows, column);
      this.add(bottomRight, level - 1, last, row + rows, column + keys);
      this.add(topLeft, level - 1, last, row, column);
      this.add(topRight, level - 1, last, row, column + keys);
      return;
    }
    const start = (node.maskId ?? 0) * this.#tree.tile.queries * this.#words;
    for (let w = 0; w < this.#words; w++) {
      let found = 0;
      for (let r = node.rows - 1; r >= 0 && found !== -1; r--) {
        const bits = this.#tree.masks[start + r * this.#words + w] ?? 0;
        for (let fresh = bits & ~found; fresh !== 0; fresh &= fresh - 1)
          raise(last, column + 32 * w + 31 - Math.clz32(fresh & -fresh), 1, row + r);
        found |= bits;
      }
    }
  }
}

function raise(last: Int32Array, from: number, count: number, row: number): void {
  for (let key = from; key < from + count; key++) if ((last[key] ?? -1) < row) last[key] = row;
}
