import type { WorkerHost, WorkerPort } from './worker-host.ts';

/**
 * Workers of a browser page, made from blob: URLs: VS Code's webviews allow no others. The page's content security
 * policy must have `worker-src blob:` and `script-src 'wasm-unsafe-eval'`.
 */
export function webWorkers(threads: number = navigator.hardwareConcurrency): WorkerHost {
  return { threads, shared: globalThis.crossOriginIsolated === true, spawn };
}

function spawn(source: string): WorkerPort {
  const url = URL.createObjectURL(new Blob([source], { type: 'text/javascript' }));
  const worker = new Worker(url);
  return {
    post: (message, transfer = []) => worker.postMessage(message, transfer),
    listen(on) {
      worker.onmessage = event => on.message(event.data);
      worker.onmessageerror = () => on.error('A message of a worker could not be read.');
      // A worker that the content security policy blocks reports an error without a message.
      worker.onerror = event => on.error(event.message || 'The page does not allow workers.');
    },
    hold() {},
    terminate() {
      worker.terminate();
      URL.revokeObjectURL(url);
    },
  };
}
