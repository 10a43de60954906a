import { afterAll, describe, expect, test, vi } from 'vitest';
import { type Attention, type AttentionHosts, createAttention } from '../../../runtime/attention/attention.ts';
import { createCpuBackend } from '../../../runtime/attention/cpu/cpu.ts';
import { nodeWorkers } from '../../../runtime/attention/cpu/workers.node.ts';
import { openDawn } from '../../../runtime/attention/gpu/dawn.node.ts';
import { selfCheck } from '../../../runtime/attention/self-check.ts';
import type { Backend } from '../../../runtime/attention/types.ts';
import { expectCorrect } from './expect-correct.ts';
import { problem, problems } from './problems.ts';

// A software device takes seconds to compile a shader, more on a busy machine.
vi.setConfig({ testTimeout: 60_000 });

const started: Attention[] = [];
afterAll(() => {
  for (const attention of started) attention.dispose();
});
const start = (hosts: AttentionHosts): Attention => {
  const attention = createAttention(hosts);
  started.push(attention);
  return attention;
};
const task = problem('attention', { queries: 100, heads: 2, kvHeads: 1, headDim: 48 }, [(i, j) => j <= i && i !== 9]);
const { input, plans } = task;
/** With the tile whose shader compiles fastest. */
const short = problem('short', { queries: 40, headDim: 8 }, [(i, j) => j <= i], { queries: 16, keys: 16 });

describe('choice of the backend', () => {
  test('the fastest first: a graphics card, but not one that software imitates', async () => {
    const attention = start({ gpu: openDawn, workers: nodeWorkers(2) });
    const [gpu] = await attention.backends();
    const software = gpu?.device.includes('(software)') === true;
    expect(gpu?.device).toMatch(/SwiftShader \(software\)|NVIDIA|AMD|Intel|Apple/);
    const result = await attention.attend(input, [plans]);
    expect(result.backend).toBe(software ? 'cpu' : 'gpu');
    expect(result.notes).toEqual(software ? [expect.stringContaining('slower than the CPU kernel')] : []);
    expect(result.timing.kernelMs).toBeGreaterThan(0);
    expect(result.timing.kernelMs).toBeLessThanOrEqual(result.timing.totalMs);
    await expectCorrect(task, result);
    for (const backend of ['cpu', 'reference', 'gpu'] as const) {
      const other = await attention.attend(input, [plans], { backend });
      expect(other.backend).toBe(backend);
      await expectCorrect(task, other);
    }
    const status = await attention.backends();
    expect(status.map(({ id, available }) => [id, available])).toEqual([
      ['gpu', true],
      ['cpu', true],
      ['reference', true],
    ]);
    attention.dispose();
    expect((await attention.attend(input, [plans], { backend: 'cpu' })).backend).toBe('cpu');
  });

  test('without a GPU: the CPU, with the reason as a note', async () => {
    const attention = start({ gpu: async () => ({ reason: 'No adapter today.' }) });
    const result = await attention.attend(input, [plans], { backend: 'auto' });
    expect(result.backend).toBe('cpu');
    expect(result.notes).toEqual(['No adapter today.']);
    await expectCorrect(task, result);
    const [gpu, cpu] = await attention.backends();
    expect(gpu).toEqual({ id: 'gpu', available: false, device: '', reason: 'No adapter today.', facts: {} });
    expect(cpu).toMatchObject({ available: true, device: expect.stringMatching(/WASM/) });
    await expect(attention.attend(input, [plans], { backend: 'gpu' })).rejects.toMatchObject({
      name: 'BackendError',
      message: 'No adapter today. Choose the backend "cpu", or "auto" to use whatever works.',
    });
  });

  test('a host that throws is a reason too', async () => {
    const attention = start({
      gpu: () => {
        throw new Error('driver on fire');
      },
    });
    const { notes, backend } = await attention.attend(input, [plans]);
    expect(backend).toBe('cpu');
    expect(notes).toEqual(['The GPU is not used: driver on fire']);
  });
});

