import { Cancellation, type LangiumCoreServices, type LangiumDocument, type Lexer } from 'langium';
import type { Formatter } from 'langium/lsp';
import type {
  DocumentFormattingParams,
  DocumentOnTypeFormattingOptions,
  DocumentOnTypeFormattingParams,
  DocumentRangeFormattingParams,
} from 'vscode-languageserver-protocol';
import type { TextEdit } from 'vscode-languageserver-types';
import { type File, isFile } from '../generated/ast.ts';
import { rangeOf } from '../source.ts';
import { layOut } from './format-layout.ts';
import { readSource } from './format-source.ts';
import { LayoutError, type Space } from './layout-writer.ts';

/**
 * Formats files without mistakes of syntax; others stay as they are. Indentation is two spaces whatever the editor is
 * set to, so that a file looks the same everywhere.
 */
export class SparseFormatter implements Formatter {
  readonly formatOnTypeOptions: DocumentOnTypeFormattingOptions = {
    firstTriggerCharacter: '}',
    moreTriggerCharacter: ['\n'],
  };
  readonly #services: Pick<LangiumCoreServices, 'parser'>;

  constructor(services: Pick<LangiumCoreServices, 'parser'>) {
    this.#services = services;
  }

  async formatDocument(
    document: LangiumDocument,
    _params?: DocumentFormattingParams,
    token: Cancellation.CancellationToken = Cancellation.CancellationToken.None,
  ): Promise<TextEdit[]> {
    const { changes } = await this.#layout(document, token);
    return edits(document, changes);
  }

  async formatDocumentRange(
    document: LangiumDocument,
    { range }: DocumentRangeFormattingParams,
    token: Cancellation.CancellationToken = Cancellation.CancellationToken.None,
  ): Promise<TextEdit[]> {
    const { changes } = await this.#layout(document, token);
    const start = document.textDocument.offsetAt({ line: range.start.line, character: 0 });
    const end = document.textDocument.offsetAt(range.end);
    // The indentation of the first line stands in the gap that ends there.
    return edits(
      document,
      changes.filter(change => change.end >= start && change.start <= end),
    );
  }

  async formatDocumentOnType(
    document: LangiumDocument,
    { position, ch }: DocumentOnTypeFormattingParams,
    token: Cancellation.CancellationToken = Cancellation.CancellationToken.None,
  ): Promise<TextEdit[]> {
    const { changes, file } = await this.#layout(document, token);
    const { textDocument } = document;
    const cursor = textDocument.offsetAt(position);
    if (ch === '}') {
      const declaration = [...(file?.declarations ?? []), ...(file?.imports ?? [])].find(
        ({ $cstNode }) => $cstNode !== undefined && $cstNode.offset < cursor && $cstNode.end >= cursor,
      );
      const start = declaration?.$cstNode?.offset ?? cursor;
      return edits(
        document,
        changes.filter(change => change.start > start && change.end < cursor),
      );
    }
    // After a new line, the line before it: the gap around the cursor is the person's.
    const start = textDocument.offsetAt({ line: Math.max(0, position.line - 1), character: 0 });
    const end = textDocument.getText().slice(0, cursor).trimEnd().length;
    return edits(
      document,
      changes.filter(change => change.end >= start && change.end < end),
    );
  }

  /** What has to change in the text as it is now: the tree of the document may be that of an older one. */
  async #layout(
    document: LangiumDocument,
    token: Cancellation.CancellationToken,
  ): Promise<{ readonly changes: Space[]; readonly file?: File }> {
    const text = document.textDocument.getText();
    const { parser } = this.#services;
    const lexer: Lexer = parser.Lexer;
    const source = readSource(lexer, text);
    if (source === undefined) return { changes: [] };
    const known = document.parseResult;
    const isCurrent = known.value.$cstNode?.root.fullText === text;
    const { value: file, parserErrors, lexerErrors } = isCurrent ? known : await parser.AsyncParser.parse(text, token);
    const unclosed = source.gaps.some(({ comments }) => comments.some(({ image }) => isUnclosed(image)));
    const isBroken = parserErrors.length > 0 || lexerErrors.length > 0 || unclosed;
    if (isBroken || !isFile(file)) return { changes: [] };
    try {
      const changes = layOut(source, file).filter(({ start, end, text: space }) => text.slice(start, end) !== space);
      return { changes, file };
    } catch (error) {
      // A tree that error recovery completed, or one deeper than the call stack: left as it is.
      if (error instanceof LayoutError || error instanceof RangeError) return { changes: [] };
      throw error;
    }
  }
}

/** The lexer takes a comment that is not closed to the end of the file for one. */
function isUnclosed(comment: string): boolean {
  return comment.startsWith('/*') && (!comment.endsWith('*/') || comment.length < 4);
}

function edits(document: LangiumDocument, changes: readonly Space[]): TextEdit[] {
  return changes.map(({ start, end, text }) => ({ range: rangeOf(document, { start, end }), newText: text }));
}
