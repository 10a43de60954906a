import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { createCpuBackend } from '../../../runtime/attention/cpu/cpu.ts';
import { kernelBuilds } from '../../../runtime/attention/cpu/kernel-builds.ts';
import type { WorkerHost } from '../../../runtime/attention/cpu/worker-host.ts';
import { nodeWorkers } from '../../../runtime/attention/cpu/workers.node.ts';
import { fullPlan } from '../../../runtime/attention/full-plan.ts';
import { sampleInput } from '../../../runtime/attention/sample-data.ts';
import { solve } from './expect-correct.ts';
import { problem, problems, scattered } from './problems.ts';
import { runScript } from './run-script.ts';

const builds = kernelBuilds();

test('this engine runs the plain SIMD build, and relaxed SIMD from Node 22 on', () => {
  const ids = builds.map(({ id }) => id);
  expect(ids).toContain('simd128');
  if (Number(process.versions.node.split('.')[0]) >= 22) expect(ids[0]).toBe('relaxed-simd');
});

describe.each(builds)('$id in this thread', build => {
  test.each(problems)('$name', async task => {
    await solve(await createCpuBackend({ build }), task);
  });

  test('random shapes and masks', async () => {
    const backend = await createCpuBackend({ build });
    const sizes = fc.record({
      queries: fc.integer({ min: 1, max: 150 }),
      keys: fc.integer({ min: 1, max: 150 }),
      headDim: fc.integer({ min: 1, max: 80 }),
      tileQueries: fc.integer({ min: 1, max: 70 }),
      tileKeys: fc.integer({ min: 1, max: 6 }).map(x => 16 * x),
      density: fc.integer({ min: 0, max: 100 }),
      kvHeads: fc.integer({ min: 1, max: 2 }),
      group: fc.integer({ min: 1, max: 2 }),
    });
    await fc.assert(
      fc.asyncProperty(sizes, async ({ tileQueries, tileKeys, density, group, ...shape }) => {
        const tile = { queries: tileQueries, keys: tileKeys };
        const heads = shape.kvHeads * group;
        await solve(backend, problem('random', { ...shape, heads }, [scattered(density), scattered(9)], tile));
      }),
      { numRuns: 40 },
    );
  });
});

describe('large scores and extreme inputs', () => {
  test('scores of a few hundred do not overflow', async () => {
    const task = problem('large', { queries: 90, headDim: 32 }, [(i, j) => j <= i]);
    const backend = await createCpuBackend();
    const { input, plans } = task;
    const large = { ...input, q: input.q.map(x => x * 60) };
    const { o, lse } = await backend.run(large, [plans], {});
    const bound = input.v.reduce((most, value) => Math.max(most, Math.abs(value)), 0) * 1.0001;
    for (const value of o) expect(Math.abs(value)).toBeLessThanOrEqual(bound);
    for (const value of lse) expect(Number.isFinite(value)).toBe(true);
  });

  test('NaN of one run does not leak into the next through the kernel memory', async () => {
    const backend = await createCpuBackend();
    const { input, plans } = problem('poison', { queries: 128, headDim: 33 }, [() => true]);
    const { q, k, v } = input;
    const poison = { q: q.map(() => Number.NaN), k: k.map(() => Number.NaN), v: v.map(() => Number.NaN) };
    const { o } = await backend.run({ ...input, ...poison }, [plans], {});
    expect(o[0]).toBeNaN();
    // Short tiles and padded columns would meet what the first run left behind.
    await solve(backend, problem('after', { queries: 71, headDim: 33 }, [(i, j) => j <= i]));
    await solve(backend, problem('after', { queries: 1, headDim: 1 }, [() => true]));
  });
});

