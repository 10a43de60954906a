import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { compareResults } from '../../../runtime/attention/compare.ts';
import { fullPlan } from '../../../runtime/attention/full-plan.ts';
import { attendOn } from '../../../runtime/attention/gpu/attend-on.ts';
import { candidates } from '../../../runtime/attention/gpu/candidates.ts';
import { openDawn } from '../../../runtime/attention/gpu/dawn.node.ts';
import { openDevice } from '../../../runtime/attention/gpu/device.ts';
import { createGpuBackend } from '../../../runtime/attention/gpu/gpu.ts';
import { compileKernel, Kernels } from '../../../runtime/attention/gpu/kernels.ts';
import { BufferUsage } from '../../../runtime/attention/gpu/usage.ts';
import { createReferenceBackend } from '../../../runtime/attention/reference.ts';
import { sampleInput } from '../../../runtime/attention/sample-data.ts';
import type { Backend } from '../../../runtime/attention/types.ts';
import type { TilePlan } from '../../../runtime/compile/tile-plan.ts';
import { densePlan } from '../dense-plan.ts';
import { expectCorrect, expectPartsCorrect, solve } from './expect-correct.ts';
import { PORTABLE } from './portable-device.ts';
import { problem, problems, scattered } from './problems.ts';
import { runScript } from './run-script.ts';

/** The tile whose shader compiles fastest. */
const small = { queries: 16, keys: 16 };

let gpu: GPU;
let backend: Backend;

beforeAll(async () => {
  const opened = await openDawn();
  // A missing adapter is a failure: install chromium and libvulkan1.
  if ('reason' in opened) throw new Error(opened.reason);
  gpu = opened.gpu;
  // What a run does not write shows as NaN.
  backend = await createGpuBackend(gpu, { poison: true });
}, 30_000);

afterAll(() => backend?.dispose());

// A software device takes seconds to compile a shader, more on a busy machine.
vi.setConfig({ testTimeout: 60_000 });

