import { type AstNode, CstUtils, type LangiumDocument, URI } from 'langium';
import type { Connection } from 'vscode-languageserver';
import type { LinkedEditingRanges, Position } from 'vscode-languageserver-protocol';
import { isBinder, isParameter } from '../generated/ast.ts';
import type { SparseServices } from './services.ts';
import { upToDate } from './up-to-date.ts';

const WORD = '[A-Za-z_][A-Za-z0-9_]*';

/** Answers which places change together while one of them is typed in; Langium has no service for it. */
export function addLinkedEditing(connection: Connection, services: SparseServices): void {
  const { LangiumDocuments: documents } = services.shared.workspace;
  connection.languages.onLinkedEditingRange(async ({ textDocument, position }, token) => {
    const uri = URI.parse(textDocument.uri);
    const document = documents.getDocument(uri);
    if (document === undefined) return null;
    await upToDate(document, token);
    const ranges = linkedRanges(document, position, services);
    if (ranges === undefined) return null;
    // Another file may name a parameter in its calls; what is not open cannot change along.
    const users = await services.files.all(token);
    const isUsed = users.some(({ uri: user, imports }) => user !== uri.toString() && imports.includes(uri.toString()));
    return isUsed ? null : ranges;
  });
}

/**
 * The places of a name that is known in one declaration only: a parameter that no call names, or a variable of
 * `where`. Everything else is a matter of renaming, which can refuse.
 */
export function linkedRanges(
  document: LangiumDocument,
  position: Position,
  { sparse }: SparseServices,
): LinkedEditingRanges | undefined {
  const { References: references } = sparse.references;
  const root = document.parseResult.value.$cstNode;
  if (root === undefined) return undefined;
  const leaf = CstUtils.findDeclarationNodeAtOffset(root, document.textDocument.offsetAt(position));
  const [target] = leaf === undefined ? [] : references.findDeclarations(leaf);
  if (!(isParameter(target) || isBinder(target))) return undefined;
  const found = references.findReferences(target, { includeDeclaration: true }).toArray();
  const scope: AstNode | undefined = target.$container;
  const isInside = ({ sourceUri, segment }: (typeof found)[number]): boolean =>
    sourceUri.toString() === document.uri.toString() &&
    scope?.$cstNode !== undefined &&
    segment.offset >= scope.$cstNode.offset &&
    segment.end <= scope.$cstNode.end;
  if (found.length < 2 || !found.every(isInside)) return undefined;
  return { ranges: found.map(({ segment }) => segment.range), wordPattern: WORD };
}
