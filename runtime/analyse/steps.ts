import type { MaskNode, MaskTree } from '../compile/mask-tree.ts';
import { type Neighbours, neighboursOf, UNREACHED } from './neighbours.ts';

/** Pairs up to which they may be listed one by one, 4 bytes each. */
const MOST_LISTED = 2 ** 24;
/** Share of its tiles that a mask fills at the most to be called scattered: walking a tree for each row is slow then. */
const SCATTERED = 1 / 8;

/** Follows the pairs of a mask from position to position; every position is a query and a key. */
export class Steps {
  readonly #tree: MaskTree;
  readonly #words: number;
  readonly #neighbours: Neighbours | undefined;
  readonly #checkpoint: (() => void) | undefined;

  /** `tree`: of a mask with as many queries as keys. */
  constructor(tree: MaskTree, checkpoint?: () => void) {
    this.#tree = tree;
    this.#words = Math.ceil(tree.tile.keys / 32);
    this.#checkpoint = checkpoint;
    if (isScattered(tree)) this.#neighbours = neighboursOf(tree, checkpoint);
  }

  /** Fewest steps in which a query gets to each position, UNREACHED where it never does. [tokens] */
  distances(start: number): Int32Array {
    return this.#search(start, undefined).distance;
  }

  /** The positions of a shortest way from a query to a key, both included; undefined when there is none. */
  path(query: number, key: number): readonly number[] | undefined {
    const { distance, before } = this.#search(query, key);
    if (distance[key] === UNREACHED) return undefined;
    const back = [key];
    for (let at = key; at !== query; ) {
      at = before[at] ?? query;
      back.push(at);
    }
    return back.reverse();
  }

  /** Breadth first, until everything or `goal` is reached. */
  #search(start: number, goal: number | undefined): { readonly distance: Int32Array; readonly before: Int32Array } {
    const tokens = this.#tree.keys;
    const distance = new Int32Array(tokens).fill(UNREACHED);
    const before = new Int32Array(tokens);
    const side = this.#tree.tile.keys;
    // How many positions of each tile are still to be reached: tiles without any are not opened.
    const left = new Uint32Array(Math.ceil(tokens / side)).fill(side);
    left[left.length - 1] = tokens - (left.length - 1) * side;
    const queue = new Uint32Array(tokens);
    let end = 0;
    const add = (key: number, from: number, steps: number): void => {
      if (distance[key] !== UNREACHED) return;
      distance[key] = steps;
      before[key] = from;
      const tile = Math.floor(key / side);
      left[tile] = (left[tile] ?? 0) - 1;
      queue[end++] = key;
    };
    add(start, start, 0);
    for (let next = 0; next < end && end < tokens && (goal === undefined || distance[goal] === UNREACHED); next++) {
      if ((next & 0xff) === 0) this.#checkpoint?.();
      const query = queue[next] ?? 0;
      const steps = (distance[query] ?? 0) + 1;
      this.#row(query, left, (from, to) => {
        for (let tile = Math.floor(from / side); tile * side < to; tile++) {
          if (left[tile] === 0) continue;
          for (let key = Math.max(from, tile * side); key < Math.min(to, (tile + 1) * side); key++)
            add(key, query, steps);
        }
      });
    }
    return { distance, before };
  }

  /** Tells `visit` the stretches of keys that a query sees, but for tiles in which nothing is `left` to reach. */
  #row(query: number, left: Uint32Array, visit: (from: number, to: number) => void): void {
    if (this.#neighbours !== undefined) {
      const { start, key } = this.#neighbours;
      for (let at = start[query] ?? 0; at < (start[query + 1] ?? 0); at++) visit(key[at] ?? 0, (key[at] ?? 0) + 1);
      return;
    }
    const walk = (node: MaskNode | null, level: number, row: number, column: number): void => {
      if (node === null) return;
      if (node.full) visit(column, column + node.keys);
      else if (node.children === undefined) {
        if (left[Math.floor(column / this.#tree.tile.keys)] !== 0) this.#tileRow(node, row, column, visit);
      } else {
        const rows = this.#tree.tile.queries * 2 ** (level - 1);
        const keys = this.#tree.tile.keys * 2 ** (level - 1);
        const below = row < rows ? 0 : 2;
        const inside = row < rows ? row : row - rows;
        walk(node.children[below], level - 1, inside, column);
        walk(node.children[below + 1] ?? null, level - 1, inside, column + keys);
      }
    };
    walk(this.#tree.root, this.#tree.levels, query, 0);
  }

  #tileRow(node: MaskNode, row: number, column: number, visit: (from: number, to: number) => void): void {
    const start = (node.maskId ?? 0) * this.#tree.tile.queries * this.#words + row * this.#words;
    for (let w = 0; w < this.#words; w++)
      for (let bits = this.#tree.masks[start + w] ?? 0; bits !== 0; bits &= bits - 1) {
        const key = column + 32 * w + 31 - Math.clz32(bits & -bits);
        visit(key, key + 1);
      }
  }
}

function isScattered({ root, tile }: MaskTree): boolean {
  if (root === null || root.pairs > MOST_LISTED) return false;
  return root.pairs <= SCATTERED * tile.queries * tile.keys * (root.fullTiles + root.partialTiles);
}
