import * as vscode from 'vscode';
import type { DeclarationsResult } from '../../server/protocol.ts';
import type { ShownDeclaration } from './follow.ts';
import type { RendererChoice, ToPage } from './messages.ts';

/** What a page is told of its file: what that declares, and how the user wants it shown. */
export function fileMessage(
  { id, runsInHost }: { readonly id: string; readonly runsInHost: boolean },
  { uri, file, name, lock }: ShownDeclaration,
  { declarations }: DeclarationsResult,
): ToPage & { readonly type: 'file' } {
  const settings = vscode.workspace.getConfiguration('sparse.preview', vscode.Uri.parse(uri));
  return {
    type: 'file',
    id,
    uri,
    fileName: file,
    choices: declarations.map(({ name, kind, problem }) => ({ name, kind, problem })),
    selected: name,
    lock,
    defaultTokens: settings.get('tokens', 1024),
    renderer: settings.get<RendererChoice>('renderer', 'auto'),
    runsInHost,
  };
}
