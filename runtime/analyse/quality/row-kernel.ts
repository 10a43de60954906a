/** See assembly/rows.ts. */
interface RowExports {
  readonly memory: WebAssembly.Memory;
  heapBase(): number;
  bins(): number;
  packQueries(from: number, to: number, rows: number, dim: number, factor: number): void;
  packKeys(from: number, to: number, keys: number, dim: number): void;
  score(q: number, k: number, s: number, stride: number, pairs: number, panels: number, dim: number): void;
  soften(s: number, keys: number, to: number): void;
  count(p: number, keys: number, histogram: number): void;
  largest(p: number, keys: number, histogram: number, wanted: number, scratch: number, to: number): void;
  spend(histogram: number, all: number, sizes: number, points: number, curve: number): void;
  inside(p: number, bits: number, panels: number, least: number, to: number): void;
  add(p: number, panels: number, sums: number): void;
}

/** Query rows that are computed together. */
export const ROWS = 16;
/** Keys that are packed at once. */
const PACKED = 1024;
/** Of a histogram's bin, the largest is at most this much above the smallest. */
export const BIN_WIDTH = 1 / 64;

/** Where things lie in the kernel's memory, in bytes. */
interface Layout {
  readonly keys: number;
  readonly headDim: number;
  readonly staging: number;
  readonly q: number;
  readonly k: number;
  readonly strip: number;
  readonly stride: number;
  readonly bits: number;
  readonly scratch: number;
  readonly histogram: number;
  readonly out: number;
  readonly sizes: number;
  readonly points: number;
  /** From `all` to `end` are sums of the head, all zeros before its first row. */
  readonly all: number;
  readonly curve: number;
  readonly distances: number;
  readonly end: number;
}

/** What a row adds to what is known of its head. */
export interface RowRanks {
  /** Of the row's probabilities, in bits. */
  readonly entropy: number;
  /** Sum of as many of its largest probabilities as the mask has keys in the row. */
  readonly topk: number;
  /** Share of those keys that the mask has; 1 for a row without keys. Keys that are equally probable stand for each other. */
  readonly overlap: number;
}

/** Sums over the rows of a head. */
export interface HeadSums {
  /** [bins] probabilities by size, in ascending bins of BIN_WIDTH: how many, and their sum. */
  readonly counts: Float64Array;
  readonly masses: Float64Array;
  /** [points] sum of the largest `sizes[point]` of every row. */
  readonly curve: Float64Array;
  /** [2 keys - 1] probability by distance: element d is that of `key - position = d - (keys - 1)`. */
  readonly distances: Float64Array;
}

/** Full attention's probabilities, some rows at a time, in WebAssembly. Memory is linear in the number of keys. */
export class RowKernel {
  readonly #exports: RowExports;
  #layout: Layout | undefined;

  private constructor(exports: RowExports) {
    this.#exports = exports;
  }

  /** @param wasm a build that the engine takes */
  static async open(wasm: Uint8Array<ArrayBuffer>): Promise<RowKernel> {
    // `abort` is the one import that AssemblyScript may ask for; the kernel has no assertions that could call it.
    const { instance } = await WebAssembly.instantiate(wasm, { env: { abort: () => {} } });
    return new RowKernel(instance.exports as unknown as RowExports);
  }

  /**
   * Begins a head.
   *
   * @param k [keys][headDim]
   * @param sizes numbers of keys for which the sum of a row's largest probabilities is wanted, ascending
   * @throws RangeError when there is not so much memory
   */
  useKeys(k: Float32Array, headDim: number, sizes: readonly number[] = []): void {
    const exports = this.#exports;
    const keys = k.length / headDim;
    const panels = Math.ceil(keys / 16);
    let top = Math.ceil(exports.heapBase() / 64) * 64;
    const take = (bytes: number): number => {
      const at = top;
      top += Math.ceil(bytes / 64) * 64;
      return at;
    };
    const stride = 64 * panels;
    const layout: Layout = {
      keys,
      headDim,
      staging: take(4 * headDim * PACKED),
      q: take(4 * headDim * ROWS),
      k: take(64 * headDim * panels),
      strip: take(stride * ROWS),
      stride,
      bits: take(4 * Math.ceil(keys / 32)),
      scratch: take(4 * keys),
      histogram: take(8 * exports.bins()),
      out: take(32),
      sizes: take(4 * sizes.length),
      points: sizes.length,
      all: take(16 * exports.bins()),
      curve: take(8 * sizes.length),
      distances: take(8 * (2 * keys + 16)),
      end: top,
    };
    this.#layout = layout;
    const missing = top - exports.memory.buffer.byteLength;
    if (missing > 0) exports.memory.grow(Math.ceil(missing / 65536));
    const { buffer } = exports.memory;
    new Uint8Array(buffer, layout.histogram, 8 * exports.bins()).fill(0);
    this.clearSums();
    new Int32Array(buffer, layout.sizes, sizes.length).set(sizes);
    const staging = new Float32Array(buffer, layout.staging, PACKED * headDim);
    for (let from = 0; from < keys; from += PACKED) {
      const part = k.subarray(from * headDim, (from + PACKED) * headDim);
      staging.set(part);
      staging.fill(0, part.length);
      const padded = Math.min(PACKED, 16 * panels - from);
      exports.packKeys(layout.staging, layout.k + 4 * from * headDim, padded, headDim);
    }
  }

