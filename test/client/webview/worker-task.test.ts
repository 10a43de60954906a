import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type FromTask, WorkerTask } from '../../../client/webview/worker-task.ts';

/** Workers that were started, and whether they were ended. */
let workers: FakeWorker[];
/** How the fetches of the script end, in their order. */
let fetches: { resolve(): void; reject(): void }[];
let done: string[];

class FakeWorker {
  onmessage: ((event: { data: FromTask<string> }) => void) | null = null;
  ended = false;

  constructor() {
    workers.push(this);
  }

  postMessage(): void {}

  terminate(): void {
    this.ended = true;
    this.onmessage = null;
  }
}

beforeEach(() => {
  workers = [];
  fetches = [];
  done = [];
  vi.stubGlobal('Worker', FakeWorker);
  vi.stubGlobal(
    'fetch',
    () =>
      new Promise((resolve, reject) =>
        fetches.push({
          resolve: () => resolve({ text: async () => '' }),
          reject: () => reject(new Error('not there')),
        }),
      ),
  );
});
afterEach(() => {
  vi.unstubAllGlobals();
});

const search = () =>
  new WorkerTask<string, string>('compute.js', {
    changed: () => {},
    done: (job, result) => done.push(`${job}: ${result}`),
  });

test('a job that was cancelled and started again is one job', async () => {
  const task = search();
  void task.start('first');
  task.cancel();
  void task.start('second');
  for (const fetch of fetches) fetch.resolve();
  await vi.waitFor(() => expect(workers.some(({ ended }) => !ended)).toBe(true));
  const alive = workers.filter(({ ended }) => !ended);
  expect(alive).toHaveLength(1);
  alive[0]!.onmessage?.({ data: { type: 'done', result: 'found' } });
  expect(done).toEqual(['second: found']);
  expect([task.underWay, task.failure, alive[0]!.ended]).toEqual([null, null, true]);
});

test('what a job lacks is told unless it was cancelled, and fetched again for the next one', async () => {
  const task = search();
  for (const cancelled of [true, false]) {
    const job = task.start('first');
    if (cancelled) task.cancel();
    fetches.at(-1)?.reject();
    await job;
    expect(task.failure).toBe(cancelled ? null : 'not there');
    expect([task.underWay, workers.length]).toEqual([null, 0]);
  }
  const job = task.start('second');
  fetches.at(-1)?.resolve();
  await job;
  expect([fetches.length, task.failure, workers.length]).toEqual([3, null, 1]);
});
