import type { Renderer } from './renderer.ts';
import { type Frame, TILE_SIDE, type Tile } from './tile.ts';

/** Tiles that the device keeps at first, and at most: 256 KiB each. */
const FIRST_LAYERS = 64;
const MOST_LAYERS = 256;
/** 32-bit integers of a placed tile: x, y, width, height, layer. */
const FIELDS = 5;

const SHADER = /* wgsl */ `
struct Placed { x: i32, y: i32, width: i32, height: i32, layer: i32 }
struct Corner { @builtin(position) position: vec4f, @location(0) @interpolate(flat) index: u32 }

@group(0) @binding(0) var<storage, read> placed: array<Placed>;
@group(0) @binding(1) var tiles: texture_2d_array<f32>;
@group(0) @binding(2) var<uniform> size: vec2f;

@vertex fn corner(@builtin(vertex_index) vertex: u32, @builtin(instance_index) index: u32) -> Corner {
  let tile = placed[index];
  let at = vec2f(f32(tile.x), f32(tile.y)) + vec2f(f32(vertex & 1u) * f32(tile.width), f32(vertex >> 1u) * f32(tile.height));
  return Corner(vec4f(2 * at.x / size.x - 1, 1 - 2 * at.y / size.y, 0, 1), index);
}

// The texel in which the middle of the pixel lies, in whole numbers as on the processor.
fn texel(offset: i32, length: i32) -> i32 { return ((2 * offset + 1) * ${TILE_SIDE}) / (2 * length); }

@fragment fn colour(corner: Corner) -> @location(0) vec4f {
  let tile = placed[corner.index];
  let at = vec2i(corner.position.xy) - vec2i(tile.x, tile.y);
  return textureLoad(tiles, vec2i(texel(at.x, tile.width), texel(at.y, tile.height)), tile.layer, 0);
}`;

/** Draws with WebGPU: tiles stay on the device, a frame is one draw call. */
export class GpuRenderer implements Renderer {
  readonly kind = 'webgpu';
  readonly canvas = document.createElement('canvas');
  readonly #device: GPUDevice;
  readonly #context: GPUCanvasContext;
  readonly #pipeline: GPURenderPipeline;
  readonly #size: GPUBuffer;
  #placed: GPUBuffer;
  #texture: GPUTexture;
  #group: GPUBindGroup | undefined;
  /** Tiles on the device and their layer, the one that was drawn the longest time ago first. */
  readonly #layers = new Map<Tile, number>();
  #disposed = false;

