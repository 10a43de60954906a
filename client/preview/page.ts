import * as vscode from 'vscode';
import type { ToPage } from './messages.ts';
import { escaped, type PageFiles, pageDocument } from './page-document.ts';

/** Reads the files that travel in the page; they stay the same as long as the extension runs. */
export async function readPageFiles(extensionUri: vscode.Uri): Promise<PageFiles> {
  const text = async (name: string): Promise<string> =>
    new TextDecoder().decode(await vscode.workspace.fs.readFile(vscode.Uri.joinPath(extensionUri, 'dist', name)));
  const [styles, script, shared, tileDrawer] = await Promise.all([
    text('webview/main.css'),
    text('webview/main.js'),
    text('webview/chunk.js'),
    text('tile-drawer.js'),
  ]);
  return { styles, script, shared, tileDrawer };
}

/** The page of a preview. `first`: messages that a page takes at once which was never there before. */
export function pageHtml(
  webview: vscode.Webview,
  extensionUri: vscode.Uri,
  files: PageFiles,
  first: readonly ToPage[],
): string {
  const resource = (name: string): string =>
    webview.asWebviewUri(vscode.Uri.joinPath(extensionUri, 'dist', name)).toString();
  return pageDocument({ files, nonce: createNonce(), cspSource: webview.cspSource, resource, first });
}

function createNonce(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, byte => byte.toString(16).padStart(2, '0')).join('');
}

/** Shown instead of the page when a preview cannot be restored. */
export function failureHtml(message: string): string {
  return `<!DOCTYPE html><html lang="en"><head><meta http-equiv="Content-Security-Policy" content="default-src 'none'"></head><body><p>${escaped(message)}</p></body></html>`;
}
