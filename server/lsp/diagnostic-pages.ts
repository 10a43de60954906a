import type { LangiumSharedServices } from 'langium/lsp';
import { CODES } from '../check/codes.ts';
import type { PageOf } from '../diagnostics.ts';

/** What a client may say when it starts the server. */
export interface InitializationOptions {
  /** Address of the folder with a page `<code>.md` for each diagnostic. Without it diagnostics have no link. */
  readonly diagnosticPages?: string;
}

/** Links from diagnostics to their pages, in the place that the client names. */
export class DiagnosticPages {
  #folder: string | undefined;

  /** To be called before the client initializes the server. */
  listen({ lsp }: LangiumSharedServices): void {
    lsp.LanguageServer.onInitialize(({ initializationOptions }) => {
      const folder = (initializationOptions as InitializationOptions | null | undefined)?.diagnosticPages;
      this.#folder = typeof folder === 'string' ? folder.replace(/\/?$/, '/') : undefined;
    });
  }

  readonly pageOf: PageOf = code =>
    this.#folder === undefined || !Object.hasOwn(CODES, code) ? undefined : `${this.#folder}${code}.md`;
}
