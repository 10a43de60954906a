import { afterAll, expect, it } from 'vitest';
import type { FromRuns, RunQuestion } from '../../../client/run/run-messages.ts';
import type { Ran, RunRequest } from '../../../client/run/run-request.ts';
import { serveRuns } from '../../../client/run/serve-runs.ts';
import { createAttention } from '../../../runtime/attention/attention.ts';
import type { WeightsOfGrid } from '../../../runtime/attention/weights.ts';
import { createRowSelector } from '../../../runtime/dynamic/rows/row-selector.ts';
import { createLanguage, NO_FILES } from '../../../server/language.ts';

const attention = createAttention({});
afterAll(() => attention.dispose());

/** Asks one question after the other. */
function served(keptBytes: number) {
  const waiting = new Map<number, (message: FromRuns) => void>();
  const serve = serveRuns(
    attention,
    createRowSelector(),
    message => {
      // What is handed over is gone here: as it is between threads.
      if (message.kind === 'answer' || message.kind === 'failed') waiting.get(message.id)?.(message);
    },
    keptBytes,
  );
  let id = 0;
  return (question: RunQuestion): Promise<FromRuns> =>
    new Promise(resolve => {
      waiting.set(++id, resolve);
      serve({ kind: 'ask', id, question });
    });
}

async function request(): Promise<RunRequest> {
  return {
    model: await createLanguage(NO_FILES).lowerExpression('sliding(4)'),
    layer: 0,
    tokens: 16,
    heads: [0],
    kvHeads: 1,
    headDim: 8,
    data: { kind: 'sinks' },
    backend: 'cpu',
    dtype: 'f32',
    longestFullMs: 1000,
  };
}

const grid = { side: 1, row: 0, rows: 16, column: 0, columns: 16 };

it('tells the weights of the latest run: of each query they add up to 1', async () => {
  const ask = served(2 ** 20);
  await ask({ kind: 'run', request: await request(), memoryLimit: 2 ** 30 });
  const answer = await ask({ kind: 'weights', run: 1, head: 0, grid, remembered: null });
  if (answer.kind !== 'answer') throw new Error('No answer');
  const { mean, exact } = answer.answer as WeightsOfGrid;
  expect(exact).toBe(true);
  for (let row = 0; row < 16; row++) {
    const weights = [...mean.subarray(16 * row, 16 * (row + 1))].filter(weight => !Number.isNaN(weight));
    expect(weights.length).toBe(Math.min(4, row + 1));
    expect(weights.reduce((sum, weight) => sum + weight, 0)).toBeCloseTo(1, 5);
  }
});

it('lets large tensors go, and has them again from what is remembered of the run', async () => {
  const ask = served(100);
  const asked = await request();
  const run = await ask({ kind: 'run', request: asked, memoryLimit: 2 ** 30 });
  if (run.kind !== 'answer') throw new Error('It did not run');
  const { lse } = run.answer as Ran;
  const question = { kind: 'weights', run: 1, head: 0, grid } as const;
  expect(await ask({ ...question, remembered: null })).toMatchObject({ answer: null });
  const found = await ask({ ...question, remembered: { request: asked, lse: lse! } });
  expect(found.kind === 'answer' && (found.answer as WeightsOfGrid).mean[0]).toBeCloseTo(1, 5);
  // While it is asked about it stays.
  expect(await ask({ ...question, remembered: null })).not.toMatchObject({ answer: null });
});

it('says what is wrong with a file of tensors', async () => {
  const answer = await served(0)({ kind: 'shape', name: 'x.npy', bytes: new Uint8Array(3) });
  expect(answer).toMatchObject({ kind: 'failed', cancelled: false, message: expect.stringMatching(/^x\.npy: /) });
});
