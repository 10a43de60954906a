import { expect, it } from 'vitest';
import type { HostRuns } from '../../../client/preview/host-runs.ts';
import type { ToPage } from '../../../client/preview/messages.ts';
import { PanelRuns } from '../../../client/preview/panel-runs.ts';
import type { RunRequest } from '../../../client/run/run-request.ts';
import { abortError } from '../../../runtime/attention/abort.ts';

const request = {} as RunRequest;

/** Runs that go on until they are cancelled. */
function endless() {
  const sent: ToPage[] = [];
  const hostRuns = {
    available: true,
    run: (_request: RunRequest, signal: AbortSignal, onStep: Parameters<HostRuns['run']>[2]) =>
      new Promise((_, reject) => {
        onStep({ stage: 'sparse', done: 0.5, leftMs: 100 });
        signal.addEventListener('abort', () => reject(abortError()));
      }),
  } as unknown as HostRuns;
  return { runs: new PanelRuns(hostRuns, message => sent.push(message)), sent };
}

it('tells the page how far each run is, and cancels the one that it names', async () => {
  const { runs, sent } = endless();
  const first = runs.run(1, request);
  const second = runs.run(2, request);
  runs.cancel(2);
  await second;
  expect(sent.map(message => message.type === 'hostRun' && message.event)).toEqual([
    { id: 1, step: { stage: 'sparse', done: 0.5, leftMs: 100 } },
    { id: 2, step: { stage: 'sparse', done: 0.5, leftMs: 100 } },
    { id: 2, failure: 'The attention run was cancelled.', cancelled: true },
  ]);
  // The panel is closed or hidden: nobody would hear of it.
  runs.cancel();
  await first;
  expect(sent.at(-1)).toMatchObject({ event: { id: 1, cancelled: true } });
});

it('says what went wrong', async () => {
  const sent: ToPage[] = [];
  const hostRuns = { available: false, run: () => Promise.reject(new Error('no GPU here')) } as unknown as HostRuns;
  await new PanelRuns(hostRuns, message => sent.push(message)).run(7, request);
  expect(sent).toEqual([{ type: 'hostRun', event: { id: 7, failure: 'no GPU here', cancelled: false } }]);
});
