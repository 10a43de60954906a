import { FULL_TILE, type TilePlan, wordsPerMask, wordsPerRow } from '../../compile/tile-plan.ts';

/** See assembly/kernel.ts. */
interface KernelExports {
  readonly memory: WebAssembly.Memory;
  heapBase(): number;
  begin(o: number, m: number, l: number, rows: number, width: number): void;
  packQueries(from: number, to: number, rows: number, dim: number, factor: number): void;
  packKeys(from: number, to: number, keys: number, dim: number): void;
  packValues(from: number, to: number, keys: number, dim: number): void;
  attend(
    entries: number,
    count: number,
    q: number,
    s: number,
    o: number,
    m: number,
    l: number,
    pairs: number,
    keys: number,
    dim: number,
    width: number,
    words: number,
  ): void;
  finish(o: number, l: number, to: number, rows: number, dim: number, width: number): void;
}

/** Packed tiles of keys and values that are kept for later row blocks: whole heads of 128Ki tokens at head dimension 64. */
const KEPT_BYTES = 64 * 2 ** 20;
/** Multiply-adds between two chances to pause: under a millisecond. */
const STEP = 16e6;
/** Entries of one step at most, which bounds the memory for their masks. */
const MOST_ENTRIES = 64;
/** Bytes of scores of two rows: see SECOND in assembly/kernel.ts. */
const SCORE_BYTES = 2 * 4160;

/** The keys that row blocks attend to, until others are given. */
export interface KernelKeys {
  /** [keys][headDim] */
  readonly k: Float32Array;
  /** [keys][headDim] */
  readonly v: Float32Array;
  readonly headDim: number;
  /** Tiles of all plans that these keys are used with. */
  readonly tile: TilePlan['tile'];
}

/** One row block of one head. */
export interface BlockTask {
  readonly plan: TilePlan;
  /** Row block of the plan. */
  readonly block: number;
  /** Times q . k */
  readonly scale: number;
  /** [rows of the block][headDim] */
  readonly q: Float32Array;
  /** [rows of the block][headDim], written. */
  readonly o: Float32Array;
  /** [rows of the block], written. */
  readonly lse: Float32Array;
}

/** Query rows of a row block: fewer in the last one. */
export function blockRows(plan: TilePlan, block: number): number {
  return Math.min(plan.tile.queries, plan.queries - block * plan.tile.queries);
}

/** Does a row of a row block attend to any key? */
function hasKeys(plan: TilePlan, block: number, row: number): boolean {
  const { rowStart, maskId, masks } = plan;
  const words = wordsPerRow(plan);
  for (let entry = rowStart[block] ?? 0; entry < (rowStart[block + 1] ?? 0); entry++) {
    const id = maskId[entry] ?? 0;
    if (id === FULL_TILE) return true;
    const at = id * wordsPerMask(plan) + row * words;
    for (let word = at; word < at + words; word++) if (masks[word] !== 0) return true;
  }
  return false;
}

/** Where things lie in the kernel's memory, in bytes. */
interface Layout {
  readonly keys: KernelKeys;
  /** headDim rounded up to 16. */
  readonly width: number;
  readonly staging: number;
  readonly q: number;
  readonly s: number;
  readonly o: number;
  readonly m: number;
  readonly l: number;
  readonly entries: number;
  readonly masks: number;
  readonly maskBytes: number;
  /** Places for packed tiles, from `first` on: keys, then values. */
  readonly slots: number;
  readonly first: number;
  readonly keyBytes: number;
  readonly slotBytes: number;
  /** [slots]: the key tile that lies there, or -1. */
  readonly held: Int32Array;
  /** [slots]: the last step that read it. */
  readonly usedBy: Float64Array;
  readonly floats: Float32Array;
  readonly words: Uint32Array;
}

/** An instance of the kernel. Its memory is bounded, whatever the sequence's length. */
export class Kernel {
  readonly #exports: KernelExports;
  readonly #keptBytes: number;
  #layout: Layout | undefined;
  #step = 0;

  private constructor(exports: KernelExports, keptBytes: number) {
    this.#exports = exports;
    this.#keptBytes = keptBytes;
  }

  /**
   * @param bytes one of the builds
   * @param keptBytes room for packed tiles; there is always room for one
   */
  static async create(bytes: BufferSource, keptBytes = KEPT_BYTES): Promise<Kernel> {
    // `abort` is the one import that AssemblyScript may ask for; the kernel has no assertions that could call it.
    const { instance } = await WebAssembly.instantiate(bytes, { env: { abort: () => {} } });
    return new Kernel(instance.exports as unknown as KernelExports, keptBytes);
  }

