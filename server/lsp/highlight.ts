import { AstUtils, CstUtils, GrammarUtils, type LangiumDocument } from 'langium';
import { DefaultDocumentHighlightProvider } from 'langium/lsp';
import type { DocumentHighlightParams } from 'vscode-languageserver-protocol';
import { type DocumentHighlight, DocumentHighlightKind } from 'vscode-languageserver-types';
import { isReference } from '../generated/ast.ts';
import { builtIn, meaningOf } from '../names.ts';

/** All places of a name in the file: what is declared, and what the language knows (`window`, `n`, ...) as well. */
export class SparseDocumentHighlightProvider extends DefaultDocumentHighlightProvider {
  override getDocumentHighlight(
    document: LangiumDocument,
    params: DocumentHighlightParams,
  ): DocumentHighlight[] | undefined {
    const root = document.parseResult.value.$cstNode;
    if (root === undefined) return undefined;
    const offset = document.textDocument.offsetAt(params.position);
    const leaf = CstUtils.findDeclarationNodeAtOffset(root, offset, this.grammarConfig.nameRegexp);
    if (leaf === undefined) return undefined;
    const node = leaf.astNode;
    if (isReference(node) && leaf.text === node.target?.$refText && meaningOf(node).kind !== 'unknown') {
      if (node.target.ref === undefined) return builtInHighlights(document, leaf.text);
    }
    const [declaration] = this.references.findDeclarations(leaf);
    if (declaration === undefined) return [];
    const includeDeclaration = AstUtils.getDocument(declaration) === document;
    const own = includeDeclaration ? this.nameProvider.getNameNode(declaration)?.offset : undefined;
    const references = this.references.findReferences(declaration, { documentUri: document.uri, includeDeclaration });
    return references
      .map(({ segment }) => ({
        range: segment.range,
        kind: segment.offset === own ? DocumentHighlightKind.Write : DocumentHighlightKind.Read,
      }))
      .toArray();
  }
}

function builtInHighlights(document: LangiumDocument, name: string): DocumentHighlight[] {
  if (builtIn(name).kind === 'unknown') return [];
  const highlights: DocumentHighlight[] = [];
  for (const node of AstUtils.streamAst(document.parseResult.value)) {
    if (!isReference(node) || node.target?.$refText !== name || node.target.ref !== undefined) continue;
    const cst = GrammarUtils.findNodeForProperty(node.$cstNode, 'target');
    if (cst !== undefined) highlights.push({ range: cst.range, kind: DocumentHighlightKind.Read });
  }
  return highlights;
}
