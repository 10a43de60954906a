import { DefaultLanguageServer } from 'langium/lsp';
import type { InitializeParams, InitializeResult } from 'vscode-languageserver-protocol';

/** Announces what Langium has no service for. */
export class SparseLanguageServer extends DefaultLanguageServer {
  protected override buildInitializeResult(params: InitializeParams): InitializeResult {
    const { capabilities, ...rest } = super.buildInitializeResult(params);
    return {
      ...rest,
      capabilities: { ...capabilities, selectionRangeProvider: true, linkedEditingRangeProvider: true },
    };
  }
}
