import * as vscode from 'vscode';
import { State } from 'vscode-languageclient';
import { type Adjustments, DeclarationsRequest, LowerRequest } from '../../server/protocol.ts';
import type { RestartableClient } from '../restartable-client.ts';
import { removeOperands, writeAdjustments } from './edit-source.ts';
import type { HostRuns } from './host-runs.ts';
import { pickLanguageModel } from './language-model-folder.ts';
import {
  isToHost,
  type ModelAt,
  type OtherName,
  type PreviewState,
  type PreviewView,
  type RendererChoice,
  type ToPage,
} from './messages.ts';
import { OtherDeclaration } from './other-declaration.ts';
import { failureHtml, pageHtml } from './page.ts';
import type { PageFiles } from './page-document.ts';
import { PanelRuns } from './panel-runs.ts';
import { revealSpan } from './reveal-span.ts';
import type { SavePicture } from './save-picture.ts';
import { type PickedTensors, pickTensorFile, readTensorFile } from './tensor-file.ts';

/** Where attention ran: a backend (`gpu`, `cpu`...) and what it runs on, in words. */
export interface RanOn {
  readonly backend: string;
  readonly device: string;
}

/** Asks for a declaration to compare with; undefined when nobody answers. */
export type ChooseOther = (shown: string | null) => Promise<OtherName | undefined>;

/** What a preview asks of the editor around it. */
export interface PreviewTools {
  readonly chooseOther: ChooseOther;
  readonly savePicture: SavePicture;
  readonly runs: HostRuns;
}

/** The page waits so long for what it is to show first. */
const PATIENCE_MS = 100;

/** One preview: a panel, the file it shows and the declaration chosen in it. */
export class PreviewPanel {
  readonly uri: vscode.Uri;
  readonly #panel: vscode.WebviewPanel;
  readonly #client: RestartableClient;
  readonly #runs: PanelRuns;
  readonly #disposables: vscode.Disposable[] = [];
  readonly #tools: PreviewTools;
  /** What is compared with, if anything. */
  readonly #other: OtherDeclaration;
  #name: string | null;
  /** Length that the user picked in the page for this declaration. */
  #tokens: number | null = null;
  /** Other values that the user tries out in the page. */
  #adjustments: Adjustments = {};
  #view: PreviewView | undefined;
  #pageReady = false;
  #runWhenReady = false;
  /** The refresh under way, if any, and whether another was asked for since it last asked the server. */
  #refreshing: Promise<void> | undefined;
  #again = false;
  /** What the page was told last about the file. */
  #sentFile = '';
  #disposed = false;
  /** Messages that are to travel with the page while it is not there yet. */
  #early: ToPage[] | undefined;
  readonly #ran = new vscode.EventEmitter<RanOn>();
  /** Attention ran in the page. */
  readonly onDidRun = this.#ran.event;

