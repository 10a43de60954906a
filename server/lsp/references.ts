import { Cancellation, CstUtils, type LangiumDocument } from 'langium';
import { DefaultReferencesProvider, type LangiumServices } from 'langium/lsp';
import type { ReferenceParams } from 'vscode-languageserver-protocol';
import type { Location } from 'vscode-languageserver-types';
import type { ClosedFiles } from './closed-files.ts';

/** Uses of a name in all files of the workspace, also in those that are not open. */
export class SparseReferencesProvider extends DefaultReferencesProvider {
  readonly #closed: ClosedFiles;

  constructor(services: LangiumServices, closed: ClosedFiles) {
    super(services);
    this.#closed = closed;
  }

  override async findReferences(
    document: LangiumDocument,
    params: ReferenceParams,
    token: Cancellation.CancellationToken = Cancellation.CancellationToken.None,
  ): Promise<Location[]> {
    const root = document.parseResult.value.$cstNode;
    if (root === undefined) return [];
    const offset = document.textDocument.offsetAt(params.position);
    const leaf = CstUtils.findDeclarationNodeAtOffset(root, offset, this.grammarConfig.nameRegexp);
    if (leaf === undefined) return [];
    const found = this.getReferences(leaf, params, document);
    const [target] = this.references.findDeclarations(leaf);
    const elsewhere = target === undefined ? undefined : await this.#closed.referencesTo(target, token);
    for (const { sourceUri, segment } of elsewhere?.references ?? [])
      found.push({ uri: sourceUri.toString(), range: segment.range });
    return found;
  }
}
