import { Cancellation, DocumentState, type LangiumDocument, URI } from 'langium';
import type { LangiumSharedServices } from 'langium/lsp';

const PATIENCE = 5;
/** Milliseconds after which whoever asks is told that there is no answer. */
const LIMIT = 30_000;

/**
 * The checked document for the text as it is now, never an older one: the text changes as soon as a message arrives,
 * the syntax tree only when the build gets to it. Undefined for documents that are not open.
 *
 * Rejects when the document is not checked within `limit` milliseconds: a build that fails, or waits for a file that
 * never comes, announces no end.
 */
export async function currentDocument(
  shared: LangiumSharedServices,
  uri: string,
  token: Cancellation.CancellationToken,
  limit: number = LIMIT,
): Promise<LangiumDocument | undefined> {
  const { LangiumDocuments: documents, TextDocuments: texts, DocumentBuilder: builder } = shared.workspace;
  const parsed = URI.parse(uri);
  const waiting = new Cancellation.CancellationTokenSource();
  const cancelled = token.onCancellationRequested(() => waiting.cancel());
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    waiting.cancel();
  }, limit);
  try {
    while (!token.isCancellationRequested) {
      if (texts.get(uri) === undefined) return undefined;
      const document = documents.getDocument(parsed);
      if (document !== undefined && document.state === DocumentState.Validated && isCurrent(shared, document))
        return document;
      if (late)
        throw new Error(
          `${uri} was not checked within ${limit / 1000} seconds. Change it a little, or restart the language server.`,
        );
      try {
        // Answers at once, or refuses, while the change has not reached the builder yet.
        if (document !== undefined) await builder.waitUntil(DocumentState.Validated, parsed, waiting.token);
      } catch {
        // Cancelled, too late, or not yet known to the builder.
      }
      await new Promise(resolve => setTimeout(resolve, PATIENCE));
    }
    return undefined;
  } finally {
    clearTimeout(timer);
    cancelled.dispose();
    waiting.dispose();
  }
}

/** Was the syntax tree made from the text that is open now? */
export function isCurrent(shared: LangiumSharedServices, document: LangiumDocument): boolean {
  const text = shared.workspace.TextDocuments.get(document.uri.toString())?.getText();
  return text !== undefined && document.parseResult.value.$cstNode?.root.fullText === text;
}
