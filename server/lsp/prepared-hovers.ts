import { DocumentState } from 'langium';
import type { LangiumSharedServices } from 'langium/lsp';
import type { Idle } from '../slow-answers.ts';
import { isCurrent } from './current-document.ts';
import type { SparseHoverProvider } from './hover.ts';

/**
 * Finds out in a pause what hovers over the declarations of an open file will show, so that the first one has the picture,
 * the design, the flow and the costs: all that takes longer than somebody wants to wait.
 */
export function prepareHovers(shared: LangiumSharedServices, hovers: SparseHoverProvider, idle: Idle): void {
  shared.workspace.DocumentBuilder.onDocumentPhase(DocumentState.Validated, document => {
    const uri = document.uri.toString();
    if (shared.workspace.TextDocuments.get(uri) === undefined) return;
    const prepare = (): void => {
      if (document.state >= DocumentState.Linked && isCurrent(shared, document)) hovers.prepare(document);
    };
    idle.add(`hovers ${uri}`, () => {
      prepare();
      // What else is looked at depends on counts, which come before.
      idle.add(`analyses ${uri}`, prepare);
    });
  });
}
