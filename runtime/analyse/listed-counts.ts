import { type Count, plus, ratio, times } from '../compile/count.ts';
import { type CompileOptions, checkListed, type TileSize } from '../compile/mask-tree.ts';
import type { RowProfile } from '../compile/row-counts.ts';
import type { Mask } from '../pattern/mask.ts';
import type { Shape } from '../pattern/shape.ts';
import type { Range } from './range.ts';
import { isListed, rowReader } from './row-reader.ts';
import type { TileUse } from './tile-use.ts';

/** Rows that are read one by one; a tree of more has either few squares or too many. */
const MOST_ROWS = 2 ** 22;

/** Is a mask counted sooner row by row than by its tree? Scattered pairs have nearly a tile each. */
export function countsByRows(mask: Mask, shape: Shape): boolean {
  return shape.queries <= MOST_ROWS && isListed(mask);
}

/** What a mask cut into tiles of one size has of them. */
export interface ListedTiles {
  readonly use: TileUse;
  /** Tiles that lie wholly inside and of which every pair is there. */
  readonly full: number;
}

/** The numbers of a mask whose rows were read one by one. All are exact. */
export interface ListedCounts {
  readonly pairs: Count;
  readonly rows: RowProfile;
  readonly range: Range;
  /** The last row that sees each key, -1 where nobody does. [tokens] */
  readonly last: Int32Array;
  /** In the order of the sizes that were asked for. */
  readonly tiles: readonly ListedTiles[];
}

/** Counts a mask row by row, in memory that follows the keys and not the pairs. Throws CompileError. */
export function listedCounts(
  mask: Mask,
  shape: Shape,
  sizes: readonly TileSize[],
  options: CompileOptions = {},
): ListedCounts {
  const { tokens, queries, offset } = shape;
  checkListed(tokens);
  const read = rowReader(mask, tokens, options);
  const counters = sizes.map(size => new TileCounter(size, queries, tokens));
  const last = new Int32Array(tokens).fill(-1);
  let pairs: Count = 0;
  let [min, max, emptyRows] = [Number.POSITIVE_INFINITY, 0, 0];
  let [back, ahead] = [0, 0];
  for (let row = 0; row < queries; row++) {
    if ((row & 0xff) === 0) options.checkpoint?.();
    const position = offset + row;
    const runs = read(position);
    let keys = 0;
    for (let at = 0; at < runs.length; at += 2) {
      const [from, to] = [runs[at] ?? 0, runs[at + 1] ?? 0];
      keys += to - from;
      last.fill(row, from, to);
      back = Math.max(back, position - from);
      ahead = Math.max(ahead, to - 1 - position);
    }
    pairs = plus(pairs, keys);
    min = Math.min(min, keys);
    max = Math.max(max, keys);
    if (keys === 0) emptyRows++;
    for (const counter of counters) counter.add(row, runs);
  }
  return {
    pairs,
    rows: { min, max, emptyRows },
    range: { back, ahead },
    last,
    tiles: counters.map(counter => counter.of(pairs, times(queries, tokens))),
  };
}

/** Counts tiles a row of them at a time. */
class TileCounter {
  readonly #tile: TileSize;
  readonly #queries: number;
  readonly #tokens: number;
  /** Pairs of each tile of this row of tiles, and which have any. */
  readonly #pairs: Uint32Array;
  readonly #met: Uint32Array;
  #count = 0;
  #tiles = 0;
  #full = 0;
  #computed: Count = 0;
  #keys: Count = 0;

  constructor(tile: TileSize, queries: number, tokens: number) {
    this.#tile = tile;
    this.#queries = queries;
    this.#tokens = tokens;
    this.#pairs = new Uint32Array(Math.ceil(tokens / tile.keys));
    this.#met = new Uint32Array(this.#pairs.length);
  }

  add(row: number, runs: readonly number[]): void {
    const side = this.#tile.keys;
    for (let at = 0; at < runs.length; at += 2) {
      const to = runs[at + 1] ?? 0;
      for (let from = runs[at] ?? 0; from < to; ) {
        const column = Math.floor(from / side);
        const end = Math.min(to, (column + 1) * side);
        const before = this.#pairs[column] ?? 0;
        if (before === 0) this.#met[this.#count++] = column;
        this.#pairs[column] = before + end - from;
        from = end;
      }
    }
    if ((row + 1) % this.#tile.queries === 0 || row + 1 === this.#queries) this.#close(row);
  }

  #close(row: number): void {
    const rows = (row % this.#tile.queries) + 1;
    let keys = 0;
    for (let index = 0; index < this.#count; index++) {
      const column = this.#met[index] ?? 0;
      keys += Math.min(this.#tile.keys, this.#tokens - column * this.#tile.keys);
      if (this.#pairs[column] === this.#tile.queries * this.#tile.keys) this.#full++;
      this.#pairs[column] = 0;
    }
    this.#tiles += this.#count;
    this.#computed = plus(this.#computed, rows * keys);
    this.#keys = plus(this.#keys, keys);
    this.#count = 0;
  }

  of(pairs: Count, all: Count): ListedTiles {
    const computed = this.#computed;
    return {
      full: this.#full,
      use: {
        tile: this.#tile,
        tiles: this.#tiles,
        computed,
        loadedKeys: this.#keys,
        used: computed === 0 ? 1 : ratio(pairs, computed),
        speedUp: ratio(all, computed),
      },
    };
  }
}
