import {
  createDefaultCoreModule,
  createDefaultSharedCoreModule,
  DocumentState,
  EmptyFileSystemProvider,
  type FileSystemNode,
  type FileSystemProvider,
  inject,
  type LangiumCoreServices,
  type LangiumSharedCoreServices,
  type Module,
  type PartialLangiumCoreServices,
  type PartialLangiumSharedCoreServices,
  type TextDocumentProvider,
  type URI,
} from 'langium';
import { MAX_MASK_FILE_BYTES } from '../runtime/export/read-mask-file.ts';
import { forgetUses } from './check/declarations.ts';
import { ImportIndexManager, ImportingDocumentBuilder } from './document-builder.ts';
import { ReusingDocumentFactory } from './document-factory.ts';
import { SparseGeneratedModule, SparseGeneratedSharedModule } from './generated/module.ts';
import { isLibraryUri, libraryText } from './library.ts';
import { SparseLinker } from './linker.ts';
import { SparseAsyncParser, SparseValueConverter } from './parser.ts';
import { createReusingParser } from './reusing-parser.ts';
import { NoSymbols, SparseScopeProvider } from './scope.ts';
import { SyntaxMessages } from './syntax-messages.ts';
import { forgetTypes } from './types.ts';
import { SparseValidator } from './validator.ts';

/** Reads the files that others import, or name. */
export interface FileReader {
  /** Text of a file, or null when it cannot be read. */
  readFile(uri: string): Promise<string | null>;
  /**
   * Bytes of a file, at most so many, or null when it cannot be read. Rejects with FileProblem when there is more to say.
   * Without it there are no mask files.
   */
  readBytes?(uri: string, most: number): Promise<Uint8Array | null>;
}

/** Nothing can be imported. */
export const NO_FILES: FileReader = { readFile: () => Promise.resolve(null) };

/** Langium's view of a file reader: only single files are ever read. The standard library is always there. */
export class ReaderFileSystem extends EmptyFileSystemProvider implements FileSystemProvider {
  readonly #reader: FileReader;

  constructor(reader: FileReader) {
    super();
    this.#reader = reader;
  }

  override async readFile(uri?: URI): Promise<string> {
    const address = uri?.toString() ?? '';
    const text = isLibraryUri(address) ? libraryText(address) : await this.#reader.readFile(address);
    if (text === null) throw new Error(`cannot read ${address}`);
    return text;
  }

  override async readBinary(uri?: URI): Promise<Uint8Array> {
    const address = uri?.toString() ?? '';
    const bytes = (await this.#reader.readBytes?.(address, MAX_MASK_FILE_BYTES)) ?? null;
    if (bytes === null) throw new Error(`cannot read ${address}`);
    return bytes;
  }

  override async stat(uri: URI): Promise<FileSystemNode> {
    return { isFile: true, isDirectory: false, uri };
  }
}

/** What `.sparse` adds to Langium for one language; free of LSP features. */
export const SparseModule: Module<LangiumCoreServices, PartialLangiumCoreServices> = {
  parser: {
    AsyncParser: services => new SparseAsyncParser(services),
    LangiumParser: services => createReusingParser(services),
    ParserErrorMessageProvider: () => new SyntaxMessages(),
    ValueConverter: () => new SparseValueConverter(),
  },
  references: {
    Linker: services => new SparseLinker(services),
    ScopeComputation: () => new NoSymbols(),
    ScopeProvider: services => new SparseScopeProvider(services),
  },
  validation: { DocumentValidator: services => new SparseValidator(services) },
};

/** The same for what languages share. */
export const SparseSharedModule: Module<LangiumSharedCoreServices, PartialLangiumSharedCoreServices> = {
  workspace: {
    DocumentBuilder: services => new ImportingDocumentBuilder(services),
    IndexManager: services => new ImportIndexManager(services),
    LangiumDocumentFactory: services => new ReusingDocumentFactory(services),
  },
};

/**
 * Inferred types, and which declarations use which, are forgotten whenever names may be linked anew, and again when they
 * are: declarations outlive an edit, and somebody may have asked in between.
 */
export function watchLinks(shared: LangiumSharedCoreServices): void {
  const forget = (): void => {
    forgetTypes();
    forgetUses();
  };
  shared.workspace.DocumentBuilder.onUpdate(forget);
  shared.workspace.DocumentBuilder.onBuildPhase(DocumentState.Linked, forget);
}

export interface CoreServices {
  readonly shared: LangiumSharedCoreServices;
  readonly sparse: LangiumCoreServices;
}

/** The language without an editor around it. */
export function createCoreServices(reader: FileReader, textDocuments: TextDocumentProvider): CoreServices {
  const opened: Module<LangiumSharedCoreServices, PartialLangiumSharedCoreServices> = {
    workspace: { TextDocuments: () => textDocuments },
  };
  const shared = inject(
    createDefaultSharedCoreModule({ fileSystemProvider: () => new ReaderFileSystem(reader) }),
    SparseGeneratedSharedModule,
    SparseSharedModule,
    opened,
  );
  const sparse = inject(createDefaultCoreModule({ shared }), SparseGeneratedModule, SparseModule);
  shared.ServiceRegistry.register(sparse);
  watchLinks(shared);
  return { shared, sparse };
}
