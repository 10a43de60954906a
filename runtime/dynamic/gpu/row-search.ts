import { type Device, firstLine } from '../../attention/gpu/device.ts';
import { GpuError } from '../../attention/gpu/gpu-error.ts';
import { upload } from '../../attention/gpu/transfer.ts';
import { BufferUsage, MAP_READ } from '../../attention/gpu/usage.ts';
import { type BlockRange, queriesOf } from '../rows/choose-rows.ts';
import { CANDIDATE_TILE, type RowRequest, type Vectors } from '../rows/row-rule.ts';
import { type Cut, cutOf, type Sieve } from './sieve.ts';
import { largestCut } from './wgsl/largest.ts';
import { listShader } from './wgsl/list.ts';
import { massCut } from './wgsl/mass.ts';
import { SCORES } from './wgsl/scores.ts';
import { CUT_WORDS, PARAMS_WORDS, UNLISTED } from './wgsl/shared.ts';

const { STORAGE, COPY_SRC, COPY_DST, UNIFORM } = BufferUsage;

/** Shaders of a device: scores of tiles, cuts of rows by each rule, and the list of what rows may take. */
export interface RowShaders {
  readonly scores: GPUComputePipeline;
  readonly largest: GPUComputePipeline;
  readonly mass: GPUComputePipeline;
  readonly list: GPUComputePipeline;
}

/** Invocations that look through a row together: every device has as many; where software imitates one they only cost time. */
const SIFTERS = { device: 256, imitated: 32 } as const;

/** The text of each shader. */
export function rowShaderTexts(imitated: boolean): Record<keyof RowShaders, string> {
  const sifters = imitated ? SIFTERS.imitated : SIFTERS.device;
  return { scores: SCORES, largest: largestCut(sifters), mass: massCut(sifters), list: listShader(sifters) };
}

export async function rowShaders({ device, imitated }: Device): Promise<RowShaders> {
  const texts = rowShaderTexts(imitated);
  const make = (name: keyof RowShaders): Promise<GPUComputePipeline> =>
    device.createComputePipelineAsync({
      label: `keys by content: ${name}`,
      layout: 'auto',
      compute: { module: device.createShaderModule({ label: name, code: texts[name] }), entryPoint: 'main' },
    });
  const [scores, largest, mass, list] = await Promise.all([
    make('scores'),
    make('largest'),
    make('mass'),
    make('list'),
  ]);
  return { scores, largest, mass, list };
}

/** What the device found for some rows. */
export interface Found {
  readonly cuts: readonly Cut[];
  /** [rows]: where the keys of each row begin, the doubtful ones and then the certain ones; UNLISTED: they are not there. */
  readonly starts: Uint32Array;
  /** Lists of keys; certain ones in the form that `wordsOf` gives. */
  readonly words: Uint32Array;
}

/** Room for scores on a device, which one range of rows after the other uses. */
export class ScoreRoom {
  readonly #device: GPUDevice;
  #buffer: GPUBuffer | undefined;

  constructor(device: GPUDevice) {
    this.#device = device;
  }

  of(bytes: number): GPUBuffer {
    if (this.#buffer === undefined || this.#buffer.size < bytes) {
      this.dispose();
      this.#buffer = this.#device.createBuffer({ label: 'scores', size: Math.max(16, bytes), usage: STORAGE });
    }
    return this.#buffer;
  }

  dispose(): void {
    this.#buffer?.destroy();
    this.#buffer = undefined;
  }
}

/** The keys and candidates of a head on a device. */
export class RowSearch {
  readonly #opened: Device;
  readonly #shaders: RowShaders;
  readonly #room: ScoreRoom;
  readonly #request: RowRequest;
  readonly #sieve: Sieve;
  readonly #kept: GPUBuffer[] = [];
  readonly #k: GPUBuffer;
  readonly #masks: GPUBuffer;

  constructor(
    { device, shaders, scores }: { readonly device: Device; readonly shaders: RowShaders; readonly scores: ScoreRoom },
    request: RowRequest,
    sieve: Sieve,
  ) {
    this.#opened = device;
    this.#shaders = shaders;
    this.#room = scores;
    this.#request = request;
    this.#sieve = sieve;
    this.#k = this.#filled(this.#kept, 'keys', rounded(request.k));
    this.#masks = this.#filled(this.#kept, 'candidate masks', request.candidates.masks);
  }

