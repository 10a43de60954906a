import type { LangiumDocument } from 'langium';
import type { CodeActionProvider } from 'langium/lsp';
import { type CodeAction, CodeActionKind, type CodeActionParams, type Range } from 'vscode-languageserver-protocol';
import { mendsOf } from '../diagnostics.ts';
import { rangeOf } from '../source.ts';
import { Designs } from './designs.ts';
import { rewritesAt } from './rewrites.ts';

/** Mends of what the checks found, and other ways to write what stands at the cursor. */
export class SparseCodeActionProvider implements CodeActionProvider {
  readonly #designs: Designs;

  /** `milliseconds`: longest time to find out which design an expression is. */
  constructor(milliseconds: number) {
    this.#designs = new Designs(milliseconds);
  }

  getCodeActions(document: LangiumDocument, { range, context }: CodeActionParams): CodeAction[] {
    const wanted = (kind: string): boolean =>
      context.only === undefined || context.only.some(only => kind === only || kind.startsWith(`${only}.`));
    const actions: CodeAction[] = [];
    if (wanted(CodeActionKind.QuickFix)) actions.push(...mends(document, range));
    const place = {
      start: document.textDocument.offsetAt(range.start),
      end: document.textDocument.offsetAt(range.end),
    };
    const rewrites = wanted(CodeActionKind.RefactorRewrite) ? this.#designs.rewritesAt(document, place) : [];
    for (const { kind, title, edits } of [...rewrites, ...rewritesAt(document, place)]) {
      if (!wanted(kind)) continue;
      const changes = edits.map(edit => ({ range: rangeOf(document, edit.place), newText: edit.text }));
      actions.push({ title, kind, edit: { changes: { [document.uri.toString()]: changes } } });
    }
    return actions;
  }
}

/** The server's own diagnostics are asked, not the client's copies: they are about the text as it is now. */
function mends(document: LangiumDocument, range: Range): CodeAction[] {
  return (document.diagnostics ?? [])
    .filter(diagnostic => touches(diagnostic.range, range))
    .flatMap(diagnostic =>
      mendsOf(diagnostic).map(({ title, preferred, edits }) => ({
        title,
        kind: CodeActionKind.QuickFix,
        diagnostics: [diagnostic],
        isPreferred: preferred,
        edit: { changes: { [document.uri.toString()]: [...edits] } },
      })),
    );
}

function touches(a: Range, b: Range): boolean {
  return !isBefore(a.end, b.start) && !isBefore(b.end, a.start);
}

function isBefore(a: Range['start'], b: Range['start']): boolean {
  return a.line < b.line || (a.line === b.line && a.character < b.character);
}
