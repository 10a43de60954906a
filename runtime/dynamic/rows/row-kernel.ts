import { FULL_TILE, type TilePlan, wordsPerMask } from '../../compile/tile-plan.ts';
import { reachExactly } from './reach-exactly.ts';
import { CANDIDATE_TILE, type RowRule, type Vectors } from './row-rule.ts';

/** See assembly/rows.ts. */
interface RowExports {
  readonly memory: WebAssembly.Memory;
  heapBase(): number;
  pack(from: number, to: number, dim: number): void;
  dots(rows: number, pairs: number, vectors: number, panels: number, dim: number, out: number, stride: number): void;
  hide(scores: number, stride: number, rows: number, bits: number, words: number): void;
  largest(
    scores: number,
    count: number,
    keys: number,
    values: number,
    places: number,
    scratch: number,
    room: number,
  ): number;
  writeHalves(to: number): void;
  gather(scores: number, count: number, scale: number, values: number, places: number): number;
  take(values: number, places: number, count: number, least: number, ties: number): number;
  reaching(values: number, count: number, mass: number, sorted: number, weights: number, halves: number): number;
  least(): number;
  ties(): number;
}

const DOUBLE = 8;
/** Vectors of a panel. */
const PANEL = 8;
/** Scores that are held at once take this many bytes at most; rows go through in portions. */
const SCORE_BYTES = 2 ** 27;
const HALVES_BYTES = 1080 * DOUBLE;
/** Room for what may still be chosen is at least this, beside what is chosen. */
const SPARE = 512;

/** Where things lie in the kernel's memory, in bytes. */
interface Layout {
  readonly headDim: number;
  readonly tokens: number;
  readonly panels: number;
  readonly staging: number;
  readonly rows: number;
  readonly bits: number;
  readonly halves: number;
  readonly values: number;
  readonly places: number;
  readonly sorted: number;
  readonly weights: number;
  readonly scores: number;
  /** Rows whose scores are held at once, and bytes of one of them at most. */
  readonly portion: number;
}

/** The keys that a row takes: ascending, in memory that the next row overwrites. */
export type VisitRow = (row: number, keys: Uint32Array) => void;

/** An instance of the kernel that scores rows and chooses keys for them; for the keys of one head at a time. */
export class RowKernel {
  readonly #exports: RowExports;
  readonly #scoreBytes: number;
  #layout: Layout | undefined;

  private constructor(exports: RowExports, scoreBytes: number) {
    this.#exports = exports;
    this.#scoreBytes = scoreBytes;
  }

  /** @param scoreBytes room for scores; there is always room for those of two rows */
  static async create(bytes: BufferSource, scoreBytes = SCORE_BYTES): Promise<RowKernel> {
    // `abort` is the one import that AssemblyScript may ask for; the kernel has no assertions that could call it.
    const { instance } = await WebAssembly.instantiate(bytes, { env: { abort: () => {} } });
    return new RowKernel(instance.exports as unknown as RowExports, scoreBytes);
  }

  /** The same; undefined where a page's policy forbids WebAssembly. */
  static open(bytes: BufferSource): Promise<RowKernel | undefined> {
    return RowKernel.create(bytes).catch((error: unknown) => {
      if (error instanceof WebAssembly.CompileError) return undefined;
      throw error;
    });
  }

