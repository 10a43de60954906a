import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { fullPlan } from '../../../runtime/attention/full-plan.ts';
import { openDawn } from '../../../runtime/attention/gpu/dawn.node.ts';
import { createGpuBackend } from '../../../runtime/attention/gpu/gpu.ts';
import { attentionShader } from '../../../runtime/attention/gpu/shader.ts';
import { sampleInput } from '../../../runtime/attention/sample-data.ts';
import type { Backend } from '../../../runtime/attention/types.ts';
import { FULL_TILE } from '../../../runtime/compile/tile-plan.ts';
import { problem, problems, scattered, solve } from './problems.ts';
import { runScript } from './run-script.ts';

let gpu: GPU;
let backend: Backend;

beforeAll(async () => {
  const opened = await openDawn();
  // A missing adapter is a failure: install chromium and libvulkan1.
  if ('reason' in opened) throw new Error(opened.reason);
  gpu = opened.gpu;
  backend = await createGpuBackend(gpu);
}, 30_000);

afterAll(() => backend?.dispose());

describe('against the reference', () => {
  test.each(problems)('$name', async task => {
    const { device } = await solve(backend, task);
    expect(device).toBe(backend.device);
  });

  test('random shapes and masks', async () => {
    const sizes = fc.record({
      queries: fc.integer({ min: 1, max: 150 }),
      keys: fc.integer({ min: 1, max: 150 }),
      headDim: fc.integer({ min: 1, max: 80 }),
      tile: fc.constantFrom({ queries: 64, keys: 64 }, { queries: 33, keys: 48 }, { queries: 16, keys: 32 }),
      density: fc.integer({ min: 0, max: 100 }),
      kvHeads: fc.integer({ min: 1, max: 2 }),
      group: fc.integer({ min: 1, max: 2 }),
    });
    await fc.assert(
      fc.asyncProperty(sizes, async ({ tile, density, group, ...shape }) => {
        const heads = shape.kvHeads * group;
        await solve(backend, problem('random', { ...shape, heads }, [scattered(density), scattered(9)], tile));
      }),
      { numRuns: 12 },
    );
  }, 30_000);

  test('a row so long that it is cut into segments over several dispatches', async () => {
    // A fresh backend starts with segments of 64 tiles.
    const fresh = await createGpuBackend(gpu);
    const task = problem(
      'long row',
      { queries: 3, keys: 5000, heads: 2, headDim: 8 },
      [(i, j) => i === 1 || (j + i) % 700 === 0],
      { queries: 16, keys: 16 },
    );
    const seen: number[] = [];
    await solve(fresh, task);
    const again = await createGpuBackend(gpu);
    await again.run(task.input, task.plans, { onProgress: done => seen.push(done) });
    expect(seen.length).toBeGreaterThan(2);
    expect(seen.at(-1)).toBe(1);
    again.dispose();
    fresh.dispose();
  });

  test('more than 65535 workgroups in one dispatch', async () => {
    const queries = 70_000;
    const diagonal = {
      tile: { queries: 1, keys: 16 },
      queries,
      keys: queries,
      rowStart: Uint32Array.from({ length: queries + 1 }, (_, i) => i),
      column: Uint32Array.from({ length: queries }, (_, i) => Math.floor(i / 16)),
      maskId: Uint32Array.from({ length: queries }, (_, i) => i % 16),
      masks: Uint32Array.from({ length: 16 }, (_, i) => 1 << i),
      pairs: new Float64Array(queries).fill(1),
    };
    expect(diagonal.maskId).not.toContain(FULL_TILE);
    const input = sampleInput({ heads: 1, kvHeads: 1, queries, keys: queries, headDim: 4 });
    const run = () => backend.run(input, { plans: [diagonal], headPlan: [0] }, {});
    // The budget grows from run to run until all of it is one dispatch.
    const counts: number[] = [];
    for (let i = 0; i < 6; i++) {
      let dispatches = 0;
      const { o } = await backend.run(input, { plans: [diagonal], headPlan: [0] }, { onProgress: () => dispatches++ });
      counts.push(dispatches);
      expect(o).toEqual(input.v);
      if (dispatches === 1) break;
    }
    expect((await run()).o).toEqual(input.v);
    expect(counts.at(-1)).toBeLessThan(10);
  }, 60_000);
});

