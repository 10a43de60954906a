import { Worker } from 'node:worker_threads';
import { Answers } from './answers.ts';
import type { JobOutcome } from './job.ts';
import type { JobThread } from './run-job.ts';

/** Makes a thread of Node look like a web worker to a script, so that one script serves both. */
const LIKE_A_WEB_WORKER = `
  const { parentPort, workerData } = require('node:worker_threads');
  globalThis.self = { postMessage: (message, { transfer }) => parentPort.postMessage(message, transfer) };
  require('node:vm').runInThisContext(require('node:fs').readFileSync(workerData, 'utf8'), { filename: workerData });
  parentPort.on('message', data => self.onmessage({ data }));`;

/** A thread of Node that runs the script of a web worker. */
export function nodeThread(script: string): JobThread {
  const worker = new Worker(LIKE_A_WEB_WORKER, { eval: true, workerData: script });
  const answers = new Answers<JobOutcome>();
  worker.on('message', (outcome: JobOutcome) => answers.came(outcome));
  worker.once('error', (error: Error & { readonly code?: string }) =>
    answers.failed(
      error.code === 'ERR_WORKER_OUT_OF_MEMORY'
        ? new Error('This mask needs more memory than there is. Use fewer tokens or a more regular pattern.')
        : error,
    ),
  );
  return {
    ask(message) {
      worker.postMessage(message);
      return answers.next();
    },
    stop: () => void worker.terminate(),
  };
}
