import { type Device, firstLine } from '../../../attention/gpu/device.ts';
import { GpuError } from '../../../attention/gpu/gpu-error.ts';
import { upload } from '../../../attention/gpu/transfer.ts';
import { BufferUsage, MAP_READ } from '../../../attention/gpu/usage.ts';
import { BINS } from '../bins.ts';
import { curveSizes } from '../curve.ts';
import type { MaskRows } from '../plan-rows.ts';
import type { RowRange, SurveyedHead } from '../survey.ts';
import { ADD_SEGMENTS, DIAGONAL_SUMS, DIAGONALS, SEGMENT } from './wgsl/diagonals.ts';
import { PARAMS_WORDS } from './wgsl/params.ts';
import { BIN_WORDS, FACT_COUNT, GROUPS, rowsShader } from './wgsl/rows.ts';
import { SCORES, TILE } from './wgsl/scores.ts';

const { STORAGE, COPY_SRC, COPY_DST, UNIFORM } = BufferUsage;
/** Scores that are on the device at a time. */
const SCORE_BYTES = 2 ** 26;

/** Shaders of a device. */
export interface SurveyShaders {
  readonly scores: GPUComputePipeline;
  readonly rows: GPUComputePipeline;
  readonly diagonals: GPUComputePipeline;
  readonly segments: GPUComputePipeline;
}

/** @param side the square root of how many threads look at a row together */
export async function surveyShaders(
  { device, imitated }: Device,
  side: number = imitated ? GROUPS.imitated : GROUPS.device,
): Promise<SurveyShaders> {
  const make = (label: string, code: string): Promise<GPUComputePipeline> =>
    device.createComputePipelineAsync({
      label,
      layout: 'auto',
      compute: { module: device.createShaderModule({ label, code }), entryPoint: 'main' },
    });
  const [scores, rows, diagonals, segments] = await Promise.all([
    make('scores', SCORES),
    make('rows of probabilities', rowsShader(side)),
    make('sums of diagonals', DIAGONAL_SUMS),
    make('sums of segments', ADD_SEGMENTS),
  ]);
  return { scores, rows, diagonals, segments };
}

/** What the device found for some rows, as it is in its buffers; see wgsl/. */
export interface Found {
  /** [rows][FACT_COUNT + points] */
  readonly facts: Float32Array;
  /** [BINS][BIN_WORDS] */
  readonly histogram: Uint32Array;
  /** [2 keys - 1] */
  readonly distances: Float32Array;
}

/** Bits that are left off of what is above the lower edge of a bin: sums over all keys of a row fit into 32 bits. */
export function leftOff(keys: number): number {
  return Math.max(0, Math.ceil(Math.log2(keys)) - 14);
}

/** Bytes of the largest buffer that some rows of a head need. */
export function largestBytes({ keys, headDim, queries }: SurveyedHead, rows: number): number {
  const stride = TILE * Math.ceil(keys / TILE);
  const chunk = chunkRows(keys, queries);
  return Math.max(
    4 * chunk * stride,
    4 * Math.ceil(chunk / SEGMENT) * (keys + chunk),
    4 * headDim * Math.max(keys, queries),
    4 * rows * Math.ceil(keys / 32),
    4 * rows * (FACT_COUNT + curveSizes(keys).length),
  );
}

/** Rows whose scores are on the device together. */
function chunkRows(keys: number, queries: number): number {
  const rows = Math.min(queries, Math.max(1, Math.floor(SCORE_BYTES / 4 / (keys + TILE))));
  return rows > SEGMENT ? rows - (rows % SEGMENT) : rows;
}

/** Rows of a mask on a device: heads that share a mask find them there. */
export class KeptMask {
  #kept: { readonly mask: MaskRows; readonly range: RowRange; readonly buffer: GPUBuffer } | undefined;