describe('failures', () => {
  test('a GPU that computes wrong results is found out', async () => {
    const attention = start({ gpu: async () => opened(miscompiling) });
    await expect(attention.attend(input, [plans], { backend: 'gpu' })).rejects.toThrow(
      /The GPU \(.*\) is not used: it computes wrong results/,
    );
    expect((await attention.attend(input, [plans])).backend).toBe('cpu');
  });

  test('a device lost in the middle of a run: tried once more, then the CPU finishes it', async () => {
    const devices: GPUDevice[] = [];
    const attention = start({ gpu: async () => opened(gpu => watched(gpu, devices)) });
    const lost = /The GPU failed: The graphics device was lost/;
    const once = await attention.attend(input, [plans], { backend: 'gpu', onProgress: () => devices[0]?.destroy() });
    expect(once).toMatchObject({ backend: 'gpu', notes: [expect.stringMatching(lost)] });
    await expectCorrect(task, once);
    expect(devices).toHaveLength(2);
    const onProgress = () => devices.at(-1)?.destroy();
    const result = await attention.attend(input, [plans], { backend: 'gpu', onProgress });
    expect(result.backend).toBe('cpu');
    expect(result.notes).toEqual([expect.stringMatching(lost), expect.stringMatching(lost)]);
    expect(devices).toHaveLength(3);
    await expectCorrect(task, result);
    // Three times is enough.
    await expect(attention.attend(input, [plans], { backend: 'gpu' })).rejects.toThrow(/The GPU failed 3 times/);
  });

  test('two runs at once that lose their device both go on with a new one, and it counts as one loss', async () => {
    const devices: GPUDevice[] = [];
    const attention = start({ gpu: async () => opened(gpu => watched(gpu, devices)) });
    const onProgress = () => devices[0]?.destroy();
    const both = await Promise.all(
      [1, 2].map(() => attention.attend(short.input, [short.plans], { backend: 'gpu', onProgress })),
    );
    expect(devices).toHaveLength(2);
    for (const result of both) {
      expect(result).toMatchObject({ backend: 'gpu', notes: [expect.stringMatching(/The graphics device was lost/)] });
      await expectCorrect(short, result);
    }
  });

  test('tensors beyond what the GPU is trusted with are computed by the CPU, where what is no number stays so', async () => {
    const attention = start({ gpu: openDawn });
    const q = short.input.q.map((x, i) => (i === 8 * 12 ? Number.NaN : x));
    const { backend, notes, lse } = await attention.attend({ ...short.input, q }, [short.plans], { backend: 'gpu' });
    expect(backend).toBe('cpu');
    expect(notes).toEqual([expect.stringMatching(/^The GPU failed: The queries.* NaN or infinities\.$/)]);
    expect([...lse.keys()].filter(row => Number.isNaN(lse[row]))).toEqual([12]);
    // The device is fine.
    expect(await attention.attend(short.input, [short.plans], { backend: 'gpu' })).toMatchObject({
      backend: 'gpu',
      notes: [],
    });
  });

  test('what does not fit into memory is tried with fewer heads, then computed by the CPU, which says so', async () => {
    const many = problem('many', { queries: 40, heads: 4, kvHeads: 4, headDim: 8 }, [(i, j) => j <= i], {
      queries: 16,
      keys: 16,
    });
    const memory = { most: Number.POSITIVE_INFINITY, sizes: [] as number[] };
    const attention = start({ gpu: async () => opened(gpu => cramped(gpu, memory)) });
    const run = () => attention.attend(many.input, [many.plans], { backend: 'gpu' });
    await run();
    const whole = memory.sizes.at(-1)!;
    memory.sizes.length = 0;
    memory.most = whole / 2;
    const halves = await run();
    expect(halves).toMatchObject({ backend: 'gpu', notes: [] });
    expect(memory.sizes).toEqual([whole, whole / 2, whole / 2]);
    await expectCorrect(many, halves);
    memory.most = 0;
    const result = await run();
    expect(memory.sizes.at(-1)).toBe(whole / 4);
    expect(result.backend).toBe('cpu');
    expect(result.notes).toEqual([
      expect.stringMatching(/^The GPU failed: The graphics device is out of memory .full/),
    ]);
    await expectCorrect(many, result);
    // The device is fine.
    memory.most = whole;
    expect(await run()).toMatchObject({ backend: 'gpu', notes: [] });
  });

  test('what a device aborts by itself is a failure and no cancel', async () => {
    const attention = start({ gpu: async () => opened(unreadable) });
    const result = await attention.attend(short.input, [short.plans], {
      backend: 'gpu',
      signal: new AbortController().signal,
    });
    expect(result.backend).toBe('cpu');
    expect(result.notes[0]).toMatch(/The GPU failed: The graphics device was lost .mapping aborted/);
    await expectCorrect(short, result);
  });

  test('the self-check catches outputs and log-sum-exps that are slightly wrong, and NaN', async () => {
    const good = await createCpuBackend();
    await selfCheck(good.run);
    const spoilt = (change: (o: Float32Array, lse: Float32Array) => void): Backend => ({
      ...good,
      run: async (...args) => {
        const result = await good.run(...args);
        change(result.o, result.lse);
        return result;
      },
    });
    for (const change of [
      (o: Float32Array) => (o[77]! += 1e-3),
      (o: Float32Array) => (o[0] = Number.NaN),
      (_: Float32Array, lse: Float32Array) => (lse[3] = -3e38),
      (_: Float32Array, lse: Float32Array) => (lse[8]! += 0.01),
    ]) {
      await expect(selfCheck(spoilt(change).run)).rejects.toThrow(/computes wrong results/);
    }
  });

  test('input that does not fit is refused and not passed on', async () => {
    const attention = start({});
    await expect(attention.attend({ ...input, q: new Float32Array(1) }, [plans])).rejects.toThrow(/Tensor q has 1/);
    await expect(attention.attend(input, [plans], { scale: Number.NaN })).rejects.toThrow(/scale must be/);
  });

  test('a cancel, before and during', async () => {
    const attention = start({});
    const aborted = { signal: AbortSignal.abort() };
    await expect(attention.attend(input, [plans], aborted)).rejects.toMatchObject({ name: 'AbortError' });
    const never = start({ gpu: () => new Promise(() => {}) });
    const abort = new AbortController();
    setTimeout(() => abort.abort(), 20);
    await expect(never.attend(input, [plans], { signal: abort.signal })).rejects.toMatchObject({ name: 'AbortError' });
  });

  test('a run that waits for another one is cancelled at once', async () => {
    const attention = start({});
    const first = problem('first', { queries: 3000, heads: 2, headDim: 64 }, [() => true]);
    const order: string[] = [];
    const abort = new AbortController();
    const running = attention.attend(first.input, [first.plans], { backend: 'cpu', onProgress: () => abort.abort() });
    const waiting = attention.attend(input, [plans], { backend: 'cpu', signal: abort.signal });
    await Promise.all([
      running.then(() => order.push('done')),
      expect(waiting)
        .rejects.toMatchObject({ name: 'AbortError' })
        .then(() => order.push('cancelled')),
    ]);
    expect(order).toEqual(['cancelled', 'done']);
  });

  test('scale is respected by every backend', async () => {
    const attention = start({});
    const a = await attention.attend(input, [plans], { backend: 'cpu', scale: 0.5 });
    const b = await attention.attend(input, [plans], { backend: 'reference', scale: 0.5 });
    expect(Math.abs(a.lse[50]! - b.lse[50]!)).toBeLessThan(1e-5);
    const usual = await attention.attend(problems[3]!.input, [problems[3]!.plans], { backend: 'cpu' });
    await expectCorrect(problems[3]!, usual);
  });
});