  constructor(
    panel: vscode.WebviewPanel,
    extensionUri: vscode.Uri,
    files: Promise<PageFiles>,
    client: RestartableClient,
    tools: PreviewTools,
    state: PreviewState,
  ) {
    this.uri = vscode.Uri.parse(state.uri);
    this.#panel = panel;
    this.#client = client;
    this.#tools = tools;
    this.#other = new OtherDeclaration(client, message => this.#post(message));
    this.#runs = new PanelRuns(tools.runs, message => this.#post(message));
    this.#name = state.name;
    this.#disposables.push(
      panel.webview.onDidReceiveMessage((message: unknown) => this.#receive(message)),
      panel.onDidChangeViewState(() => {
        // A hidden page is destroyed; it says `ready` when it is back.
        if (panel.visible) return;
        this.#pageReady = false;
        // Nobody would hear what comes out.
        this.#runs.cancel();
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
    this.#setTitle();
    void this.#load(extensionUri, files);
  }

  /** Sets the page, with what it shows first if the server tells that soon: VS Code is still busy with the frame around it. */
  async #load(extensionUri: vscode.Uri, files: Promise<PageFiles>): Promise<void> {
    const first: ToPage[] = [];
    if (this.#client.state === State.Running) {
      this.#early = first;
      const patience = new Promise<void>(resolve => setTimeout(resolve, PATIENCE_MS));
      await Promise.race([this.#sendFile().catch(() => undefined), patience]);
      this.#early = undefined;
    }
    const inPage = await files.catch(
      error => `The preview cannot be shown: a file of the extension cannot be read (${error}). Reload the window.`,
    );
    if (this.#disposed) return;
    const { webview } = this.#panel;
    webview.html =
      typeof inPage === 'string' ? failureHtml(inPage) : pageHtml(webview, extensionUri, inPage, [...first]);
  }

  get active(): boolean {
    return this.#panel.active;
  }

  /** What the page shows, as far as it has said, with the values that are tried out there. */
  get view(): PreviewView & { readonly adjustments: Adjustments } {
    const view = this.#view ?? { name: this.#name, tokens: null, layer: 0, head: 0 };
    return { ...view, adjustments: this.#adjustments };
  }

  /** Not among the panel's own disposables: those end during the event that this listener waits for. */
  onDidDispose(listener: () => void): void {
    this.#panel.onDidDispose(listener);
  }

  /** Brings the panel to the front without taking the keyboard from the editor; `name` chooses another declaration. */
  reveal(name: string | undefined): void {
    if (name !== undefined && name !== this.#name) {
      this.#choose(name);
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

  /** A file was checked by the server. */
  fileChanged(uri: string): void {
    if (this.uri.toString() === uri) void this.refresh();
    this.#other.changed(uri);
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
      this.#choose(file.declarations.find(declaration => declaration.problem === null)?.name ?? names[0] ?? null);
    }
    this.#setTitle();
    const settings = vscode.workspace.getConfiguration('sparse.preview', this.uri);
    this.#postFile({
      type: 'file',
      uri,
      fileName: this.uri.path.split('/').pop() ?? uri,
      choices: file.declarations.map(({ name, kind, problem }) => ({ name, kind, problem })),
      selected: this.#name,
      defaultTokens: settings.get('tokens', 1024),
      renderer: settings.get<RendererChoice>('renderer', 'auto'),
      runsInHost: this.#runs.available,
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
      adjustments: this.#adjustments,
      ...(this.#tokens === null ? {} : { tokens: this.#tokens }),
    });
    // Another name was chosen meanwhile: its refresh is on its way.
    if (lowered === null || this.#disposed || name !== this.#name) return;
    if (lowered.ok) {
      const { version, model, adjustables } = lowered;
      this.#post({ type: 'model', version, name, model, adjustables });
    } else
      this.#post({
        type: 'stale',
        version: lowered.version,
        message: lowered.message,
        line: lowered.range === null ? null : lowered.range.start.line + 1,
      });
  }

  /** Most edits change nothing of it, and every message costs time before the picture. */
  #postFile(message: ToPage & { type: 'file' }): void {
    const sent = JSON.stringify(message);
    if (sent === this.#sentFile) return;
    this.#sentFile = sent;
    this.#post(message);
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
        this.#sentFile = '';
        this.#tokens = message.tokens;
        this.#adjustments = message.adjustments;
        void this.refresh().then(() => {
          if (!this.#runWhenReady) return;
          this.#runWhenReady = false;
          this.#post({ type: 'run' });
        });
        break;
      case 'select':
        this.#choose(message.name);
        void this.refresh();
        break;
      case 'adjust':
        this.#adjustments = message.adjustments;
        void this.refresh();
        break;
      case 'apply':
        if (this.#name !== null) void writeAdjustments(this.#client, this.uri, this.#name, message.adjustments);
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
      case 'modelAt':
        void this.#modelAt(message.tokens).then(at => this.#post({ type: 'modelAt', at }));
        break;
      case 'runInHost':
        void this.#runs.run(message.id, message.request);
        break;
      case 'cancelRun':
        this.#runs.cancel(message.id);
        break;
      case 'copy':
        void vscode.env.clipboard.writeText(message.text);
        break;
      case 'save':
        void this.#tools.savePicture(this.uri, message);
        break;
      case 'compare':
        void this.#compare();
        break;
      case 'other':
        this.#other.compareWith(message.other, message.tokens);
        break;
      case 'export':
        void vscode.commands.executeCommand('sparse.exportMask', {
          uri: this.uri.toString(),
          name: this.#name ?? undefined,
        });
        break;
    }
  }

  /** The declaration that is shown at another length. */
  async #modelAt(tokens: number): Promise<ModelAt> {
    const problem = (why: string): ModelAt => ({ tokens, model: null, problem: why });
    if (this.#name === null) return problem('This file declares no pattern yet.');
    try {
      const lowered = await this.#client.sendRequest(LowerRequest, {
        uri: this.uri.toString(),
        name: this.#name,
        adjustments: this.#adjustments,
        tokens,
      });
      if (lowered === null) return problem('The file is not open any more.');
      return lowered.ok ? { tokens, model: lowered.model } : problem(lowered.message);
    } catch (error) {
      return problem(`The language server did not answer: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  #sendTensors(file: PickedTensors): void {
    if (file === null) return;
    this.#post('problem' in file ? { type: 'noTensors', problem: file.problem } : { type: 'tensors', file });
  }

  async #compare(): Promise<void> {
    const other = await this.#tools.chooseOther(this.#name);
    if (other !== undefined) this.#other.compareWith(other, this.view.tokens);
  }

  /** Another declaration has a length and values of its own. */
  #choose(name: string | null): void {
    if (name !== this.#name) {
      this.#tokens = null;
      this.#adjustments = {};
    }
    this.#name = name;
  }

  /** Never awaited: VS Code may leave the promise open for a page that is hidden. */
  #post(message: ToPage): void {
    if (this.#early !== undefined) this.#early.push(message);
    else if (!this.#disposed) void this.#panel.webview.postMessage(message);
  }

  #setTitle(): void {
    this.#panel.title = `Preview ${this.#name ?? this.uri.path.split('/').pop() ?? ''}`;
  }

  #dispose(): void {
    this.#disposed = true;
    this.#runs.cancel();
    for (const disposable of this.#disposables) disposable.dispose();
  }
}
