import {
  type AstNode,
  type Cancellation,
  DefaultLangiumDocumentFactory,
  type LangiumDocuments,
  type LangiumSharedCoreServices,
  type ParseResult,
  type URI,
} from 'langium';
import { SparseAsyncParser } from './parser.ts';

/** Reads a file again with the help of what was read before its text changed. */
export class ReusingDocumentFactory extends DefaultLangiumDocumentFactory {
  readonly #documents: () => LangiumDocuments;

  constructor(services: LangiumSharedCoreServices) {
    super(services);
    this.#documents = () => services.workspace.LangiumDocuments;
  }

  protected override parseAsync<T extends AstNode>(
    uri: URI,
    text: string,
    token: Cancellation.CancellationToken,
  ): Promise<ParseResult<T>> {
    const parser = this.serviceRegistry.getServices(uri).parser.AsyncParser;
    // The document gets the new result in the place of this one.
    return parser instanceof SparseAsyncParser
      ? parser.reparse<T>(text, this.#documents().getDocument(uri)?.parseResult)
      : super.parseAsync<T>(uri, text, token);
  }
}
