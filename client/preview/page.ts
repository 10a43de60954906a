import * as vscode from 'vscode';
import type { ToPage } from './messages.ts';
import { startWorkerScript } from './start-worker.ts';

/**
 * The page of a preview: everything comes from the extension's own files, and the one script that is inline starts the
 * worker that draws. `first`: messages that a
 * page takes at once which was never there before.
 */
export function pageHtml(webview: vscode.Webview, extensionUri: vscode.Uri, first: readonly ToPage[]): string {
  const resource = (name: string): string =>
    webview.asWebviewUri(vscode.Uri.joinPath(extensionUri, 'dist', name)).toString();
  const nonce = createNonce();
  const policy = [
    "default-src 'none'",
    // The nonce covers the scripts; compiling the CPU kernel needs WebAssembly.
    `script-src 'nonce-${nonce}' 'wasm-unsafe-eval'`,
    `style-src ${webview.cspSource}`,
    `font-src ${webview.cspSource}`,
    // Workers start from text that is fetched first: a page here may not load a worker from another origin.
    `connect-src ${webview.cspSource}`,
    'worker-src blob:',
    `img-src ${webview.cspSource} data: blob:`,
  ].join('; ');
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="UTF-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="stylesheet" href="${resource('webview.css')}">
<script nonce="${nonce}">${startWorkerScript(resource('draw-worker.js'))}</script>
<title>Sparse Preview</title>
</head>
<body>
<main id="preview" data-first="${escaped(JSON.stringify(first))}" data-compute="${resource('compute-worker.js')}"></main>
<script type="module" nonce="${nonce}" src="${resource('webview.js')}"></script>
</body>
</html>`;
}

function createNonce(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, byte => byte.toString(16).padStart(2, '0')).join('');
}

/** Shown instead of the page when a preview cannot be restored. */
export function failureHtml(message: string): string {
  return `<!DOCTYPE html><html lang="en"><head><meta http-equiv="Content-Security-Policy" content="default-src 'none'"></head><body><p>${escaped(message)}</p></body></html>`;
}

function escaped(text: string): string {
  return text.replace(/[&<>"]/g, character => `&#${character.charCodeAt(0)};`);
}
