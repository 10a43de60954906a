import * as vscode from 'vscode';
import type { FormatName } from '../../runtime/export/format-names.ts';
import { loadingSnippet } from '../../runtime/export/snippets.ts';
import { nameOf, type WrittenExport } from './export-files.ts';

/** Says where a mask was exported to, and how it differs from what its file says, and offers what people do next. */
export async function offerNext(
  file: vscode.Uri,
  id: FormatName['id'],
  { addedPairs, left }: WrittenExport,
  asShown = '',
): Promise<void> {
  const open = 'Open';
  const reveal = 'Reveal';
  const copy = 'Copy Loading Snippet';
  const snippet = loadingSnippet(id, nameOf(file));
  const revealing = commandToReveal(file);
  const rounded =
    addedPairs === 0
      ? ''
      : `. It allows ${addedPairs.toLocaleString('en-US')} pairs that the mask does not have: whole blocks`;
  const beside = left === undefined ? '' : `. ${left.path} is not part of it: this mask needs no second file`;
  const choice = await vscode.window.showInformationMessage(
    `Exported to ${file.path}${asShown === '' ? '' : ` ${asShown}`}${rounded}${beside}`,
    open,
    ...(revealing === undefined ? [] : [reveal]),
    ...(snippet === undefined ? [] : [copy]),
  );
  if (choice === open) await vscode.commands.executeCommand('vscode.open', file);
  if (choice === reveal && revealing !== undefined) await vscode.commands.executeCommand(revealing, file);
  if (choice === copy && snippet !== undefined) await vscode.env.clipboard.writeText(snippet);
}

/** The explorer shows what lies in the workspace, a desktop the rest; elsewhere there is nothing to show it in. */
function commandToReveal(file: vscode.Uri): string | undefined {
  if (vscode.workspace.getWorkspaceFolder(file) !== undefined) return 'revealInExplorer';
  const isLocal = file.scheme === 'file' && vscode.env.uiKind === vscode.UIKind.Desktop && !vscode.env.remoteName;
  return isLocal ? 'revealFileInOS' : undefined;
}
