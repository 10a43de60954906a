import * as vscode from 'vscode';

/**
 * Tells once when a file that was deleted is gone: no editor in sight, which would still know its text, has it open. VS Code
 * tells of the deletion first and closes the editor of the file afterwards, if that has no changes. A file that is there
 * again by then is not gone.
 */
export function whenGone(file: vscode.Uri, tell: () => void): vscode.Disposable {
  const uri = file.toString();
  const isOpen = (): boolean =>
    vscode.window.visibleTextEditors.some(({ document }) => document.uri.toString() === uri);
  if (!isOpen()) {
    tell();
    return new vscode.Disposable(() => {});
  }
  let ended = false;
  const listener = vscode.window.onDidChangeVisibleTextEditors(() => {
    if (isOpen()) return;
    listener.dispose();
    vscode.workspace.fs.stat(file).then(undefined, () => {
      if (!ended) tell();
    });
  });
  return new vscode.Disposable(() => {
    ended = true;
    listener.dispose();
  });
}
