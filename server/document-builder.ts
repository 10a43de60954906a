import {
  type AstNode,
  type BuildOptions,
  Cancellation,
  DefaultDocumentBuilder,
  DefaultIndexManager,
  DocumentState,
  isOperationCancelled,
  isReference,
  type LangiumDocument,
  type LangiumDocuments,
  type LangiumSharedCoreServices,
  type ReferenceDescription,
  type Stream,
  type URI,
} from 'langium';
import { importsOf, reachableImports } from './imports.ts';
import { referencesOf } from './linker.ts';
import { MaskFiles } from './mask-files.ts';
import { documentOf } from './source.ts';

/** Builds documents together with the files they import and the mask files they name, which are read when they are first needed. */
export class ImportingDocumentBuilder extends DefaultDocumentBuilder {
  readonly #masks: MaskFiles;

  constructor(services: LangiumSharedCoreServices) {
    super(services);
    this.#masks = new MaskFiles(uri => this.fileSystemProvider.readBinary(uri));
  }

  protected override async buildDocuments(
    documents: LangiumDocument[],
    options: BuildOptions,
    cancelToken: Cancellation.CancellationToken,
  ): Promise<void> {
    const readable: LangiumDocument[] = [];
    const queue = [...documents];
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      const document = next;
      if (readable.includes(document)) continue;
      try {
        this.prepareBuild([document], options);
        await this.runCancelable([document], DocumentState.Parsed, cancelToken, changed =>
          this.langiumDocumentFactory.update(changed, cancelToken),
        );
      } catch (error) {
        if (isOperationCancelled(error)) throw error;
        // The file cannot be read any more: those who import it say so.
        this.langiumDocuments.deleteDocument(document.uri);
        continue;
      }
      await this.#masks.attach(document);
      readable.push(document);
      for (const uri of importsOf(document)) {
        const imported = this.langiumDocuments.getDocument(uri) ?? (await this.#read(uri, cancelToken));
        if (imported !== undefined && imported.state < DocumentState.Validated) queue.push(imported);
      }
    }
    this.#masks.keepOnly(this.langiumDocuments.all);
    await super.buildDocuments(readable, options, cancelToken);
  }

  /** Mask files are no documents: those who name one that changed get their meaning anew. */
  override async update(
    changed: URI[],
    deleted: URI[],
    cancelToken: Cancellation.CancellationToken = Cancellation.CancellationToken.None,
  ): Promise<void> {
    const uses = this.#masks.changed([...changed, ...deleted]);
    const users = new Set(this.langiumDocuments.all.filter(uses).map(({ uri }) => uri.toString()));
    if (users.size > 0)
      for (const document of this.langiumDocuments.all)
        if (users.has(document.uri.toString()) || this.indexManager.isAffected(document, users))
          this.resetToState(document, DocumentState.ComputedScopes);
    await super.update(changed, deleted, cancelToken);
  }

  async #read(uri: URI, cancelToken: Cancellation.CancellationToken): Promise<LangiumDocument | undefined> {
    try {
      return await this.langiumDocuments.getOrCreateDocument(uri, cancelToken);
    } catch (error) {
      if (isOperationCancelled(error)) throw error;
      return undefined;
    }
  }

  /** Only open files and files that some document imports are of interest, never the rest of a workspace. */
  protected override async findChangedUris(changed: URI): Promise<URI[]> {
    if (this.langiumDocuments.getDocument(changed) ?? this.textDocuments?.get(changed)) return [changed];
    const key = changed.toString();
    return this.langiumDocuments.all.some(document => importsOf(document).some(uri => uri.toString() === key))
      ? [changed]
      : [];
  }

  /** Names that no file declares (primitives, `n`) stay unlinked and say nothing about other files. */
  protected override shouldRelink(document: LangiumDocument, changedUris: Set<string>): boolean {
    return this.indexManager.isAffected(document, changedUris);
  }
}

/**
 * A document depends on everything it imports, directly or not. Names are looked up in the files themselves, so nothing
 * is kept about what files declare; who refers to what is found out when somebody asks.
 */
export class ImportIndexManager extends DefaultIndexManager {
  readonly #documents: () => LangiumDocuments;

  constructor(services: LangiumSharedCoreServices) {
    super(services);
    this.#documents = () => services.workspace.LangiumDocuments;
  }

  override async updateReferences(document: LangiumDocument): Promise<void> {
    this.removeReferences(document.uri);
  }

  override findAllReferences(target: AstNode, path: string): Stream<ReferenceDescription> {
    for (const document of this.#documents().all) {
      const uri = document.uri.toString();
      if (document.state >= DocumentState.Linked && !this.referenceIndex.has(uri))
        this.referenceIndex.set(uri, this.#describe(document));
    }
    return super.findAllReferences(target, path);
  }

  override isAffected(document: LangiumDocument, changedUris: Set<string>): boolean {
    for (const uri of reachableImports(this.#documents(), document)) if (changedUris.has(uri)) return true;
    return false;
  }

  #describe(document: LangiumDocument): ReferenceDescription[] {
    const locator = this.serviceRegistry.getServices(document.uri).workspace.AstNodeLocator;
    return [...referencesOf(document)].flatMap(({ container, reference }): ReferenceDescription[] => {
      const node = isReference(reference) ? reference.ref : undefined;
      const target = node === undefined ? undefined : documentOf(node);
      if (node === undefined || target === undefined || reference.$refNode === undefined) return [];
      const { offset, length, end, range } = reference.$refNode;
      return [
        {
          sourceUri: document.uri,
          sourcePath: locator.getAstNodePath(container),
          targetUri: target.uri,
          targetPath: locator.getAstNodePath(node),
          segment: { offset, length, end, range },
          local: target === document,
        },
      ];
    });
  }
}
