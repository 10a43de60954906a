import * as vscode from 'vscode';

/** Opens a file, as the server knows open documents only. Undefined, or why it cannot be read. */
export async function openSparse(uri: vscode.Uri): Promise<string | undefined> {
  // Opened again, one that has no file would be another one, and empty.
  const isGone =
    uri.scheme === 'untitled' &&
    vscode.workspace.textDocuments.every(document => document.uri.toString() !== uri.toString());
  if (isGone) return 'It is not open any more.';
  try {
    const document = await vscode.workspace.openTextDocument(uri);
    if (document.languageId !== 'sparse') await vscode.languages.setTextDocumentLanguage(document, 'sparse');
    return undefined;
  } catch {
    return 'It may have been moved or deleted.';
  }
}
