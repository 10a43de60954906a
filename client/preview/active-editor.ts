import * as vscode from 'vscode';
import type { Span } from '../../runtime/pattern/ir.ts';
import type { Place } from './follow.ts';
import { revealSpan } from './reveal-span.ts';

/**
 * The `.sparse` editor that people are in, or were in last: others, previews among them, change nothing. Where a preview
 * itself puts the caret is no move of anybody.
 */
export class ActiveEditor implements vscode.Disposable {
  readonly #disposables: vscode.Disposable[];
  readonly #changed = new vscode.EventEmitter<void>();
  /** Another editor is active, or its caret moved. */
  readonly onDidChange = this.#changed.event;
  #uri: vscode.Uri | undefined;
  #caret: vscode.Position | undefined;
  /** Where a preview put the caret last, until somebody moves it on. */
  #revealed: { readonly uri: string; readonly range: vscode.Range } | undefined;
  #revealing = 0;

  constructor() {
    this.#disposables = [
      this.#changed,
      vscode.window.onDidChangeActiveTextEditor(editor => this.#look(editor)),
      vscode.window.onDidChangeTextEditorSelection(({ textEditor }) => {
        if (textEditor === vscode.window.activeTextEditor) this.#look(textEditor);
      }),
      // A file that is only now said to be of this language.
      vscode.workspace.onDidOpenTextDocument(() => this.#look(vscode.window.activeTextEditor)),
    ];
    this.#look(vscode.window.activeTextEditor);
  }

  get uri(): vscode.Uri | undefined {
    return this.#uri;
  }

  /** Where the caret stands in this file, or stood last; null: the editor has another file. */
  caretIn(uri: string): Place | null {
    return this.#uri?.toString() === uri ? (this.#caret ?? null) : null;
  }

  /** Shows a place of the source for a preview, which no preview follows. */
  async reveal(span: Span, focus: boolean): Promise<void> {
    this.#revealing++;
    try {
      const range = await revealSpan(span, focus);
      if (range !== undefined) this.#revealed = { uri: vscode.Uri.parse(span.uri).toString(), range };
    } finally {
      this.#revealing--;
    }
  }

  dispose(): void {
    for (const disposable of this.#disposables) disposable.dispose();
  }

  #look(editor: vscode.TextEditor | undefined): void {
    if (editor?.document.languageId !== 'sparse' || this.#revealing > 0) return;
    const { document, selection } = editor;
    const uri = document.uri.toString();
    if (isOldSide(uri)) return;
    if (this.#revealed?.uri === uri && this.#revealed.range.isEqual(selection)) return;
    this.#revealed = undefined;
    const caret = selection.active;
    if (this.#uri?.toString() === uri && this.#caret?.isEqual(caret)) return;
    this.#uri = document.uri;
    this.#caret = caret;
    this.#changed.fire();
  }
}

/** Is that the left side of the difference that is in front? It is looked at beside the right one, which is worked on. */
function isOldSide(uri: string): boolean {
  const input = vscode.window.tabGroups.activeTabGroup.activeTab?.input;
  return input instanceof vscode.TabInputTextDiff && input.original.toString() === uri;
}

/** Where the caret stands in a file, in characters; null unless this is the active editor, and has that file. */
export function caretOffset(editor: vscode.TextEditor | undefined, uri: string): number | null {
  if (editor === undefined || editor !== vscode.window.activeTextEditor) return null;
  const { document, selection } = editor;
  return document.uri.toString() === uri ? document.offsetAt(selection.active) : null;
}
