import { DocumentState, type LangiumDocument } from 'langium';
import type { LangiumSharedServices } from 'langium/lsp';
import type { Connection } from 'vscode-languageserver';
import type { SparseValidator } from '../validator.ts';
import { isCurrent } from './current-document.ts';

/** Milliseconds of work between two looks at what the editor wants. */
const AT_A_TIME = 10;

/**
 * Goes on with checks that the validator left unfinished so that mistakes are shown at once, and sends what they find.
 * Ends as soon as the document changes.
 */
export function sendLateDiagnostics(
  connection: Connection,
  shared: LangiumSharedServices,
  validator: SparseValidator,
): void {
  shared.workspace.DocumentBuilder.onDocumentPhase(DocumentState.Validated, document => {
    const check = validator.unfinished.get(document);
    if (check === undefined) return;
    const wanted = (): boolean => validator.unfinished.get(document) === check && isWanted(shared, document);
    const go = (): void => {
      if (!wanted()) return;
      const end = performance.now() + AT_A_TIME;
      while (!check.done && performance.now() < end) check.step();
      if (!check.done) {
        setTimeout(go);
        return;
      }
      validator.unfinished.delete(document);
      document.diagnostics = validator.diagnosticsOf(document, check);
      void connection.sendDiagnostics({ uri: document.uri.toString(), diagnostics: document.diagnostics });
    };
    setTimeout(go);
  });
}

function isWanted(shared: LangiumSharedServices, document: LangiumDocument): boolean {
  return (
    document.state >= DocumentState.Linked &&
    shared.workspace.LangiumDocuments.getDocument(document.uri) === document &&
    isCurrent(shared, document)
  );
}