describe('what can go wrong', () => {
  test('a cancel ends a long run', async () => {
    const input = sampleInput({ heads: 8, kvHeads: 8, queries: 4096, keys: 4096, headDim: 64 });
    const plans = { plans: [fullPlan(4096, 4096)], headPlan: new Array<number>(8).fill(0) };
    const abort = new AbortController();
    let done = 0;
    setTimeout(() => abort.abort(), 400);
    const started = performance.now();
    const run = backend.run(input, plans, { signal: abort.signal, onProgress: share => (done = share) });
    await expect(run).rejects.toMatchObject({ name: 'AbortError' });
    expect(performance.now() - started).toBeLessThan(3000);
    expect(done).toBeGreaterThan(0);
    expect(done).toBeLessThan(1);
    await solve(backend, problems[5]!);
  });

  test('a device that vanishes in the middle of a run: a clear error, no hang', async () => {
    const doomed = await createGpuBackend(gpu);
    const input = sampleInput({ heads: 4, kvHeads: 4, queries: 2048, keys: 2048, headDim: 64 });
    const plans = { plans: [fullPlan(2048, 2048)], headPlan: [0, 0, 0, 0] };
    const run = doomed.run(input, plans, { onProgress: () => doomed.dispose() });
    await expect(run).rejects.toThrow(/graphics device was lost/);
    await expect(doomed.run(input, plans, {})).rejects.toThrow(/graphics device was lost/);
  });

  test('buffers beyond the limits of the device are refused before anything is allocated', async () => {
    const small = await createGpuBackend(
      limited(gpu, { maxBufferSize: 2 ** 18, maxStorageBufferBindingSize: 2 ** 18 }),
    );
    const input = sampleInput({ heads: 1, kvHeads: 1, queries: 2000, keys: 2000, headDim: 64 });
    await expect(small.run(input, { plans: [fullPlan(2000, 2000)], headPlan: [0] }, {})).rejects.toThrow(
      /Too large for the graphics device: .* need 1 MiB, and its largest buffer has 1 MiB/,
    );
    small.dispose();
  });

  test('heads that do not fit together are computed one after the other', async () => {
    const limits = { maxBufferSize: 2 ** 16, maxStorageBufferBindingSize: 2 ** 16 };
    const small = await createGpuBackend(limited(gpu, limits));
    const seen: number[] = [];
    const task = problem('passes', { queries: 100, heads: 6, kvHeads: 3, headDim: 64 }, [
      (i, j) => j <= i,
      scattered(20),
    ]);
    await solve(small, task);
    await small.run(task.input, task.plans, { onProgress: done => seen.push(done) });
    expect(seen.at(-1)).toBe(1);
    expect([...seen].sort((a, b) => a - b)).toEqual(seen);
    small.dispose();
  });

  test('a process that used Dawn ends by itself', () => {
    const script = `
      import { openDawn } from './runtime/attention/gpu/dawn.node.ts';
      import { createGpuBackend } from './runtime/attention/gpu/gpu.ts';
      import { fullPlan } from './runtime/attention/full-plan.ts';
      import { sampleInput } from './runtime/attention/sample-data.ts';
      const opened = await openDawn();
      if ('reason' in opened) throw new Error(opened.reason);
      const backend = await createGpuBackend(opened.gpu);
      const input = sampleInput({ heads: 1, kvHeads: 1, queries: 100, keys: 100, headDim: 16 });
      const { device } = await backend.run(input, { plans: [fullPlan(100, 100)], headPlan: [0] }, {});
      console.log(device);`;
    expect(runScript(script).trim()).toBe(backend.device);
    expect(runScript(`${script}; process.exit(0)`).trim()).toBe(backend.device);
  });

  test('without any device there is a reason that says what to do', () => {
    const script = `
      import { openDawn } from './runtime/attention/gpu/dawn.node.ts';
      console.log(JSON.stringify(await openDawn()));`;
    const { reason } = JSON.parse(runScript(script, { VK_ICD_FILENAMES: '/nowhere.json' }));
    expect(reason).toMatch(/No graphics adapter was found.*libvulkan1/);
  });
});

describe('shader', () => {
  test('compiles within the default limits for every head dimension and tile', async () => {
    const { create } = await import('webgpu');
    const nullGpu = create(['backend=null']);
    Object.assign(globalThis, { nullGpu });
    const device = await (await nullGpu.requestAdapter())!.requestDevice();
    expect(device.limits.maxComputeWorkgroupStorageSize).toBe(16384);
    for (const headDim of [1, 4, 33, 64, 100, 128, 256]) {
      for (const [tileQueries, tileKeys] of [
        [1, 16],
        [17, 48],
        [64, 64],
        [128, 128],
        [256, 1024],
      ] as const) {
        const { code } = attentionShader({ headDim, tileQueries, tileKeys });
        const module = device.createShaderModule({ code });
        const { messages } = await module.getCompilationInfo();
        expect(messages.map(({ message, lineNum }) => `${lineNum}: ${message}`)).toEqual([]);
        await device.createComputePipelineAsync({ layout: 'auto', compute: { module, entryPoint: 'main' } });
      }
    }
    device.destroy();
  }, 60_000);

  test('initialises every variable, and knows no infinity', () => {
    const { code } = attentionShader({ headDim: 100, tileQueries: 64, tileKeys: 64 });
    for (const line of code.split('\n')) {
      if (/^\s*var(?!<)/.test(line)) expect(line).toMatch(/=/);
    }
    expect(code).not.toMatch(/inf\b|enable |subgroup/i);
  });
});

/** A GPU whose adapters claim smaller limits. */
function limited(real: GPU, smaller: Partial<Record<keyof GPUSupportedLimits, number>>): GPU {
  return new Proxy(real, {
    get(target, name) {
      if (name !== 'requestAdapter') return Reflect.get(target, name);
      return async (options?: GPURequestAdapterOptions) => {
        const adapter = (await target.requestAdapter(options))!;
        return {
          features: adapter.features,
          info: adapter.info,
          limits: { ...smaller },
          requestDevice: async () => {
            const device = await adapter.requestDevice();
            return new Proxy(device, {
              get: (inner, key) => {
                if (key === 'limits') return smaller;
                const value: unknown = Reflect.get(inner, key);
                return typeof value === 'function' ? value.bind(inner) : value;
              },
            });
          },
        };
      };
    },
  });
}
