import * as vscode from 'vscode';

/**
 * Opens a file that is to be edited. Undefined where it is gone or read-only: files of the standard library, the left side of
 * a difference, and those of a folder that nobody may write to.
 */
export async function writableDocument(uri: vscode.Uri): Promise<vscode.TextDocument | undefined> {
  // What has no file system is a text that somebody shows, unless it was never saved.
  if (uri.scheme !== 'untitled' && vscode.workspace.fs.isWritableFileSystem(uri.scheme) !== true) return undefined;
  try {
    return await vscode.workspace.openTextDocument(uri);
  } catch {
    return undefined;
  }
}
