import type { Configuration } from '../configuration.ts';
import { bitsOf } from '../loss.ts';
import { Rotary } from '../rotary.ts';
import { padded, type RowResult, type RowTask, type Stage } from './stages.ts';

/** See assembly/product.ts. */
interface KernelExports {
  readonly memory: WebAssembly.Memory;
  heapBase(): number;
  multiply(x: number, w: number, to: number, pairs: number, inner: number, width: number, fresh: boolean): void;
  activate(from: number, to: number, pairs: number, width: number): void;
}

/** Rows that go through a stage together: what is between its products stays in the second cache. */
const BLOCK = 32;

/** Where things lie in memory, in floats. */
interface Layout {
  /** [BLOCK][padded(dim)]: the residual stream. */
  readonly x: number;
  /** [BLOCK / 2][inner][2]: the rows that are multiplied. */
  readonly pairs: number;
  /** [BLOCK][width]: the product. */
  readonly wide: number;
  /** Weights of the stage. */
  readonly weights: number;
}

/** An instance of the kernel, which holds the weights of one stage at a time. */
export class RowKernel {
  readonly #exports: KernelExports;
  readonly #configuration: Configuration;
  readonly #layout: Layout;
  readonly #rotary: Rotary;
  #stage: Stage | undefined;
  /** Where the matrices of the stage lie, in its order. */
  #places: readonly number[] = [];
  #floats = new Float32Array(0);

