/** What the page's first script leaves for its others, as `sparseWorkers` of the window. */
export interface StartedWorkers {
  /** An address from which workers that draw tiles start: a page in VS Code may load one only from a blob of its own. */
  readonly url: string;
  /** The worker that draws the picture. */
  readonly tiles: Worker;
  /** Resolves with the reason when that cannot go on. */
  readonly failed: Promise<string>;
}

/** Where the texts of the page's scripts are. */
export interface PageScripts {
  /** Id of the element with the script of the worker that draws. */
  readonly tileDrawer: string;
  /** Id of the element with what other scripts of the page import, and the name under which they do. */
  readonly shared: { readonly element: string; readonly name: string };
  /** Scripts that are fetched when they are imported: their addresses by their names. */
  readonly later: Readonly<Record<string, string>>;
}

/**
 * A script for the head of the page: has the worker that draws started and warmed up before the page's own script runs, and
 * tells what the page's scripts mean by the names of others.
 */
export function firstScript({ tileDrawer, shared, later }: PageScripts): string {
  return `{
  performance.mark('sparse/head');
  const { nonce } = document.currentScript;
  const address = id =>
    URL.createObjectURL(new Blob([document.getElementById(id).textContent], { type: 'text/javascript' }));
  const url = address(${JSON.stringify(tileDrawer)});
  const tiles = new Worker(url);
  const failed = new Promise(resolve =>
    tiles.addEventListener('error', event => resolve(event.message || 'it could not start')),
  );
  tiles.postMessage({ warm: true });
  window.sparseWorkers = { url, tiles, failed };
  const imports = { ${JSON.stringify(shared.name)}: address(${JSON.stringify(shared.element)}), ...${JSON.stringify(later)} };
  const names = Object.assign(document.createElement('script'), { type: 'importmap', nonce });
  names.textContent = JSON.stringify({ imports });
  document.head.append(names);
  // On its way while the rest of the page is read.
  import(${JSON.stringify(shared.name)});
}`;
}
