import { firstScript } from './first-script.ts';
import type { ToPage } from './messages.ts';

/** Files of the extension that travel in the page: each one that it had to fetch would cost it a turn to the editor. */
export interface PageFiles {
  readonly styles: string;
  /** The page's own script, as far as the first picture needs it. */
  readonly script: string;
  /** What it shares with the script that is fetched later. */
  readonly shared: string;
  /** The script of the worker that draws the picture. */
  readonly tileDrawer: string;
}

export interface PageOptions {
  readonly files: PageFiles;
  /** A value that nobody can guess: what has it may run. */
  readonly nonce: string;
  /** Where the other files of the extension come from, for the page's policy. */
  readonly cspSource: string;
  /** The address of a file that is fetched later. */
  readonly resource: (name: string) => string;
  /** Messages that a page takes at once which was never there before. */
  readonly first: readonly ToPage[];
}

/** The page of a preview. What is inline in it came from the extension's own files, and says so by the nonce. */
export function pageDocument({ files, nonce, cspSource, resource, first }: PageOptions): string {
  const policy = [
    "default-src 'none'",
    // The nonce covers the scripts; compiling the CPU kernel needs WebAssembly.
    `script-src 'nonce-${nonce}' 'wasm-unsafe-eval'`,
    `style-src 'nonce-${nonce}' ${cspSource}`,
    `font-src ${cspSource}`,
    // Other workers start from text that is fetched first: a page here may not load a worker from another origin.
    `connect-src ${cspSource}`,
    'worker-src blob:',
    `img-src ${cspSource} data: blob:`,
  ].join('; ');
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="UTF-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<script type="text/plain" id="tile-drawer">${files.tileDrawer}</script>
<script type="text/plain" id="shared">${files.shared}</script>
<script nonce="${nonce}">${firstScript({
    tileDrawer: 'tile-drawer',
    // The names are those of the build.
    shared: { element: 'shared', name: 'sparse:/chunk.js' },
    later: { 'sparse:/beside-picture.js': resource('webview/beside-picture.js') },
  })}</script>
<style nonce="${nonce}">${files.styles}</style>
<title>Sparse Preview</title>
</head>
<body>
<main id="preview" data-first="${escaped(JSON.stringify(first))}" data-questions="${resource('draw-worker.js')}" data-compute="${resource('compute-worker.js')}"></main>
<script type="module" nonce="${nonce}">${files.script}</script>
</body>
</html>`;
}

/** Text that is to stand in a page or an attribute of its elements. */
export function escaped(text: string): string {
  return text.replace(/[&<>"]/g, character => `&#${character.charCodeAt(0)};`);
}
