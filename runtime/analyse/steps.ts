import {
  buildMaskTree,
  CompileError,
  type CompileOptions,
  type MaskNode,
  type MaskTree,
} from '../compile/mask-tree.ts';
import type { Mask } from '../pattern/mask.ts';
import type { Shape } from '../pattern/shape.ts';
import { isListed, type RowReader, rowReader, treeReader } from './row-reader.ts';
import { Unmet } from './unmet.ts';

/** Distance of a position that is not reached. */
export const UNREACHED = -1;

/** Squares of a tree that is walked through; rows are listed beyond. */
const MOST_NODES = 2 ** 18;
/** Stretches of keys up to which rows may be listed, 8 bytes each. */
const MOST_RUNS = 2 ** 24;
/** Share of its tiles that a mask fills at the most to be called scattered: walking a tree for each row is slow then. */
const SCATTERED = 1 / 8;

/** Tells which keys a query sees, but for some that were met before. */
type Rows = (query: number, unmet: Unmet, visit: (from: number, to: number) => void) => void;

/** Follows the pairs of a mask from position to position; every position is a query and a key. */
export class Steps {
  readonly #tokens: number;
  readonly #rows: Rows;
  readonly #checkpoint: (() => void) | undefined;

  private constructor(tokens: number, rows: Rows, checkpoint: (() => void) | undefined) {
    this.#tokens = tokens;
    this.#rows = rows;
    this.#checkpoint = checkpoint;
  }

  /** `shape`: square. Throws CompileError. */
  static of(mask: Mask, shape: Shape, options: CompileOptions = {}): Steps {
    return new Steps(shape.tokens, rowsOf(mask, shape, options), options.checkpoint);
  }

  /** Tells which keys a query sees, some of those that were met before perhaps left out. */
  keysOf(query: number, unmet: Unmet, visit: (from: number, to: number) => void): void {
    this.#rows(query, unmet, visit);
  }

  /** Fewest steps in which a query gets to each position, UNREACHED where it never does. [tokens] */
  distances(start: number): Int32Array<ArrayBuffer> {
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
  #search(
    start: number,
    goal: number | undefined,
  ): { readonly distance: Int32Array<ArrayBuffer>; readonly before: Int32Array } {
    const tokens = this.#tokens;
    const distance = new Int32Array(tokens).fill(UNREACHED);
    const before = new Int32Array(tokens);
    const unmet = new Unmet(tokens);
    const queue = new Uint32Array(tokens);
    let end = 0;
    const meet = (from: number, to: number, query: number, steps: number): void =>
      unmet.meet(from, to, key => {
        distance[key] = steps;
        before[key] = query;
        queue[end++] = key;
      });
    meet(start, start + 1, start, 0);
    for (let next = 0; next < end && end < tokens && (goal === undefined || distance[goal] === UNREACHED); next++) {
      if ((next & 0xff) === 0) this.#checkpoint?.();
      const query = queue[next] ?? 0;
      const steps = (distance[query] ?? 0) + 1;
      this.#rows(query, unmet, (from, to) => meet(from, to, query, steps));
    }
    return { distance, before };
  }
}

function rowsOf(mask: Mask, shape: Shape, options: CompileOptions): Rows {
  const listed = (): Rows | undefined => runRows(rowReader(mask, shape.tokens, options), shape.tokens, options);
  if (isListed(mask)) return listed() ?? treeRows(buildMaskTree(mask, shape, options));
  const most = options.maxNodes ?? Number.POSITIVE_INFINITY;
  try {
    const tree = buildMaskTree(mask, shape, { ...options, maxNodes: Math.min(MOST_NODES, most) });
    return (isScattered(tree) ? runRows(treeReader(tree), shape.tokens, options) : undefined) ?? treeRows(tree);
  } catch (error) {
    if (!(error instanceof CompileError)) throw error;
  }
  return listed() ?? treeRows(buildMaskTree(mask, shape, options));
}

function isScattered({ root, tile }: MaskTree): boolean {
  if (root === null) return false;
  return root.pairs <= SCATTERED * tile.queries * tile.keys * (root.fullTiles + root.partialTiles);
}

/** All stretches of all rows; undefined when they are too many. */
function runRows(read: RowReader, tokens: number, { checkpoint }: CompileOptions): Rows | undefined {
  const start = new Uint32Array(tokens + 1);
  let bounds = new Uint32Array(4 * tokens);
  for (let query = 0, end = 0; query < tokens; query++) {
    if ((query & 0xff) === 0) checkpoint?.();
    const runs = read(query);
    if (end + runs.length > 2 * MOST_RUNS) return undefined;
    if (end + runs.length > bounds.length) {
      const more = new Uint32Array(Math.max(2 * bounds.length, end + runs.length));
      more.set(bounds);
      bounds = more;
    }
    bounds.set(runs, end);
    end += runs.length;
    start[query + 1] = end;
  }
  return (query, _, visit) => {
    for (let at = start[query] ?? 0; at < (start[query + 1] ?? 0); at += 2) visit(bounds[at] ?? 0, bounds[at + 1] ?? 0);
  };
}

/** Walks through a tree for each row, but for squares of which all keys were met. */
function treeRows(tree: MaskTree): Rows {
  const words = Math.ceil(tree.tile.keys / 32);
  return (query, unmet, visit) => {
    const walk = (node: MaskNode | null, level: number, row: number, column: number): void => {
      if (node === null || !unmet.isAny(column, column + node.keys)) return;
      if (node.full) visit(column, column + node.keys);
      else if (node.children === undefined) {
        const start = ((node.maskId ?? 0) * tree.tile.queries + row) * words;
        for (let word = 0; word < words; word++)
          for (let bits = tree.masks[start + word] ?? 0; bits !== 0; bits &= bits - 1) {
            const key = column + 32 * word + 31 - Math.clz32(bits & -bits);
            visit(key, key + 1);
          }
      } else {
        const rows = tree.tile.queries * 2 ** (level - 1);
        const keys = tree.tile.keys * 2 ** (level - 1);
        const below = row < rows ? 0 : 2;
        const inside = row < rows ? row : row - rows;
        walk(node.children[below], level - 1, inside, column);
        walk(node.children[below + 1] ?? null, level - 1, inside, column + keys);
      }
    };
    walk(tree.root, tree.levels, query, 0);
  };
}
