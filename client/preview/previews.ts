import * as vscode from 'vscode';
import { ValidatedNotification } from '../../server/protocol.ts';
import type { RestartableClient } from '../restartable-client.ts';
import type { PreviewState } from './messages.ts';
import { failureHtml, readPageFiles } from './page.ts';
import type { PageFiles } from './page-document.ts';
import { PreviewPanel, type PreviewTools, type RanOn } from './preview-panel.ts';

const PREVIEW_TYPE = 'sparse.preview';

/** All open previews: one for each file. */
export class Previews implements vscode.WebviewPanelSerializer {
  readonly #extensionUri: vscode.Uri;
  readonly #files: Promise<PageFiles>;
  readonly #client: RestartableClient;
  readonly #tools: PreviewTools;
  readonly #panels = new Set<PreviewPanel>();
  readonly #ran = new vscode.EventEmitter<RanOn>();
  /** Attention ran in one of the previews. */
  readonly onDidRun = this.#ran.event;

  constructor(context: vscode.ExtensionContext, client: RestartableClient, tools: PreviewTools) {
    this.#extensionUri = context.extensionUri;
    this.#files = readPageFiles(context.extensionUri);
    // Each preview says it.
    this.#files.catch(() => undefined);
    this.#client = client;
    this.#tools = tools;
    context.subscriptions.push(
      this.#ran,
      client.onNotification(ValidatedNotification, ({ uri }) => {
        for (const panel of this.#panels) panel.fileChanged(vscode.Uri.parse(uri).toString());
      }),
      vscode.window.registerWebviewPanelSerializer(PREVIEW_TYPE, this),
    );
  }

  /** The preview that has the focus. */
  get active(): PreviewPanel | undefined {
    return [...this.#panels].find(panel => panel.active);
  }

  /** The preview of a file, if there is one. */
  of(uri: vscode.Uri): PreviewPanel | undefined {
    return [...this.#panels].find(panel => panel.uri.toString() === uri.toString());
  }

  /** Opens or reveals the preview of a file beside the editor; the editor keeps the keyboard. */
  open(uri: vscode.Uri, name: string | undefined): PreviewPanel {
    const existing = this.of(uri);
    if (existing !== undefined) {
      existing.reveal(name);
      return existing;
    }
    const panel = vscode.window.createWebviewPanel(
      PREVIEW_TYPE,
      'Preview',
      { viewColumn: vscode.ViewColumn.Beside, preserveFocus: true },
      { enableScripts: true },
    );
    return this.#add(panel, { version: 2, uri: uri.toString(), name: name ?? null });
  }

  /** Called by VS Code after the window was reloaded. */
  async deserializeWebviewPanel(panel: vscode.WebviewPanel, state: unknown): Promise<void> {
    const restored = previewState(state);
    if (restored === undefined) {
      panel.webview.html = failureHtml(
        'This preview could not be restored. Close it and open the preview of a .sparse file again.',
      );
      return;
    }
    this.#add(panel, restored);
  }

  #add(panel: vscode.WebviewPanel, state: PreviewState): PreviewPanel {
    const preview = new PreviewPanel(panel, this.#extensionUri, this.#files, this.#client, this.#tools, state);
    this.#panels.add(preview);
    preview.onDidRun(ranOn => this.#ran.fire(ranOn));
    preview.onDidDispose(() => this.#panels.delete(preview));
    return preview;
  }
}

function previewState(state: unknown): PreviewState | undefined {
  if (typeof state !== 'object' || state === null) return undefined;
  const { uri, name } = state as Record<string, unknown>;
  if (typeof uri !== 'string') return undefined;
  return { version: 2, uri, name: typeof name === 'string' ? name : null };
}
