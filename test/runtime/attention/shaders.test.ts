import { beforeAll, describe, expect, test, vi } from 'vitest';
import { candidates, type Demand } from '../../../runtime/attention/gpu/candidates.ts';
import { openDawn } from '../../../runtime/attention/gpu/dawn.node.ts';
import type { Capability } from '../../../runtime/attention/gpu/device.ts';
import type { Element, KernelSpec, Layout } from '../../../runtime/attention/gpu/kernel.ts';
import { BufferUsage, MAP_READ } from '../../../runtime/attention/gpu/usage.ts';
import { mergeShader } from '../../../runtime/attention/gpu/wgsl/merge.ts';
import { PACK_WORDS, packGrid, packShader } from '../../../runtime/attention/gpu/wgsl/pack.ts';
import { rowShaderTexts } from '../../../runtime/dynamic/gpu/row-search.ts';
import { halfToNumber } from '../../../runtime/tensor/half.ts';
import { PORTABLE as portable } from './portable-device.ts';

vi.setConfig({ testTimeout: 60_000 });

/** Matrix units as devices list them: NVIDIA's three sizes, Intel's, and a square of 8. */
const withMatrices = [
  { matrix: { M: 16, N: 16, K: 16 }, subgroupSize: 32 },
  { matrix: { M: 16, N: 8, K: 16 }, subgroupSize: 32 },
  { matrix: { M: 16, N: 8, K: 8 }, subgroupSize: 32 },
  { matrix: { M: 8, N: 16, K: 16 }, subgroupSize: 16 },
  { matrix: { M: 8, N: 8, K: 8 }, subgroupSize: 32 },
].map(
  ({ matrix, subgroupSize }): Capability => ({
    ...portable,
    workgroupBytes: 49152,
    threads: 1024,
    matrices: [matrix],
    subgroupSize,
    sizeControl: true,
  }),
);
/** A device that lists several sizes, as NVIDIA's do. */
const withSeveral: Capability = {
  ...withMatrices[0]!,
  matrices: [
    { M: 16, N: 16, K: 16 },
    { M: 16, N: 8, K: 16 },
    { M: 16, N: 8, K: 8 },
  ],
};
const tiles: readonly Demand['tile'][] = [
  { queries: 1, keys: 16 },
  { queries: 17, keys: 48 },
  { queries: 64, keys: 64 },
  { queries: 128, keys: 128 },
  { queries: 256, keys: 1024 },
];

/** Checks WGSL with every feature there is, without a graphics card. */
async function nullDevice(features: readonly string[]): Promise<GPUDevice> {
  const { create } = await import('webgpu');
  const gpu = create(['backend=null', 'enable-dawn-features=allow_unsafe_apis']);
  // Dawn is torn down when this object is collected.
  Object.assign(globalThis, { nullGpus: [...(Reflect.get(globalThis, 'nullGpus') ?? []), gpu] });
  const adapter = (await gpu.requestAdapter())!;
  return adapter.requestDevice({ requiredFeatures: features as GPUFeatureName[] });
}

async function problemsOf(device: GPUDevice, code: string): Promise<string[]> {
  device.pushErrorScope('validation');
  const module = device.createShaderModule({ code });
  const { messages } = await module.getCompilationInfo();
  const error = await device.popErrorScope();
  const lines = code.split('\n');
  const found = messages.map(({ message, lineNum }) => `${lineNum}: ${message} ${lines[lineNum - 1] ?? ''}`);
  return error === null ? found : [...found, error.message];
}

function specsOf(capability: Capability, demands: readonly Demand[]): KernelSpec[] {
  const specs = new Map<string, KernelSpec>();
  for (const demand of demands) for (const spec of candidates(capability, demand)) specs.set(spec.name, spec);
  return [...specs.values()];
}

/** What chooses keys by content. */
const choosing = [true, false].flatMap(imitated => Object.values(rowShaderTexts(imitated)));

