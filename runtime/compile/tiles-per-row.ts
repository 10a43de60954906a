import type { MaskNode, MaskTree } from './mask-tree.ts';

/** Tiles that hold a pair, for each row of tiles. [ceil(queries / tile.queries)] */
export function tilesPerRow(tree: MaskTree): Uint32Array {
  const counts = new Uint32Array(Math.ceil(tree.queries / tree.tile.queries));
  new RowCounter(tree.tile.queries, tree.tile.keys).add(tree.root, tree.levels, counts, 0);
  return counts;
}

/** Adds up rows of tiles; a node that was met before is not walked again. */
class RowCounter {
  readonly #queries: number;
  readonly #keys: number;
  readonly #met = new Set<MaskNode>();
  readonly #known = new Map<MaskNode, Uint32Array>();

  constructor(queries: number, keys: number) {
    this.#queries = queries;
    this.#keys = keys;
  }

  add(node: MaskNode | null, level: number, counts: Uint32Array, row: number): void {
    if (node === null) return;
    if (node.full) {
      const tiles = node.keys / this.#keys;
      for (let r = 0; r < node.rows / this.#queries; r++) counts[row + r] = (counts[row + r] ?? 0) + tiles;
      return;
    }
    if (node.children === undefined) {
      counts[row] = (counts[row] ?? 0) + 1;
      return;
    }
    // Where tiles are rarer than rows of tiles, walking to them costs less than remembering.
    if (node.fullTiles + node.partialTiles < 2 ** level) {
      this.#walk(node.children, level, counts, row);
      return;
    }
    const known = this.#known.get(node);
    if (known !== undefined) addTo(counts, row, known);
    else if (this.#met.has(node)) {
      // Only what is met a second time is worth remembering: an irregular mask would fill memory otherwise.
      const own = new Uint32Array(Math.ceil(node.rows / this.#queries));
      this.#walk(node.children, level, own, 0);
      this.#known.set(node, own);
      addTo(counts, row, own);
    } else {
      this.#met.add(node);
      this.#walk(node.children, level, counts, row);
    }
  }

  #walk(children: NonNullable<MaskNode['children']>, level: number, counts: Uint32Array, row: number): void {
    const half = 2 ** (level - 1);
    this.add(children[0], level - 1, counts, row);
    this.add(children[1], level - 1, counts, row);
    this.add(children[2], level - 1, counts, row + half);
    this.add(children[3], level - 1, counts, row + half);
  }
}

function addTo(counts: Uint32Array, row: number, own: Uint32Array): void {
  for (let r = 0; r < own.length; r++) counts[row + r] = (counts[row + r] ?? 0) + (own[r] ?? 0);
}
