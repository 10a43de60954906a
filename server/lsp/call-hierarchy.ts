import {
  type AstNode,
  type AstNodeLocator,
  AstUtils,
  Cancellation,
  CstUtils,
  GrammarUtils,
  type IndexManager,
  type LangiumDocument,
  type LangiumDocuments,
  type ReferenceDescription,
  URI,
} from 'langium';
import type { CallHierarchyProvider, LangiumServices } from 'langium/lsp';
import {
  type CallHierarchyIncomingCall,
  type CallHierarchyIncomingCallsParams,
  type CallHierarchyItem,
  type CallHierarchyOutgoingCall,
  type CallHierarchyOutgoingCallsParams,
  type CallHierarchyPrepareParams,
  type Range,
  SymbolKind,
} from 'vscode-languageserver-protocol';
import {
  isImportName,
  isModelDeclaration,
  isPatternDeclaration,
  isReference,
  type ModelDeclaration,
  type PatternDeclaration,
} from '../generated/ast.ts';
import { fileOf } from '../imports.ts';
import { documentOf, placeOf, placeOfProperty, rangeOf } from '../source.ts';
import type { ClosedFiles } from './closed-files.ts';

/** What can use a pattern. */
type User = PatternDeclaration | ModelDeclaration;

/** Which patterns and models use a pattern, and which patterns they use, across files. */
export class SparseCallHierarchyProvider implements CallHierarchyProvider {
  readonly #documents: LangiumDocuments;
  readonly #index: IndexManager;
  readonly #locator: AstNodeLocator;
  readonly #closed: ClosedFiles;

  constructor(services: LangiumServices, closed: ClosedFiles) {
    this.#closed = closed;
    this.#documents = services.shared.workspace.LangiumDocuments;
    this.#index = services.shared.workspace.IndexManager;
    this.#locator = services.workspace.AstNodeLocator;
  }

  prepareCallHierarchy(
    document: LangiumDocument,
    { position }: CallHierarchyPrepareParams,
  ): CallHierarchyItem[] | undefined {
    const root = document.parseResult.value.$cstNode;
    if (root === undefined) return undefined;
    const leaf = CstUtils.findDeclarationNodeAtOffset(root, document.textDocument.offsetAt(position));
    const node = leaf?.astNode;
    const target = isReference(node) || isImportName(node) ? node.target?.ref : node;
    const isName = isReference(node) ? leaf?.text === node.target?.$refText : true;
    const item =
      isName && isUser(target) && (target !== node || leaf?.text === target.name) ? itemOf(target) : undefined;
    return item === undefined ? undefined : [item];
  }

  async incomingCalls(
    { item }: CallHierarchyIncomingCallsParams,
    token: Cancellation.CancellationToken = Cancellation.CancellationToken.None,
  ): Promise<CallHierarchyIncomingCall[]> {
    const target = await this.#declaration(item, token);
    if (target === undefined) return [];
    const calls = new Map<User, Range[]>();
    const add = (references: Iterable<ReferenceDescription>, documents: LangiumDocuments): void => {
      for (const { sourceUri, sourcePath, segment } of references) {
        const root = fileOf(documents.getDocument(sourceUri));
        const user = root === undefined ? undefined : userOf(this.#locator.getAstNode(root, sourcePath));
        // An import alone uses nothing.
        if (user !== undefined) calls.set(user, [...(calls.get(user) ?? []), segment.range]);
      }
    };
    add(this.#index.findAllReferences(target, this.#locator.getAstNodePath(target)), this.#documents);
    const closed = await this.#closed.referencesTo(target, token);
    if (closed !== undefined) add(closed.references, closed.documents);
    return [...calls].flatMap(([user, fromRanges]) => {
      const from = itemOf(user);
      return from === undefined ? [] : [{ from, fromRanges }];
    });
  }

  async outgoingCalls(
    { item }: CallHierarchyOutgoingCallsParams,
    token: Cancellation.CancellationToken = Cancellation.CancellationToken.None,
  ): Promise<CallHierarchyOutgoingCall[]> {
    const user = await this.#declaration(item, token);
    if (user === undefined) return [];
    const calls = new Map<PatternDeclaration, Range[]>();
    for (const node of AstUtils.streamAllContents(user)) {
      const target = isReference(node) ? node.target?.ref : undefined;
      const cst = GrammarUtils.findNodeForProperty(node.$cstNode, 'target');
      if (isPatternDeclaration(target) && cst !== undefined)
        calls.set(target, [...(calls.get(target) ?? []), cst.range]);
    }
    return [...calls].flatMap(([target, fromRanges]) => {
      const to = itemOf(target);
      return to === undefined ? [] : [{ to, fromRanges }];
    });
  }

  /** The declaration that an item was made for, where it is now. */
  async #declaration(
    { uri, name, selectionRange }: CallHierarchyItem,
    token: Cancellation.CancellationToken,
  ): Promise<User | undefined> {
    const parsed = URI.parse(uri);
    const document = this.#documents.getDocument(parsed) ?? (await this.#closed.open(uri, token)).getDocument(parsed);
    const named = (fileOf(document)?.declarations ?? []).filter(isUser).filter(node => node.name === name);
    const sameLine = named.find(node => itemOf(node)?.selectionRange.start.line === selectionRange.start.line);
    return sameLine ?? named[0];
  }
}

function isUser(node: AstNode | undefined): node is User {
  return isPatternDeclaration(node) || isModelDeclaration(node);
}

function userOf(node: AstNode | undefined): User | undefined {
  return node === undefined ? undefined : AstUtils.getContainerOfType(node, isUser);
}

function itemOf(node: User): CallHierarchyItem | undefined {
  const document = documentOf(node);
  const whole = placeOf(node);
  const own = placeOfProperty(node, 'name');
  if (document === undefined || whole === undefined || own === undefined || node.name === undefined) return undefined;
  return {
    name: node.name,
    kind: isPatternDeclaration(node) ? SymbolKind.Function : SymbolKind.Class,
    detail: document.uri.path.split('/').at(-1) ?? '',
    uri: document.uri.toString(),
    range: rangeOf(document, whole),
    selectionRange: rangeOf(document, own),
  };
}
