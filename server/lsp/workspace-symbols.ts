import { Cancellation, interruptAndCheck, type LangiumDocuments, URI } from 'langium';
import type { FuzzyMatcher, LangiumSharedServices, NodeKindProvider, WorkspaceSymbolProvider } from 'langium/lsp';
import type { WorkspaceSymbolParams } from 'vscode-languageserver-protocol';
import type { WorkspaceSymbol } from 'vscode-languageserver-types';
import { fileOf } from '../imports.ts';
import { placeOfProperty, rangeOf } from '../source.ts';
import type { WorkspaceFiles } from './workspace-files.ts';

/** The declarations of all files of the workspace, and of those that are open or that an open file imports. */
export class SparseWorkspaceSymbolProvider implements WorkspaceSymbolProvider {
  readonly #documents: LangiumDocuments;
  readonly #matcher: FuzzyMatcher;
  readonly #kinds: NodeKindProvider;
  readonly #files: WorkspaceFiles;

  constructor(services: LangiumSharedServices, files: WorkspaceFiles) {
    this.#files = files;
    this.#documents = services.workspace.LangiumDocuments;
    this.#matcher = services.lsp.FuzzyMatcher;
    this.#kinds = services.lsp.NodeKindProvider;
  }

  async getSymbols(
    { query }: WorkspaceSymbolParams,
    token: Cancellation.CancellationToken = Cancellation.CancellationToken.None,
  ): Promise<WorkspaceSymbol[]> {
    const symbols: WorkspaceSymbol[] = [];
    for (const document of this.#documents.all) {
      await interruptAndCheck(token);
      for (const declaration of fileOf(document)?.declarations ?? []) {
        const { name } = declaration;
        const place = placeOfProperty(declaration, 'name');
        if (name === undefined || place === undefined || !this.#matcher.match(query, name)) continue;
        symbols.push({
          name,
          kind: this.#kinds.getSymbolKind(declaration),
          containerName: document.uri.path.split('/').at(-1) ?? '',
          location: { uri: document.uri.toString(), range: rangeOf(document, place) },
        });
      }
    }
    for (const { uri, symbols: own } of await this.#files.all(token)) {
      const parsed = URI.parse(uri);
      if (this.#documents.hasDocument(parsed)) continue;
      for (const { name, kind, range } of own)
        if (this.#matcher.match(query, name))
          symbols.push({ name, kind, containerName: parsed.path.split('/').at(-1) ?? '', location: { uri, range } });
    }
    return symbols;
  }
}
