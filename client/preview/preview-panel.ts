import * as vscode from 'vscode';
import { DeclarationsRequest, LowerRequest } from '../../server/protocol.ts';
import type { RestartableClient } from '../restartable-client.ts';
import { pickLanguageModel } from './language-model-folder.ts';
import { isToHost, type PreviewState, type PreviewView, type RendererChoice, type ToPage } from './messages.ts';
import { pageHtml } from './page.ts';
import { removeOperands } from './remove-operands.ts';
import { revealSpan } from './reveal-span.ts';
import { type PickedTensors, pickTensorFile, readTensorFile } from './tensor-file.ts';

/** Where attention ran: a backend (`gpu`, `cpu`...) and what it runs on, in words. */
export interface RanOn {
  readonly backend: string;
  readonly device: string;
}

/** One preview: a panel, the file it shows and the declaration chosen in it. */
export class PreviewPanel {
  readonly uri: vscode.Uri;
  readonly #panel: vscode.WebviewPanel;
  readonly #client: RestartableClient;
  readonly #disposables: vscode.Disposable[] = [];
  #name: string | null;
  /** Length that the user picked in the page for this declaration. */
  #tokens: number | null = null;
  #view: PreviewView | undefined;
  #pageReady = false;
  #runWhenReady = false;
  /** The refresh under way, if any, and whether another was asked for since it last asked the server. */
  #refreshing: Promise<void> | undefined;
  #again = false;
  #disposed = false;
  readonly #ran = new vscode.EventEmitter<RanOn>();
  /** Attention ran in the page. */
  readonly onDidRun = this.#ran.event;

  constructor(panel: vscode.WebviewPanel, extensionUri: vscode.Uri, client: RestartableClient, state: PreviewState) {
    this.uri = vscode.Uri.parse(state.uri);
    this.#panel = panel;
    this.#client = client;
    this.#name = state.name;
    this.#disposables.push(
      panel.webview.onDidReceiveMessage((message: unknown) => this.#receive(message)),
      panel.onDidChangeViewState(() => {
        // A hidden page is destroyed; it says `ready` when it is back.
        if (!panel.visible) this.#pageReady = false;
      }),
      panel.onDidDispose(() => this.#dispose()),
      this.#ran,
      vscode.window.onDidChangeTextEditorSelection(({ textEditor }) => this.#sendCaret(textEditor)),
      vscode.window.onDidChangeActiveTextEditor(editor => this.#sendCaret(editor)),
      vscode.workspace.onDidChangeConfiguration(event => {
        if (event.affectsConfiguration('sparse.preview')) void this.refresh();
      }),
    );
    panel.webview.options = { enableScripts: true, localResourceRoots: [vscode.Uri.joinPath(extensionUri, 'dist')] };
    panel.webview.html = pageHtml(panel.webview, extensionUri);
    this.#setTitle();
  }

  get active(): boolean {
    return this.#panel.active;
  }

  /** What the page shows, as far as it has said. */
  get view(): PreviewView {
    return this.#view ?? { name: this.#name, tokens: null, layer: 0, head: 0 };
  }

  /** Not among the panel's own disposables: those end during the event that this listener waits for. */
  onDidDispose(listener: () => void): void {
    this.#panel.onDidDispose(listener);
  }

  /** Brings the panel to the front without taking the keyboard from the editor; `name` chooses another declaration. */
  reveal(name: string | undefined): void {
    if (name !== undefined && name !== this.#name) {
      this.#name = name;
      this.#tokens = null;
      void this.refresh();
    }
    this.#panel.reveal(undefined, true);
  }

  /** Runs attention over the chosen declaration, at once or as soon as the page is there. */
  run(): void {
    // The page must have what was chosen last before it runs.
    if (this.#pageReady) void this.refresh().then(() => this.#post({ type: 'run' }));
    else this.#runWhenReady = true;
  }

  /**
   * Asks the server again and sends the page what is new; resolves when the page has been sent the newest. Calls while
   * one is under way are joined into one.
   */
  refresh(): Promise<void> {
    if (!this.#pageReady || this.#disposed) return Promise.resolve();
    this.#again = true;
    this.#refreshing ??= this.#refresh().finally(() => {
      this.#refreshing = undefined;
    });
    return this.#refreshing;
  }

  async #refresh(): Promise<void> {
    while (this.#again && !this.#disposed) {
      this.#again = false;
      try {
        await this.#sendFile();
      } catch (error) {
        this.#post({
          type: 'stale',
          version: -1,
          message: `The language server did not answer: ${error instanceof Error ? error.message : String(error)}`,
          line: null,
        });
      }
    }
  }

