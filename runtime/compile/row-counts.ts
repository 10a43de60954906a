import { popcount } from '../pattern/bits.ts';
import { checkListed, type MaskNode, type MaskTree } from './mask-tree.ts';

/** Keys of each query row. [queries] Throws CompileError. */
export function rowCounts(tree: MaskTree): Float64Array {
  checkListed(tree.queries);
  const counts = new Float64Array(tree.queries);
  new RowCounter(tree).add(tree.root, tree.levels, counts, 0, 1);
  return counts;
}

/** How many keys the query rows of a mask have. */
export interface RowProfile {
  readonly min: number;
  readonly max: number;
  /** Rows without any key. */
  readonly emptyRows: number;
}

/** Rows are written out in bands of 2**10 tiles; in longer ones where there would be more than 2**11 bands. */
const BAND_LEVELS = 10;
const MAX_BANDS_LEVELS = 11;

/**
 * Keys per query row, exactly. Rows are written out in bands, and bands that meet the same squares only once, so that
 * memory stays within one band however long the sequence is. `bandLevels`: log2 of the tiles of a band.
 */
export function rowProfile(
  tree: MaskTree,
  bandLevels = Math.max(BAND_LEVELS, tree.levels - MAX_BANDS_LEVELS),
): RowProfile {
  const levels = Math.min(bandLevels, tree.levels);
  const rows = tree.tile.queries * 2 ** levels;
  const bands: Band[] = Array.from({ length: Math.ceil(tree.queries / rows) }, (_, band) => ({
    rows: Math.min(rows, tree.queries - band * rows),
    base: 0,
    squares: new Map(),
  }));
  sortIntoBands(tree, levels, bands);
  const counter = new RowCounter(tree);
  const known = new Map<string, RowProfile>();
  const names = new Map<MaskNode, number>();
  let whole: RowProfile = { min: Number.POSITIVE_INFINITY, max: 0, emptyRows: 0 };
  for (const band of bands) {
    const name = `${band.rows}:${[...band.squares].map(([node, times]) => `${times}x${nameOf(node, names)}`).join()}`;
    let profile = known.get(name);
    if (profile === undefined) {
      profile = profileOf(band, levels, counter);
      known.set(name, profile);
    }
    whole = {
      min: Math.min(whole.min, band.base + profile.min),
      max: Math.max(whole.max, band.base + profile.max),
      emptyRows: whole.emptyRows + (band.base === 0 ? profile.emptyRows : 0),
    };
  }
  return whole;
}

/** Some rows of tiles, over all keys. */
interface Band {
  readonly rows: number;
  /** Keys that all rows have alike. */
  base: number;
  /** Every other square in the band, with how often it comes. */
  readonly squares: Map<MaskNode, number>;
}

function sortIntoBands(tree: MaskTree, levels: number, bands: readonly Band[]): void {
  const walk = (node: MaskNode | null, level: number, first: number): void => {
    if (node === null) return;
    const end = Math.min(bands.length, first + 2 ** Math.max(0, level - levels));
    if (node.full) for (const band of bands.slice(first, end)) band.base += node.keys;
    else if (level === levels || node.children === undefined) {
      const squares = bands[first]?.squares;
      squares?.set(node, (squares.get(node) ?? 0) + 1);
    } else {
      const half = 2 ** (level - 1 - levels);
      walk(node.children[0], level - 1, first);
      walk(node.children[1], level - 1, first);
      walk(node.children[2], level - 1, first + half);
      walk(node.children[3], level - 1, first + half);
    }
  };
  walk(tree.root, tree.levels, 0);
}

function nameOf(node: MaskNode, names: Map<MaskNode, number>): number {
  let name = names.get(node);
  if (name === undefined) {
    name = names.size;
    names.set(node, name);
  }
  return name;
}

function profileOf(band: Band, levels: number, counter: RowCounter): RowProfile {
  const counts = new Float64Array(band.rows);
  for (const [node, times] of band.squares) counter.add(node, levels, counts, 0, times);
  let min = Number.POSITIVE_INFINITY;
  let max = 0;
  let emptyRows = 0;
  for (const count of counts) {
    if (count < min) min = count;
    if (count > max) max = count;
    if (count === 0) emptyRows++;
  }
  return { min, max, emptyRows };
}

/** Adds up rows; a square with many tiles that was met before is not walked again. */
class RowCounter {
  readonly #tree: MaskTree;
  readonly #words: number;
  readonly #met = new Set<MaskNode>();
  readonly #known = new Map<MaskNode, Float64Array>();
  /** Keys of each row of a stored mask, by its number. */
  readonly #masks: Uint16Array[] = [];

  constructor(tree: MaskTree) {
    this.#tree = tree;
    this.#words = Math.ceil(tree.tile.keys / 32);
  }

  add(node: MaskNode | null, level: number, counts: Float64Array, row: number, times: number): void {
    if (node === null) return;
    if (node.full) {
      for (let r = 0; r < node.rows; r++) counts[row + r] = (counts[row + r] ?? 0) + times * node.keys;
      return;
    }
    // Where tiles are rarer than rows of tiles, walking to them costs less than adding all rows.
    if (node.fullTiles + node.partialTiles < 2 ** level || level === 0) {
      this.#walk(node, level, counts, row, times);
      return;
    }
    const known = this.#known.get(node);
    if (known !== undefined) addTo(counts, row, known, times);
    else if (this.#met.has(node)) {
      // Only what is met a second time is worth remembering: an irregular mask would fill memory otherwise.
      const own = new Float64Array(node.rows);
      this.#walk(node, level, own, 0, 1);
      this.#known.set(node, own);
      addTo(counts, row, own, times);
    } else {
      this.#met.add(node);
      this.#walk(node, level, counts, row, times);
    }
  }

  #walk(node: MaskNode, level: number, counts: Float64Array, row: number, times: number): void {
    if (node.children === undefined) {
      const own = this.#ofMask(node.maskId ?? 0);
      for (let r = 0; r < node.rows; r++) counts[row + r] = (counts[row + r] ?? 0) + times * (own[r] ?? 0);
      return;
    }
    const half = this.#tree.tile.queries * 2 ** (level - 1);
    this.add(node.children[0], level - 1, counts, row, times);
    this.add(node.children[1], level - 1, counts, row, times);
    this.add(node.children[2], level - 1, counts, row + half, times);
    this.add(node.children[3], level - 1, counts, row + half, times);
  }

  /** Keys of each row of a stored mask. */
  #ofMask(id: number): Uint16Array {
    let counts = this.#masks[id];
    if (counts === undefined) {
      counts = new Uint16Array(this.#tree.tile.queries);
      const start = id * counts.length * this.#words;
      for (let at = 0; at < counts.length * this.#words; at++) {
        const row = Math.floor(at / this.#words);
        counts[row] = (counts[row] ?? 0) + popcount(this.#tree.masks[start + at] ?? 0);
      }
      this.#masks[id] = counts;
    }
    return counts;
  }
}

function addTo(counts: Float64Array, row: number, own: Float64Array, times: number): void {
  for (let r = 0; r < own.length; r++) counts[row + r] = (counts[row + r] ?? 0) + times * (own[r] ?? 0);
}