describe('against the reference', () => {
  test.each(problems)('$name', async task => {
    const { device } = await solve(backend, task);
    expect(device).toBe(backend.device);
  });

  test('random shapes and masks', async () => {
    const sizes = fc.record({
      queries: fc.integer({ min: 1, max: 150 }),
      keys: fc.integer({ min: 1, max: 150 }),
      headDim: fc.integer({ min: 1, max: 64 }),
      tile: fc.constantFrom({ queries: 64, keys: 64 }, { queries: 50, keys: 32 }),
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

  test('in half precision, with the bound of float16', async () => {
    for (const headDim of [64, 40]) {
      const shape = { queries: 130, heads: 4, kvHeads: 2, headDim };
      const task = problem('half', shape, [(i, j) => j <= i && i !== 7, scattered(20)]);
      const result = await backend.run(task.input, [task.plans], { precision: 'f16' });
      await expectCorrect(task, result, 2e-3);
      expect(result.kernel).toMatch(/^f16 /);
    }
  });

  test('the portable kernels that other devices choose from', async () => {
    const device = await openDevice(gpu);
    const square = { queries: 64, keys: 64 };
    const demands = [
      ...candidates(PORTABLE, { headDim: 40, precision: 'f32', tile: square }),
      ...candidates(PORTABLE, { headDim: 40, precision: 'f16', tile: square }).slice(0, 1),
      ...candidates(PORTABLE, { headDim: 256, precision: 'f32', tile: square }).slice(0, 1),
      ...candidates(PORTABLE, { headDim: 40, precision: 'f32', tile: { queries: 128, keys: 48 } }),
    ];
    for (const spec of demands) {
      const headDim = spec.dim === 256 ? 256 : 40;
      const tile = spec.step === 16 ? { queries: 128, keys: 48 } : square;
      const shape = { queries: 130, keys: 200, heads: 2, kvHeads: 1, headDim };
      const task = problem('portable', shape, [(i, j) => j <= i && i !== 7, scattered(20)], tile);
      const kernel = await compileKernel(device, spec, true);
      const scale = 1 / Math.sqrt(headDim);
      const result = await attendOn(device, kernel, task.input, [task.plans], { scale, poison: true });
      await expectPartsCorrect(spec.name, task.input, [task.plans], result, spec.element === 'f16' ? 2e-3 : undefined);
    }
    expect(new Set(demands.map(({ name }) => name)).size).toBe(8);
    device.device.destroy();
  }, 240_000);

  test('a kernel that won its trial is kept, and what another version kept does not matter', async () => {
    const memory = new Map<string, string>();
    const fresh = await createGpuBackend(gpu, { memory });
    const task = problem('kept', { queries: 40, headDim: 8 }, [scattered(40)], small);
    const { kernel } = await solve(fresh, task);
    const [[key, winner]] = [...memory] as [[string, string]];
    expect(key).toContain(fresh.device);
    expect(winner.replace(/ among [0-9a-f]+$/, '')).toBe(kernel);
    fresh.dispose();
    // A name that no kernel has, and one that a kernel has now that won against others.
    for (const other of ['of another version', kernel, `${kernel} among 0`]) {
      memory.set(key, other);
      const again = await createGpuBackend(gpu, { memory });
      expect((await solve(again, task)).kernel).toBe(kernel);
      expect(memory.get(key)).toBe(winner);
      again.dispose();
    }
  });

  test('parts in other orders, and heads that have fewer parts', async () => {
    const tile = { queries: 32, keys: 32 };
    const { input, plans } = problem(
      'parts',
      { queries: 90, heads: 4, kvHeads: 2, headDim: 16 },
      [scattered(30)],
      tile,
    );
    const shuffled = (count: number, step: number) => Uint32Array.from({ length: count }, (_, i) => (i * step) % count);
    const ordered = (allowed: (i: number, j: number) => boolean): TilePlan => {
      const [queryOrder, keyOrder] = [shuffled(90, 7), shuffled(90, 11)];
      const plan = densePlan(90, 90, (a, b) => allowed(queryOrder[a]!, keyOrder[b]!), tile);
      return { ...plan, queryOrder, keyOrder };
    };
    const [first] = plans.plans;
    const rest = ordered((i, j) => !scattered(30)(i, j) && (i + j) % 9 === 0 && i > 3);
    const coarse = densePlan(90, 90, (i, j) => !scattered(30)(i, j) && (i + j) % 9 !== 0 && j === 5);
    const none = densePlan(90, 90, () => false, tile);
    const parts = [
      { plans: [first!], headPlan: [0, 0, 0, 0] },
      { plans: [rest, none], headPlan: [0, 1, 0, 1] },
      { plans: [none, coarse], headPlan: [0, 0, 1, 1] },
    ];
    await expectPartsCorrect('parts', input, parts, await backend.run(input, parts, {}));
    // Rows are cut into segments of two tiles, and dispatches go on with items that others began.
    const device = await openDevice(gpu);
    for (const precision of ['f32', 'f16'] as const) {
      const kernel = await new Kernels(device).choose({ headDim: 16, precision, tile });
      for (const longest of [2, 100]) {
        const seen: number[] = [];
        const result = await attendOn(device, kernel, input, parts, {
          ...{ scale: 0.25, longest, poison: true },
          budget: { keys: 64, depth: 32 },
          onProgress: done => seen.push(done),
        });
        await expectPartsCorrect(`parts of ${precision}`, input, parts, result, precision === 'f16' ? 2e-3 : undefined);
        expect(seen.length).toBeGreaterThan(10);
        expect([...seen].sort((x, y) => x - y)).toEqual(seen);
        expect(seen.at(-1)).toBe(1);
      }
    }
    device.device.destroy();
  });

  test('a part between others that has no pair in any head leaves what they gave', async () => {
    const { input, plans } = problem('hollow', { queries: 40, heads: 2, headDim: 8 }, [scattered(30)], small);
    const none = { plans: [densePlan(40, 40, () => false, small)], headPlan: [0, 0] };
    const rest = { plans: [densePlan(40, 40, (i, j) => !scattered(30)(i, j) && i > j, small)], headPlan: [0, 0] };
    const parts = [plans, none, rest];
    await expectPartsCorrect('hollow', input, parts, await backend.run(input, parts, {}));
  });

  test('a row so long that it is cut into segments, over several dispatches', async () => {
    const allowed = (i: number, j: number) => i === 1 || (j + i) % 700 === 0;
    const shape = { queries: 30, keys: 12_000, heads: 2, headDim: 32 };
    const { input, plans } = problem('long row', shape, [allowed], small);
    const device = await openDevice(gpu);
    const demand = { headDim: 32, precision: 'f32', tile: small } as const;
    const kernel = await new Kernels(device).choose(demand);
    // What the check of the kernel taught about its speed is forgotten; from one dispatch to the next it grows eightfold.
    kernel.budget.keys = 1600;
    const seen: number[] = [];
    const onProgress = (done: number): void => {
      seen.push(done);
    };
    const scale = 1 / Math.sqrt(32);
    const result = await attendOn(device, kernel, input, [plans], { scale, onProgress, poison: true });
    const difference = compareResults(result, await createReferenceBackend().run(input, [plans], {}));
    expect(difference.o).toBeLessThan(1e-5);
    expect(difference.lse).toBeLessThan(1e-5);
    expect(seen.length).toBeGreaterThan(2);
    expect([...seen].sort((x, y) => x - y)).toEqual(seen);
    expect(seen.at(-1)).toBe(1);
    device.device.destroy();
  });

  test('more workgroups than a dispatch may have in one dimension', async () => {
    // The real limit is 65535: the same code, with a limit of 3, and rows of a dispatch that are not filled.
    const narrow = await createGpuBackend(limited(gpu, { maxComputeWorkgroupsPerDimension: 3 }));
    const task = problem('narrow', { queries: 70, heads: 2, headDim: 32 }, [scattered(30)], small);
    for (let i = 0; i < 2; i++) await solve(narrow, task);
    narrow.dispose();
  });
});

describe('what can go wrong', () => {
  test('a cancel ends a long run after the dispatch that is under way', async () => {
    let dispatches = 0;
    const counted = (device: GPUDevice): GPUDevice =>
      override(device, {
        createCommandEncoder: () => {
          dispatches++;
          return device.createCommandEncoder();
        },
      });
    const device = await openDevice(limited(gpu, {}, counted));
    const kernel = await new Kernels(device).choose({ headDim: 8, precision: 'f32', tile: small });
    // Whatever was learnt about the device's speed: a dispatch of some of the 8,192 tiles.
    kernel.budget.keys = 1024;
    const input = sampleInput({ heads: 2, kvHeads: 2, queries: 1024, keys: 1024, headDim: 8 });
    const plans = { plans: [fullPlan(1024, 1024, small)], headPlan: [0, 0] };
    const abort = new AbortController();
    let done = 0;
    const onProgress = (share: number) => {
      done = share;
      dispatches = 0;
      abort.abort();
    };
    const run = attendOn(device, kernel, input, [plans], { scale: 1, signal: abort.signal, onProgress });
    await expect(run).rejects.toMatchObject({ name: 'AbortError' });
    expect(done).toBeLessThan(0.2);
    expect(dispatches).toBe(0);
    const { o } = await attendOn(device, kernel, input, [plans], { scale: 1, poison: true });
    expect(o.some(Number.isNaN)).toBe(false);
    device.device.destroy();
  });

  test('a device that vanishes in the middle of a run: a clear error, no hang', async () => {
    const doomed = await createGpuBackend(gpu);
    const input = sampleInput({ heads: 4, kvHeads: 4, queries: 1024, keys: 1024, headDim: 32 });
    const plans = { plans: [fullPlan(1024, 1024, small)], headPlan: [0, 0, 0, 0] };
    const run = doomed.run(input, [plans], { onProgress: () => doomed.dispose() });
    await expect(run).rejects.toThrow(/graphics device was lost/);
    await expect(doomed.run(input, [plans], {})).rejects.toThrow(/graphics device was lost/);
  });

  test('a NaN, an infinity or a number beyond what products can be in any tensor is an error and no result', async () => {
    const { input, plans } = problem('beyond', { queries: 40, heads: 2, headDim: 8 }, [() => true], small);
    for (const name of ['q', 'k', 'v'] as const) {
      for (const spoilt of [Number.NaN, Number.NEGATIVE_INFINITY, -1e37]) {
        const data = input[name].slice();
        data[data.length - 1] = spoilt;
        const run = backend.run({ ...input, [name]: data }, [plans], {});
        await expect(run, `${spoilt} in ${name}`).rejects.toMatchObject({
          kind: 'beyond',
          message: expect.stringMatching({ q: /^The queries/, k: /^The keys/, v: /^The values/ }[name]),
        });
      }
    }
    for (const scale of [1e40, 1e-40])
      await expect(backend.run(input, [plans], { scale })).rejects.toMatchObject({ kind: 'beyond' });
    await solve(backend, { name: 'after', input, plans });
  });

  test('tensors beyond float16 are computed in float32, with a note', async () => {
    const { input, plans } = problem('beyond half', { queries: 40, headDim: 8 }, [scattered(60)], small);
    const large = { ...input, v: input.v.map(x => x * 1e5) };
    const result = await backend.run(large, [plans], { precision: 'f16' });
    await expectCorrect({ name: 'beyond half', input: large, plans }, result);
    expect(result.kernel).toMatch(/^f32 /);
    expect(result.notes).toEqual([expect.stringMatching(/^Computed in float32. The values hold numbers .*float16/)]);
  });

  test('no buffer is larger than the device allows, also where half precision makes tensors shorter', async () => {
    const most = 2 ** 14;
    const sizes: number[] = [];
    const seen = (device: GPUDevice): GPUDevice =>
      override(device, {
        createBuffer: (descriptor: GPUBufferDescriptor) => {
          if ((descriptor.usage & BufferUsage.STORAGE) !== 0) sizes.push(descriptor.size);
          return device.createBuffer(descriptor);
        },
      });
    const limits = { maxBufferSize: most, maxStorageBufferBindingSize: most };
    const device = await openDevice(limited(gpu, limits, seen));
    const demand = { headDim: 16, precision: 'f16', tile: small } as const;
    const spec = candidates(device.capability, demand).at(-1)!;
    expect(spec.element).toBe('f16');
    // 24 KiB of keys as they come, 12 KiB as they are stored.
    const { input, plans } = problem('few', { queries: 9, keys: 96, heads: 4, headDim: 16 }, [scattered(30)], small);
    const compiled = await compileKernel(device, spec, true);
    await attendOn(device, compiled, input, [plans], { scale: 0.25 });
    expect(Math.max(...sizes)).toBeLessThanOrEqual(most);
    device.device.destroy();
  });

  test('buffers beyond the limits of the device are refused before anything is allocated', async () => {
    const small = await createGpuBackend(
      limited(gpu, { maxBufferSize: 2 ** 18, maxStorageBufferBindingSize: 2 ** 18 }),
    );
    const input = sampleInput({ heads: 1, kvHeads: 1, queries: 2000, keys: 2000, headDim: 64 });
    await expect(small.run(input, [{ plans: [fullPlan(2000, 2000)], headPlan: [0] }], {})).rejects.toThrow(
      /Too large for the graphics device: .* need 1 MiB, and its largest buffer has 1 MiB/,
    );
    small.dispose();
  });

  test('heads that do not fit together are computed one after the other', async () => {
    const limits = { maxBufferSize: 2 ** 17, maxStorageBufferBindingSize: 2 ** 17 };
    const cramped = await createGpuBackend(limited(gpu, limits));
    const seen: number[] = [];
    const task = problem(
      'passes',
      { queries: 400, heads: 6, kvHeads: 3, headDim: 32 },
      [(i, j) => j <= i, scattered(20)],
      small,
    );
    await solve(cramped, task);
    await cramped.run(task.input, [task.plans], { onProgress: done => seen.push(done) });
    expect(seen.at(-1)).toBe(1);
    expect([...seen].sort((a, b) => a - b)).toEqual(seen);
    cramped.dispose();
  });

  test('an error that the device reports ends the run', async () => {
    const broken = override(gpu, {
      requestAdapter: async () => {
        const adapter = (await gpu.requestAdapter())!;
        return override(adapter, {
          requestDevice: async () => {
            const device = await adapter.requestDevice();
            return override(device, {
              createBindGroup: (descriptor: GPUBindGroupDescriptor) =>
                device.createBindGroup({ ...descriptor, entries: [...descriptor.entries].slice(1) }),
            });
          },
          features: new Set(),
        });
      },
    });
    const doomed = await createGpuBackend(broken);
    await expect(solve(doomed, problem('doomed', { queries: 40, headDim: 8 }, [scattered(40)], small))).rejects.toThrow(
      /graphics device reported an error/,
    );
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
      const { device } = await backend.run(input, [{ plans: [fullPlan(100, 100, { queries: 16, keys: 16 })], headPlan: [0] }], {});
      console.log(device);`;
    expect(runScript(script).trim()).toBe(backend.device);
    // Exit at once, with the device still open.
    const abrupt = script.replace(/const input[\s\S]*/, 'console.log(backend.device); process.exit(0);');
    expect(runScript(abrupt).trim()).toBe(backend.device);
  });

  test('without any device there is a reason that says what to do', () => {
    const script = `
      import { openDawn } from './runtime/attention/gpu/dawn.node.ts';
      console.log(JSON.stringify(await openDawn()));`;
    const { reason } = JSON.parse(runScript(script, { VK_ICD_FILENAMES: '/nowhere.json' }));
    expect(reason).toMatch(/No graphics adapter was found.*libvulkan1/);
  });
});

/** A GPU whose adapters have smaller limits in some respects. */
function limited(
  real: GPU,
  smaller: Partial<Record<keyof GPUSupportedLimits, number>>,
  change: (device: GPUDevice) => GPUDevice = device => device,
): GPU {
  const reduce = (limits: GPUSupportedLimits) =>
    new Proxy(limits, { get: (target, name) => Reflect.get(smaller, name) ?? Reflect.get(target, name) });
  return override(real, {
    requestAdapter: async (options: GPURequestAdapterOptions) => {
      const adapter = (await real.requestAdapter(options))!;
      return override(adapter, {
        limits: reduce(adapter.limits),
        requestDevice: async (descriptor: GPUDeviceDescriptor) => {
          const { requiredFeatures } = descriptor;
          const device = await adapter.requestDevice({ requiredFeatures: [...(requiredFeatures ?? [])] });
          return override(change(device), { limits: reduce(device.limits) });
        },
      });
    },
  });
}

/** The same object with other properties; methods are called on the original. */
function override<T extends object>(real: T, other: object): T {
  return new Proxy(real, {
    get(target, name) {
      if (name in other) return Reflect.get(other, name);
      const value: unknown = Reflect.get(target, name);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}
