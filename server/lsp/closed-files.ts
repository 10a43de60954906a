import {
  type AstNode,
  type Cancellation,
  interruptAndCheck,
  type LangiumDocuments,
  type ReferenceDescription,
  URI,
} from 'langium';
import type { LangiumSharedServices } from 'langium/lsp';
import { isBinder } from '../generated/ast.ts';
import { type CoreServices, createCoreServices } from '../module.ts';
import { uriOf } from '../source.ts';
import type { WorkspaceFiles } from './workspace-files.ts';

/** Where files that nobody has open refer to something, with the documents in which that was found. */
export interface ClosedReferences {
  readonly references: readonly ReferenceDescription[];
  /** Read for this answer only; the editor's own documents are others. */
  readonly documents: LangiumDocuments;
}

/**
 * Looks into the files of the workspace that are not open. They are read for one answer and let go: what nobody looks
 * at is neither checked nor kept in memory.
 */
export class ClosedFiles {
  readonly files: WorkspaceFiles;
  readonly #shared: LangiumSharedServices;

  constructor(shared: LangiumSharedServices, files: WorkspaceFiles) {
    this.#shared = shared;
    this.files = files;
  }

  /** References to a declaration or parameter from files that are not open; undefined when there are none. */
  async referencesTo(target: AstNode, token: Cancellation.CancellationToken): Promise<ClosedReferences | undefined> {
    if (isBinder(target)) return undefined;
    const home = uriOf(target);
    const { LangiumDocuments: documents, TextDocuments: texts } = this.#shared.workspace;
    const users = (await this.files.all(token)).filter(
      ({ uri, imports }) =>
        imports.includes(home) && texts.get(uri) === undefined && !documents.hasDocument(URI.parse(uri)),
    );
    if (users.length === 0) return undefined;
    const uris = new Set(users.map(({ uri }) => uri));
    const { shared, sparse } = await this.#read([home, ...uris], token);
    const root = shared.workspace.LangiumDocuments.getDocument(URI.parse(home))?.parseResult.value;
    const path = sparse.workspace.AstNodeLocator.getAstNodePath(target);
    const own = root === undefined ? undefined : sparse.workspace.AstNodeLocator.getAstNode(root, path);
    if (own === undefined) return undefined;
    const references = shared.workspace.IndexManager.findAllReferences(own, path)
      .filter(({ sourceUri }) => uris.has(sourceUri.toString()))
      .toArray();
    return { references, documents: shared.workspace.LangiumDocuments };
  }

  /** The documents of a file that is not open and of those that it imports. */
  async open(uri: string, token: Cancellation.CancellationToken): Promise<LangiumDocuments> {
    return (await this.#read([uri], token)).shared.workspace.LangiumDocuments;
  }

  async #read(uris: readonly string[], token: Cancellation.CancellationToken): Promise<CoreServices> {
    // Open files count as they are in the editor.
    const texts = this.#shared.workspace.TextDocuments;
    const services = createCoreServices(
      { readFile: async uri => texts.get(uri)?.getText() ?? this.files.reader.readFile(uri) },
      { get: uri => texts.get(uri.toString()) },
    );
    const { LangiumDocuments: documents, DocumentBuilder: builder } = services.shared.workspace;
    const read = [];
    for (const uri of uris) {
      await interruptAndCheck(token);
      try {
        read.push(await documents.getOrCreateDocument(URI.parse(uri), token));
      } catch {
        // It went away in the meantime.
      }
    }
    await builder.build(read, { validation: false }, token);
    return services;
  }
}
