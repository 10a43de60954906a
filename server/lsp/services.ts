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
import { Idle } from '../slow-answers.ts';
import { SparseValidator } from '../validator.ts';
import { Analyses } from './analyses.ts';
import { SparseCallHierarchyProvider } from './call-hierarchy.ts';
import { ClosedFiles } from './closed-files.ts';
import { SparseCodeActionProvider } from './code-actions.ts';
import { SparseCodeLensProvider } from './code-lens.ts';
import { SparseCompletionProvider } from './completion.ts';
import { DiagnosticPages } from './diagnostic-pages.ts';
import { SparseDocumentLinkProvider } from './document-links.ts';
import { SparseDocumentSymbolProvider } from './document-symbols.ts';
import { SparseDocumentUpdateHandler } from './document-updates.ts';
import { SparseFoldingRangeProvider } from './folding.ts';
import { SparseFormatter } from './formatter.ts';
import { SparseDocumentHighlightProvider } from './highlight.ts';
import { SparseHoverProvider } from './hover.ts';
import { SparseInlayHintProvider } from './inlay-hints.ts';
import { SparseLanguageServer } from './language-server.ts';
import { sendLateDiagnostics } from './late-diagnostics.ts';
import { SparseNodeKindProvider } from './node-kinds.ts';
import { prepareHovers } from './prepared-hovers.ts';
import { SparseReferencesProvider } from './references.ts';
import { SparseRenameProvider } from './rename.ts';
import { SparseSemanticTokenProvider } from './semantic-tokens.ts';
import { SparseConfiguration } from './settings.ts';
import { SparseSignatureHelpProvider } from './signature-help.ts';
import { type ListFiles, NO_WORKSPACE, WorkspaceFiles } from './workspace-files.ts';
import { SparseWorkspaceSymbolProvider } from './workspace-symbols.ts';

interface SettingsServices {
  readonly workspace: { readonly ConfigurationProvider: SparseConfiguration };
}

export interface SparseServices {
  readonly shared: LangiumSharedServices & SettingsServices;
  readonly sparse: LangiumServices;
  readonly files: WorkspaceFiles;
  readonly counter: Counter;
  /** When things are found out for which there was no time; undefined where nothing happens later. */
  readonly idle: Idle | undefined;
}

/** Milliseconds that mistakes may wait for what the compiler has to find out; that follows when it is known. */
const PATIENCE = 30;

/** Milliseconds that the lenses, or the inlay hints, of a file may wait for densities; the others follow when they are known. */
const PATIENCE_FOR_DENSITIES = 20;
/** The same where they cannot follow. */
const PATIENT = 1000;

/** Milliseconds that the light bulb may wait for the name of a design. */
const PATIENCE_FOR_DESIGNS = 60;

/** The language with its editor features; without a connection for tests. */
export function createSparseServices(
  reader: FileReader,
  connection?: Connection,
  listFiles: ListFiles = NO_WORKSPACE,
): SparseServices {
  const files = new WorkspaceFiles(reader, listFiles);
  // Without a connection nobody waits, and all is found out at once.
  const idle = connection === undefined ? undefined : new Idle();
  const counter = new Counter(idle);
  const analyses = new Analyses(idle);
  const patience = idle === undefined ? PATIENT : PATIENCE_FOR_DENSITIES;
  const pages = new DiagnosticPages();
  const sharedFeatures: Module<LangiumSharedServices, PartialLangiumSharedServices & SettingsServices> = {
    lsp: {
      DocumentUpdateHandler: services => new SparseDocumentUpdateHandler(services, files),
      LanguageServer: services => new SparseLanguageServer(services),
      NodeKindProvider: () => new SparseNodeKindProvider(),
      WorkspaceSymbolProvider: services => new SparseWorkspaceSymbolProvider(services, files),
    },
    workspace: { ConfigurationProvider: services => new SparseConfiguration(services) },
  };
  let closedFiles: ClosedFiles | undefined;
  const closed = (services: LangiumServices): ClosedFiles => {
    closedFiles ??= new ClosedFiles(services.shared, files);
    return closedFiles;
  };
  const features: Module<LangiumServices, PartialLangiumServices> = {
    lsp: {
      CallHierarchyProvider: services => new SparseCallHierarchyProvider(services, closed(services)),
      CodeActionProvider: () =>
        new SparseCodeActionProvider(connection === undefined ? Number.POSITIVE_INFINITY : PATIENCE_FOR_DESIGNS),
      CodeLensProvider: () =>
        new SparseCodeLensProvider(counter, analyses, shared.workspace.ConfigurationProvider, patience),
      CompletionProvider: services => new SparseCompletionProvider(services, files),
      DocumentHighlightProvider: services => new SparseDocumentHighlightProvider(services),
      DocumentLinkProvider: () => new SparseDocumentLinkProvider(),
      DocumentSymbolProvider: () => new SparseDocumentSymbolProvider(),
      FoldingRangeProvider: services => new SparseFoldingRangeProvider(services),
      Formatter: services => new SparseFormatter(services),
      HoverProvider: () => new SparseHoverProvider(counter, analyses, shared.workspace.ConfigurationProvider, idle),
      InlayHintProvider: () => new SparseInlayHintProvider(counter, shared.workspace.ConfigurationProvider, patience),
      ReferencesProvider: services => new SparseReferencesProvider(services, closed(services)),
      RenameProvider: services => new SparseRenameProvider(services, closed(services)),
      SemanticTokenProvider: () => new SparseSemanticTokenProvider(),
      SignatureHelp: services => new SparseSignatureHelpProvider(services),
    },
    validation: {
      DocumentValidator: services =>
        new SparseValidator(services, {
          pageOf: pages.pageOf,
          // Without somebody to send the rest to, all is found out at once.
          ...(idle === undefined ? {} : { patience: PATIENCE, idle }),
        }),
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
  shared.workspace.DocumentBuilder.onUpdate(() => idle?.clear());
  pages.listen(shared);
  const { DocumentValidator: validator } = sparse.validation;
  if (connection !== undefined && idle !== undefined && validator instanceof SparseValidator)
    sendLateDiagnostics(connection, shared, validator, idle);
  const { HoverProvider: hovers } = sparse.lsp;
  if (idle !== undefined && hovers instanceof SparseHoverProvider) prepareHovers(shared, hovers, idle);
  if (connection === undefined) void shared.workspace.ConfigurationProvider.initialized({});
  return { shared, sparse, files, counter, idle };
}
