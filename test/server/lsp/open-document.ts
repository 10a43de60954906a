import { DocumentState, type LangiumDocument, URI } from 'langium';
import type { Position } from 'vscode-languageserver-types';
import { createSparseServices, type SparseServices } from '../../../server/lsp/services.ts';
import { type Files, readerOf } from '../open-file.ts';

export interface Opened {
  readonly services: SparseServices;
  readonly document: LangiumDocument;
  /** Where the marks `<|>` stood in the text, in order. */
  readonly marks: readonly Position[];
}

let count = 0;

/**
 * Opens a text in an editor without a connection; `<|>` marks places and is taken out. `workspace`: the files of its
 * workspace, which nobody has open.
 */
export async function openDocument(
  marked: string,
  files: Files = {},
  workspace: () => readonly string[] = () => [],
): Promise<Opened> {
  const services = createSparseServices(readerOf(files), undefined, () =>
    Promise.resolve(workspace().map(path => `memory:/${path}`)),
  );
  const offsets: number[] = [];
  let text = marked;
  for (let at = text.indexOf('<|>'); at >= 0; at = text.indexOf('<|>')) {
    offsets.push(at);
    text = text.slice(0, at) + text.slice(at + 3);
  }
  const {
    LangiumDocumentFactory: factory,
    LangiumDocuments: documents,
    DocumentBuilder: builder,
  } = services.shared.workspace;
  const document = factory.fromString(text, URI.parse(`memory:/main${count++}.sparse`));
  documents.addDocument(document);
  await builder.build([document], { validation: true });
  if (document.state !== DocumentState.Validated) throw new Error('the document was not built');
  return { services, document, marks: offsets.map(offset => document.textDocument.positionAt(offset)) };
}
