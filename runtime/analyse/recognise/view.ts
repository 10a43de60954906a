import type { MaskTree } from '../../compile/mask-tree.ts';
import { gapsOf, type Intervals, intersectionOf, rangeAround, sizeOf } from './intervals.ts';
import { TreeLines } from './tree-lines.ts';

/** Below this length every row is read. */
const ALL_ROWS = 192;
/** Runs that are read altogether: a row of many runs leaves room for few others. */
const MAX_RUNS = 2 ** 20;
const MAX_ROWS = 64;

/** A square mask of n positions, and what a few of its rows and columns hold. */
export class View {
  readonly tree: MaskTree;
  readonly n: number;
  /** No query attends to a later key. */
  readonly causal: boolean;
  readonly lines: TreeLines;
  /** Some rows, ascending by row, spread over the sequence and on both sides of every edge that was met. */
  readonly rows: ReadonlyMap<number, Intervals>;
  readonly columns: ReadonlyMap<number, Intervals>;

  constructor(tree: MaskTree, causal: boolean) {
    this.tree = tree;
    this.n = tree.keys;
    this.causal = causal;
    this.lines = new TreeLines(tree);
    this.rows = this.#sample(row => this.lines.row(row));
    this.columns = this.#sample(key => this.lines.column(key));
  }

  /** The keys that query `row` could attend to: all, or those up to itself. */
  domain(row: number): Intervals {
    return [0, this.causal ? row + 1 : this.n];
  }

  /** The queries that could attend to a key. */
  columnDomain(key: number): Intervals {
    return [this.causal ? key : 0, this.n];
  }

  #sample(read: (line: number) => Intervals): Map<number, Intervals> {
    const { n } = this;
    const lines = new Map<number, Intervals>();
    let runs = 0;
    const take = (line: number): void => {
      if (line < 0 || line >= n || lines.has(line) || (lines.size >= 6 && runs > MAX_RUNS)) return;
      const found = read(line);
      runs += found.length / 2;
      lines.set(line, found);
    };
    if (n <= ALL_ROWS) for (let line = 0; line < n; line++) take(line);
    else {
      for (const line of [n >> 1, 0, n - 1, 1, n - 2, 2, n - 3, 3]) take(line);
      // The golden ratio's multiples fall on all residues of any period.
      for (let at = 1; at <= 16; at++) take(Math.floor(((at * 0.6180339887498949) % 1) * n));
      for (const [line, found] of [...lines].slice(0, 12)) {
        const around = rangeAround(found, line);
        if (around === undefined) continue;
        for (const edge of around) for (const near of [edge - 1, edge]) if (lines.size < MAX_ROWS) take(near);
      }
    }
    return new Map([...lines].sort((a, b) => a[0] - b[0]));
  }
}

/** Numbers that every line holds, where its domain reaches. */
export function inAll(
  lines: ReadonlyMap<number, Intervals>,
  n: number,
  domainOf: (line: number) => Intervals,
): Intervals {
  let common: Intervals = [0, n];
  for (const [line, found] of lines) {
    const [from = 0, to = 0] = domainOf(line);
    const missing = gapsOf(found, from, to);
    if (missing.length > 0) common = intersectionOf(common, gapsOf(missing, 0, n));
  }
  return common;
}

/** Does a line hold all that it could? */
export function isWhole(found: Intervals, domain: Intervals): boolean {
  return sizeOf(found) === sizeOf(domain);
}
