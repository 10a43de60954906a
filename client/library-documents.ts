import * as vscode from 'vscode';
import { LIBRARY_SCHEME, type LibraryFile, LibraryRequest } from '../server/protocol.ts';
import type { RestartableClient } from './restartable-client.ts';

/** Shows the files of the standard library, which only the server has; VS Code opens them read-only. */
export class LibraryDocuments implements vscode.TextDocumentContentProvider {
  readonly #client: RestartableClient;
  #files: Promise<readonly LibraryFile[]> | undefined;

  constructor(context: vscode.ExtensionContext, client: RestartableClient) {
    this.#client = client;
    context.subscriptions.push(vscode.workspace.registerTextDocumentContentProvider(LIBRARY_SCHEME, this));
  }

  /** All of it. Rejects while there is no server; asks again the next time. */
  files(): Promise<readonly LibraryFile[]> {
    this.#files ??= this.#client.sendRequest(LibraryRequest, {}).catch((error: unknown) => {
      this.#files = undefined;
      throw error;
    });
    return this.#files;
  }

  async provideTextDocumentContent(uri: vscode.Uri): Promise<string> {
    const key = uri.toString();
    const file = (await this.files()).find(each => vscode.Uri.parse(each.uri).toString() === key);
    if (file === undefined) throw new Error(`The standard library has no ${uri.path.slice(1)}.`);
    return file.text;
  }
}
