import { type Cancellation, DocumentState, type LangiumDocument } from 'langium';

const PATIENCE = 5;
/** A file that could not be read at all never gets there. */
const LONGEST = 1000;

/**
 * Waits until the tree of a document is that of its text, and linked. The text changes as soon as a message arrives,
 * the tree only when the builder gets to it: an answer in between would speak of places that have moved.
 */
export async function upToDate(document: LangiumDocument, token: Cancellation.CancellationToken): Promise<void> {
  const end = performance.now() + LONGEST;
  while (!isUpToDate(document) && !token.isCancellationRequested && performance.now() < end)
    await new Promise(resolve => setTimeout(resolve, PATIENCE));
}

function isUpToDate(document: LangiumDocument): boolean {
  return (
    document.state >= DocumentState.Linked &&
    document.parseResult.value.$cstNode?.root.fullText === document.textDocument.getText()
  );
}
