import { Cancellation, type CstNode, GrammarUtils, type LangiumDocument, type URI } from 'langium';
import type { DocumentLinkProvider } from 'langium/lsp';
import type { DocumentLinkParams } from 'vscode-languageserver-protocol';
import type { DocumentLink } from 'vscode-languageserver-types';
import { fileOf, importedUri } from '../imports.ts';
import { maskLiterals, maskUri } from '../mask-files.ts';
import { rangeOf } from '../source.ts';
import { upToDate } from './up-to-date.ts';

/** The paths of imports and of mask files lead to their files. */
export class SparseDocumentLinkProvider implements DocumentLinkProvider {
  async getDocumentLinks(
    document: LangiumDocument,
    _params: DocumentLinkParams,
    token: Cancellation.CancellationToken = Cancellation.CancellationToken.None,
  ): Promise<DocumentLink[]> {
    await upToDate(document, token);
    const file = fileOf(document);
    if (file === undefined) return [];
    const link = (cst: CstNode | undefined, target: URI | undefined): DocumentLink[] =>
      // Quotes are not part of the path; a path that is not closed is still being written.
      target === undefined || cst === undefined || !/^".+"$/.test(cst.text)
        ? []
        : [{ range: rangeOf(document, { start: cst.offset + 1, end: cst.end - 1 }), target: target.toString() }];
    return [
      ...file.imports.flatMap(statement =>
        link(GrammarUtils.findNodeForProperty(statement.$cstNode, 'path'), importedUri(document.uri, statement.path)),
      ),
      ...maskLiterals(file).flatMap(literal => link(literal.$cstNode, maskUri(document.uri, literal.value))),
    ];
  }
}