  private constructor(
    device: GPUDevice,
    context: GPUCanvasContext,
    canvas: HTMLCanvasElement,
    pipeline: GPURenderPipeline,
  ) {
    this.#device = device;
    this.#context = context;
    this.canvas = canvas;
    this.#pipeline = pipeline;
    this.#size = device.createBuffer({
      label: 'size of the picture',
      size: 8,
      usage: GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST,
    });
    this.#placed = this.#createPlaced(FIRST_LAYERS);
    this.#texture = this.#createTexture(FIRST_LAYERS);
  }

  /**
   * `lost` is called when the device is gone without `dispose`. Throws when this device cannot draw.
   *
   * @param software whether an adapter will do that computes on the processor
   * @returns undefined where there is no adapter
   */
  static async create(software: boolean, lost: (reason: string) => void): Promise<GpuRenderer | undefined> {
    const gpu = navigator.gpu as GPU | undefined;
    const adapter = await gpu?.requestAdapter();
    if (!gpu || !adapter || (!software && isSoftware(adapter))) return undefined;
    const device = await adapter.requestDevice({ label: 'mask picture' });
    const canvas = document.createElement('canvas');
    const context = canvas.getContext('webgpu');
    if (context === null) return undefined;
    const format = gpu.getPreferredCanvasFormat();
    context.configure({ device, format, alphaMode: 'premultiplied' });
    const module = device.createShaderModule({ label: 'mask picture', code: SHADER });
    const pipeline = await device.createRenderPipelineAsync({
      label: 'mask picture',
      layout: 'auto',
      vertex: { module, entryPoint: 'corner' },
      fragment: { module, entryPoint: 'colour', targets: [{ format }] },
      primitive: { topology: 'triangle-strip' },
    });
    const renderer = new GpuRenderer(device, context, canvas, pipeline);
    void device.lost.then(({ message }) => {
      if (!renderer.#disposed) lost(message);
    });
    return renderer;
  }

  draw({ width, height, tiles }: Frame): void {
    const { canvas } = this;
    if (canvas.width !== width) canvas.width = width;
    if (canvas.height !== height) canvas.height = height;
    // What is drawn last matters most.
    const drawn = tiles.slice(-MOST_LAYERS);
    this.#makeRoom(drawn.length);
    const fields = new Int32Array(FIELDS * drawn.length);
    const wanted = new Set(drawn.map(({ tile }) => tile));
    for (const [index, placed] of drawn.entries())
      fields.set([placed.x, placed.y, placed.width, placed.height, this.#layerOf(placed.tile, wanted)], FIELDS * index);
    const { queue } = this.#device;
    queue.writeBuffer(this.#size, 0, new Float32Array([width, height]));
    if (fields.length > 0) queue.writeBuffer(this.#placed, 0, fields);
    const encoder = this.#device.createCommandEncoder({ label: 'mask picture' });
    const view = this.#context.getCurrentTexture().createView();
    const pass = encoder.beginRenderPass({ colorAttachments: [{ view, loadOp: 'clear', storeOp: 'store' }] });
    pass.setPipeline(this.#pipeline);
    pass.setBindGroup(0, this.#bindings());
    if (drawn.length > 0) pass.draw(4, drawn.length);
    pass.end();
    queue.submit([encoder.finish()]);
  }

  dispose(): void {
    this.#disposed = true;
    this.#device.destroy();
  }

  /** Where a tile is on the device; one that is not wanted now makes room for it. */
  #layerOf(tile: Tile, wanted: ReadonlySet<Tile>): number {
    let layer = this.#layers.get(tile);
    this.#layers.delete(tile);
    if (layer === undefined) {
      layer = this.#layers.size < this.#texture.depthOrArrayLayers ? this.#freeLayer() : undefined;
      if (layer === undefined) {
        for (const [old, its] of this.#layers) {
          if (wanted.has(old)) continue;
          this.#layers.delete(old);
          layer = its;
          break;
        }
      }
      layer ??= 0;
      this.#device.queue.writeTexture(
        { texture: this.#texture, origin: [0, 0, layer] },
        tile.pixels,
        { bytesPerRow: 4 * TILE_SIDE },
        [TILE_SIDE, TILE_SIDE],
      );
    }
    this.#layers.set(tile, layer);
    return layer;
  }

  #freeLayer(): number | undefined {
    const taken = new Set(this.#layers.values());
    for (let layer = 0; layer < this.#texture.depthOrArrayLayers; layer++) if (!taken.has(layer)) return layer;
    return undefined;
  }

  /** A larger texture when a frame has more tiles than fit; they are sent again. */
  #makeRoom(count: number): void {
    let layers = this.#texture.depthOrArrayLayers;
    if (count <= layers) return;
    while (layers < count) layers *= 2;
    this.#texture.destroy();
    this.#placed.destroy();
    this.#layers.clear();
    this.#group = undefined;
    this.#texture = this.#createTexture(layers);
    this.#placed = this.#createPlaced(layers);
  }

  #createTexture(layers: number): GPUTexture {
    return this.#device.createTexture({
      label: 'tiles',
      size: [TILE_SIDE, TILE_SIDE, layers],
      format: 'rgba8unorm',
      usage: GPUTextureUsage.TEXTURE_BINDING | GPUTextureUsage.COPY_DST,
    });
  }

  #createPlaced(layers: number): GPUBuffer {
    return this.#device.createBuffer({
      label: 'placed tiles',
      size: 4 * FIELDS * layers,
      usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST,
    });
  }

  #bindings(): GPUBindGroup {
    this.#group ??= this.#device.createBindGroup({
      layout: this.#pipeline.getBindGroupLayout(0),
      entries: [
        { binding: 0, resource: { buffer: this.#placed } },
        { binding: 1, resource: this.#texture.createView({ dimension: '2d-array' }) },
        { binding: 2, resource: { buffer: this.#size } },
      ],
    });
    return this.#group;
  }
}

/** Does an adapter compute on the processor? Then drawing there without it is faster. */
function isSoftware({ info }: GPUAdapter): boolean {
  return (info as GPUAdapterInfo & { readonly isFallbackAdapter?: boolean }).isFallbackAdapter === true;
}
