import { type Cancellation, DocumentState, type LangiumDocument, URI } from 'langium';
import type { LangiumSharedServices } from 'langium/lsp';

const PATIENCE = 5;

/**
 * The checked document for the text as it is now, never an older one: the text changes as soon as a message arrives,
 * the syntax tree only when the build gets to it. Undefined for documents that are not open.
 */
export async function currentDocument(
  shared: LangiumSharedServices,
  uri: string,
  token: Cancellation.CancellationToken,
): Promise<LangiumDocument | undefined> {
  const { LangiumDocuments: documents, TextDocuments: texts, DocumentBuilder: builder } = shared.workspace;
  const parsed = URI.parse(uri);
  while (!token.isCancellationRequested) {
    if (texts.get(uri) === undefined) return undefined;
    const document = documents.getDocument(parsed);
    if (document !== undefined && document.state === DocumentState.Validated && isCurrent(shared, document))
      return document;
    try {
      // Answers at once, or refuses, while the change has not reached the builder yet.
      if (document !== undefined) await builder.waitUntil(DocumentState.Validated, parsed, token);
    } catch {
      // Cancelled, or not yet known to the builder.
    }
    await new Promise(resolve => setTimeout(resolve, PATIENCE));
  }
  return undefined;
}

/** Was the syntax tree made from the text that is open now? */
export function isCurrent(shared: LangiumSharedServices, document: LangiumDocument): boolean {
  const text = shared.workspace.TextDocuments.get(document.uri.toString())?.getText();
  return text !== undefined && document.parseResult.value.$cstNode?.root.fullText === text;
}
