import {
  type AstNode,
  type AstNodeLocator,
  AstUtils,
  Cancellation,
  CstUtils,
  type LangiumDocument,
  type LangiumDocuments,
  type ReferenceDescription,
} from 'langium';
import { DefaultRenameProvider, type LangiumServices } from 'langium/lsp';
import { LSPErrorCodes, type Position, type RenameParams, ResponseError } from 'vscode-languageserver-protocol';
import type { Range, TextEdit, WorkspaceEdit } from 'vscode-languageserver-types';
import { isBinder, isConstant, isDeclaration, isParameter, isReference } from '../generated/ast.ts';
import { isLibraryUri } from '../library.ts';
import { builtIn } from '../names.ts';
import { visibleFrom } from '../scope.ts';
import { uriOf } from '../source.ts';
import type { ClosedFiles } from './closed-files.ts';

/** Words that begin something else than a name. */
const KEYWORDS: ReadonlySet<string> = new Set([
  'import',
  'const',
  'pattern',
  'model',
  'attention',
  'where',
  'true',
  'false',
]);

/** Renames in all files of the workspace, and refuses what would change the meaning of a file. */
export class SparseRenameProvider extends DefaultRenameProvider {
  readonly #closed: ClosedFiles;
  readonly #documents: LangiumDocuments;
  readonly #locator: AstNodeLocator;

  constructor(services: LangiumServices, closed: ClosedFiles) {
    super(services);
    this.#closed = closed;
    this.#documents = services.shared.workspace.LangiumDocuments;
    this.#locator = services.workspace.AstNodeLocator;
  }

  /** Throws a ResponseError for names that are not the file's to change. */
  override prepareRename(document: LangiumDocument, { position }: { readonly position: Position }): Range | undefined {
    const range = this.renameNodeRange(document, position);
    if (range !== undefined) refuseLibrary(this.#targetAt(document, position));
    return range;
  }

  /** Throws a ResponseError that says why a name cannot be taken. */
  override async rename(
    document: LangiumDocument,
    { position, newName }: RenameParams,
    token: Cancellation.CancellationToken = Cancellation.CancellationToken.None,
  ): Promise<WorkspaceEdit | undefined> {
    const target = this.#targetAt(document, position);
    if (target === undefined) return undefined;
    refuseLibrary(target);
    refuseWord(target, newName);
    const open = this.references.findReferences(target, { includeDeclaration: true }).toArray();
    const closed = await this.#closed.referencesTo(target, token);
    refuseClash(target, newName, open, this.#documents, this.#locator);
    if (closed !== undefined) refuseClash(target, newName, closed.references, closed.documents, this.#locator);
    const changes: Record<string, TextEdit[]> = {};
    for (const { sourceUri, segment } of [...open, ...(closed?.references ?? [])]) {
      const uri = sourceUri.toString();
      changes[uri] = [...(changes[uri] ?? []), { range: segment.range, newText: newName }];
    }
    return { changes };
  }

  #targetAt(document: LangiumDocument, position: Position): AstNode | undefined {
    const root = document.parseResult.value.$cstNode;
    if (root === undefined) return undefined;
    const offset = document.textDocument.offsetAt(position);
    const leaf = CstUtils.findDeclarationNodeAtOffset(root, offset, this.grammarConfig.nameRegexp);
    return leaf === undefined ? undefined : this.references.findDeclarations(leaf)[0];
  }
}

function refused(message: string): ResponseError {
  return new ResponseError(LSPErrorCodes.RequestFailed, message);
}

function refuseLibrary(target: AstNode | undefined): void {
  if (target === undefined || !isLibraryUri(uriOf(target))) return;
  const name = 'name' in target ? `\`${String(target.name)}\`` : 'This name';
  throw refused(
    `${name} belongs to the standard library, which cannot be changed. Declare a pattern of your own that calls it.`,
  );
}

/** Is it a name at all, and not one of the language? */
function refuseWord(target: AstNode, name: string): void {
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name))
    throw refused(`\`${name}\` is no name: names are made of letters, digits and _, and do not begin with a digit.`);
  if (KEYWORDS.has(name)) throw refused(`\`${name}\` is a word of the language; choose another name.`);
  if (isParameter(target) || isBinder(target)) return;
  const meaning = builtIn(name);
  // A primitive that never stands without arguments leaves its bare name free for a constant.
  const isFree =
    isConstant(target) &&
    meaning.kind === 'primitive' &&
    meaning.primitive.parameters.some(({ default: value, optional }) => value === undefined && optional !== true);
  if (meaning.kind !== 'unknown' && !isFree)
    throw refused(`\`${name}\` is a ${meaning.kind} of the language; choose another name.`);
}

/** Would the new name mean something else where the old one is used, or take away what it means there now? */
function refuseClash(
  target: AstNode,
  name: string,
  references: readonly ReferenceDescription[],
  documents: LangiumDocuments,
  locator: AstNodeLocator,
): void {
  const scopes = new Set<AstNode>();
  for (const { sourceUri, sourcePath } of references) {
    const document = documents.getDocument(sourceUri);
    const node = document && locator.getAstNode(document.parseResult.value, sourcePath);
    if (document === undefined || node === undefined) continue;
    const other = visibleFrom(node).find(each => each !== target && each.name === name);
    if (other !== undefined) throw clash(name, document);
    scopes.add(isDeclaration(target) ? document.parseResult.value : (target.$container ?? target));
  }
  for (const scope of scopes)
    for (const node of AstUtils.streamAst(scope)) {
      const isUse = isReference(node) && node.target?.$refText === name && node.target.ref !== target;
      if (isUse) throw clash(name, AstUtils.getDocument(node));
    }
}

function clash(name: string, document: LangiumDocument): ResponseError {
  const file = document.uri.path.split('/').at(-1) ?? document.uri.toString();
  return refused(`\`${name}\` already means something else in ${file}; choose another name.`);
}
