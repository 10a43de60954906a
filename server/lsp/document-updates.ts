import { type LangiumDocuments, URI } from 'langium';
import { DefaultDocumentUpdateHandler, type LangiumSharedServices } from 'langium/lsp';
import type { DidChangeWatchedFilesParams, FileSystemWatcher, TextDocumentChangeEvent } from 'vscode-languageserver';
import type { TextDocument } from 'vscode-languageserver-textdocument';
import { MASK_EXTENSIONS } from '../../runtime/export/read-mask-file.ts';
import { reachableImports } from '../imports.ts';
import type { WorkspaceFiles } from './workspace-files.ts';

/** Keeps documents in step with the editor: `.sparse` files and mask files are watched, and closed ones are let go. */
export class SparseDocumentUpdateHandler extends DefaultDocumentUpdateHandler {
  readonly #documents: LangiumDocuments;

  readonly #files: WorkspaceFiles;

  constructor(services: LangiumSharedServices, files: WorkspaceFiles) {
    super(services);
    this.#files = files;
    this.#documents = services.workspace.LangiumDocuments;
  }

  protected override getWatchers(): FileSystemWatcher[] {
    return [{ globPattern: '**/*.sparse' }, { globPattern: `**/*{${MASK_EXTENSIONS.join()}}` }];
  }

  override didChangeWatchedFiles(params: DidChangeWatchedFilesParams): void {
    this.#files.changed(params.changes.map(({ uri }) => uri));
    super.didChangeWatchedFiles(params);
  }

  /** What was not saved is gone: an importer sees the file as it is stored, and other closed files need no messages. */
  didCloseDocument(event: TextDocumentChangeEvent<TextDocument>): void {
    const uri = URI.parse(event.document.uri);
    const key = uri.toString();
    this.#files.changed([key]);
    const isImported = this.#documents.all.some(
      document => document.uri.toString() !== key && reachableImports(this.#documents, document).has(key),
    );
    if (isImported) this.fireDocumentUpdate([uri], []);
    else this.fireDocumentUpdate([], [uri]);
  }
}