  /**
   * Finds what the rows of some row blocks may take. One range at a time.
   *
   * @throws GpuError when memory runs out or the device fails
   */
  async find(range: BlockRange): Promise<Found> {
    const { device, failure } = this.#opened;
    const buffers: GPUBuffer[] = [];
    const read = async (buffer: GPUBuffer, size: number): Promise<Uint32Array> => {
      if (size === 0) return new Uint32Array(0);
      const staging = this.#empty(buffers, 'staging', size, BufferUsage.MAP_READ | COPY_DST);
      const encoder = device.createCommandEncoder();
      encoder.copyBufferToBuffer(buffer, 0, staging, 0, size);
      device.queue.submit([encoder.finish()]);
      const error = await Promise.race([device.popErrorScope(), failure]);
      if (error !== null)
        throw new GpuError('out-of-memory', `The graphics device is out of memory (${firstLine(error.message)}).`);
      await Promise.race([staging.mapAsync(MAP_READ), failure]);
      const words = new Uint32Array(staging.getMappedRange()).slice(0, size / 4);
      staging.unmap();
      return words;
    };
    try {
      device.pushErrorScope('out-of-memory');
      const { rows, stride, cuts, scores, tiles } = this.#cut(range, buffers);
      const words = await read(cuts, 4 * rows * CUT_WORDS);
      const ofRows = Array.from({ length: rows }, (_, row) => cutOf(words, row));
      const { about, length } = this.#lists(range, ofRows);
      const starts = Uint32Array.from(ofRows, (_, row) => about[4 * row + 1] ?? UNLISTED);
      if (length === 0) return { cuts: ofRows, starts, words: new Uint32Array(0) };
      device.pushErrorScope('out-of-memory');
      const found = this.#empty(buffers, 'found', 4 * length, STORAGE | COPY_SRC);
      const resources = [scores, cuts, this.#filled(buffers, 'rows', about), tiles, found];
      const encoder = device.createCommandEncoder();
      this.#run(encoder, buffers, { pipeline: this.#shaders.list, count: rows, rows, stride, resources });
      device.queue.submit([encoder.finish()]);
      return { cuts: ofRows, starts, words: await read(found, 4 * length) };
    } finally {
      if (!this.#opened.lost()) for (const buffer of buffers) buffer.destroy();
    }
  }

  dispose(): void {
    if (!this.#opened.lost()) for (const buffer of this.#kept) buffer.destroy();
  }

  /** Scores rows and cuts them. */
  #cut(range: BlockRange, buffers: GPUBuffer[]) {
    const { device } = this.#opened;
    const q = rounded(queriesOf(this.#request, range));
    const rows = q.length / this.#request.headDim;
    const stride = longestRow(this.#request, range);
    const about = new Uint32Array(4 * rows);
    const slacks = new Float32Array(about.buffer);
    for (let row = 0; row < rows; row++) {
      const block = range.from + Math.floor(row / CANDIDATE_TILE.queries);
      const { slack, shares } = this.#sieve.bounds(range.from * CANDIDATE_TILE.queries + row);
      about[4 * row] = CANDIDATE_TILE.keys * tilesIn(this.#request, block);
      slacks[4 * row + 1] = slack;
      about.set(shares, 4 * row + 2);
    }
    const scores = this.#room.of(4 * rows * stride);
    const cuts = this.#empty(buffers, 'cuts', 4 * rows * CUT_WORDS, STORAGE | COPY_SRC);
    const listed = this.#tilesOf(range);
    const tiles = this.#filled(buffers, 'tiles', listed);
    const encoder = device.createCommandEncoder();
    this.#run(encoder, buffers, {
      ...{ pipeline: this.#shaders.scores, count: listed.length / 4, rows, stride },
      resources: [this.#filled(buffers, 'queries', q), this.#k, tiles, this.#masks, scores],
    });
    this.#run(encoder, buffers, {
      ...{ pipeline: this.#shaders[this.#sieve.parameters.kernel], count: rows, rows, stride },
      resources: [scores, this.#filled(buffers, 'about rows', about), cuts],
    });
    device.queue.submit([encoder.finish()]);
    return { rows, stride, cuts, scores, tiles };
  }

  /** What the kernel that lists keys is told about rows, and words of all their lists. */
  #lists({ from }: BlockRange, cuts: readonly Cut[]): { readonly about: Uint32Array; readonly length: number } {
    const { candidates } = this.#request;
    const bits = Math.ceil(candidates.keys / 32);
    const firstTile = candidates.rowStart[from] ?? 0;
    const about = new Uint32Array(4 * cuts.length);
    let length = 0;
    cuts.forEach((cut, row) => {
      const block = from + Math.floor(row / CANDIDATE_TILE.queries);
      const start = this.#sieve.lists(cut) ? length : UNLISTED;
      const certain = cut.places - cut.doubtful;
      const tile = (candidates.rowStart[block] ?? 0) - firstTile;
      about.set([CANDIDATE_TILE.keys * tilesIn(this.#request, block), start, tile, certain > bits ? 1 : 0], 4 * row);
      if (start !== UNLISTED) length += cut.doubtful + Math.min(certain, bits);
    });
    return { about, length };
  }

  /** A workgroup for each of `count`. */
  #run(
    encoder: GPUCommandEncoder,
    buffers: GPUBuffer[],
    work: {
      readonly pipeline: GPUComputePipeline;
      readonly count: number;
      readonly rows: number;
      readonly stride: number;
      readonly resources: readonly GPUBuffer[];
    },
  ): void {
    const { pipeline, count, rows, stride, resources } = work;
    if (count === 0) return;
    const { device } = this.#opened;
    const { candidates, headDim } = this.#request;
    const { keys, scale } = this.#sieve.parameters;
    const across = Math.min(count, device.limits.maxComputeWorkgroupsPerDimension);
    const settings = new Uint32Array(PARAMS_WORDS);
    settings.set([count, across, headDim, candidates.keys, rows, stride, keys]);
    new Float32Array(settings.buffer)[PARAMS_WORDS - 1] = scale;
    const params = this.#empty(buffers, 'parameters', settings.byteLength, UNIFORM | COPY_DST);
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

function rounded(vectors: Vectors): Float32Array {
  return vectors instanceof Float32Array ? vectors : new Float32Array(vectors);
}

function tilesIn({ candidates: { rowStart } }: RowRequest, block: number): number {
  return (rowStart[block + 1] ?? 0) - (rowStart[block] ?? 0);
}

/** Scores of the row block with the most tiles. */
function longestRow(request: RowRequest, { from, to }: BlockRange): number {
  let most = 0;
  for (let block = from; block < to; block++) most = Math.max(most, tilesIn(request, block));
  return most * CANDIDATE_TILE.keys;
}

/** Bytes of the largest buffer that a range needs, or that the head does. */
export function largestBytes(request: RowRequest, range: BlockRange): number {
  const rows = (range.to - range.from) * CANDIDATE_TILE.queries;
  const { candidates, k } = request;
  return Math.max(4 * rows * longestRow(request, range), 4 * k.length, candidates.masks.byteLength);
}
