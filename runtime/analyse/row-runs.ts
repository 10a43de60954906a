import { checkListed, type MaskNode, type MaskTree } from '../compile/mask-tree.ts';
import { popcount } from '../pattern/bits.ts';

/** Runs of keys without a gap in each query row. [queries] Throws CompileError. */
export function rowRuns(tree: MaskTree): Uint32Array {
  checkListed(tree.queries);
  return new RunCounter(tree).count();
}

/** What a square adds to its rows. */
interface Rows {
  /** Runs that begin in the square. */
  readonly runs: Uint32Array;
  /** 1 where the first key of the square is allowed. */
  readonly first: Uint8Array;
  /** 1 where the last key of the square is allowed. */
  readonly last: Uint8Array;
}

/** Counts from the first key to the last, so that a run is met at its end; a node that was met before is not walked again. */
class RunCounter {
  readonly #tree: MaskTree;
  readonly #words: number;
  readonly #met = new Set<MaskNode>();
  readonly #known = new Map<MaskNode, Rows>();

  constructor(tree: MaskTree) {
    this.#tree = tree;
    this.#words = Math.ceil(tree.tile.keys / 32);
  }

  count(): Uint32Array {
    const { queries, root, levels } = this.#tree;
    const walk = new Walk(queries);
    this.#add(root, levels, walk, 0, 0);
    return walk.runs;
  }

  #add(node: MaskNode | null, level: number, walk: Walk, row: number, key: number): void {
    if (node === null) return;
    if (node.full) {
      for (let r = 0; r < node.rows; r++) walk.run(row + r, key, key + node.keys);
      return;
    }
    if (!this.#met.has(node)) {
      // Only what is met a second time is worth remembering: an irregular mask would fill memory otherwise.
      this.#met.add(node);
      this.#walk(node, level, walk, row, key);
      return;
    }
    let known = this.#known.get(node);
    if (known === undefined) {
      const own = new Walk(node.rows);
      this.#walk(node, level, own, 0, 0);
      known = own.rows(node.keys);
      this.#known.set(node, known);
    }
    for (let r = 0; r < node.rows; r++)
      walk.add(row + r, key, known.runs[r] ?? 0, known.first[r] === 1, known.last[r] === 1 ? key + node.keys : -1);
  }

  #walk(node: MaskNode, level: number, walk: Walk, row: number, key: number): void {
    if (node.children === undefined) {
      this.#tileRows(node, walk, row, key);
      return;
    }
    const rows = this.#tree.tile.queries * 2 ** (level - 1);
    const keys = this.#tree.tile.keys * 2 ** (level - 1);
    this.#add(node.children[0], level - 1, walk, row, key);
    this.#add(node.children[1], level - 1, walk, row, key + keys);
    this.#add(node.children[2], level - 1, walk, row + rows, key);
    this.#add(node.children[3], level - 1, walk, row + rows, key + keys);
  }

  #tileRows(node: MaskNode, walk: Walk, row: number, key: number): void {
    const start = (node.maskId ?? 0) * this.#tree.tile.queries * this.#words;
    const lastKey = node.keys - 1;
    for (let r = 0; r < node.rows; r++) {
      const words = start + r * this.#words;
      let runs = 0;
      let carry = 0;
      for (let w = 0; w < this.#words; w++) {
        const word = this.#tree.masks[words + w] ?? 0;
        // A bit begins a run where the one before it is clear.
        runs += popcount(word & ~((word << 1) | carry));
        carry = word >>> 31;
      }
      if (runs === 0) continue;
      const first = ((this.#tree.masks[words] ?? 0) & 1) === 1;
      const last = (((this.#tree.masks[words + (lastKey >>> 5)] ?? 0) >>> (lastKey & 31)) & 1) === 1;
      walk.add(row + r, key, runs, first, last ? key + node.keys : -1);
    }
  }
}

/** Rows that are read from the first key to the last. */
class Walk {
  readonly runs: Uint32Array;
  readonly #first: Uint8Array;
  /** Where the last run of a row ended. */
  readonly #end: Int32Array;

  constructor(rows: number) {
    this.runs = new Uint32Array(rows);
    this.#first = new Uint8Array(rows);
    this.#end = new Int32Array(rows).fill(-1);
  }

  run(row: number, from: number, to: number): void {
    this.add(row, from, 1, true, to);
  }

  /** `runs` runs from key `from` on; `first`: one begins there; `end`: where the last one ends, if it may go on. */
  add(row: number, from: number, runs: number, first: boolean, end: number): void {
    if (runs === 0) return;
    this.runs[row] = (this.runs[row] ?? 0) + runs - (first && this.#end[row] === from ? 1 : 0);
    if (first && from === 0) this.#first[row] = 1;
    if (end >= 0) this.#end[row] = end;
  }

  rows(keys: number): Rows {
    return { runs: this.runs, first: this.#first, last: Uint8Array.from(this.#end, end => (end === keys ? 1 : 0)) };
  }
}
