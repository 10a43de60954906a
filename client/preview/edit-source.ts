import * as vscode from 'vscode';
import type { Span } from '../../runtime/pattern/ir.ts';
import { type Adjustments, AdjustRequest, type EditsResult, WithoutOperandsRequest } from '../../server/protocol.ts';
import type { RestartableClient } from '../restartable-client.ts';
import { writableDocument } from './writable-document.ts';

/** Writes files without some of their primitives: one edit, which one undo takes back. Says so where that cannot be done. */
export async function removeOperands(client: RestartableClient, spans: readonly Span[]): Promise<void> {
  await edit([...new Set(spans.map(span => span.uri))], 'removed', uri => {
    const operands = spans.filter(span => span.uri === uri).map(({ start, end }) => ({ start, end }));
    return client.sendRequest(WithoutOperandsRequest, { uri, operands });
  });
}

/** Writes into a file what a declaration was tried out with, in the same way. */
export async function writeAdjustments(
  client: RestartableClient,
  uri: vscode.Uri,
  name: string,
  adjustments: Adjustments,
): Promise<void> {
  await edit([uri.toString()], 'changed', each => client.sendRequest(AdjustRequest, { uri: each, name, adjustments }));
}

async function edit(
  uris: readonly string[],
  done: 'removed' | 'changed',
  editsOf: (uri: string) => Promise<EditsResult | null>,
): Promise<void> {
  const edits = new vscode.WorkspaceEdit();
  for (const uri of uris) {
    const target = vscode.Uri.parse(uri);
    const document = await writableDocument(target);
    if (document === undefined) {
      void vscode.window.showWarningMessage(`${target.path} cannot be changed, so nothing was ${done}.`);
      return;
    }
    const result = await editsOf(uri);
    if (result === null || result.version !== document.version) {
      void vscode.window.showWarningMessage(`The text has changed meanwhile, so nothing was ${done}. Try again.`);
      return;
    }
    for (const { range, text } of result.edits) {
      const { start, end } = range;
      edits.replace(target, new vscode.Range(start.line, start.character, end.line, end.character), text);
    }
  }
  if (edits.size === 0) void vscode.window.showWarningMessage(`There is nothing to be ${done} in the source.`);
  else if (!(await vscode.workspace.applyEdit(edits)))
    void vscode.window.showWarningMessage(`The text has changed meanwhile, so nothing was ${done}. Try again.`);
}
