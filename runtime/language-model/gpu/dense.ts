import { throwIfAborted } from '../../attention/abort.ts';
import { openDevice } from '../../attention/gpu/device.ts';
import { GpuError } from '../../attention/gpu/gpu-error.ts';
import { downloadRows, upload } from '../../attention/gpu/transfer.ts';
import { BufferUsage } from '../../attention/gpu/usage.ts';
import { oneAtATime } from '../../attention/one-at-a-time.ts';
import type { Dense } from '../dense.ts';
import { Rotary } from '../rotary.ts';
import type { LanguageModel } from '../weights.ts';
import { JOIN, LOSS, MODES, MOVERS, NORM, PLACE, PRODUCT, TILE } from './shaders.ts';

/** Most workgroups in one direction. */
const MOST_GROUPS = 65535;

/**
 * All of it in WebGPU, float32. Weights stay on the device; the residual stream and what attention gets and gives come from
 * the processor and go back there, 4 numbers of each position and dimension in a layer and 4 of its heads.
 *
 * @throws GpuError when there is no adapter, or the model is too large for it
 */
export async function createGpuDense(model: LanguageModel, gpu: GPU): Promise<Dense> {
  const opened = await openDevice(gpu);
  const { device, failure } = opened;
  const { configuration } = model;
  const { dim, ff, heads, headDim, vocab, rmsEps } = configuration;
  const inner = heads * headDim;
  const rotary = new Rotary(configuration);
  const largest = Math.min(device.limits.maxStorageBufferBindingSize, device.limits.maxBufferSize);

  const createBuffer = (label: string, floats: number): GPUBuffer => {
    if (4 * floats > largest)
      throw new GpuError('too-large', `The GPU cannot hold ${4 * floats} bytes of ${label} in one piece.`);
    const usage = BufferUsage.STORAGE | BufferUsage.COPY_DST | BufferUsage.COPY_SRC;
    return device.createBuffer({ label, size: 4 * floats, usage });
  };
  const stored = (label: string, data: Float32Array): GPUBuffer => {
    const buffer = createBuffer(label, data.length);
    upload(device, buffer, data);
    return buffer;
  };
  const pipeline = (label: string, code: string): Promise<GPUComputePipeline> =>
    device.createComputePipelineAsync({
      label,
      layout: 'auto',
      compute: { module: device.createShaderModule({ label, code }), entryPoint: 'main' },
    });

  try {
    const [product, norm, place, join, loss] = await Promise.race([
      Promise.all([
        pipeline('product', PRODUCT),
        pipeline('norm', NORM),
        pipeline('heads', PLACE),
        pipeline('positions', JOIN),
        pipeline('loss', LOSS),
      ]),
      failure,
    ]);
    const layers = model.layers.map(({ norm1, qkv, out, norm2, up, down }) => ({
      norm1: stored('norm1', norm1),
      qkv: stored('qkv', qkv),
      out: stored('out', out),
      norm2: stored('norm2', norm2),
      up: stored('up', up),
      down: stored('down', down),
    }));
    const last = { norm: stored('norm', model.norm), embed: stored('embed', model.embed) };

    /** Buffers of one call. */
    const withBuffers = oneAtATime(async (work: (call: Call) => Promise<void>, signal: AbortSignal | undefined) => {
      throwIfAborted(signal);
      const call = new Call();
      try {
        await Promise.race([work(call), failure]);
      } finally {
        call.free();
      }
      throwIfAborted(signal);
    });

    /** What is dispatched in one call, and the buffers that it needs. */
    class Call {
      readonly #buffers: GPUBuffer[] = [];
      readonly #encoder = device.createCommandEncoder();

      buffer(label: string, floats: number): GPUBuffer {
        const buffer = createBuffer(label, floats);
        this.#buffers.push(buffer);
        return buffer;
      }

      put(label: string, data: Float32Array | Uint32Array): GPUBuffer {
        const buffer = this.buffer(label, data.length);
        upload(device, buffer, data);
        return buffer;
      }

      normalise(x: GPUBuffer, weight: GPUBuffer, to: GPUBuffer, rows: number): void {
        const sizes = new DataView(new ArrayBuffer(16));
        sizes.setUint32(0, rows, true);
        sizes.setUint32(4, dim, true);
        sizes.setFloat32(8, rmsEps, true);
        const groups: [number, number] = [Math.min(rows, MOST_GROUPS), Math.ceil(rows / MOST_GROUPS)];
        this.#dispatch(norm, new Uint8Array(sizes.buffer), [x, weight, to], groups);
      }

      multiply(
        [x, rows, width]: readonly [GPUBuffer, number, number],
        [w, outer]: readonly [GPUBuffer, number],
        to: GPUBuffer,
        mode: keyof typeof MODES,
      ): void {
        const sizes = new Uint8Array(Uint32Array.of(rows, width, outer, MODES[mode]).buffer);
        const groups: [number, number] = [Math.ceil(outer / TILE), Math.ceil(rows / TILE)];
        if (groups[0] > MOST_GROUPS || groups[1] > MOST_GROUPS)
          throw new GpuError('too-large', `The GPU cannot multiply ${rows} rows at once.`);
        this.#dispatch(product, sizes, [x, w, to], groups);
      }

      /** A kernel with a thread for each of so many numbers. */
      move(
        kernel: GPUComputePipeline,
        sizes: Uint32Array<ArrayBuffer>,
        buffers: readonly GPUBuffer[],
        count: number,
      ): void {
        const groups = Math.ceil(count / MOVERS);
        const grid: [number, number] = [Math.min(groups, MOST_GROUPS), Math.ceil(groups / MOST_GROUPS)];
        this.#dispatch(kernel, new Uint8Array(sizes.buffer), buffers, grid);
      }

      async read(buffer: GPUBuffer, rows: number, width: number): Promise<Float32Array> {
        device.queue.submit([this.#encoder.finish()]);
        const data = new Float32Array(rows * width);
        await downloadRows(opened, buffer, data, width, width);
        return data;
      }

      free(): void {
        for (const buffer of this.#buffers) buffer.destroy();
      }

      #dispatch(
        kernel: GPUComputePipeline,
        sizes: Uint8Array<ArrayBuffer>,
        buffers: readonly GPUBuffer[],
        groups: [number, number],
      ): void {
        const uniform = device.createBuffer({ size: 16, usage: BufferUsage.UNIFORM | BufferUsage.COPY_DST });
        this.#buffers.push(uniform);
        device.queue.writeBuffer(uniform, 0, sizes);
        const entries = [uniform, ...buffers].map((buffer, binding) => ({ binding, resource: { buffer } }));
        const pass = this.#encoder.beginComputePass();
        pass.setPipeline(kernel);
        pass.setBindGroup(0, device.createBindGroup({ layout: kernel.getBindGroupLayout(0), entries }));
        pass.dispatchWorkgroups(...groups);
        pass.end();
      }
    }

    /** Cosines and sines of the positions so far; kept until more are asked for. */
    let turns: GPUBuffer | undefined;
    const turnsOf = (n: number): GPUBuffer => {
      const some = rotary.turns(n);
      if (turns === undefined || turns.size < 4 * some.length) {
        turns?.destroy();
        turns = stored('turns', some);
      }
      return turns;
    };

    const layerOf = (layer: number) => {
      const found = layers[layer];
      if (found === undefined) throw new RangeError(`there is no layer ${layer}`);
      return found;
    };

    return {
      id: 'gpu',
      device: opened.name,
      async project(layer, x, signal) {
        const weights = layerOf(layer);
        const n = x.length / dim;
        let all = new Float32Array(0) as Float32Array;
        await withBuffers(async call => {
          const normal = call.buffer('normal', n * dim);
          const rows = call.buffer('rows', 3 * n * inner);
          const byHead = call.buffer('heads', 3 * n * inner);
          call.normalise(call.put('x', x), weights.norm1, normal, n);
          call.multiply([normal, n, dim], [weights.qkv, 3 * inner], rows, 'store');
          call.move(place, Uint32Array.of(n, heads, headDim, 0), [rows, turnsOf(n), byHead], 3 * n * inner);
          all = await call.read(byHead, 3 * heads * n, headDim);
        }, signal);
        const part = (index: number): Float32Array => all.subarray(index * n * inner, (index + 1) * n * inner);
        return { q: part(0), k: part(1), v: part(2) };
      },
      async finish(layer, x, attended, signal) {
        const weights = layerOf(layer);
        const n = x.length / dim;
        let result = new Float32Array(0) as Float32Array;
        await withBuffers(async call => {
          const stream = call.put('x', x);
          const joined = call.buffer('joined', n * inner);
          call.move(join, Uint32Array.of(n, heads, headDim, 0), [call.put('attended', attended), joined], n * inner);
          const normal = call.buffer('normal', n * dim);
          const wide = call.buffer('wide', n * ff);
          call.multiply([joined, n, inner], [weights.out, dim], stream, 'add');
          call.normalise(stream, weights.norm2, normal, n);
          call.multiply([normal, n, dim], [weights.up, ff], wide, 'gelu');
          call.multiply([wide, n, ff], [weights.down, dim], stream, 'add');
          result = await call.read(stream, n, dim);
        }, signal);
        return result;
      },
      async predict(x, targets, signal) {
        const n = x.length / dim;
        let bits = new Float32Array(0) as Float32Array;
        await withBuffers(async call => {
          const normal = call.buffer('normal', n * dim);
          const logits = call.buffer('logits', n * vocab);
          call.normalise(call.put('x', x), last.norm, normal, n);
          call.multiply([normal, n, dim], [last.embed, vocab], logits, 'store');
          const ahead = call.put('targets', Uint32Array.from(targets.subarray(0, n)));
          const lost = call.buffer('bits', n);
          call.move(loss, Uint32Array.of(n, vocab, 0, 0), [logits, ahead, lost], n);
          bits = await call.read(lost, n, 1);
        }, signal);
        return bits;
      },
      notes: () => [],
      dispose: () => device.destroy(),
    };
  } catch (error) {
    device.destroy();
    throw error;
  }
}
