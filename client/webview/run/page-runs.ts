import { RunClient } from '../../run/run-client.ts';
import { workerUrlLater } from '../worker-url.ts';
import { keepKernel, keptKernels } from './kept-kernels.ts';

/** Runs of attention in a worker of the page, whose script is fetched when the first one is asked for. */
export function pageRuns(script: string): RunClient {
  const url = workerUrlLater(script);
  return new RunClient(async events => {
    const worker = new Worker(await url());
    worker.onmessage = event => events.received(event.data);
    worker.onerror = event =>
      events.failed(`The worker that runs attention failed: ${event.message || 'it did not start'}`);
    worker.postMessage({ kind: 'kernels', known: keptKernels() });
    return { post: message => worker.postMessage(message), end: () => worker.terminate() };
  }, keepKernel);
}
