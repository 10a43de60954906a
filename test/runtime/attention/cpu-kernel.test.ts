import { describe, expect, test } from 'vitest';
import { attentionScale } from '../../../runtime/attention/check-input.ts';
import { compute } from '../../../runtime/attention/cpu/compute.ts';
import { Kernel } from '../../../runtime/attention/cpu/kernel.ts';
import { kernelBuilds } from '../../../runtime/attention/cpu/kernel-builds.ts';
import { totalCost, WorkQueue, workList } from '../../../runtime/attention/cpu/work.ts';
import { sampleInput } from '../../../runtime/attention/sample-data.ts';
import type { AttentionInput } from '../../../runtime/attention/types.ts';
import { expectCorrect } from './expect-correct.ts';
import { type Problem, problem, problems, scattered } from './problems.ts';

/** Computes into outputs that are full of NaN. */
function run(kernel: Kernel, { input, plans }: Problem) {
  const o = new Float32Array(input.q.length).fill(Number.NaN);
  const lse = new Float32Array(input.heads * input.queries).fill(Number.NaN);
  const list = workList(input, plans);
  let done = 0;
  for (const cost of compute(kernel, new WorkQueue(list), {
    input,
    plans,
    scale: attentionScale(input, {}),
    list,
    o,
    lse,
  }))
    done += cost;
  expect(done).toBe(totalCost(list));
  const timing = { kernelMs: 0, sortMs: 0, totalMs: 0 };
  return { o, lse, timing, backend: 'cpu' as const, device: '', kernel: '', notes: [] };
}

describe.each(kernelBuilds())('$id', ({ bytes }) => {
  test('every element of the outputs is written', async () => {
    const kernel = await Kernel.create(bytes);
    for (const task of problems) await expectCorrect(task, run(kernel, task));
  });

  test('every head dimension', async () => {
    const kernel = await Kernel.create(bytes);
    for (let headDim = 1; headDim <= 256; headDim++) {
      const shape = { queries: 3, keys: 37, headDim };
      const task = problem('', shape, [scattered(60)], { queries: 2, keys: 16 });
      await expectCorrect(task, run(kernel, task));
    }
  });

  test.each([0, 1, 2, 3, 7])('rows longer than what is kept: room for about %i tiles', async tiles => {
    const tile = { queries: 16, keys: 16 };
    const kernel = await Kernel.create(bytes, tiles * 2 * 4 * tile.keys * 16);
    const shape = { queries: 40, keys: 300, heads: 4, kvHeads: 2, headDim: 16 };
    for (const allowed of [() => true, scattered(20), scattered(1)]) {
      const task = problem('', shape, [allowed, scattered(5)], tile);
      await expectCorrect(task, run(kernel, task));
    }
  });

  test('a row over thousands of tiles is as exact as a short one', async () => {
    const task = problem('', { queries: 1, keys: 65_536, headDim: 4 }, [() => true], { queries: 1, keys: 16 });
    await expectCorrect(task, run(await Kernel.create(bytes), task));
  });

  test('a row whose scores are all below float32 is no number, not a row without keys', async () => {
    const kernel = await Kernel.create(bytes);
    const { input, plans } = problem('', { queries: 70, headDim: 20 }, [(i, j) => j <= i && i !== 9]);
    for (const size of [5e37, 3e38]) {
      const q = input.q.map((x, i) => (Math.floor(i / 20) === 41 ? -size / 10 : x));
      const { o, lse } = run(kernel, { name: '', input: { ...input, q, k: input.k.map(() => 10) }, plans });
      expect(lse[9]).toBe(Number.NEGATIVE_INFINITY);
      expect([...lse.keys()].filter(row => Number.isNaN(lse[row]))).toEqual([41]);
      expect(o.subarray(41 * 20, 42 * 20).every(Number.isNaN)).toBe(true);
      expect(o.subarray(0, 41 * 20).some(Number.isNaN)).toBe(false);
    }
  });

  describe.each([0x7fc00000, 0x7fc00001, 0x7f800001, 0xffc12345, 0xffffffff])('NaN with bits %i', bits => {
    const poison = (data: Float32Array, at: number): Float32Array => {
      const copy = data.slice();
      new Uint32Array(copy.buffer)[at] = bits;
      return copy;
    };
    const { input, plans } = problem('', { queries: 70, headDim: 20 }, [(i, j) => j <= i]);
    const rows = (changed: AttentionInput, kernel: Kernel) => {
      const { o, lse } = run(kernel, { name: '', input: changed, plans });
      return Array.from(lse, (x, row) => [x, ...o.subarray(row * 20, row * 20 + 20)].some(Number.isNaN));
    };

    test('in a query reaches its row alone', async () => {
      const found = rows({ ...input, q: poison(input.q, 41 * 20 + 3) }, await Kernel.create(bytes));
      expect(found).toEqual(Array.from(found, (_, row) => row === 41));
    });

    test('in a key reaches every row that attends to it, and no other', async () => {
      const found = rows({ ...input, k: poison(input.k, 41 * 20 + 3) }, await Kernel.create(bytes));
      expect(found).toEqual(Array.from(found, (_, row) => row >= 41));
    });

    test('in a value reaches every row that attends to it', async () => {
      const found = rows({ ...input, v: poison(input.v, 41 * 20 + 3) }, await Kernel.create(bytes));
      expect(found.slice(41)).toEqual(new Array(29).fill(true));
    });
  });
});