  async #sendFile(): Promise<void> {
    const uri = this.uri.toString();
    if (!(await this.#open())) return;
    const file = await this.#client.sendRequest(DeclarationsRequest, { uri });
    if (file === null || this.#disposed) return;
    const names = file.declarations.map(declaration => declaration.name);
    if (this.#name === null || (!names.includes(this.#name) && file.errors === 0 && names.length > 0)) {
      // What was shown is gone from a file without errors (renamed, most likely): show what stands there now.
      this.#name = file.declarations.find(declaration => declaration.problem === null)?.name ?? names[0] ?? null;
    }
    this.#setTitle();
    const settings = vscode.workspace.getConfiguration('sparse.preview', this.uri);
    this.#post({
      type: 'file',
      uri,
      fileName: this.uri.path.split('/').pop() ?? uri,
      choices: file.declarations.map(({ name, kind, problem }) => ({ name, kind, problem })),
      selected: this.#name,
      defaultTokens: settings.get('tokens', 1024),
      renderer: settings.get<RendererChoice>('renderer', 'auto'),
    });
    if (this.#name === null) {
      this.#post({
        type: 'stale',
        version: file.version,
        message: 'This file declares no pattern yet. Write one, e.g. pattern mine = sliding(512).',
        line: null,
      });
      return;
    }
    const name = this.#name;
    const lowered = await this.#client.sendRequest(LowerRequest, {
      uri,
      name,
      ...(this.#tokens === null ? {} : { tokens: this.#tokens }),
    });
    // Another name was chosen meanwhile: its refresh is on its way.
    if (lowered === null || this.#disposed || name !== this.#name) return;
    if (lowered.ok) this.#post({ type: 'model', version: lowered.version, name, model: lowered.model });
    else
      this.#post({
        type: 'stale',
        version: lowered.version,
        message: lowered.message,
        line: lowered.range === null ? null : lowered.range.start.line + 1,
      });
  }

  /** Tells the page where the cursor is while the editor of this file is the active one. */
  #sendCaret(editor: vscode.TextEditor | undefined): void {
    if (!this.#pageReady) return;
    const isHere =
      editor !== undefined &&
      editor === vscode.window.activeTextEditor &&
      editor.document.uri.toString() === this.uri.toString();
    this.#post({ type: 'caret', offset: isHere ? editor.document.offsetAt(editor.selection.active) : null });
  }

  /** The server knows open documents only. */
  async #open(): Promise<boolean> {
    try {
      const document = await vscode.workspace.openTextDocument(this.uri);
      if (document.languageId !== 'sparse') await vscode.languages.setTextDocumentLanguage(document, 'sparse');
      return true;
    } catch {
      this.#post({
        type: 'stale',
        version: -1,
        message: `${this.uri.path} cannot be read. It may have been moved or deleted.`,
        line: null,
      });
      return false;
    }
  }

  #receive(message: unknown): void {
    if (!isToHost(message)) return;
    switch (message.type) {
      case 'tokens':
        this.#tokens = message.tokens;
        void this.refresh();
        break;
      case 'ready':
        this.#pageReady = true;
        this.#tokens = message.tokens;
        void this.refresh().then(() => {
          if (!this.#runWhenReady) return;
          this.#runWhenReady = false;
          this.#post({ type: 'run' });
        });
        break;
      case 'select':
        this.#name = message.name;
        this.#tokens = null;
        void this.refresh();
        break;
      case 'view':
        this.#view = message.view;
        break;
      case 'ran':
        this.#ran.fire(message);
        break;
      case 'reveal':
        void revealSpan(message.span, message.focus);
        break;
      case 'remove':
        void removeOperands(this.#client, message.spans);
        break;
      case 'pickTensors':
        void pickTensorFile(this.uri).then(file => this.#sendTensors(file));
        break;
      case 'readTensors':
        void readTensorFile(vscode.Uri.parse(message.uri)).then(file => this.#sendTensors(file));
        break;
      case 'pickLanguageModel':
        void pickLanguageModel().then(files => {
          if (files === null) return;
          this.#post('problem' in files ? { type: 'noLanguageModel', ...files } : { type: 'languageModel', files });
        });
        break;
      case 'copy':
        void vscode.env.clipboard.writeText(message.text);
        break;
      case 'export':
        void vscode.commands.executeCommand('sparse.exportMask', {
          uri: this.uri.toString(),
          name: this.#name ?? undefined,
        });
        break;
    }
  }

  #sendTensors(file: PickedTensors): void {
    if (file === null) return;
    this.#post('problem' in file ? { type: 'noTensors', problem: file.problem } : { type: 'tensors', file });
  }

  /** Never awaited: VS Code may leave the promise open for a page that is hidden. */
  #post(message: ToPage): void {
    if (!this.#disposed) void this.#panel.webview.postMessage(message);
  }

  #setTitle(): void {
    this.#panel.title = `Preview ${this.#name ?? this.uri.path.split('/').pop() ?? ''}`;
  }

  #dispose(): void {
    this.#disposed = true;
    for (const disposable of this.#disposables) disposable.dispose();
  }
}
