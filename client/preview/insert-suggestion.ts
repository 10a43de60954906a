import * as vscode from 'vscode';
import { withFreeName } from './free-name.ts';
import { writableDocument } from './writable-document.ts';

/**
 * Writes a pattern or model to the end of a file, under a name that nothing in it has: one edit, which one undo takes back.
 *
 * @returns its name there; undefined, after telling the user, where that cannot be done
 */
export async function insertSuggestion(uri: vscode.Uri, text: string): Promise<string | undefined> {
  const document = await writableDocument(uri);
  if (document === undefined) {
    void vscode.window.showWarningMessage(
      `${uri.path} cannot be changed, so nothing was inserted. Open the suggestion as a new file instead.`,
    );
    return undefined;
  }
  const before = document.getText();
  const named = withFreeName(text, before);
  if (named === undefined) return undefined;
  const eol = document.eol === vscode.EndOfLine.CRLF ? '\r\n' : '\n';
  const between = before.trim() === '' ? '' : before.endsWith('\n') ? eol : eol + eol;
  const edits = new vscode.WorkspaceEdit();
  const end = document.lineAt(document.lineCount - 1).range.end;
  edits.insert(uri, end, between + named.text.replaceAll('\n', eol));
  if (!(await vscode.workspace.applyEdit(edits))) {
    void vscode.window.showWarningMessage(`${uri.path} has changed meanwhile, so nothing was inserted. Try again.`);
    return undefined;
  }
  return named.name;
}

/** Opens a text as a file that has no place yet. */
export async function openAsNewFile(text: string): Promise<void> {
  const document = await vscode.workspace.openTextDocument({ language: 'sparse', content: text });
  // Where files are edited, beside the preview.
  await vscode.window.showTextDocument(document, { viewColumn: vscode.ViewColumn.One, preview: false });
}
