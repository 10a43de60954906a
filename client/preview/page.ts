import * as vscode from 'vscode';

/** The page of a preview: everything comes from the extension's own files, nothing is inline. */
export function pageHtml(webview: vscode.Webview, extensionUri: vscode.Uri): string {
  const resource = (name: string): string =>
    webview.asWebviewUri(vscode.Uri.joinPath(extensionUri, 'dist', name)).toString();
  const nonce = createNonce();
  const policy = [
    "default-src 'none'",
    // The nonce covers the script; compiling the CPU kernel needs WebAssembly.
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
<title>Sparse Preview</title>
</head>
<body>
<main id="preview" data-worker="${resource('draw-worker.js')}" data-quality="${resource('quality-worker.js')}"></main>
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
  const escaped = message.replace(/[&<>"]/g, character => `&#${character.charCodeAt(0)};`);
  return `<!DOCTYPE html><html lang="en"><head><meta http-equiv="Content-Security-Policy" content="default-src 'none'"></head><body><p>${escaped}</p></body></html>`;
}