  /** Begins the sums anew, with the same keys. */
  clearSums(): void {
    const { all, end } = this.#current;
    new Uint8Array(this.#exports.memory.buffer, all, end - all).fill(0);
  }

  /**
   * Probabilities of at most ROWS query rows. Row r is a distribution over the keys 0 to `seen[r] - 1`.
   *
   * @param q [rows][headDim]
   * @param scale times q . k
   * @returns the entropy of each row in bits
   */
  compute(q: Float32Array, seen: readonly number[], scale: number): number[] {
    const { headDim, staging, q: packed, k, strip, stride, out } = this.#current;
    const { memory, packQueries, score, soften } = this.#exports;
    new Float32Array(memory.buffer, staging, q.length).set(q);
    packQueries(staging, packed, seen.length, headDim, scale * Math.LOG2E);
    const panels = Math.ceil(Math.max(...seen) / 16);
    score(packed, k, strip, stride, Math.ceil(seen.length / 2), panels, headDim);
    const found = new Float64Array(memory.buffer, out, 2);
    return seen.map((keys, row) => {
      soften(strip + row * stride, keys, out);
      return Number(found[1]);
    });
  }

  /** The probabilities of a row that was computed, as a view that is good until the next call. [seen] */
  row(row: number, seen: number): Float32Array {
    const { strip, stride } = this.#current;
    return new Float32Array(this.#exports.memory.buffer, strip + row * stride, seen);
  }

  /**
   * Adds a row that was computed to the sums of its head, and ranks its keys.
   *
   * @param position of the query in the sequence
   * @param allowed the mask's keys in the row, a bit for each: [ceil(keys / 32)]; none beyond `seen`
   * @param wanted how many keys that are
   */
  rank(row: number, seen: number, position: number, allowed: Uint32Array, wanted: number): Omit<RowRanks, 'entropy'> {
    const { keys, strip, stride, bits, scratch, histogram, out, sizes, points, all, curve, distances } = this.#current;
    const { memory, count, largest, spend, inside, add } = this.#exports;
    const p = strip + row * stride;
    const panels = Math.ceil(seen / 16);
    add(p, panels, distances + 8 * (keys - 1 - position));
    count(p, seen, histogram);
    let ranks = { topk: wanted === 0 ? 0 : 1, overlap: 1 };
    if (wanted > 0 && wanted < seen) {
      const found = new Float64Array(memory.buffer, out, 3);
      largest(p, seen, histogram, wanted, scratch, out);
      const [topk = 0, least = 0, above = 0] = found;
      new Uint32Array(memory.buffer, bits, allowed.length).set(allowed);
      inside(p, bits, panels, least, out);
      const [, larger = 0, equal = 0] = found;
      ranks = { topk, overlap: (larger + Math.min(equal, wanted - above)) / wanted };
    }
    spend(histogram, all, sizes, points, curve);
    return ranks;
  }

  /** The sums of the head since they were begun. */
  sums(): HeadSums {
    const { keys, all, curve, points, distances } = this.#current;
    const { buffer } = this.#exports.memory;
    const histogram = new Float64Array(buffer, all, 2 * this.#exports.bins());
    return {
      counts: histogram.filter((_, at) => at % 2 === 0),
      masses: histogram.filter((_, at) => at % 2 === 1),
      curve: new Float64Array(buffer, curve, points).slice(),
      distances: new Float64Array(buffer, distances, 2 * keys - 1).slice(),
    };
  }

  get #current(): Layout {
    if (this.#layout === undefined) throw new Error('the kernel got a row before its keys');
    return this.#layout;
  }
}
