import * as vscode from 'vscode';
import { ValidatedNotification } from '../../server/protocol.ts';
import type { RestartableClient } from '../restartable-client.ts';
import type { PreviewLock, PreviewState } from './messages.ts';
import { failureHtml, readPageFiles } from './page.ts';
import type { PageFiles } from './page-document.ts';
import { PreviewPanel } from './preview-panel.ts';
import { previewState } from './preview-state.ts';
import type { PreviewTools, RanOn } from './preview-tools.ts';

const PREVIEW_TYPE = 'sparse.preview';

/** Tells the title bar's actions what the focused preview keeps to: `editor`, `file` or `pattern`; unset where none has the focus. */
const LOCK_KEY = 'sparse.previewFollows';

/** Id of the preview that follows. What a hidden page keeps may be out of date. */
const FOLLOWING = 'sparse.followingPreview';

/** All open previews: one that follows the editor, and any number that are locked. */
export class Previews implements vscode.WebviewPanelSerializer {
  readonly #extensionUri: vscode.Uri;
  readonly #files: Promise<PageFiles>;
  readonly #client: RestartableClient;
  readonly #tools: PreviewTools;
  readonly #memory: vscode.Memento;
  /** The one that had the focus last comes first. */
  #panels: readonly PreviewPanel[] = [];
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
    this.#memory = context.workspaceState;
    context.subscriptions.push(
      this.#ran,
      client.onNotification(ValidatedNotification, ({ uri }) => {
        for (const panel of this.#panels) panel.fileChanged(vscode.Uri.parse(uri).toString());
      }),
      vscode.workspace.onDidRenameFiles(({ files }) => {
        for (const { oldUri, newUri } of files) for (const panel of this.#panels) panel.fileMoved(oldUri, newUri);
      }),
      vscode.workspace.onDidDeleteFiles(({ files }) => {
        for (const uri of files) for (const panel of this.#panels) panel.fileDeleted(uri);
      }),
      vscode.workspace.onDidCloseTextDocument(({ uri }) => {
        // One without a file is gone with its editor.
        if (uri.scheme === 'untitled') for (const panel of this.#panels) panel.fileChanged(uri.toString());
      }),
      vscode.window.registerWebviewPanelSerializer(PREVIEW_TYPE, this),
    );
  }

  /** The preview that has the focus. */
  get active(): PreviewPanel | undefined {
    return this.#panels.find(panel => panel.active);
  }

  /** The preview that shows a declaration where it can be seen, the one that had the focus last if several do. */
  showing(uri: vscode.Uri, name: string | undefined): PreviewPanel | undefined {
    return this.#panels.find(
      panel => panel.visible && panel.uri.toString() === uri.toString() && (name === undefined || panel.name === name),
    );
  }

  /** Shows a declaration in the preview that follows, beside the editor, which keeps the keyboard. */
  open(uri: vscode.Uri, name: string | undefined): PreviewPanel {
    const following = this.#following;
    if (following === undefined) return this.#create(uri, name, null);
    following.show(uri, name);
    following.reveal();
    return following;
  }

  /** Opens or reveals, in the same way, a preview that keeps to a file or to one of its declarations. */
  openLocked(uri: vscode.Uri, name: string | undefined, lock: 'file' | 'pattern'): PreviewPanel {
    const existing = this.#panels.find(
      panel =>
        panel.lock === lock && panel.uri.toString() === uri.toString() && (lock === 'file' || panel.name === name),
    );
    if (existing === undefined) return this.#create(uri, name, lock);
    if (name !== undefined) existing.show(uri, name);
    existing.reveal();
    return existing;
  }

  /** Locks a preview, or has it follow the editor from now on. */
  lock(panel: PreviewPanel, lock: PreviewLock): void {
    // Only one follows: the other keeps what it shows.
    if (lock === null) for (const each of this.#panels) if (each !== panel && each.lock === null) each.lock = 'file';
    panel.lock = lock;
    this.#tellLock();
    this.#keepFollowing(this.#following);
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
    // Another one may have taken its turn while it was hidden.
    const isFollowing =
      restored.id !== '' && this.#following === undefined && this.#memory.get(FOLLOWING) === restored.id;
    const lock = restored.lock === null && !isFollowing ? 'file' : restored.lock;
    this.#add(panel, { ...restored, id: restored.id || newId(), lock });
  }

  get #following(): PreviewPanel | undefined {
    return this.#panels.find(({ lock }) => lock === null);
  }

  #create(uri: vscode.Uri, name: string | undefined, lock: PreviewLock): PreviewPanel {
    const panel = vscode.window.createWebviewPanel(
      PREVIEW_TYPE,
      'Preview',
      { viewColumn: vscode.ViewColumn.Beside, preserveFocus: true },
      { enableScripts: true },
    );
    return this.#add(panel, { version: 2, id: newId(), uri: uri.toString(), name: name ?? null, lock });
  }

  #add(panel: vscode.WebviewPanel, state: PreviewState): PreviewPanel {
    const preview = new PreviewPanel(panel, this.#extensionUri, this.#files, this.#client, this.#tools, state);
    this.#panels = [preview, ...this.#panels];
    preview.onDidRun(ranOn => this.#ran.fire(ranOn));
    preview.onDidChangeViewState(() => {
      if (preview.active) this.#panels = [preview, ...this.#panels.filter(each => each !== preview)];
      this.#tellLock();
    });
    preview.onDidDispose(() => {
      this.#panels = this.#panels.filter(each => each !== preview);
      this.#tellLock();
      if (preview.lock === null) this.#keepFollowing(undefined);
    });
    this.#tellLock();
    if (state.lock === null) this.#keepFollowing(preview);
    return preview;
  }

  #keepFollowing(preview: PreviewPanel | undefined): void {
    void this.#memory.update(FOLLOWING, preview?.id ?? '');
  }

  #tellLock(): void {
    const { active } = this;
    void vscode.commands.executeCommand('setContext', LOCK_KEY, active && (active.lock ?? 'editor'));
  }
}

function newId(): string {
  return Math.random().toString(36).slice(2);
}
