import { Cancellation, DocumentState, URI } from 'langium';
import { expect, test } from 'vitest';
import { TextDocument } from 'vscode-languageserver-textdocument';
import { currentDocument } from '../../../server/lsp/current-document.ts';
import { createSparseServices } from '../../../server/lsp/services.ts';

const ADDRESS = 'memory:/a.sparse';
const { None } = Cancellation.CancellationToken;

/** An open file of which the builder has seen an older text only. */
async function behind() {
  const { shared } = createSparseServices({ readFile: () => Promise.resolve(null) });
  const { LangiumDocumentFactory: factory, LangiumDocuments: documents, DocumentBuilder: builder } = shared.workspace;
  const document = factory.fromString('pattern a = full()', URI.parse(ADDRESS));
  documents.addDocument(document);
  await builder.build([document], { validation: true });
  shared.workspace.TextDocuments.set(TextDocument.create(ADDRESS, 'sparse', 2, 'pattern a = none()'));
  return { shared, document };
}

test('a document that is never checked is given up, with words', async () => {
  const { shared } = await behind();
  await expect(currentDocument(shared, ADDRESS, None, 50)).rejects.toThrow('not checked within 0.05 seconds');
});

test('also while the builder announces nothing', async () => {
  const { shared, document } = await behind();
  document.state = DocumentState.Parsed;
  await expect(currentDocument(shared, ADDRESS, None, 50)).rejects.toThrow('not checked within');
});

test('a question that is taken back has no answer', async () => {
  const { shared } = await behind();
  const source = new Cancellation.CancellationTokenSource();
  setTimeout(() => source.cancel(), 20);
  expect(await currentDocument(shared, ADDRESS, source.token)).toBeUndefined();
});

test('a document that is checked in time is the answer', async () => {
  const { shared } = await behind();
  const answer = currentDocument(shared, ADDRESS, None, 5000);
  setTimeout(() => void shared.workspace.DocumentBuilder.update([URI.parse(ADDRESS)], []), 30);
  expect((await answer)?.parseResult.value.$cstNode?.root.fullText).toBe('pattern a = none()');
});