  bits({ device }: Device, mask: MaskRows, range: RowRange): GPUBuffer {
    const kept = this.#kept;
    if (kept?.mask === mask && kept.range.from === range.from && kept.range.to === range.to) return kept.buffer;
    kept?.buffer.destroy();
    const bits = mask.read(range.from, range.to);
    const buffer = device.createBuffer({
      label: 'mask',
      size: Math.max(16, bits.byteLength),
      usage: STORAGE | COPY_DST,
    });
    this.#kept = { mask, range, buffer };
    upload(device, buffer, bits);
    return buffer;
  }
}

/** A head's tensors on a device. */
export class HeadSurvey {
  readonly #opened: Device;
  readonly #shaders: SurveyShaders;
  readonly #mask: KeptMask;
  readonly #head: SurveyedHead;
  readonly #stride: number;
  readonly #chunk: number;
  readonly #points: number;
  readonly #kept: GPUBuffer[] = [];
  readonly #q: GPUBuffer;
  readonly #k: GPUBuffer;
  readonly #wanted: GPUBuffer;
  readonly #sizes: GPUBuffer;
  readonly #scores: GPUBuffer;
  readonly #partial: GPUBuffer;

  /** @param chunk rows whose scores are on the device together, at most */
  constructor(
    opened: Device,
    shaders: SurveyShaders,
    kept: KeptMask,
    head: SurveyedHead,
    chunk = Number.POSITIVE_INFINITY,
  ) {
    this.#opened = opened;
    this.#mask = kept;
    this.#shaders = shaders;
    this.#head = head;
    const { q, k, keys, queries, mask } = head;
    const sizes = Uint32Array.from(curveSizes(keys));
    this.#stride = TILE * Math.ceil(keys / TILE);
    this.#chunk = Math.min(chunk, chunkRows(keys, queries));
    this.#points = sizes.length;
    this.#q = this.#filled(this.#kept, 'queries', q);
    this.#k = this.#filled(this.#kept, 'keys', k);
    this.#wanted = this.#filled(this.#kept, 'keys per row', mask.perRow);
    this.#sizes = this.#filled(this.#kept, 'sizes', sizes);
    this.#scores = this.#empty(this.#kept, 'scores', 4 * this.#chunk * this.#stride, STORAGE);
    const segments = Math.ceil(this.#chunk / SEGMENT);
    this.#partial = this.#empty(this.#kept, 'sums of diagonals', 4 * segments * (keys + this.#chunk), STORAGE);
  }

  /**
   * Looks at the rows of a range.
   *
   * @throws GpuError when memory runs out or the device fails
   */
  async find(range: RowRange): Promise<Found> {
    const { device, failure } = this.#opened;
    const buffers: GPUBuffer[] = [];
    device.pushErrorScope('out-of-memory');
    try {
      const staging = this.#submit(range, buffers);
      const error = await Promise.race([device.popErrorScope(), failure]);
      if (error !== null)
        throw new GpuError('out-of-memory', `The graphics device is out of memory (${firstLine(error.message)}).`);
      await Promise.race([staging.mapAsync(MAP_READ), failure]);
      const bytes = staging.getMappedRange().slice(0);
      staging.unmap();
      const facts = (range.to - range.from) * (FACT_COUNT + this.#points);
      const bins = BINS * BIN_WORDS;
      return {
        facts: new Float32Array(bytes, 0, facts),
        histogram: new Uint32Array(bytes, 4 * facts, bins),
        distances: new Float32Array(bytes, 4 * (facts + bins), 2 * this.#head.keys - 1),
      };
    } finally {
      if (!this.#opened.lost()) for (const buffer of buffers) buffer.destroy();
    }
  }

  dispose(): void {
    if (!this.#opened.lost()) for (const buffer of this.#kept) buffer.destroy();
  }

  /** Returns what will have all that was found. */
  #submit({ from, to }: RowRange, buffers: GPUBuffer[]): GPUBuffer {
    const { device } = this.#opened;
    const { keys, mask } = this.#head;
    const bits = this.#mask.bits(this.#opened, mask, { from, to });
    const output = (label: string, words: number): GPUBuffer =>
      this.#empty(buffers, label, 4 * words, STORAGE | COPY_SRC);
    const facts = output('facts', (to - from) * (FACT_COUNT + this.#points));
    const histogram = output('histogram', BINS * BIN_WORDS);
    const distances = output('sums by distance', 2 * keys - 1);
    const results = [facts, histogram, distances];
    const size = results.reduce((sum, buffer) => sum + buffer.size, 0);
    const staging = this.#empty(buffers, 'staging', size, BufferUsage.MAP_READ | COPY_DST);
    const encoder = device.createCommandEncoder();
    const { scores, rows, diagonals, segments } = this.#shaders;
    for (let first = from; first < to; first += this.#chunk) {
      const count = Math.min(this.#chunk, to - first);
      const facts32 = this.#parameters({ from: first, to: first + count }, from, buffers);
      const { params, touched, across, tiles } = facts32;
      const run = (
        pipeline: GPUComputePipeline,
        groups: readonly [number, number],
        resources: readonly GPUBuffer[],
      ): void => {
        const compute = encoder.beginComputePass();
        compute.setPipeline(pipeline);
        compute.setBindGroup(
          0,
          device.createBindGroup({
            layout: pipeline.getBindGroupLayout(0),
            entries: [params, ...resources].map((buffer, binding) => ({ binding, resource: { buffer } })),
          }),
        );
        compute.dispatchWorkgroups(...groups);
        compute.end();
      };
      run(scores, [tiles, Math.ceil(count / TILE)], [this.#q, this.#k, this.#scores]);
      run(rows, [across, Math.ceil(count / across)], [this.#scores, this.#wanted, bits, this.#sizes, facts, histogram]);
      const wide = Math.ceil(touched / DIAGONALS);
      run(diagonals, [wide, Math.ceil(count / SEGMENT)], [this.#scores, this.#partial]);
      run(segments, [wide, 1], [this.#partial, distances]);
    }
    let at = 0;
    for (const buffer of results) {
      encoder.copyBufferToBuffer(buffer, 0, staging, at, buffer.size);
      at += buffer.size;
    }
    device.queue.submit([encoder.finish()]);
    return staging;
  }

  /** Parameters of the rows `from` to `to` of a portion that starts at row `start`. */
  #parameters({ from, to }: RowRange, start: number, buffers: GPUBuffer[]) {
    const { device } = this.#opened;
    const { keys, headDim, baseline, offset, scale } = this.#head;
    const causal = baseline === 'causal';
    const most = causal ? Math.min(keys, offset + to) : keys;
    const across = Math.min(to - from, device.limits.maxComputeWorkgroupsPerDimension);
    const diagonal = Math.max(0, keys - 1 - (offset + to - 1));
    const touched = Math.min(2 * keys - 2, causal ? keys - 1 : 2 * keys - 2 - (offset + from)) - diagonal + 1;
    const words = new Uint32Array(PARAMS_WORDS);
    words.set([to - from, from, from - start, keys, headDim, this.#stride, Number(causal), offset, across]);
    words.set([Math.ceil(keys / 32), this.#points, leftOff(keys)], 9);
    new Float32Array(words.buffer).set([scale * Math.LOG2E], 12);
    words.set([diagonal, touched], 13);
    const params = this.#empty(buffers, 'parameters', words.byteLength, UNIFORM | COPY_DST);
    device.queue.writeBuffer(params, 0, words);
    return { params, touched, across, tiles: Math.ceil(most / TILE) };
  }

  #filled(owner: GPUBuffer[], label: string, data: Float32Array | Uint32Array): GPUBuffer {
    const buffer = this.#empty(owner, label, data.byteLength, STORAGE | COPY_DST);
    upload(this.#opened.device, buffer, data);
    return buffer;
  }

  #empty(owner: GPUBuffer[], label: string, bytes: number, usage: number): GPUBuffer {
    const buffer = this.#opened.device.createBuffer({ label, size: Math.max(16, bytes), usage });
    owner.push(buffer);
    return buffer;
  }
}
