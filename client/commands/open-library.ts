import * as vscode from 'vscode';
import type { LibraryDocuments } from '../library-documents.ts';

/** `Sparse: Open Standard Library...`: asks which file, and opens it read-only. */
export async function openLibrary(library: LibraryDocuments): Promise<void> {
  const files = await library.files();
  const choice = await vscode.window.showQuickPick(
    files.map(({ path, summary, uri }) => ({ label: path, description: summary, uri })),
    { title: 'Open Standard Library', placeHolder: 'Published design', matchOnDescription: true },
  );
  if (choice === undefined) return;
  await vscode.window.showTextDocument(await vscode.workspace.openTextDocument(vscode.Uri.parse(choice.uri)));
}
