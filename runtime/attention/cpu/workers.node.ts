import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { WorkerHost, WorkerPort } from './worker-host.ts';

/** Gives the script what it would find in a browser's worker. */
const prelude = `const { parentPort } = require('node:worker_threads');
globalThis.postMessage = (message, transfer) => parentPort.postMessage(message, transfer);
parentPort.on('message', data => globalThis.onmessage?.({ data }));
`;

/** Workers of Node. */
export function nodeWorkers(threads: number = availableParallelism()): WorkerHost {
  return { threads, shared: true, spawn };
}

function spawn(source: string): WorkerPort {
  // execArgv: flags of the main process (loaders, --test, --input-type) are not meant for this script.
  const worker = new Worker(prelude + source, { eval: true, execArgv: [], stdin: false });
  worker.unref();
  let ended = false;
  return {
    post: (message, transfer = []) => worker.postMessage(message, transfer),
    listen(on) {
      worker.on('message', data => on.message(data));
      worker.on('messageerror', error => on.error(error.message));
      worker.on('error', error => on.error(error instanceof Error ? error.message : String(error)));
      worker.on('exit', code => {
        if (!ended) on.error(`A worker ended early (exit code ${code}).`);
      });
    },
    hold(alive) {
      if (alive) worker.ref();
      else worker.unref();
    },
    terminate() {
      ended = true;
      void worker.terminate();
    },
  };
}