describe('WGSL', () => {
  const dims = [1, 64, 100, 256];
  const demands = dims.flatMap(headDim =>
    tiles.flatMap(tile => (['f32', 'f16'] as const).map(precision => ({ headDim, precision, tile }))),
  );

  test('portable kernels compile and fit into the default limits, for every head dimension and tile', async () => {
    const device = await nullDevice([]);
    expect(device.limits.maxComputeWorkgroupStorageSize).toBe(16384);
    expect(device.limits.maxStorageBuffersPerShaderStage).toBe(8);
    for (const demand of demands) {
      const [last] = candidates(portable, demand).slice(-1);
      expect(last!.workgroupBytes).toBeLessThanOrEqual(16384);
    }
    const specs = specsOf(portable, demands);
    expect(specs.length).toBeGreaterThan(10);
    for (const { name, code, workgroupBytes, threads } of specs) {
      expect(await problemsOf(device, code), name).toEqual([]);
      const module = device.createShaderModule({ code });
      await device.createComputePipelineAsync({ layout: 'auto', compute: { module, entryPoint: 'main' } });
      expect(workgroupBytes).toBeLessThanOrEqual(16384);
      expect(threads).toBeLessThanOrEqual(256);
      expect(code).not.toMatch(/enable |subgroup/i);
    }
    expect(await problemsOf(device, mergeShader())).toEqual([]);
    for (const code of choosing) {
      expect(await problemsOf(device, code)).toEqual([]);
      // The default limits are checked where a pipeline is made.
      const module = device.createShaderModule({ code });
      await device.createComputePipelineAsync({ layout: 'auto', compute: { module, entryPoint: 'main' } });
      expect(code).not.toMatch(/enable |subgroup/i);
    }
    device.destroy();
  });

  test('kernels on matrix units pass validation and uniformity analysis, for all their sizes', async () => {
    const features = ['shader-f16', 'subgroups', 'subgroup-size-control', 'chromium-experimental-subgroup-matrix'];
    const device = await nullDevice(features);
    for (const capability of [...withMatrices, withSeveral]) {
      const specs = specsOf(capability, demands).filter(({ pipeline }) => pipeline === 'tensor');
      expect(specs.length, JSON.stringify(capability.matrices)).toBeGreaterThan(3);
      for (const { name, code } of specs) expect(await problemsOf(device, code), name).toEqual([]);
    }
    device.destroy();
  });

  test('the fastest pipeline that a device can have comes first', () => {
    const demand = { headDim: 64, precision: 'f16', tile: { queries: 64, keys: 64 } } as const;
    const pipelines = (capability: Capability, precision: 'f16' | 'f32') => [
      ...new Set(candidates(capability, { ...demand, precision }).map(({ pipeline }) => pipeline)),
    ];
    expect(pipelines(withMatrices[0]!, 'f16')).toEqual(['tensor', 'f16', 'f32']);
    const sizes = candidates(withSeveral, { ...demand, precision: 'f16' }).map(
      ({ name }) => /^tensor (\S+)/.exec(name)?.[1],
    );
    expect([...new Set(sizes)], 'the smallest size and the largest').toEqual(['16x8x8', '16x16x16', undefined]);
    expect(pipelines(withMatrices[0]!, 'f32')).toEqual(['f32']);
    expect(pipelines(portable, 'f16')).toEqual(['f16', 'f32']);
    // Software takes seconds to compile each.
    expect(candidates({ ...withMatrices[0]!, imitated: true }, { ...demand, precision: 'f32' })).toHaveLength(1);
  });

  test('initialises every variable, and knows no infinity', () => {
    const all = [...withMatrices, portable].flatMap(capability => specsOf(capability, demands));
    for (const code of [...all.map(spec => spec.code), mergeShader(), ...choosing]) {
      for (const line of code.split('\n')) if (/^\s*var(?!<)/.test(line)) expect(line).toMatch(/=/);
      expect(code).not.toMatch(/\binf\b/i);
    }
  });
});

