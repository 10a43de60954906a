import { Cancellation, GrammarUtils, type LangiumDocument } from 'langium';
import type { DocumentLinkProvider } from 'langium/lsp';
import type { DocumentLinkParams } from 'vscode-languageserver-protocol';
import type { DocumentLink } from 'vscode-languageserver-types';
import { fileOf, importedUri } from '../imports.ts';
import { rangeOf } from '../source.ts';
import { upToDate } from './up-to-date.ts';

/** The paths of imports lead to their files. */
export class SparseDocumentLinkProvider implements DocumentLinkProvider {
  async getDocumentLinks(
    document: LangiumDocument,
    _params: DocumentLinkParams,
    token: Cancellation.CancellationToken = Cancellation.CancellationToken.None,
  ): Promise<DocumentLink[]> {
    await upToDate(document, token);
    return (fileOf(document)?.imports ?? []).flatMap(statement => {
      const target = importedUri(document.uri, statement.path)?.toString();
      const cst = GrammarUtils.findNodeForProperty(statement.$cstNode, 'path');
      // Quotes are not part of the path; a path that is not closed is still being written.
      if (target === undefined || cst === undefined || !/^".+"$/.test(cst.text)) return [];
      return [{ range: rangeOf(document, { start: cst.offset + 1, end: cst.end - 1 }), target }];
    });
  }
}
