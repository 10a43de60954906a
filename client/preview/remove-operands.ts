import * as vscode from 'vscode';
import type { Span } from '../../runtime/pattern/ir.ts';
import { WithoutOperandsRequest } from '../../server/protocol.ts';
import type { RestartableClient } from '../restartable-client.ts';

/** Writes files without some of their primitives: one edit, which one undo takes back. Says so where that cannot be done. */
export async function removeOperands(client: RestartableClient, spans: readonly Span[]): Promise<void> {
  const edit = new vscode.WorkspaceEdit();
  for (const uri of new Set(spans.map(span => span.uri))) {
    const target = vscode.Uri.parse(uri);
    const document = await open(target);
    // Read-only: files of the standard library, and those of a folder that nobody may write to.
    if (document === undefined || vscode.workspace.fs.isWritableFileSystem(target.scheme) === false) {
      void vscode.window.showWarningMessage(`${target.path} cannot be changed, so nothing was removed.`);
      return;
    }
    const operands = spans.filter(span => span.uri === uri).map(({ start, end }) => ({ start, end }));
    const result = await client.sendRequest(WithoutOperandsRequest, { uri, operands });
    if (result === null || result.version !== document.version) {
      void vscode.window.showWarningMessage('The text has changed meanwhile, so nothing was removed. Try again.');
      return;
    }
    for (const { range, text } of result.edits) {
      const { start, end } = range;
      edit.replace(target, new vscode.Range(start.line, start.character, end.line, end.character), text);
    }
  }
  if (edit.size === 0) void vscode.window.showWarningMessage('There is nothing to remove in the source.');
  else await vscode.workspace.applyEdit(edit);
}

async function open(uri: vscode.Uri): Promise<vscode.TextDocument | undefined> {
  try {
    return await vscode.workspace.openTextDocument(uri);
  } catch {
    return undefined;
  }
}
