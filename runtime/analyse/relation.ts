import { buildMaskTree, type CompileOptions, type MaskNode, type MaskTree } from '../compile/mask-tree.ts';
import { EVERYTHING } from '../pattern/algebra.ts';
import { popcount } from '../pattern/bits.ts';
import { Progression } from '../pattern/difference-mask.ts';
import type { Mask } from '../pattern/mask.ts';
import { squareShape } from '../pattern/shape.ts';
import type { Pair } from './find-pair.ts';
import type { Padding } from './padding.ts';
import { PairTable } from './pair-table.ts';

/** A set of (query, key) pairs, by its number in its `Relations`: equal sets have equal numbers. 0 is the empty one. */
export type Relation = number;

/** Rows and columns of a leaf: one word a row. */
const LEAF = 32;
/** Results that are remembered of each operation, at up to 24 bytes. */
const MOST_RESULTS = 2 ** 21;
/** Squares that are kept, at about 40 bytes, leaves at 128 more. */
const MOST_NODES = 2 ** 22;
const FIRST_NODES = 1024;

/** Computing with relations took more steps than were granted. */
export class OutOfSteps extends Error {}

/**
 * Relations between the positions of one sequence as quadtrees in which every distinct square is there once, so that
 * equal ones are recognised by their numbers and an operation on two squares is done once. What masks are made of
 * repeats; unions and products of millions of positions a side then take milliseconds. What does not repeat runs out
 * of the steps that were granted, which is thrown as OutOfSteps.
 */
export class Relations {
  readonly tokens: number;
  /** Every position to itself; every pair; every pair whose key is not later; not earlier. */
  readonly identity: Relation;
  readonly all: Relation;
  readonly past: Relation;
  readonly future: Relation;

  readonly #levels: number;
  readonly #padding: Padding | undefined;
  /** Length of a side, with the room that the padding leaves. */
  readonly #side: number;
  readonly #checkpoint: (() => void) | undefined;
  #steps: number;
  /** Of inner squares four numbers; of leaves the place of their rows and -1. */
  #children = new Int32Array(4 * FIRST_NODES);
  #pairs = new Float64Array(FIRST_NODES);
  #nodes = 1;
  #rows = new Int32Array(LEAF * FIRST_NODES);
  #leaves = 0;
  /** Numbers of all squares, by what they hold. */
  #index = new Int32Array(4 * FIRST_NODES);
  /** Squares of which every pair is there, by level. */
  readonly #full: Relation[] = [];
  readonly #unions = new PairTable(MOST_RESULTS);
  readonly #intersections = new PairTable(MOST_RESULTS);
  readonly #products = new PairTable(MOST_RESULTS);
  readonly #leaf = new Int32Array(LEAF);

