import { type Device, firstLine } from '../../attention/gpu/device.ts';
import { GpuError } from '../../attention/gpu/gpu-error.ts';
import { upload } from '../../attention/gpu/transfer.ts';
import { BufferUsage, MAP_READ } from '../../attention/gpu/usage.ts';
import { type BlockRange, queriesOf } from '../rows/choose-rows.ts';
import { CANDIDATE_TILE, type RowRequest } from '../rows/row-rule.ts';
import { PARAMS_WORDS, SCORES, SIFT } from './wgsl.ts';

const { STORAGE, COPY_SRC, COPY_DST, UNIFORM } = BufferUsage;
/** Beside the keys that a row takes, room for so many that are as good as the last of them. */
const SPARE = 64;

/** Shaders of a device. */
export interface RowShaders {
  readonly scores: GPUComputePipeline;
  readonly sift: GPUComputePipeline;
}

export async function rowShaders({ device }: Device): Promise<RowShaders> {
  const make = (label: string, code: string): Promise<GPUComputePipeline> =>
    device.createComputePipelineAsync({
      label,
      layout: 'auto',
      compute: { module: device.createShaderModule({ label, code }), entryPoint: 'main' },
    });
  const [scores, sift] = await Promise.all([make('candidate scores', SCORES), make('candidate places', SIFT)]);
  return { scores, sift };
}

/** What the device found for some rows: [rows][2 + room], see SIFT. */
export interface Found {
  readonly words: Uint32Array;
  readonly room: number;
}

/** The keys and candidates of a head on a device. */
export class RowSearch {
  readonly #opened: Device;
  readonly #shaders: RowShaders;
  readonly #request: RowRequest;
  readonly #keys: number;
  readonly #slack: (row: number) => number;
  readonly #kept: GPUBuffer[] = [];
  readonly #k: GPUBuffer;
  readonly #masks: GPUBuffer;

  /**
   * @param keys how many a row takes
   * @param slack of each query row: twice the error of its scores, and a little more
   */
  constructor(opened: Device, shaders: RowShaders, request: RowRequest, keys: number, slack: (row: number) => number) {
    this.#opened = opened;
    this.#shaders = shaders;
    this.#request = request;
    this.#keys = keys;
    this.#slack = slack;
    this.#k = this.#filled(this.#kept, 'keys', request.k);
    this.#masks = this.#filled(this.#kept, 'candidate masks', request.candidates.masks);
  }

  /**
   * Finds what the rows of some row blocks may take.
   *
   * @throws GpuError when memory runs out or the device fails
   */
  async find(range: BlockRange): Promise<Found> {
    const { device, failure } = this.#opened;
    device.pushErrorScope('out-of-memory');
    const buffers: GPUBuffer[] = [];
    try {
      const { rows, room, staging } = this.#submit(range, buffers);
      const error = await Promise.race([device.popErrorScope(), failure]);
      if (error !== null)
        throw new GpuError('out-of-memory', `The graphics device is out of memory (${firstLine(error.message)}).`);
      await Promise.race([staging.mapAsync(MAP_READ), failure]);
      const words = new Uint32Array(staging.getMappedRange()).slice(0, rows * (2 + room));
      staging.unmap();
      return { words, room };
    } finally {
      if (!this.#opened.lost()) for (const buffer of buffers) buffer.destroy();
    }
  }

  dispose(): void {
    if (!this.#opened.lost()) for (const buffer of this.#kept) buffer.destroy();
  }

  #submit(
    range: BlockRange,
    buffers: GPUBuffer[],
  ): { readonly rows: number; readonly room: number; readonly staging: GPUBuffer } {
    const { device } = this.#opened;
    const { candidates, headDim } = this.#request;
    const q = queriesOf(this.#request, range);
    const rows = q.length / headDim;
    const tiles = this.#tilesOf(range);
    const stride = longestRow(this.#request, range);
    const room = Math.min(stride, this.#keys + SPARE);
    const about = new Float32Array(2 * rows);
    for (let row = 0; row < rows; row++) {
      const block = range.from + Math.floor(row / CANDIDATE_TILE.queries);
      about[2 * row] = CANDIDATE_TILE.keys * tilesIn(this.#request, block);
      about[2 * row + 1] = this.#slack(range.from * CANDIDATE_TILE.queries + row);
    }
    const scores = this.#empty(buffers, 'scores', 4 * rows * stride, STORAGE);
    const found = this.#empty(buffers, 'found', 4 * rows * (2 + room), STORAGE | COPY_SRC);
    const staging = this.#empty(buffers, 'staging', found.size, BufferUsage.MAP_READ | COPY_DST);
    const encoder = device.createCommandEncoder();
    const run = (pipeline: GPUComputePipeline, count: number, resources: readonly GPUBuffer[]): void => {
      if (count === 0) return;
      const across = Math.min(count, device.limits.maxComputeWorkgroupsPerDimension);
      const settings = Uint32Array.of(count, across, headDim, candidates.keys, rows, stride, this.#keys, room);
      const params = this.#empty(buffers, 'parameters', 4 * PARAMS_WORDS, UNIFORM | COPY_DST);
      device.queue.writeBuffer(params, 0, settings);
      const compute = encoder.beginComputePass();
      compute.setPipeline(pipeline);
      compute.setBindGroup(
        0,
        device.createBindGroup({
          layout: pipeline.getBindGroupLayout(0),
          entries: [params, ...resources].map((buffer, binding) => ({ binding, resource: { buffer } })),
        }),
      );
      compute.dispatchWorkgroups(across, Math.ceil(count / across));
      compute.end();
    };
    const tileBuffer = this.#filled(buffers, 'tiles', tiles);
    const { scores: score, sift } = this.#shaders;
    run(score, tiles.length / 4, [this.#filled(buffers, 'queries', q), this.#k, tileBuffer, this.#masks, scores]);
    run(sift, rows, [scores, this.#filled(buffers, 'rows', about), found]);
    encoder.copyBufferToBuffer(found, 0, staging, 0, found.size);
    device.queue.submit([encoder.finish()]);
    return { rows, room, staging };
  }

  /** (row block from the first of the range on, place among its tiles, tile of keys, mask or ~0) */
  #tilesOf({ from, to }: BlockRange): Uint32Array {
    const { rowStart, column, maskId } = this.#request.candidates;
    const first = rowStart[from] ?? 0;
    const words = new Uint32Array(4 * ((rowStart[to] ?? 0) - first));
    for (let block = from; block < to; block++) {
      const start = rowStart[block] ?? 0;
      for (let entry = start; entry < (rowStart[block + 1] ?? 0); entry++)
        words.set([block - from, entry - start, column[entry] ?? 0, maskId[entry] ?? 0], 4 * (entry - first));
    }
    return words;
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

function tilesIn({ candidates: { rowStart } }: RowRequest, block: number): number {
  return (rowStart[block + 1] ?? 0) - (rowStart[block] ?? 0);
}

/** Scores of the row block with the most tiles. */
export function longestRow(request: RowRequest, { from, to }: BlockRange): number {
  let most = 0;
  for (let block = from; block < to; block++) most = Math.max(most, tilesIn(request, block));
  return most * CANDIDATE_TILE.keys;
}

/** Bytes of the largest buffer that a range needs, or that the head does. */
export function largestBytes(request: RowRequest, range: BlockRange): number {
  const rows = (range.to - range.from) * CANDIDATE_TILE.queries;
  const { candidates, k } = request;
  return Math.max(4 * rows * longestRow(request, range), k.byteLength, candidates.masks.byteLength);
}
