import { FULL_TILE, type TilePlan, wordsPerMask, wordsPerRow } from '../../compile/tile-plan.ts';

interface KernelExports {
  readonly memory: WebAssembly.Memory;
  heapBase(): number;
  begin(o: number, m: number, l: number, rows: number, width: number): void;
  transpose(from: number, to: number, keys: number, dim: number): void;
  widen(from: number, to: number, rows: number, dim: number, width: number): void;
  attend(
    q: number,
    kt: number,
    v: number,
    s: number,
    o: number,
    m: number,
    l: number,
    rows: number,
    keys: number,
    dim: number,
    width: number,
    mask: number,
    words: number,
  ): void;
  finish(o: number, l: number, rows: number, dim: number, width: number): void;
}

/** An instance of the kernel; its memory holds one block of rows and one tile of keys, whatever the sequence's length. */
export interface Kernel {
  readonly exports: KernelExports;
}

export async function instantiateKernel(bytes: BufferSource): Promise<Kernel> {
  // `abort` is the one import that AssemblyScript may ask for; the kernel has no assertions that could call it.
  const { instance } = await WebAssembly.instantiate(bytes, { env: { abort: () => {} } });
  return { exports: instance.exports as unknown as KernelExports };
}

/** One row block of one head, with all that is needed to compute it. */
export interface BlockTask {
  readonly plan: TilePlan;
  /** Row block of the plan. */
  readonly block: number;
  /** [rows of the block][headDim] */
  readonly q: Float32Array;
  /** [keys][headDim] of the head. */
  readonly k: Float32Array;
  /** [keys][headDim] of the head. */
  readonly v: Float32Array;
  readonly headDim: number;
  readonly scale: number;
}

export interface BlockResult {
  /** [rows of the block][headDim] */
  readonly o: Float32Array<ArrayBuffer>;
  /** [rows of the block] */
  readonly lse: Float32Array<ArrayBuffer>;
}

/** Query rows of a row block: fewer in the last one. */
export function blockRows(plan: TilePlan, block: number): number {
  return Math.min(plan.tile.queries, plan.queries - block * plan.tile.queries);
}

/**
 * Computes a row block, tile by tile. A generator that yields after every tile, so that a caller that shares its
 * thread can pause or give up.
 */
export function* attendBlock({ exports }: Kernel, task: BlockTask): Generator<void, BlockResult> {
  const { plan, block, headDim } = task;
  const { tile } = plan;
  const rows = blockRows(plan, block);
  const evenRows = rows + (rows % 2);
  const width = Math.ceil(headDim / 16) * 16;
  const tileFloats = tile.keys * headDim;

  let top = Math.ceil(exports.heapBase() / 16) * 16;
  const take = (words: number): number => {
    const at = top;
    top += Math.ceil(words / 4) * 16;
    return at;
  };
  const q = take(evenRows * headDim);
  const input = take(tileFloats);
  const kt = take(tileFloats);
  const v = take(tile.keys * width);
  const s = take(evenRows * tile.keys);
  const o = take(evenRows * width);
  const m = take(evenRows);
  const l = take(evenRows);
  const mask = take(wordsPerMask(plan));
  const missing = top - exports.memory.buffer.byteLength;
  if (missing > 0) exports.memory.grow(Math.ceil(missing / 65536));
  const floats = new Float32Array(exports.memory.buffer);
  const bits = new Uint32Array(exports.memory.buffer);

  // Scores in base 2: log2(e) goes into q once, and exp2 needs no multiplication.
  const factor = task.scale * Math.LOG2E;
  floats.fill(0, q / 4, q / 4 + evenRows * headDim);
  for (let i = 0; i < rows * headDim; i++) floats[q / 4 + i] = Number(task.q[i]) * factor;
  exports.begin(o, m, l, evenRows, width);

  for (let entry = Number(plan.rowStart[block]); entry < Number(plan.rowStart[block + 1]); entry++) {
    const first = Number(plan.column[entry]) * tile.keys;
    const last = Math.min(first + tile.keys, plan.keys);
    // Keys past the end are masked, but 0 * NaN is not 0: stale memory must not reach the kernel.
    const load = (from: Float32Array): void => {
      floats.set(from.subarray(first * headDim, last * headDim), input / 4);
      floats.fill(0, input / 4 + (last - first) * headDim, input / 4 + tileFloats);
    };
    load(task.k);
    exports.transpose(input, kt, tile.keys, headDim);
    load(task.v);
    exports.widen(input, v, tile.keys, headDim, width);
    const id = Number(plan.maskId[entry]);
    if (id !== FULL_TILE) {
      bits.set(plan.masks.subarray(id * wordsPerMask(plan), (id + 1) * wordsPerMask(plan)), mask / 4);
    }
    const words = wordsPerRow(plan);
    exports.attend(q, kt, v, s, o, m, l, rows, tile.keys, headDim, width, id === FULL_TILE ? 0 : mask, words);
    yield;
  }

  const lse = new Float32Array(rows);
  for (let row = 0; row < rows; row++) {
    const sum = Number(floats[l / 4 + row]);
    // -Infinity comes out by itself for a row without keys, whose sum is 0.
    lse[row] = (Number(floats[m / 4 + row]) + Math.log2(sum)) * Math.LN2;
  }
  exports.finish(o, l, rows, headDim, width);
  return { o: floats.slice(o / 4, o / 4 + rows * headDim), lse };
}