  /** `steps`: how many squares may be computed. `padding`: makes room where masks do not repeat with a power of two. */
  constructor(tokens: number, steps: number, checkpoint?: () => void, padding?: Padding) {
    this.tokens = tokens;
    this.#padding = padding;
    this.#side = padding?.length ?? tokens;
    this.#checkpoint = checkpoint;
    this.#steps = steps;
    const side = Math.ceil(this.#side / LEAF);
    this.#levels = side <= 1 ? 0 : 32 - Math.clz32(side - 1);
    this.#full.push(this.#leafOf(new Int32Array(LEAF).fill(-1)));
    for (let level = 1; level <= this.#levels; level++) {
      const below = this.#full[level - 1] ?? 0;
      this.#full.push(this.#node(below, below, below, below));
    }
    this.identity = this.of(new Progression(0, 0));
    this.all = this.of(EVERYTHING);
    this.past = this.of(new Progression(0, Number.POSITIVE_INFINITY));
    this.future = this.of(new Progression(Number.NEGATIVE_INFINITY, 0));
  }

  /** The relation of a mask over the whole sequence. Throws CompileError. */
  of(mask: Mask, options: CompileOptions = {}): Relation {
    const placed = this.#padding?.of(mask) ?? mask;
    const tree = buildMaskTree(placed, squareShape(this.#side), { ...options, tile: { queries: LEAF, keys: LEAF } });
    return this.#adopt(tree, tree.root, this.#levels, new Map());
  }

  /** Number of pairs. */
  pairs(a: Relation): number {
    return this.#pairs[a] ?? 0;
  }

  contains(a: Relation, b: Relation): boolean {
    return this.union(a, b) === a;
  }

  union(a: Relation, b: Relation): Relation {
    return this.#union(a, b, this.#levels);
  }

  intersection(a: Relation, b: Relation): Relation {
    return this.#intersection(a, b, this.#levels);
  }

  /** Pairs (i, j) for which some k has (i, k) in `a` and (k, j) in `b`. */
  product(a: Relation, b: Relation): Relation {
    return this.#product(a, b, this.#levels);
  }

  /** Tells `visit` the stretches of keys of a query, ascending; neighbouring stretches are not joined. */
  row(a: Relation, query: number, visit: (from: number, to: number) => void): void {
    const told = (from: number, to: number): void => {
      const first = this.#positionAt(from);
      visit(first, first + to - from);
    };
    const walk = (node: Relation, level: number, row: number, column: number): void => {
      if (node === 0) return;
      if (node === this.#full[level]) told(column, column + LEAF * 2 ** level);
      else if (level === 0) {
        for (let bits = this.#rows[this.#child(node, 0) + row] ?? 0; bits !== 0; bits &= bits - 1) {
          const key = column + 31 - Math.clz32(bits & -bits);
          told(key, key + 1);
        }
      } else {
        const half = LEAF * 2 ** (level - 1);
        const below = row < half ? 0 : 2;
        walk(this.#child(node, below), level - 1, row % half, column);
        walk(this.#child(node, below + 1), level - 1, row % half, column + half);
      }
    };
    walk(a, this.#levels, this.#padding?.placeOf(query) ?? query, 0);
  }

  #positionAt(place: number): number {
    return this.#padding?.positionFrom(place) ?? place;
  }

  /** A pair of `a` that `b` lacks; undefined when there is none. */
  pairOutside(a: Relation, b: Relation): Pair | undefined {
    const contained = new PairTable(MOST_RESULTS);
    const search = (inner: Relation, outer: Relation, level: number, row: number, column: number): Pair | undefined => {
      if (inner === 0 || inner === outer || contained.get(inner, outer) !== -1) return undefined;
      if (level === 0) {
        for (let r = 0; r < LEAF; r++) {
          const mine = this.#rows[this.#child(inner, 0) + r] ?? 0;
          const bits = mine & ~(outer === 0 ? 0 : (this.#rows[this.#child(outer, 0) + r] ?? 0));
          if (bits !== 0)
            return {
              query: this.#positionAt(row + r),
              key: this.#positionAt(column + 31 - Math.clz32(bits & -bits)),
            };
        }
      } else {
        const half = LEAF * 2 ** (level - 1);
        for (let index = 0; index < 4; index++) {
          const below = outer === 0 ? 0 : this.#child(outer, index);
          const at = { row: row + (index >= 2 ? half : 0), column: column + (index % 2) * half };
          const found = search(this.#child(inner, index), below, level - 1, at.row, at.column);
          if (found !== undefined) return found;
        }
      }
      contained.set(inner, outer, 1);
      return undefined;
    };
    return search(a, b, this.#levels, 0, 0);
  }

  #adopt(tree: MaskTree, node: MaskNode | null, level: number, known: Map<MaskNode, Relation>): Relation {
    if (node === null) return 0;
    let found = known.get(node);
    if (found !== undefined) return found;
    this.#step();
    if (node.full) found = this.#box(level, node.rows, node.keys);
    else if (node.children !== undefined) {
      const [a, b, c, d] = node.children;
      const below = (child: MaskNode | null): Relation => this.#adopt(tree, child, level - 1, known);
      found = this.#node(below(a), below(b), below(c), below(d));
    } else {
      const start = (node.maskId ?? 0) * LEAF;
      this.#leaf.set(tree.masks.subarray(start, start + LEAF));
      found = this.#leafOf(this.#leaf);
    }
    known.set(node, found);
    return found;
  }

  /** A square whose upper left `rows` x `keys` pairs are there; both are whole leaves. */
  #box(level: number, rows: number, keys: number): Relation {
    const side = LEAF * 2 ** level;
    if (rows <= 0 || keys <= 0) return 0;
    if (rows >= side && keys >= side) return this.#full[level] ?? 0;
    const half = side / 2;
    return this.#node(
      this.#box(level - 1, rows, keys),
      this.#box(level - 1, rows, keys - half),
      this.#box(level - 1, rows - half, keys),
      this.#box(level - 1, rows - half, keys - half),
    );
  }

  #union(a: Relation, b: Relation, level: number): Relation {
    if (a === b || b === 0) return a;
    if (a === 0) return b;
    const full = this.#full[level];
    if (a === full || b === full) return full ?? 0;
    const [low, high] = a < b ? [a, b] : [b, a];
    let result = this.#unions.get(low, high);
    if (result !== -1) return result;
    this.#step();
    if (level === 0) {
      const [x, y] = [this.#child(low, 0), this.#child(high, 0)];
      for (let row = 0; row < LEAF; row++) this.#leaf[row] = (this.#rows[x + row] ?? 0) | (this.#rows[y + row] ?? 0);
      result = this.#leafOf(this.#leaf);
    } else {
      const below = (index: number): Relation =>
        this.#union(this.#child(low, index), this.#child(high, index), level - 1);
      result = this.#node(below(0), below(1), below(2), below(3));
    }
    this.#unions.set(low, high, result);
    return result;
  }

  #intersection(a: Relation, b: Relation, level: number): Relation {
    if (a === 0 || b === 0) return 0;
    const full = this.#full[level];
    if (a === b || b === full) return a;
    if (a === full) return b;
    const [low, high] = a < b ? [a, b] : [b, a];
    let result = this.#intersections.get(low, high);
    if (result !== -1) return result;
    this.#step();
    if (level === 0) {
      const [x, y] = [this.#child(low, 0), this.#child(high, 0)];
      for (let row = 0; row < LEAF; row++) this.#leaf[row] = (this.#rows[x + row] ?? 0) & (this.#rows[y + row] ?? 0);
      result = this.#leafOf(this.#leaf);
    } else {
      const below = (index: number): Relation =>
        this.#intersection(this.#child(low, index), this.#child(high, index), level - 1);
      result = this.#node(below(0), below(1), below(2), below(3));
    }
    this.#intersections.set(low, high, result);
    return result;
  }

  #product(a: Relation, b: Relation, level: number): Relation {
    if (a === 0 || b === 0) return 0;
    let result = this.#products.get(a, b);
    if (result !== -1) return result;
    this.#step();
    if (level === 0) result = this.#leafProduct(a, b);
    else {
      const full = this.#full[level - 1];
      const entry = (row: number, column: number): Relation => {
        const first = this.#product(this.#child(a, 2 * row), this.#child(b, column), level - 1);
        if (first === full) return first;
        const second = this.#product(this.#child(a, 2 * row + 1), this.#child(b, 2 + column), level - 1);
        return this.#union(first, second, level - 1);
      };
      result = this.#node(entry(0, 0), entry(0, 1), entry(1, 0), entry(1, 1));
    }
    this.#products.set(a, b, result);
    return result;
  }

  #leafProduct(a: Relation, b: Relation): Relation {
    const x = this.#child(a, 0);
    const y = this.#child(b, 0);
    for (let row = 0; row < LEAF; row++) {
      let keys = 0;
      for (let bits = this.#rows[x + row] ?? 0; bits !== 0 && keys !== -1; bits &= bits - 1)
        keys |= this.#rows[y + 31 - Math.clz32(bits & -bits)] ?? 0;
      this.#leaf[row] = keys;
    }
    return this.#leafOf(this.#leaf);
  }

  #child(node: Relation, index: number): number {
    return this.#children[4 * node + index] ?? 0;
  }

  #step(): void {
    if (this.#steps-- <= 0) throw new OutOfSteps('this mask does not repeat enough');
    if ((this.#steps & 0xfff) === 0) this.#checkpoint?.();
  }

  /** The square of four squares of one level. */
  #node(a: Relation, b: Relation, c: Relation, d: Relation): Relation {
    if ((a | b | c | d) === 0) return 0;
    const all = this.#children;
    const last = this.#index.length - 1;
    let slot = mixed(mixed(mixed(mixed(0, a), b), c), d) & last;
    for (let node = this.#index[slot] ?? 0; node !== 0; node = this.#index[slot] ?? 0) {
      const at = 4 * node;
      if (all[at] === a && all[at + 1] === b && all[at + 2] === c && all[at + 3] === d) return node;
      slot = (slot + 1) & last;
    }
    const pairs = (this.#pairs[a] ?? 0) + (this.#pairs[b] ?? 0) + (this.#pairs[c] ?? 0) + (this.#pairs[d] ?? 0);
    return this.#insert(slot, a, b, c, d, pairs);
  }

  /** The leaf with these rows, which are copied. */
  #leafOf(rows: Int32Array): Relation {
    let hash = 0;
    let pairs = 0;
    for (let row = 0; row < LEAF; row++) {
      const bits = rows[row] ?? 0;
      hash = mixed(hash, bits);
      pairs += popcount(bits);
    }
    if (pairs === 0) return 0;
    const last = this.#index.length - 1;
    let slot = hash & last;
    for (let node = this.#index[slot] ?? 0; node !== 0; node = this.#index[slot] ?? 0) {
      if (this.#child(node, 1) === -1 && this.#isLeaf(node, rows)) return node;
      slot = (slot + 1) & last;
    }
    if (LEAF * (this.#leaves + 1) > this.#rows.length) this.#rows = grown(this.#rows);
    const start = LEAF * this.#leaves++;
    this.#rows.set(rows, start);
    return this.#insert(slot, start, -1, 0, 0, pairs);
  }

  #isLeaf(node: Relation, rows: Int32Array): boolean {
    const start = this.#child(node, 0);
    for (let row = 0; row < LEAF; row++) if (this.#rows[start + row] !== rows[row]) return false;
    return true;
  }

  #insert(slot: number, a: number, b: number, c: number, d: number, pairs: number): Relation {
    const node = this.#nodes++;
    if (node >= MOST_NODES) throw new OutOfSteps('this mask has too many distinct squares');
    if (4 * this.#nodes > this.#children.length) {
      this.#children = grown(this.#children);
      const counts = new Float64Array(2 * this.#pairs.length);
      counts.set(this.#pairs);
      this.#pairs = counts;
    }
    const at = 4 * node;
    this.#children[at] = a;
    this.#children[at + 1] = b;
    this.#children[at + 2] = c;
    this.#children[at + 3] = d;
    this.#pairs[node] = pairs;
    this.#index[slot] = node;
    if (2 * this.#nodes > this.#index.length) this.#reindex();
    return node;
  }

  #reindex(): void {
    this.#index = new Int32Array(2 * this.#index.length);
    const last = this.#index.length - 1;
    for (let node = 1; node < this.#nodes; node++) {
      let hash = 0;
      if (this.#child(node, 1) === -1) {
        const start = this.#child(node, 0);
        for (let row = 0; row < LEAF; row++) hash = mixed(hash, this.#rows[start + row] ?? 0);
      } else for (let index = 0; index < 4; index++) hash = mixed(hash, this.#child(node, index));
      let slot = hash & last;
      while (this.#index[slot] !== 0) slot = (slot + 1) & last;
      this.#index[slot] = node;
    }
  }
}

function mixed(hash: number, value: number): number {
  const next = Math.imul(hash ^ value, 0x9e3779b1);
  return next ^ (next >>> 15);
}

function grown(array: Int32Array): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(2 * array.length);
  larger.set(array);
  return larger;
}