/** Dawn, with something changed. */
async function opened(change: (gpu: GPU) => GPU): Promise<{ readonly gpu: GPU } | { readonly reason: string }> {
  const found = await openDawn();
  return 'gpu' in found ? { gpu: change(found.gpu) } : found;
}

/** A GPU that rejects mapping as the specification says where a device is lost, before anything tells of the loss. */
function unreadable(gpu: GPU): GPU {
  return withDevices(gpu, device => {
    const create = device.createBuffer.bind(device);
    device.createBuffer = descriptor => {
      const buffer = create(descriptor);
      buffer.mapAsync = () => Promise.reject(new DOMException('mapping aborted', 'AbortError'));
      return buffer;
    };
  });
}

/** A GPU that has no memory for queries of more than so many bytes; what was asked for is noted. */
function cramped(gpu: GPU, memory: { readonly most: number; readonly sizes: number[] }): GPU {
  return withDevices(gpu, device => {
    const [create, push, pop] = [device.createBuffer, device.pushErrorScope, device.popErrorScope].map(each =>
      each.bind(device),
    ) as [GPUDevice['createBuffer'], GPUDevice['pushErrorScope'], GPUDevice['popErrorScope']];
    const scopes: { readonly filter: GPUErrorFilter; full: boolean }[] = [];
    device.pushErrorScope = filter => {
      scopes.push({ filter, full: false });
      return push(filter);
    };
    device.popErrorScope = async () => {
      const scope = scopes.pop();
      const error = await pop();
      return scope?.full ? ({ message: 'full' } as GPUError) : error;
    };
    device.createBuffer = descriptor => {
      if (descriptor.label === 'q') {
        memory.sizes.push(descriptor.size);
        const scope = scopes.findLast(({ filter }) => filter === 'out-of-memory');
        if (scope !== undefined && descriptor.size > memory.most) scope.full = true;
      }
      return create(descriptor);
    };
  });
}

/** A GPU whose compiler gets one thing wrong: running sums do not fade. */
function miscompiling(gpu: GPU): GPU {
  return withDevices(gpu, device => {
    const create = device.createShaderModule.bind(device);
    device.createShaderModule = ({ code, ...rest }) =>
      create({ ...rest, code: code.replace(/l(\d) \*= fade\1;/g, '') });
  });
}

function watched(gpu: GPU, devices: GPUDevice[]): GPU {
  return withDevices(gpu, device => devices.push(device));
}

function withDevices(gpu: GPU, see: (device: GPUDevice) => void): GPU {
  const requestAdapter = async (options?: GPURequestAdapterOptions) => {
    const adapter = (await gpu.requestAdapter(options))!;
    const requestDevice = async (descriptor?: GPUDeviceDescriptor) => {
      const device = await adapter.requestDevice(descriptor);
      see(device);
      return device;
    };
    const { features, limits, info } = adapter;
    return { features, limits, info, requestDevice };
  };
  return { requestAdapter } as unknown as GPU;
}
