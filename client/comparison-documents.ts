import * as vscode from 'vscode';

const SCHEME = 'sparse-comparison';

/** Shows the outcomes of comparisons as read-only Markdown documents. */
export class ComparisonDocuments implements vscode.TextDocumentContentProvider {
  readonly #texts = new Map<string, string>();
  #made = 0;

  constructor(context: vscode.ExtensionContext) {
    context.subscriptions.push(
      vscode.workspace.registerTextDocumentContentProvider(SCHEME, this),
      vscode.workspace.onDidCloseTextDocument(({ uri }) => this.#texts.delete(uri.toString())),
    );
  }

  async show(title: string, text: string): Promise<void> {
    // Every comparison is a document of its own: the editor would show the text of an earlier one again.
    const uri = vscode.Uri.from({ scheme: SCHEME, path: `/${title}.md`, query: String(this.#made++) });
    this.#texts.set(uri.toString(), text);
    const document = await vscode.workspace.openTextDocument(uri);
    await vscode.window.showTextDocument(document, { preview: true, viewColumn: vscode.ViewColumn.Beside });
  }

  provideTextDocumentContent(uri: vscode.Uri): string {
    return this.#texts.get(uri.toString()) ?? 'This comparison is gone: compare the patterns again.\n';
  }
}
