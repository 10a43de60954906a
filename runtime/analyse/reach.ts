import { buildMaskTree, type CompileOptions, type MaskNode, type MaskTree } from '../compile/mask-tree.ts';
import { intersection } from '../pattern/algebra.ts';
import { Progression } from '../pattern/difference-mask.ts';
import type { Mask } from '../pattern/mask.ts';
import type { Shape } from '../pattern/shape.ts';
import { findPair, type Pair, pairOutside } from './find-pair.ts';

/** Longest sequence whose paths are followed one position at a time. */
const MAX_FOLLOWED = 2 ** 16;

const PREVIOUS: Mask = new Progression(1, 1);
const NEXT: Mask = new Progression(-1, -1);
const FUTURE: Mask = new Progression(Number.NEGATIVE_INFINITY, -1);
const PAST: Mask = new Progression(1, Number.POSITIVE_INFINITY);

/** `yes`, or a pair that no number of layers connects; undefined when it would take too long to know. */
export type Flow = 'connected' | Pair | undefined;

/**
 * Does information get from every key to every query when a mask is applied again and again, layer after layer (each
 * position also keeps what it has)? A mask that lets all information flow one way, from the past or from the future,
 * counts as connected: that is what causal masks are for.
 *
 * `shape` must be square: only where every position is a query is it also a key of the next layer. Exact where it
 * answers; the pair is (query, key) with no path. Throws CompileError as `buildMaskTree`.
 */
export function flowOf(mask: Mask, shape: Shape, options: CompileOptions = {}): Flow {
  // Who sees its neighbour sees, step by step, everybody on that side.
  const missing = pairOutside(PREVIOUS, mask, shape, options);
  if (missing === undefined || pairOutside(NEXT, mask, shape, options) === undefined) return 'connected';
  // Where nobody looks ahead every step goes back, and one step to the neighbour is the only way there.
  if (findPair(intersection(mask, FUTURE), shape, options) === undefined) return missing;
  if (findPair(intersection(mask, PAST), shape, options) === undefined)
    return pairOutside(NEXT, mask, shape, options) ?? 'connected';
  if (shape.tokens > MAX_FOLLOWED) return undefined;
  return new Paths(buildMaskTree(mask, shape, options), options).flow();
}

/** Follows the pairs of a mask from position to position. */
class Paths {
  readonly #tree: MaskTree;
  readonly #words: number;
  readonly #checkpoint: (() => void) | undefined;

  constructor(tree: MaskTree, options: CompileOptions) {
    this.#tree = tree;
    this.#words = Math.ceil(tree.tile.keys / 32);
    this.#checkpoint = options.checkpoint;
  }

  flow(): Flow {
    const last = this.#tree.keys - 1;
    const ahead = this.#reachedFrom(0).indexOf(0);
    const back = this.#reachedFrom(last).indexOf(0);
    if (ahead < 0) {
      const cut = this.#reaching(0).indexOf(0);
      if (cut < 0) return 'connected';
      // Position `cut` never gets to 0: the past is incomplete. Is its future too?
      const beyond = this.#reachedFrom(cut).indexOf(0, cut);
      return beyond < 0 ? undefined : { query: cut, key: 0 };
    }
    if (back >= 0) return { query: last, key: back };
    // The last position reaches everything, so information flows back completely unless somebody else is cut off.
    const behind = this.#reachedFrom(ahead).lastIndexOf(0, ahead);
    return behind < 0 ? undefined : { query: ahead, key: behind };
  }

  /** 1 for each position that a query reaches in any number of steps, itself included. [tokens] */
  #reachedFrom(start: number): Uint8Array {
    const reached = new Uint8Array(this.#tree.keys);
    const side = this.#tree.tile.keys;
    // How many positions of each tile are still to be reached: tiles without any are not opened.
    const left = new Uint32Array(Math.ceil(this.#tree.keys / side)).fill(side);
    left[left.length - 1] = this.#tree.keys - (left.length - 1) * side;
    let remaining = this.#tree.keys;
    const queue = new Uint32Array(this.#tree.keys);
    let end = 0;
    const add = (key: number): void => {
      if (reached[key] !== 0) return;
      reached[key] = 1;
      const tile = Math.floor(key / side);
      left[tile] = (left[tile] ?? 0) - 1;
      remaining--;
      queue[end++] = key;
    };
    add(start);
    for (let next = 0; next < end && remaining > 0; next++) {
      if ((next & 0xff) === 0) this.#checkpoint?.();
      this.#row(queue[next] ?? 0, (from, to) => {
        for (let tile = Math.floor(from / side); tile * side < to; tile++) {
          if (left[tile] === 0) continue;
          for (let key = Math.max(from, tile * side); key < Math.min(to, (tile + 1) * side); key++) add(key);
        }
        return true;
      });
    }
    return reached;
  }

  /** 1 for each position from which `target` is reached. [tokens] */
  #reaching(target: number): Uint8Array {
    const reaching = new Uint8Array(this.#tree.keys);
    reaching[target] = 1;
    for (let changed = true; changed; ) {
      changed = false;
      for (const down of [true, false])
        for (let at = 0; at < this.#tree.keys; at++) {
          if ((at & 0xff) === 0) this.#checkpoint?.();
          const query = down ? at : this.#tree.keys - 1 - at;
          if (reaching[query] !== 0) continue;
          let found = false;
          this.#row(query, (from, to) => {
            for (let key = from; key < to && !found; key++) found = reaching[key] !== 0;
            return !found;
          });
          if (!found) continue;
          reaching[query] = 1;
          changed = true;
        }
    }
    return reaching;
  }

  /** Tells `visit` the stretches of keys that a query sees, until it says no. */
  #row(query: number, visit: (from: number, to: number) => boolean): void {
    const walk = (node: MaskNode | null, level: number, row: number, column: number): boolean => {
      if (node === null) return true;
      if (node.full) return visit(column, column + node.keys);
      if (node.children === undefined) return this.#tileRow(node, row, column, visit);
      const rows = this.#tree.tile.queries * 2 ** (level - 1);
      const keys = this.#tree.tile.keys * 2 ** (level - 1);
      const [left, right] = row < rows ? [node.children[0], node.children[1]] : [node.children[2], node.children[3]];
      const inside = row < rows ? row : row - rows;
      return walk(left, level - 1, inside, column) && walk(right, level - 1, inside, column + keys);
    };
    walk(this.#tree.root, this.#tree.levels, query, 0);
  }

  #tileRow(node: MaskNode, row: number, column: number, visit: (from: number, to: number) => boolean): boolean {
    const start = (node.maskId ?? 0) * this.#tree.tile.queries * this.#words + row * this.#words;
    for (let w = 0; w < this.#words; w++)
      for (let bits = this.#tree.masks[start + w] ?? 0; bits !== 0; bits &= bits - 1) {
        const key = column + 32 * w + 31 - Math.clz32(bits & -bits);
        if (!visit(key, key + 1)) return false;
      }
    return true;
  }
}