  /**
   * Keys and values for the row blocks that follow. Their tiles are packed when a row block first needs them, and kept
   * as long as there is room: tile t has its place at t modulo the number of places, which suits neighbouring row blocks.
   */
  useKeys(keys: KernelKeys): void {
    const { tile, headDim } = keys;
    const rows = tile.queries + (tile.queries % 2);
    const width = Math.ceil(headDim / 16) * 16;
    let top = Math.ceil(this.#exports.heapBase() / 64) * 64;
    const take = (bytes: number): number => {
      const at = top;
      top += Math.ceil(bytes / 64) * 64;
      return at;
    };
    const staging = take(4 * Math.max(rows, tile.keys) * headDim);
    const q = take(4 * rows * headDim);
    const s = take(SCORE_BYTES);
    const o = take(4 * rows * width);
    const m = take(16 * rows);
    const l = take(16 * rows);
    const entries = take(12 * MOST_ENTRIES);
    const maskBytes = 4 * rows * wordsPerRow({ tile });
    const masks = take(maskBytes * MOST_ENTRIES);
    const keyBytes = 4 * tile.keys * headDim;
    const slotBytes = Math.ceil((keyBytes + 4 * tile.keys * width) / 64) * 64;
    const tiles = Math.ceil(keys.k.length / (headDim * tile.keys));
    const slots = Math.max(1, Math.min(tiles, Math.floor(this.#keptBytes / slotBytes)));
    const first = take(slots * slotBytes);
    const { memory } = this.#exports;
    const missing = top - memory.buffer.byteLength;
    if (missing > 0) memory.grow(Math.ceil(missing / 65536));
    const words = new Uint32Array(memory.buffer);
    // Row blocks of an odd number of rows read one row of bits more, which nothing writes.
    words.fill(0, masks / 4, (masks + maskBytes * MOST_ENTRIES) / 4);
    this.#layout = {
      ...{ keys, width, staging, q, s, o, m, l, entries, masks, maskBytes, slots, first, keyBytes, slotBytes },
      held: new Int32Array(slots).fill(-1),
      usedBy: new Float64Array(slots),
      floats: new Float32Array(memory.buffer),
      words,
    };
  }

  /** Forgets the keys. */
  clear(): void {
    this.#layout = undefined;
  }

  /**
   * Computes a row block with the keys in use. A generator that yields after each step of some tiles, so that a caller
   * that shares its thread can pause or give up; no other row block may start meanwhile.
   */
  *attend(task: BlockTask): Generator<void, void> {
    const layout = this.#layout;
    if (layout === undefined) throw new Error('The kernel got a row block before its keys.');
    const { plan, block } = task;
    const { tile, headDim } = layout.keys;
    const { floats, words, staging, q, s, o, m, l, width, entries } = layout;
    const rows = blockRows(plan, block);
    const evenRows = rows + (rows % 2);
    const { begin, packQueries, attend, finish } = this.#exports;

    floats.set(task.q, staging / 4);
    // Scores in base 2: log2(e) goes into q once, and powers need no multiplication.
    packQueries(staging, q, rows, headDim, task.scale * Math.LOG2E);
    begin(o, m, l, evenRows, width);
    const most = Math.max(1, Math.min(MOST_ENTRIES, Math.floor(STEP / (2 * rows * tile.keys * headDim))));
    const end = plan.rowStart[block + 1] ?? 0;
    for (let entry = plan.rowStart[block] ?? 0; entry < end; ) {
      this.#step++;
      let count = 0;
      for (; count < most && entry < end; count++, entry++) {
        const k = this.#tile(layout, plan.column[entry] ?? 0);
        if (k === undefined) break;
        const id = plan.maskId[entry] ?? 0;
        const mask = id === FULL_TILE ? 0 : layout.masks + count * layout.maskBytes;
        if (mask !== 0) {
          const at = id * wordsPerMask(plan);
          words.set(plan.masks.subarray(at, at + wordsPerMask(plan)), mask / 4);
        }
        words[entries / 4 + 3 * count] = k;
        words[entries / 4 + 3 * count + 1] = k + layout.keyBytes;
        words[entries / 4 + 3 * count + 2] = mask;
      }
      attend(entries, count, q, s, o, m, l, evenRows / 2, tile.keys, headDim, width, wordsPerRow(plan));
      yield;
    }

    finish(o, l, staging, rows, headDim, width);
    task.o.set(floats.subarray(staging / 4, staging / 4 + rows * headDim));
    for (let row = 0; row < rows; row++) {
      const sum = floats[l / 4 + 4 * row] ?? 0;
      // No weight although there are keys: all scores are so far below zero that float32 does not hold them.
      if (sum === 0 && hasKeys(plan, block, row)) {
        task.o.fill(Number.NaN, row * headDim, (row + 1) * headDim);
        task.lse[row] = Number.NaN;
        continue;
      }
      // -Infinity comes out by itself for a row without keys, whose sum is 0.
      task.lse[row] = ((floats[m / 4 + 4 * row] ?? 0) + Math.log2(sum)) * Math.LN2;
    }
  }

  /** Where a tile lies, packed; undefined when its place is taken by another tile of the same step. */
  #tile(layout: Layout, tile: number): number | undefined {
    const { keys, staging, floats, slots, held, usedBy, slotBytes, keyBytes } = layout;
    const slot = tile % slots;
    const at = layout.first + slot * slotBytes;
    if (held[slot] !== tile) {
      if (usedBy[slot] === this.#step) return undefined;
      const size = keys.tile.keys * keys.headDim;
      // Keys past the end are masked, but 0 * NaN is not 0: stale memory must not reach the kernel.
      const stage = (from: Float32Array): void => {
        const part = from.subarray(tile * size, (tile + 1) * size);
        floats.set(part, staging / 4);
        floats.fill(0, staging / 4 + part.length, staging / 4 + size);
      };
      stage(keys.k);
      this.#exports.packKeys(staging, at, keys.tile.keys, keys.headDim);
      stage(keys.v);
      this.#exports.packValues(staging, at + keyBytes, keys.tile.keys, keys.headDim);
      held[slot] = tile;
    }
    usedBy[slot] = this.#step;
    return at;
  }
}