describe('packing', () => {
  let device: GPUDevice;
  beforeAll(async () => {
    const opened = await openDawn();
    if ('reason' in opened) throw new Error(opened.reason);
    device = await (await opened.gpu.requestAdapter())!.requestDevice();
  }, 30_000);

  const layouts: readonly (readonly [string, Layout, Element])[] = [
    ['rows', { kind: 'rows' }, 'f32'],
    ['rows', { kind: 'rows' }, 'f16'],
    ['quads', { kind: 'quads', rows: 4 }, 'f32'],
    ['quads', { kind: 'quads', rows: 4 }, 'f16'],
    ['panels of 16 rows', { kind: 'quads', rows: 16 }, 'f32'],
    ['panels of 16 rows', { kind: 'quads', rows: 16 }, 'f16'],
    ['blocks of 16 x 16', { kind: 'blocks', rows: 16, columns: 16, transposed: false }, 'f16'],
    ['blocks of 8 x 16', { kind: 'blocks', rows: 8, columns: 16, transposed: false }, 'f16'],
    ['columns of 16 x 16', { kind: 'blocks', rows: 16, columns: 16, transposed: true }, 'f16'],
    ['columns of 16 x 8', { kind: 'blocks', rows: 16, columns: 8, transposed: true }, 'f16'],
    ['columns of 8 x 8', { kind: 'blocks', rows: 8, columns: 8, transposed: true }, 'f16'],
  ];

  test.each(layouts)('%s: every number where the kernel looks for it (%#)', async (_, layout, element) => {
    for (const headDim of [32, 20, 17]) {
      const dim = 32;
      // Two heads of 21 rows in blocks of 10, each stored as 16: in another order, from the second of three heads on.
      const [rows, block, blockStored, rowsStored] = [21, 10, 16, 48];
      const order = Uint32Array.from({ length: rows }, (__, i) => (i * 8) % rows);
      const source = Float32Array.from({ length: 3 * rows * headDim }, (__, i) => (i % 1999) / 4);
      const packed = await pack({ layout, element, headDim, dim, rows, block, blockStored, rowsStored, order, source });
      for (let head = 0; head < 2; head++) {
        for (let row = 0; row < rowsStored; row++) {
          for (let d = 0; d < dim; d++) {
            const inBlock = row % blockStored;
            const planRow = Math.floor(row / blockStored) * block + inBlock;
            const there = inBlock < block && planRow < rows && d < headDim;
            const own = order[planRow] ?? 0;
            const expected = there ? source[((1 + head) * rows + own) * headDim + d]! * 0.5 : 0;
            const at = (head * rowsStored + 16) * dim + place(layout, row, d, dim);
            expect(packed[at], `head ${head}, row ${row}, number ${d}`).toBe(expected);
          }
        }
      }
    }
  });

  /** Where a number stands in a head, by the definition of the layouts. */
  function place(layout: Layout, row: number, d: number, dim: number): number {
    switch (layout.kind) {
      case 'rows':
        return row * dim + d;
      case 'quads':
        return (Math.floor(row / layout.rows) * dim + d) * layout.rows + (row % layout.rows);
      case 'blocks': {
        const { rows, columns, transposed } = layout;
        const number = Math.floor(row / rows) * (dim / columns) + Math.floor(d / columns);
        const [r, c] = [row % rows, d % columns];
        return number * rows * columns + (transposed ? c * rows + r : r * columns + c);
      }
    }
  }

  /** Packs two heads behind 16 rows that are left alone. */
  async function pack(task: {
    readonly layout: Layout;
    readonly element: Element;
    readonly headDim: number;
    readonly dim: number;
    readonly rows: number;
    readonly block: number;
    readonly blockStored: number;
    readonly rowsStored: number;
    readonly order: Uint32Array;
    readonly source: Float32Array;
  }): Promise<Float32Array> {
    const { layout, element, headDim, dim, rows, rowsStored } = task;
    const { STORAGE, COPY_DST, COPY_SRC, UNIFORM } = BufferUsage;
    const buffer = (data: Uint32Array | Float32Array, usage: number): GPUBuffer => {
      const made = device.createBuffer({ size: data.byteLength, usage: usage | COPY_DST });
      device.queue.writeBuffer(made, 0, data as Float32Array<ArrayBuffer>);
      return made;
    };
    const numbers = (16 + 2 * rowsStored) * dim;
    const bytes = numbers * (element === 'f16' ? 2 : 4);
    const target = device.createBuffer({ size: bytes, usage: STORAGE | COPY_SRC });
    const read = device.createBuffer({ size: bytes, usage: BufferUsage.MAP_READ | COPY_DST });
    const workgroups = packGrid(layout, element, rowsStored * dim);
    const words = new Uint32Array(PACK_WORDS);
    words.set([headDim, dim, task.block, task.blockStored, rows, rowsStored, rows, 16, 3, 1]);
    new Float32Array(words.buffer).set([0.5, 0, 65504], 10);
    const code = packShader(layout, element, headDim % 4 === 0);
    const pipeline = await device.createComputePipelineAsync({
      layout: 'auto',
      compute: { module: device.createShaderModule({ code }), entryPoint: 'main' },
    });
    // Two dispatches: one workgroup of each head, then the others, in a grid that has more than there are.
    const others = words.slice();
    words.set([0, 1], 14);
    others.set([1, workgroups], 14);
    const buffers = [
      buffer(words, UNIFORM),
      buffer(task.source, STORAGE),
      buffer(Uint32Array.of(9, 9, 9, ...task.order), STORAGE),
      target,
      buffer(new Uint32Array(1), STORAGE),
    ];
    const encoder = device.createCommandEncoder();
    for (const params of [buffers[0]!, buffer(others, UNIFORM)]) {
      const compute = encoder.beginComputePass();
      compute.setPipeline(pipeline);
      const entries = [params, ...buffers.slice(1)].map((each, binding) => ({ binding, resource: { buffer: each } }));
      compute.setBindGroup(0, device.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries }));
      compute.dispatchWorkgroups(1, workgroups, 2);
      compute.end();
    }
    encoder.copyBufferToBuffer(target, 0, read, 0, bytes);
    device.queue.submit([encoder.finish()]);
    await read.mapAsync(MAP_READ);
    const mapped = read.getMappedRange().slice(0);
    for (const each of [...buffers, read]) each.destroy();
    return element === 'f32' ? new Float32Array(mapped) : Float32Array.from(new Uint16Array(mapped), halfToNumber);
  }
});
