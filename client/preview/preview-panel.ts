import * as vscode from 'vscode';
import { State } from 'vscode-languageclient';
import { type Adjustments, DeclarationsRequest, LowerRequest } from '../../server/protocol.ts';
import type { RestartableClient } from '../restartable-client.ts';
import { caretOffset } from './active-editor.ts';
import { fileMessage } from './file-message.ts';
import { type Place, ShownDeclaration } from './follow.ts';
import { whenGone } from './gone-file.ts';
import { insertSuggestion } from './insert-suggestion.ts';
import {
  type Chosen,
  isToHost,
  type PreviewLock,
  type PreviewState,
  type PreviewView,
  type SectionId,
  type ToPage,
} from './messages.ts';
import { movedUri } from './moved-uri.ts';
import { openSparse } from './open-sparse.ts';
import { OtherDeclaration } from './other-declaration.ts';
import { failureHtml, pageHtml } from './page.ts';
import { PageChoice } from './page-choice.ts';
import type { PageFiles } from './page-document.ts';
import { answerPage } from './page-requests.ts';
import { PanelRuns } from './panel-runs.ts';
import type { PreviewTools, RanOn } from './preview-tools.ts';

/** The page waits so long for what it is to show first. */
const PATIENCE_MS = 100;

/** One preview: a panel, the file it shows and the declaration chosen in it, and whether it follows the editor. */
export class PreviewPanel {
  readonly id: string;
  readonly #panel: vscode.WebviewPanel;
  readonly #client: RestartableClient;
  readonly #runs: PanelRuns;
  readonly #disposables: vscode.Disposable[] = [];
  readonly #tools: PreviewTools;
  /** What is compared with, if anything. */
  readonly #other: OtherDeclaration;
  readonly #shown: ShownDeclaration;
  /** Files that were given another place while the page was away. */
  #moves: { readonly from: string; readonly to: string }[] = [];
  readonly #page: PageChoice;
  #view: PreviewView | undefined;
  #pageReady = false;
  #runWhenShown = false;
  /** What the page is to go to when it is there. */
  #sectionWhenReady: SectionId | null = null;
  /** The refresh under way, if any, and whether another was asked for since it last asked the server. */
  #refreshing: Promise<void> | undefined;
  #again = false;
  /** What the page was told last about the file. */
  #sentFile = '';
  #disposed = false;
  /** Waits until the editor of a deleted file is closed. */
  #gone: vscode.Disposable | undefined;
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
    this.#shown = new ShownDeclaration(vscode.Uri.parse(state.uri).toString(), state.name, state.lock);
    this.#page = new PageChoice(this.#shown, message => this.#post(message));
    this.id = state.id;
    this.#panel = panel;
    this.#client = client;
    this.#tools = tools;
    this.#other = new OtherDeclaration(client, message => this.#post(message));
    this.#runs = new PanelRuns(tools.runs, message => this.#post(message));
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
      tools.editor.onDidChange(() => this.#follow()),
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

  get visible(): boolean {
    return this.#panel.visible;
  }

  get uri(): vscode.Uri {
    return vscode.Uri.parse(this.#shown.uri);
  }

  get name(): string | null {
    return this.#shown.name;
  }

  get lock(): PreviewLock {
    return this.#shown.lock;
  }

  /** Keeps to what is shown, or follows the editor from now on. */
  set lock(lock: PreviewLock) {
    if (lock === this.#shown.lock) return;
    this.#shown.lock = lock;
    this.#shown.forgetCaret();
    this.#setTitle();
    this.#follow();
    void this.refresh();
  }

  /** What the page shows, as far as it has said, with the values that are tried out there. */
  get view(): PreviewView & { readonly adjustments: Adjustments } {
    const { uri, name } = this.#shown;
    const known = this.#shown.isShownBy(this.#view ?? null) ? this.#view : undefined;
    const view = known ?? { uri, name, tokens: null, layer: 0, head: 0, hidden: [] };
    return { ...view, adjustments: this.#page.adjustments };
  }

  /** Not among the panel's own disposables: those end during the event that this listener waits for. */
  onDidDispose(listener: () => void): void {
    this.#panel.onDidDispose(listener);
  }

  onDidChangeViewState(listener: () => void): void {
    this.#disposables.push(this.#panel.onDidChangeViewState(listener));
  }

  /** Brings the panel to the front without taking the keyboard from the editor. */
  reveal(): void {
    this.#panel.reveal(undefined, true);
  }

  /** Shows a declaration, or what is due of the file: where the caret is, or what was shown of it before. */
  show(uri: vscode.Uri, name: string | undefined): void {
    this.#shown.enter(uri.toString());
    if (name !== undefined) this.#shown.choose(name);
    this.#setTitle();
    void this.refresh();
  }

  /** Runs attention over the chosen declaration, as soon as the page shows it. */
  run(): void {
    this.#runWhenShown = true;
    void this.refresh();
  }

  /** Goes to a section with the keyboard, at once or as soon as the page is there. */
  openSection(id: SectionId): void {
    this.#panel.reveal();
    if (this.#pageReady) this.#post({ type: 'section', id });
    else this.#sectionWhenReady = id;
  }

  /** A file was checked by the server. */
  fileChanged(uri: string): void {
    if (this.#shown.uri === uri) void this.refresh();
    this.#other.changed(uri);
  }

  /** A file or folder has another place now. */
  fileMoved(from: vscode.Uri, to: vscode.Uri): void {
    const move = { from: from.toString(), to: to.toString() };
    this.#shown.moved(move.from, move.to);
    // The page remembers other files, too.
    if (this.#pageReady) this.#tellMove(move);
    else this.#moves.push(move);
    this.#setTitle();
    void this.refresh();
  }

  /** A file or folder was deleted. */
  fileDeleted(deleted: vscode.Uri): void {
    const { uri } = this.#shown;
    if (movedUri(uri, deleted.toString(), '') === undefined) return;
    this.#gone?.dispose();
    this.#gone = whenGone(this.uri, () => {
      if (!this.#isLate(uri)) this.#unreadable('It was deleted.');
    });
  }

  /** Goes along with the editor, unless it is locked. Where nobody sees it only its title does. */
  #follow(): void {
    const { uri } = this.#tools.editor;
    if (this.#shown.lock !== null || uri === undefined) return;
    if (uri.toString() !== this.#shown.uri) {
      this.show(uri, undefined);
      return;
    }
    if (!this.#panel.visible) return;
    // After an edit the file is checked first.
    const document = vscode.workspace.textDocuments.find(each => each.uri.toString() === uri.toString());
    if (document === undefined || document.version !== this.#shown.version) return;
    if (this.#shown.move(this.#caret)) void this.refresh();
  }

  get #caret(): Place | null {
    return this.#tools.editor.caretIn(this.#shown.uri);
  }

  #tellMove(move: { readonly from: string; readonly to: string }): void {
    this.#post({ type: 'moved', ...move });
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
    if (!this.#runWhenShown || this.#page.isAsked) return;
    this.#runWhenShown = false;
    this.#post({ type: 'run' });
  }

  async #sendFile(): Promise<void> {
    const { uri } = this.#shown;
    const problem = await openSparse(this.uri);
    if (this.#isLate(uri)) return;
    if (problem !== undefined) {
      this.#unreadable(problem);
      return;
    }
    const file = await this.#client.sendRequest(DeclarationsRequest, { uri });
    if (file === null || this.#isLate(uri)) return;
    const before = this.#shown.declare(file, this.#caret);
    if (before !== undefined && this.#pageReady) this.#page.tellRename(before);
    this.#setTitle();
    if (!this.#isTold()) return;
    const { name } = this.#shown;
    this.#postFile(fileMessage({ id: this.id, runsInHost: this.#runs.available }, this.#shown, file));
    if (name === null) {
      this.#post({
        type: 'stale',
        version: file.version,
        message: 'This file declares no pattern yet. Write one, e.g. pattern mine = sliding(512).',
        line: null,
      });
      return;
    }
    const { tokens, adjustments } = this.#page;
    const length = tokens === null ? {} : { tokens };
    const lowered = await this.#client.sendRequest(LowerRequest, { uri, name, adjustments, ...length });
    // Another one was chosen meanwhile: its refresh is on its way.
    if (lowered === null || this.#isLate(uri, name)) return;
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

  /** Is something else shown by now? */
  #isLate(uri: string, name?: string): boolean {
    return this.#disposed || uri !== this.#shown.uri || (name !== undefined && name !== this.name);
  }

  /** Does the page show what it is to show? One that is not there yet will. If not, it is asked to, and answers. */
  #isTold(): boolean {
    return !this.#pageReady || this.#page.isAsWanted();
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
    if (this.#pageReady) this.#post({ type: 'caret', offset: caretOffset(editor, this.#shown.uri) });
  }

  #unreadable(why: string): void {
    // Of what was shown before nothing is said.
    if (!this.#isTold()) return;
    this.#post({ type: 'stale', version: -1, message: `${this.uri.path} cannot be read. ${why}`, line: null });
  }

  #receive(message: unknown): void {
    if (!isToHost(message)) return;
    switch (message.type) {
      case 'tokens':
        this.#page.tokens = message.tokens;
        void this.refresh();
        break;
      case 'ready':
        this.#pageReady = true;
        this.#sentFile = '';
        this.#page.begin(message.chosen);
        for (const move of this.#moves.splice(0)) this.#tellMove(move);
        this.#follow();
        void this.refresh();
        if (this.#sectionWhenReady !== null) this.#post({ type: 'section', id: this.#sectionWhenReady });
        this.#sectionWhenReady = null;
        break;
      case 'select':
        this.#select(message.chosen, message.byUser);
        break;
      case 'adjust':
        if (this.#page.adjust(message.adjustments)) void this.refresh();
        break;
      case 'view':
        this.#view = message.view;
        break;
      case 'ran':
        this.#ran.fire(message);
        break;
      case 'runInHost':
        void this.#runs.run(message.id, message.request);
        break;
      case 'cancelRun':
        this.#runs.cancel(message.id);
        break;
      case 'insert':
        void this.#insert(message.text);
        break;
      case 'compare':
        void this.#compare();
        break;
      case 'other':
        this.#other.compareWith(message.other, message.tokens);
        break;
      case 'export':
        void vscode.commands.executeCommand('sparse.exportMask', {
          uri: this.#shown.uri,
          name: this.name ?? undefined,
        });
        break;
      default: {
        const { editor, savePicture } = this.#tools;
        answerPage(message, this.#shown, { client: this.#client, editor, savePicture, post: this.#post.bind(this) });
      }
    }
  }

  /** The user picked a declaration in the page, or the page does as it was asked. */
  #select(chosen: Chosen, byUser: boolean): void {
    this.#page.select(chosen);
    // The editor may have gone on to another file.
    if (byUser && chosen.uri === this.#shown.uri && this.lock !== 'pattern') this.#shown.pick(chosen.name);
    void this.refresh();
  }

  /** Writes a suggestion into the file, and shows it. */
  async #insert(text: string): Promise<void> {
    const { uri } = this.#shown;
    const name = await insertSuggestion(this.uri, text);
    // The editor may have gone on to another file meanwhile.
    if (name === undefined || this.#isLate(uri)) return;
    if (this.lock !== 'pattern') this.#shown.pick(name);
    await this.refresh();
  }

  async #compare(): Promise<void> {
    const other = await this.#tools.chooseOther(this.name);
    if (other !== undefined) this.#other.compareWith(other, this.view.tokens);
  }

  /** Never awaited: VS Code may leave the promise open for a page that is hidden. */
  #post(message: ToPage): void {
    if (this.#early !== undefined) this.#early.push(message);
    else if (!this.#disposed) void this.#panel.webview.postMessage(message);
  }

  #setTitle(): void {
    const { title } = this.#shown;
    if (title !== this.#panel.title) this.#panel.title = title;
  }

  #dispose(): void {
    this.#disposed = true;
    this.#runs.cancel();
    this.#gone?.dispose();
    for (const disposable of this.#disposables) disposable.dispose();
  }
}
