import { inject, type Module } from 'langium';
import {
  createDefaultModule,
  createDefaultSharedModule,
  type LangiumServices,
  type LangiumSharedServices,
  type PartialLangiumServices,
  type PartialLangiumSharedServices,
} from 'langium/lsp';
import type { Connection } from 'vscode-languageserver';
import { Counter } from '../counting.ts';
import { SparseGeneratedModule, SparseGeneratedSharedModule } from '../generated/module.ts';
import { type FileReader, ReaderFileSystem, SparseModule, SparseSharedModule, watchLinks } from '../module.ts';
import { SparseCodeLensProvider } from './code-lens.ts';
import { SparseCompletionProvider } from './completion.ts';
import { SparseDocumentSymbolProvider } from './document-symbols.ts';
import { SparseDocumentUpdateHandler } from './document-updates.ts';
import { SparseFormatter } from './formatter.ts';
import { SparseHoverProvider } from './hover.ts';
import { SparseNodeKindProvider } from './node-kinds.ts';

export interface SparseServices {
  readonly shared: LangiumSharedServices;
  readonly sparse: LangiumServices;
}

/** The language with its editor features; without a connection for tests. */
export function createSparseServices(reader: FileReader, connection?: Connection): SparseServices {
  const counter = new Counter();
  const sharedFeatures: Module<LangiumSharedServices, PartialLangiumSharedServices> = {
    lsp: {
      DocumentUpdateHandler: services => new SparseDocumentUpdateHandler(services),
      NodeKindProvider: () => new SparseNodeKindProvider(),
    },
  };
  const features: Module<LangiumServices, PartialLangiumServices> = {
    lsp: {
      CodeLensProvider: () => new SparseCodeLensProvider(counter),
      CompletionProvider: services => new SparseCompletionProvider(services),
      DocumentSymbolProvider: () => new SparseDocumentSymbolProvider(),
      Formatter: services => new SparseFormatter(services),
      HoverProvider: () => new SparseHoverProvider(counter),
    },
  };
  const shared = inject(
    createDefaultSharedModule({
      fileSystemProvider: () => new ReaderFileSystem(reader),
      ...(connection === undefined ? {} : { connection }),
    }),
    SparseGeneratedSharedModule,
    SparseSharedModule,
    sharedFeatures,
  );
  const sparse = inject(createDefaultModule({ shared }), SparseGeneratedModule, SparseModule, features);
  shared.ServiceRegistry.register(sparse);
  watchLinks(shared);
  if (connection === undefined) void shared.workspace.ConfigurationProvider.initialized({});
  return { shared, sparse };
}
