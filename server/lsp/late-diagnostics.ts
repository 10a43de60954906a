import { DocumentState, type LangiumDocument } from 'langium';
import type { LangiumSharedServices } from 'langium/lsp';
import type { Connection } from 'vscode-languageserver';
import type { DocumentCheck } from '../check.ts';
import type { Idle } from '../slow-answers.ts';
import type { SparseValidator } from '../validator.ts';
import { isCurrent } from './current-document.ts';
import { sendLate } from './telling.ts';

/** Milliseconds of work between two looks at what the editor wants. */
const AT_A_TIME = 5;

/**
 * Goes on with checks that the validator left unfinished so that mistakes are shown at once, and sends what they find;
 * once more when facts are there that took too long at first. Ends as soon as the document changes.
 */
export function sendLateDiagnostics(
  connection: Connection,
  shared: LangiumSharedServices,
  validator: SparseValidator,
  idle: Idle,
): void {
  const goOn = (document: LangiumDocument, check: DocumentCheck): void => {
    const isCurrentCheck = (): boolean => validator.unfinished.get(document) === check && isWanted(shared, document);
    const isKnown = check.done;
    const go = (): void => {
      if (!isCurrentCheck()) return;
      const end = performance.now() + AT_A_TIME;
      while (!check.done && performance.now() < end) validator.step(check, end);
      if (!check.done) {
        setTimeout(go);
        return;
      }
      if (!isKnown) {
        const before = JSON.stringify(document.diagnostics);
        document.diagnostics = validator.diagnosticsOf(document, check);
        // Often all that was found out is that nothing is wrong.
        if (JSON.stringify(document.diagnostics) !== before)
          void sendLate(connection, document.uri.toString(), document.diagnostics);
      }
      if (check.isSettled) validator.unfinished.delete(document);
      // The facts themselves come before.
      else
        idle.add(`check ${document.uri.toString()}`, () => {
          if (!isCurrentCheck()) return;
          const again = validator.begin(document);
          validator.unfinished.set(document, again);
          goOn(document, again);
        });
    };
    setTimeout(go);
  };
  shared.workspace.DocumentBuilder.onDocumentPhase(DocumentState.Validated, document => {
    const check = validator.unfinished.get(document);
    if (check !== undefined) goOn(document, check);
  });
}

function isWanted(shared: LangiumSharedServices, document: LangiumDocument): boolean {
  return (
    document.state >= DocumentState.Linked &&
    shared.workspace.LangiumDocuments.getDocument(document.uri) === document &&
    isCurrent(shared, document)
  );
}