  private constructor(exports: KernelExports, configuration: Configuration) {
    this.#exports = exports;
    this.#configuration = configuration;
    this.#rotary = new Rotary(configuration);
    const { dim, ff, heads, headDim, vocab } = configuration;
    const inner = heads * headDim;
    let top = Math.ceil(exports.heapBase() / 64) * 16;
    const take = (floats: number): number => {
      const at = top;
      top += Math.ceil(floats / 16) * 16;
      return at;
    };
    this.#layout = {
      x: take(BLOCK * padded(dim)),
      pairs: take(BLOCK * Math.max(dim, inner, padded(ff))),
      wide: take(BLOCK * padded(Math.max(3 * inner, ff, vocab))),
      weights: top,
    };
  }

  /** @param bytes one of the builds */
  static async create(bytes: BufferSource, configuration: Configuration): Promise<RowKernel> {
    // `abort` is the one import that AssemblyScript may ask for; the kernel has no assertions that could call it.
    const { instance } = await WebAssembly.instantiate(bytes, { env: { abort: () => {} } });
    return new RowKernel(instance.exports as unknown as KernelExports, configuration);
  }

  /** The stage of the tasks that follow. Throws RangeError when there is not so much memory. */
  useStage(stage: Stage): void {
    const matrices =
      stage.step === 'project'
        ? [stage.qkv]
        : stage.step === 'finish'
          ? [stage.out, stage.up, stage.down]
          : [stage.embed];
    let top = this.#layout.weights;
    this.#places = matrices.map(({ length }) => {
      const at = top;
      top += length;
      return at;
    });
    const { memory } = this.#exports;
    const missing = 4 * top - memory.buffer.byteLength;
    if (missing > 0) memory.grow(Math.ceil(missing / 65536));
    this.#floats = new Float32Array(memory.buffer);
    for (const [index, matrix] of matrices.entries()) this.#floats.set(matrix, this.#places[index]);
    this.#stage = stage;
  }

  /** Computes rows of the stage in use. */
  run(task: RowTask): RowResult {
    const stage = this.#stage;
    const { dim, heads, headDim } = this.#configuration;
    const of = (count: number): Float32Array<ArrayBuffer> => new Float32Array(count * task.rows);
    if (stage?.step === 'project' && task.step === 'project') {
      const result = [of(heads * headDim), of(heads * headDim), of(heads * headDim)] as const;
      for (let row = 0; row < task.rows; row += BLOCK) this.#project(stage, task, row, result);
      return result;
    }
    if (stage?.step === 'finish' && task.step === 'finish') {
      const x = of(dim);
      for (let row = 0; row < task.rows; row += BLOCK) this.#finish(stage, task, row, x);
      return [x];
    }
    if (stage?.step === 'predict' && task.step === 'predict') {
      const bits = of(1);
      for (let row = 0; row < task.rows; row += BLOCK) this.#predict(stage, task, row, bits);
      return [bits];
    }
    throw new Error('The kernel got rows of another stage than it has weights of.');
  }

  #project(
    { norm }: Stage & { step: 'project' },
    { first, rows: all, x }: RowTask & { step: 'project' },
    from: number,
    result: readonly Float32Array[],
  ): void {
    const { dim, heads, headDim } = this.#configuration;
    const floats = this.#floats;
    const rows = Math.min(BLOCK, all - from);
    this.#normalise(x, from * dim, dim, rows, norm);
    const width = this.#multiply(0, this.#layout.wide, rows, dim, 3 * heads * headDim, true);
    const half = headDim / 2;
    const turns = this.#rotary.turns(first + from + rows);
    for (const [part, to] of result.entries()) {
      for (let head = 0; head < heads; head++) {
        for (let row = 0; row < rows; row++) {
          const source = this.#layout.wide + row * width + (part * heads + head) * headDim;
          const target = (head * all + from + row) * headDim;
          if (part === 2) {
            to.set(floats.subarray(source, source + headDim), target);
            continue;
          }
          const turn = (first + from + row) * headDim;
          for (let d = 0; d < half; d++) {
            const cos = turns[turn + 2 * d] ?? 0;
            const sin = turns[turn + 2 * d + 1] ?? 0;
            const a = floats[source + d] ?? 0;
            const b = floats[source + half + d] ?? 0;
            to[target + d] = a * cos - b * sin;
            to[target + half + d] = b * cos + a * sin;
          }
        }
      }
    }
  }

  #finish(
    { norm }: Stage & { step: 'finish' },
    { rows: all, x, attended }: RowTask & { step: 'finish' },
    from: number,
    result: Float32Array,
  ): void {
    const { dim, ff, heads, headDim } = this.#configuration;
    const { x: stream, pairs, wide } = this.#layout;
    const floats = this.#floats;
    const rows = Math.min(BLOCK, all - from);
    const inner = heads * headDim;
    const stride = padded(dim);
    for (let row = 0; row < rows; row++) {
      floats.set(x.subarray((from + row) * dim, (from + row + 1) * dim), stream + row * stride);
      const to = pairs + (row >> 1) * 2 * inner + (row & 1);
      for (let head = 0; head < heads; head++) {
        const at = (head * all + from + row) * headDim;
        for (let d = 0; d < headDim; d++) floats[to + 2 * (head * headDim + d)] = attended[at + d] ?? 0;
      }
    }
    this.#multiply(0, stream, rows, inner, dim, false);
    this.#normalise(floats, stream, stride, rows, norm);
    const width = this.#multiply(1, wide, rows, dim, ff, true);
    this.#exports.activate(4 * wide, 4 * pairs, Math.ceil(rows / 2), width);
    this.#multiply(2, stream, rows, width, dim, false);
    for (let row = 0; row < rows; row++) {
      const at = stream + row * stride;
      result.set(floats.subarray(at, at + dim), (from + row) * dim);
    }
  }

  #predict(
    { norm }: Stage & { step: 'predict' },
    { rows: all, x, targets }: RowTask & { step: 'predict' },
    from: number,
    bits: Float32Array,
  ): void {
    const { dim, vocab } = this.#configuration;
    const rows = Math.min(BLOCK, all - from);
    this.#normalise(x, from * dim, dim, rows, norm);
    const width = this.#multiply(0, this.#layout.wide, rows, dim, vocab, true);
    for (let row = 0; row < rows; row++) {
      const at = this.#layout.wide + row * width;
      bits[from + row] = bitsOf(this.#floats.subarray(at, at + vocab), targets[from + row] ?? 0);
    }
  }

  /** RMSNorm of rows that lie `stride` apart, into pairs. */
  #normalise(x: Float32Array, at: number, stride: number, rows: number, weight: Float32Array): void {
    const { dim, rmsEps } = this.#configuration;
    const floats = this.#floats;
    for (let row = 0; row < rows; row++) {
      const from = at + row * stride;
      let sum = 0;
      for (let d = 0; d < dim; d++) {
        const value = x[from + d] ?? 0;
        sum += value * value;
      }
      const factor = 1 / Math.sqrt(sum / dim + rmsEps);
      const to = this.#layout.pairs + (row >> 1) * 2 * dim + (row & 1);
      for (let d = 0; d < dim; d++) floats[to + 2 * d] = (x[from + d] ?? 0) * factor * (weight[d] ?? 0);
    }
  }

  /** The rows in pairs times a matrix of the stage; returns how far apart rows of the product lie. */
  #multiply(matrix: number, to: number, rows: number, inner: number, outer: number, fresh: boolean): number {
    const width = padded(outer);
    const weights = this.#places[matrix] ?? 0;
    const { pairs } = this.#layout;
    this.#exports.multiply(4 * pairs, 4 * weights, 4 * to, Math.ceil(rows / 2), inner, width, fresh);
    return width;
  }
}
