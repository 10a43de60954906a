import type { LangiumDocument, Lexer } from 'langium';
import type { FoldingRangeProvider, LangiumServices } from 'langium/lsp';
import { type FoldingRange, FoldingRangeKind } from 'vscode-languageserver-types';

const REGION = /^\/\/\s*#region\b/;
const END_OF_REGION = /^\/\/\s*#endregion\b/;
const DECLARATIONS: ReadonlySet<string> = new Set(['import', 'const', 'pattern', 'model']);

/** Declarations, comments, imports and `// #region`, found from the words of the text: broken files fold as well. */
export class SparseFoldingRangeProvider implements FoldingRangeProvider {
  readonly #lexer: Lexer;

  constructor(services: LangiumServices) {
    this.#lexer = services.parser.Lexer;
  }

  getFoldingRanges({ textDocument }: LangiumDocument): FoldingRange[] {
    const { tokens, hidden } = this.#lexer.tokenize(textDocument.getText());
    const lineAt = (offset: number): number => textDocument.positionAt(offset).line;
    const ranges: FoldingRange[] = [];
    const add = (startLine: number, endLine: number, kind?: FoldingRangeKind): void => {
      if (endLine > startLine) ranges.push({ startLine, endLine, ...(kind === undefined ? {} : { kind }) });
    };

    const starts = tokens.flatMap(({ image }, index) =>
      DECLARATIONS.has(image) && tokens[index - 1]?.image !== ':' ? index : [],
    );
    let imports: { readonly start: number; end: number } | undefined;
    for (const [position, from] of starts.entries()) {
      const to = (starts[position + 1] ?? tokens.length) - 1;
      const first = tokens[from];
      const last = tokens[to];
      if (first === undefined || last === undefined) continue;
      const start = lineAt(first.startOffset);
      const end = lineAt(last.startOffset + last.image.length);
      // A bracket that ends a declaration on a line of its own stays in sight.
      const beforeLast = tokens[to - 1];
      const isAlone = /^[)\]}]$/.test(last.image) && beforeLast !== undefined && lineAt(beforeLast.startOffset) < end;
      add(start, isAlone ? end - 1 : end);
      if (first.image === 'import') {
        imports ??= { start, end };
        imports.end = end;
      } else {
        if (imports !== undefined) add(imports.start, imports.end, FoldingRangeKind.Imports);
        imports = undefined;
      }
    }
    if (imports !== undefined) add(imports.start, imports.end, FoldingRangeKind.Imports);

    // Lines of `//` that stand below each other are one comment.
    const code = new Set(tokens.map(({ startOffset }) => lineAt(startOffset)));
    let lines: { readonly start: number; end: number } | undefined;
    const regions: number[] = [];
    for (const { image, startOffset } of [...hidden].sort((a, b) => a.startOffset - b.startOffset)) {
      const start = lineAt(startOffset);
      if (!image.startsWith('//')) {
        add(start, lineAt(startOffset + image.length), FoldingRangeKind.Comment);
        continue;
      }
      if (REGION.test(image)) regions.push(start);
      else if (END_OF_REGION.test(image)) {
        const begin = regions.pop();
        if (begin !== undefined) add(begin, start, FoldingRangeKind.Region);
      } else if (code.has(start)) continue;
      else if (lines?.end === start - 1) {
        lines.end = start;
      } else {
        if (lines !== undefined) add(lines.start, lines.end, FoldingRangeKind.Comment);
        lines = { start, end: start };
      }
    }
    if (lines !== undefined) add(lines.start, lines.end, FoldingRangeKind.Comment);
    return ranges.sort((a, b) => a.startLine - b.startLine || b.endLine - a.endLine);
  }
}