describe.each([
  { memory: 'shared memory', shared: true },
  { memory: 'transferred slices', shared: false },
])('workers with $memory', ({ shared }) => {
  const running: { dispose(): void }[] = [];
  afterAll(() => {
    for (const backend of running) backend.dispose();
  });
  const start = async (workers: WorkerHost) => {
    const backend = await createCpuBackend({ workers, workersFrom: 0 });
    running.push(backend);
    return backend;
  };

  test('every problem, with the same workers', async () => {
    const backend = await start({ ...nodeWorkers(2), shared });
    for (const task of problems) {
      const { notes } = await solve(backend, task);
      expect(notes, task.name).toEqual([]);
    }
    const last = await solve(backend, problems.find(({ name }) => name.startsWith('separate plans'))!);
    expect(last.device).toMatch(/2 threads/);
  });

  test('a run gives its memory to the next one, and nothing of its results', async () => {
    const backend = await start({ ...nodeWorkers(2), shared });
    const shape = { queries: 130, heads: 2, headDim: 33 };
    const nan = (data: Float32Array): Float32Array => data.map(() => Number.NaN);
    const full = problem('full', shape, [() => true]);
    const { q, k, v } = full.input;
    const { o } = await backend.run({ ...full.input, q: nan(q), k: nan(k), v: nan(v) }, [full.plans], {});
    expect(o.every(Number.isNaN)).toBe(true);
    const before = await solve(backend, full);
    const kept = before.o.slice();
    await solve(backend, problem('rows without keys', shape, [(i, j) => i > 70 && j < 3]));
    expect(before.o).toEqual(kept);
  });

  test('tensors that are in shared memory already', async () => {
    const backend = await start({ ...nodeWorkers(2), shared });
    const task = problem('shared', { queries: 90, headDim: 24 }, [(i, j) => j <= i]);
    const share = (data: Float32Array): Float32Array => {
      const copy = new Float32Array(new SharedArrayBuffer(data.byteLength));
      copy.set(data);
      return copy;
    };
    const { q, k, v } = task.input;
    const result = await solve(backend, { ...task, input: { ...task.input, q: share(q), k: share(k), v: share(v) } });
    expect(result.notes).toEqual([]);
    expect(result.o.buffer).toBeInstanceOf(ArrayBuffer);
  });

  test('runs at the same time do not disturb each other, and progress reaches 1', async () => {
    const backend = await start({ ...nodeWorkers(2), shared });
    const seen: number[] = [];
    const some = problems.slice(6, 12);
    await Promise.all(some.map(task => solve(backend, task)));
    const { input, plans } = some[0]!;
    await backend.run(input, [plans], { onProgress: done => seen.push(done) });
    expect(seen.at(-1)).toBe(1);
    expect([...seen].sort((a, b) => a - b)).toEqual(seen);
  });

  const long = {
    input: sampleInput({ heads: 8, kvHeads: 8, queries: 4096, keys: 4096, headDim: 64 }),
    plans: { plans: [fullPlan(4096, 4096)], headPlan: new Array<number>(8).fill(0) },
  };

  test.each(['workers', 'this thread'])('a cancel ends a long run at once: %s', async where => {
    const backend = where === 'workers' ? await start({ ...nodeWorkers(2), shared }) : await createCpuBackend();
    const abort = new AbortController();
    let done = 0;
    const onProgress = (share: number) => {
      done = share;
      abort.abort();
    };
    const run = backend.run(long.input, [long.plans], { signal: abort.signal, onProgress });
    await expect(run).rejects.toMatchObject({ name: 'AbortError' });
    // As far as a slice of some milliseconds goes, whatever the machine: the whole takes a thousand times that.
    expect(done).toBeLessThan(0.5);
    await solve(backend, problems[5]!);
  });

  test('a host that cannot start workers, or whose workers die, is replaced by this thread, with a note', async () => {
    const real = { ...nodeWorkers(2), shared };
    const hosts: WorkerHost[] = [
      {
        ...real,
        spawn: () => {
          throw new Error('no workers here');
        },
      },
      { ...real, spawn: () => real.spawn('throw new Error("broken script")') },
      { ...real, spawn: source => real.spawn(`${source};setTimeout(() => process.exit(3), 0)`) },
    ];
    for (const host of hosts) {
      const { notes, device } = await solve(await start(host), problems.find(({ name }) => name === 'tile 16 x 16')!);
      expect(notes).toEqual([expect.stringMatching(/^Workers could not be used: /)]);
      expect(device).toMatch(/1 thread$/);
    }
  });

  test('a process with idle workers ends by itself', () => {
    const script = `
      import { createCpuBackend } from './runtime/attention/cpu/cpu.ts';
      import { nodeWorkers } from './runtime/attention/cpu/workers.node.ts';
      import { fullPlan } from './runtime/attention/full-plan.ts';
      import { sampleInput } from './runtime/attention/sample-data.ts';
      const workers = { ...nodeWorkers(2), shared: ${shared} };
      const backend = await createCpuBackend({ workers, workersFrom: 0 });
      const input = sampleInput({ heads: 1, kvHeads: 1, queries: 300, keys: 300, headDim: 16 });
      const { device } = await backend.run(input, [{ plans: [fullPlan(300, 300)], headPlan: [0] }], {});
      console.log(device);`;
    expect(runScript(script)).toMatch(/2 threads/);
  });
});

test('the generated kernels are current', () => {
  execFileSync(process.execPath, ['scripts/generate-wasm.mjs', '--check'], { stdio: 'pipe' });
}, 60_000);
