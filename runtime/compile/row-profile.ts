import { popcount } from '../pattern/bits.ts';
import type { MaskNode, MaskTree } from './mask-tree.ts';

/** How many keys the query rows of a mask have. */
export interface RowProfile {
  readonly min: number;
  readonly max: number;
  /** Rows without any key. */
  readonly emptyRows: number;
  /** Keys of each query row, written out. [queries] */
  counts(): Uint32Array;
}

/**
 * Keys per query row without a list of all rows: rows are a binary tree whose equal halves are one, as equal squares are
 * in the mask's own tree, so that time and memory follow what differs and not the length.
 */
export function rowProfile(tree: MaskTree): RowProfile {
  const whole = new ProfileBuilder(tree).whole();
  return {
    min: whole.base,
    max: whole.base + (whole.above?.max ?? 0),
    emptyRows: whole.base > 0 ? 0 : (whole.above?.lowest ?? tree.queries),
    counts() {
      const counts = new Uint32Array(tree.queries);
      expand(whole, counts, 0, tree.queries);
      return counts;
    },
  };
}

/** Counts of a stretch of rows: `base` for each, and what some have above it. */
interface Stretch {
  readonly base: number;
  readonly above: Above | null;
}

/** What rows have above the least of them: some row has 0 here, some other more. */
interface Above {
  readonly id: number;
  readonly rows: number;
  readonly max: number;
  /** Rows that have 0 here. */
  readonly lowest: number;
  /** The counts themselves, of the rows of one tile; undefined for longer stretches. */
  readonly counts: Uint32Array | undefined;
  readonly halves: readonly [top: Stretch, bottom: Stretch] | undefined;
  /** Rows of the top half. */
  readonly split: number;
}

const NOTHING: Stretch = { base: 0, above: null };

class ProfileBuilder {
  readonly #tree: MaskTree;
  readonly #words: number;
  readonly #nodes = new Map<MaskNode, Stretch>();
  /** Every distinct stretch, by its content. */
  readonly #known = new Map<string, Above>();
  readonly #sums = new Map<string, Stretch>();

  constructor(tree: MaskTree) {
    this.#tree = tree;
    this.#words = Math.ceil(tree.tile.keys / 32);
  }

  whole(): Stretch {
    const { root, levels, queries } = this.#tree;
    return this.#of(root, levels, queries);
  }

  /** Of a node whose square has `rows` rows inside the plan. */
  #of(node: MaskNode | null, level: number, rows: number): Stretch {
    if (node === null) return NOTHING;
    if (node.full) return { base: node.keys, above: null };
    const known = this.#nodes.get(node);
    if (known !== undefined) return known;
    const stretch = node.children === undefined ? this.#tile(node) : this.#square(node.children, level, rows);
    this.#nodes.set(node, stretch);
    return stretch;
  }

  #square(children: NonNullable<MaskNode['children']>, level: number, rows: number): Stretch {
    const half = this.#tree.tile.queries * 2 ** (level - 1);
    const above = Math.min(rows, half);
    const below = rows - above;
    const top = this.#sum(this.#of(children[0], level - 1, above), this.#of(children[1], level - 1, above));
    if (below === 0) return top;
    const bottom = this.#sum(this.#of(children[2], level - 1, below), this.#of(children[3], level - 1, below));
    return this.#join(top, above, bottom, below);
  }

  #tile(node: MaskNode): Stretch {
    const counts = new Uint32Array(node.rows);
    const start = (node.maskId ?? 0) * this.#tree.tile.queries * this.#words;
    for (let row = 0; row < node.rows; row++)
      for (let word = 0; word < this.#words; word++)
        counts[row] = (counts[row] ?? 0) + popcount(this.#tree.masks[start + row * this.#words + word] ?? 0);
    return this.#leaf(counts);
  }

  #leaf(counts: Uint32Array): Stretch {
    const base = counts.reduce((least, count) => Math.min(least, count), Number.POSITIVE_INFINITY);
    let max = 0;
    let lowest = 0;
    for (let row = 0; row < counts.length; row++) {
      const rest = (counts[row] ?? 0) - base;
      counts[row] = rest;
      if (rest === 0) lowest++;
      if (rest > max) max = rest;
    }
    if (max === 0) return { base, above: null };
    return {
      base,
      above: this.#intern(counts.join(), { rows: counts.length, max, lowest, counts, halves: undefined, split: 0 }),
    };
  }

  #join(top: Stretch, topRows: number, bottom: Stretch, bottomRows: number): Stretch {
    const base = Math.min(top.base, bottom.base);
    const halves = [
      { base: top.base - base, above: top.above },
      { base: bottom.base - base, above: bottom.above },
    ] as const;
    const max = Math.max(...halves.map(half => half.base + (half.above?.max ?? 0)));
    if (max === 0) return { base, above: null };
    const rows = topRows + bottomRows;
    const lowest = lowestOf(halves[0], topRows) + lowestOf(halves[1], bottomRows);
    const name = `${topRows},${bottomRows}:${halves.map(half => `${half.base}+${half.above?.id ?? ''}`).join()}`;
    return { base, above: this.#intern(name, { rows, max, lowest, counts: undefined, halves, split: topRows }) };
  }

  #intern(name: string, content: Omit<Above, 'id'>): Above {
    let above = this.#known.get(name);
    if (above === undefined) {
      above = { id: this.#known.size, ...content };
      this.#known.set(name, above);
    }
    return above;
  }

  /** Counts of two stretches of the same rows, added row by row. */
  #sum(left: Stretch, right: Stretch): Stretch {
    const base = left.base + right.base;
    if (left.above === null) return { base, above: right.above };
    if (right.above === null) return { base, above: left.above };
    const name =
      left.above.id < right.above.id ? `${left.above.id},${right.above.id}` : `${right.above.id},${left.above.id}`;
    let sum = this.#sums.get(name);
    if (sum === undefined) {
      sum = this.#sumAbove(left.above, right.above);
      this.#sums.set(name, sum);
    }
    return { base: base + sum.base, above: sum.above };
  }

  #sumAbove(left: Above, right: Above): Stretch {
    if (left.halves === undefined || right.halves === undefined)
      return this.#leaf(
        (left.counts ?? new Uint32Array(left.rows)).map((count, row) => count + (right.counts?.[row] ?? 0)),
      );
    return this.#join(
      this.#sum(left.halves[0], right.halves[0]),
      left.split,
      this.#sum(left.halves[1], right.halves[1]),
      left.rows - left.split,
    );
  }
}

function lowestOf({ base, above }: Stretch, rows: number): number {
  return base > 0 ? 0 : (above?.lowest ?? rows);
}

/** Adds a stretch to the counts of the `rows` rows from `row` on. */
function expand({ base, above }: Stretch, counts: Uint32Array, row: number, rows: number): void {
  for (let r = row; r < row + rows; r++) counts[r] = (counts[r] ?? 0) + base;
  if (above === null) return;
  if (above.halves === undefined)
    for (const [r, count] of (above.counts ?? []).entries()) counts[row + r] = (counts[row + r] ?? 0) + count;
  else {
    expand(above.halves[0], counts, row, above.split);
    expand(above.halves[1], counts, row + above.split, rows - above.split);
  }
}
