/** What the page's first script leaves for its others, as `sparseWorkers` of the window. */
export interface StartedWorkers {
  /** An address from which workers start: a page in VS Code may load one only from a blob of its own. */
  readonly url: Promise<string>;
  /** The worker that draws the picture. */
  readonly tiles: Promise<Worker>;
  /** The same as soon as it is there: who looks then need not wait. */
  readonly started?: Worker;
  /** Resolves with the reason when that cannot go on. */
  readonly failed: Promise<string>;
}

/**
 * A script for the head of the page: has the worker that draws fetched, started and warmed up while the page's own script
 * is still on its way.
 */
export function startWorkerScript(worker: string): string {
  return `{
  const url = fetch(${JSON.stringify(worker)})
    .then(response => response.text())
    .then(text => URL.createObjectURL(new Blob([text], { type: 'text/javascript' })));
  const tiles = url.then(started => new Worker(started));
  const failed = new Promise(resolve =>
    tiles.then(
      worker => {
        window.sparseWorkers.started = worker;
        worker.addEventListener('error', event => resolve(event.message || 'it could not start'));
        worker.postMessage({ warm: true });
      },
      error => resolve(String(error)),
    ),
  );
  window.sparseWorkers = { url, tiles, failed };
}`;
}
