import * as vscode from 'vscode';
import type { Span } from '../../runtime/pattern/ir.ts';

/**
 * Selects a place of a source file in the editor that shows it, or in the first column; `focus`: with the keyboard.
 * Undefined, after telling the user, when the file is gone.
 */
export async function revealSpan(span: Span, focus: boolean): Promise<vscode.Range | undefined> {
  const uri = vscode.Uri.parse(span.uri);
  const shown = vscode.window.visibleTextEditors.find(editor => editor.document.uri.toString() === uri.toString());
  try {
    const document = shown?.document ?? (await vscode.workspace.openTextDocument(uri));
    const range = new vscode.Range(document.positionAt(span.start), document.positionAt(span.end));
    const editor = await vscode.window.showTextDocument(document, {
      viewColumn: shown?.viewColumn ?? vscode.ViewColumn.One,
      preserveFocus: !focus,
      selection: range,
    });
    editor.revealRange(range, vscode.TextEditorRevealType.InCenterIfOutsideViewport);
    return range;
  } catch {
    void vscode.window.showWarningMessage(`${uri.path} cannot be opened any more.`);
    return undefined;
  }
}