  /** Keys for the rows that follow, [tokens][headDim]. Throws RangeError when there is not so much memory. */
  useKeys(k: Vectors, headDim: number): void {
    const tokens = k.length / headDim;
    const width = Math.ceil(tokens / CANDIDATE_TILE.keys) * CANDIDATE_TILE.keys;
    const pairs = Math.floor(this.#scoreBytes / (2 * DOUBLE * width));
    const portion = Math.max(2, Math.min(CANDIDATE_TILE.queries, 2 * pairs));
    let top = Math.ceil(this.#exports.heapBase() / 64) * 64;
    const take = (bytes: number): number => {
      const at = top;
      top += Math.ceil(bytes / 64) * 64;
      return at;
    };
    const list = DOUBLE * (width + 8);
    const layout: Layout = {
      headDim,
      tokens,
      staging: take(DOUBLE * PANEL * headDim),
      rows: take(DOUBLE * portion * headDim),
      bits: take((CANDIDATE_TILE.queries * CANDIDATE_TILE.keys) / 8),
      halves: take(HALVES_BYTES),
      values: take(list),
      places: take(list / 2),
      sorted: take(list),
      weights: take(list),
      scores: take(DOUBLE * portion * width),
      panels: take(DOUBLE * width * headDim),
      portion,
    };
    const { memory } = this.#exports;
    const missing = top - memory.buffer.byteLength;
    if (missing > 0) memory.grow(Math.ceil(missing / 65536));
    this.#exports.writeHalves(layout.halves);
    const staging = new Float64Array(memory.buffer, layout.staging, PANEL * headDim);
    for (let key = 0; key < width; key += PANEL) {
      const part = k.subarray(key * headDim, (key + PANEL) * headDim);
      staging.set(part);
      staging.fill(0, part.length);
      this.#exports.pack(layout.staging, layout.panels + DOUBLE * key * headDim, headDim);
    }
    this.#layout = layout;
  }

  /**
   * Chooses keys for the rows of one block of the candidates.
   *
   * @param q [rows of the block][headDim]
   */
  chooseBlock(rule: RowRule, candidates: TilePlan, block: number, q: Vectors, visit: VisitRow): void {
    const layout = this.#layout;
    if (layout === undefined) throw new Error('The kernel got rows before its keys.');
    const { headDim, portion } = layout;
    const rows = q.length / headDim;
    for (let row = 0; row < rows; row += portion) {
      const some = q.subarray(row * headDim, (row + portion) * headDim);
      const stride = this.#score(layout, candidates, block, row, some);
      for (let r = 0; r < some.length / headDim; r++) {
        const keys = this.#choose(layout, rule, layout.scores + r * stride, stride / DOUBLE);
        this.#toKeys(candidates, block, keys);
        visit(row + r, keys);
      }
    }
  }

  /**
   * Dot products of some rows with all keys.
   *
   * @param rows [rows][headDim]
   * @param visit told the products of each row in order, [tokens], in memory that the next portion overwrites
   */
  dots(rows: Float64Array, visit: (row: number, dots: Float64Array) => void): void {
    const layout = this.#layout;
    if (layout === undefined) throw new Error('The kernel got rows before its keys.');
    const { headDim, tokens, portion, scores, panels } = layout;
    const count = Math.ceil(tokens / PANEL);
    const stride = count * PANEL * DOUBLE;
    for (let row = 0; row < rows.length / headDim; row += portion) {
      const some = rows.subarray(row * headDim, (row + portion) * headDim);
      const pairs = this.#interleave(layout, some);
      this.#exports.dots(layout.rows, pairs, panels, count, headDim, scores, stride);
      for (let r = 0; r < some.length / headDim; r++)
        visit(row + r, new Float64Array(this.#exports.memory.buffer, scores + r * stride, tokens));
    }
  }

  /** Puts rows where the kernel reads them; how many pairs they are. */
  #interleave({ headDim, rows }: Layout, from: Vectors): number {
    const pairs = Math.ceil(from.length / (2 * headDim));
    const to = new Float64Array(this.#exports.memory.buffer, rows, 2 * pairs * headDim);
    for (let r = 0; r < 2 * pairs; r++)
      for (let d = 0; d < headDim; d++) to[((r >> 1) * headDim + d) * 2 + (r & 1)] = from[r * headDim + d] ?? 0;
    return pairs;
  }

  /** Scores of some rows of a block against its tiles, one tile after the other; bytes of a row of them. */
  #score(layout: Layout, candidates: TilePlan, block: number, row: number, q: Vectors): number {
    const { headDim } = layout;
    const { memory, dots, hide } = this.#exports;
    const first = candidates.rowStart[block] ?? 0;
    const end = candidates.rowStart[block + 1] ?? 0;
    const count = q.length / headDim;
    const pairs = this.#interleave(layout, q);
    const { keys } = CANDIDATE_TILE;
    const stride = (end - first) * keys * DOUBLE;
    const words = keys / 32;
    const bits = new Uint32Array(memory.buffer, layout.bits, count * words);
    for (let entry = first; entry < end; entry++) {
      const at = layout.scores + (entry - first) * keys * DOUBLE;
      const tile = layout.panels + (candidates.column[entry] ?? 0) * keys * headDim * DOUBLE;
      dots(layout.rows, pairs, tile, keys / PANEL, headDim, at, stride);
      const mask = candidates.maskId[entry] ?? 0;
      if (mask === FULL_TILE) continue;
      const from = mask * wordsPerMask(candidates) + row * words;
      bits.set(candidates.masks.subarray(from, from + bits.length));
      hide(at, stride, count, layout.bits, words);
    }
    return stride;
  }

  /** Places among a row's scores that it takes. */
  #choose({ values, places, sorted, weights, halves }: Layout, rule: RowRule, at: number, count: number): Uint32Array {
    const { memory, largest, gather, take, reaching, least, ties } = this.#exports;
    const chosen = (taken: number): Uint32Array => new Uint32Array(memory.buffer, places, taken);
    if (rule.kind === 'largest') {
      const keys = Math.min(rule.keys, count);
      const room = Math.min(count + 1, 2 * keys + SPARE);
      return chosen(largest(at, count, keys, values, places, sorted, room));
    }
    const all = gather(at, count, rule.scale, values, places);
    if (rule.mass === 1 || all === 0) return chosen(all);
    if (reaching(values, all, rule.mass, sorted, weights, halves) !== 0)
      return chosen(take(values, places, all, least(), ties()));
    // What the order of the sums decides is added up in the order that the rule says.
    const row = new Float64Array(memory.buffer, sorted, all);
    row.set(new Float64Array(memory.buffer, values, all));
    const found = reachExactly(row, rule.mass, new Float64Array(memory.buffer, weights, all));
    return chosen(take(values, places, all, found.least, found.ties));
  }

  /** The keys at places of a block's tiles, in their stead. */
  #toKeys({ rowStart, column }: TilePlan, block: number, places: Uint32Array): void {
    const first = rowStart[block] ?? 0;
    const { keys } = CANDIDATE_TILE;
    for (let at = 0; at < places.length; at++) {
      const place = places[at] as number;
      places[at] = (column[first + Math.floor(place / keys)] as number) * keys + (place % keys);
    }
  }
}