describe('work', () => {
  const shape = { heads: 6, kvHeads: 3, queries: 200, keys: 200, headDim: 8 };
  const input = sampleInput(shape);
  const { plans } = problem('', shape, [(i, j) => j <= i, scattered(2)]);
  const list = workList(input, plans);

  test('groups have one key/value head each, and the longest comes first, in them and of them', () => {
    const cost = (item: number) => list.costBefore[item + 1]! - list.costBefore[item]!;
    const groups = Array.from(list.groupStart.subarray(1), (end, group) => {
      const items = Array.from({ length: end - list.groupStart[group]! }, (_, i) => list.groupStart[group]! + i);
      expect(new Set(items.map(item => Math.floor(list.heads[item]! / 2))).size).toBe(1);
      const costs = items.map(cost);
      expect(costs).toEqual([...costs].sort((a, b) => b - a));
      return costs.reduce((sum, x) => sum + x, 0);
    });
    expect(groups).toHaveLength(3);
    expect(groups).toEqual([...groups].sort((a, b) => b - a));
  });

  test.each([1, 2, 3, 5, 40])('%i workers get each row block once, and share groups only at the end', workers => {
    const taken = new Int32Array(new SharedArrayBuffer(4 * WorkQueue.counters(list)));
    const queues = Array.from({ length: workers }, () => ({
      queue: new WorkQueue(list, taken),
      group: -1,
      done: false,
    }));
    const seen: number[] = [];
    const started = new Set<number>();
    while (queues.some(({ done }) => !done)) {
      for (const worker of queues) {
        if (worker.done) continue;
        const next = worker.queue.take(worker.group);
        if (next === undefined) {
          worker.done = true;
          continue;
        }
        seen.push(next.item);
        expect(next.item).toBeGreaterThanOrEqual(list.groupStart[next.group]!);
        expect(next.item).toBeLessThan(list.groupStart[next.group + 1]!);
        if (next.group !== worker.group && started.has(next.group)) expect(started.size).toBe(3);
        started.add(next.group);
        worker.group = next.group;
      }
    }
    expect([...seen].sort((a, b) => a - b)).toEqual(Array.from(list.blocks, (_, item) => item));
    const names = new Set(Array.from(list.heads, (head, item) => `${head} ${list.blocks[item]}`));
    expect(names.size).toBe(6 * 4);
  });

  test('heads with tiles of other sizes are not in one group', () => {
    const { plans: others } = problem('', shape, [() => true], { queries: 32, keys: 16 });
    const mixed = { plans: [...plans.plans, ...others.plans], headPlan: [0, 2, 1, 1, 2, 2] };
    expect(workList(input, mixed).groupStart).toHaveLength(1 + 4);
  });
});
