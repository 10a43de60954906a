import type { LangiumDocument } from 'langium';
import type { Findings } from './finding.ts';

/** The beginning of a declaration. */
const DECLARATION = /\n\s*(?:import|const|pattern|model)\b/;

/** Reports what could not be read; one message for each place where reading went wrong. */
export function checkSyntax(document: LangiumDocument, findings: Findings): void {
  const text = document.textDocument.getText();
  const { lexerErrors, parserErrors } = document.parseResult;
  let last = -1;
  for (const error of lexerErrors) {
    findings.add('syntax', unreadable(text.slice(error.offset, error.offset + error.length)), {
      start: error.offset,
      end: error.offset + error.length,
    });
    last = Math.max(last, error.offset + error.length);
  }
  checkClosed(document, text, findings);
  if (findings.list.length > 0) return;
  for (const error of parserErrors) {
    const { token } = error;
    const start = Number.isFinite(token.startOffset) ? token.startOffset : trimmedEnd(text);
    const end = Number.isFinite(token.startOffset) ? (token.endOffset ?? token.startOffset) + 1 : start;
    // After an error the parser starts again somewhere; what it says before the next declaration is an echo.
    if (last >= 0 && !DECLARATION.test(text.slice(last, start))) continue;
    const place = start < end ? { start, end } : { start: Math.max(0, start - 1), end: Math.max(start, 1) };
    findings.add('syntax', error.message, place);
    last = Math.max(last, start);
  }
}

/** Characters that are shown of a stretch that could not be read. */
const MOST_SHOWN = 12;

function unreadable(stretch: string): string {
  const unexpected = `unexpected ${JSON.stringify([...stretch].slice(0, MOST_SHOWN).join(''))}`;
  return /^\p{L}/u.test(stretch) ? `${unexpected}: names are made of the letters a to z, digits and _` : unexpected;
}

/** Offset after the last character that is no blank. */
function trimmedEnd(text: string): number {
  return text.trimEnd().length;
}

/** Strings and comments that are not closed match as tokens, so that they can be reported in clear words. */
function checkClosed(document: LangiumDocument, text: string, findings: Findings): void {
  // Walks over strings and comments as the lexer does: a quote inside a comment opens nothing.
  const opener = /"(?:\\.|[^"\\\r\n])*"?|\/\*[\s\S]*?(?:\*\/|$(?![\s\S]))|\/\/[^\n\r]*/g;
  for (const match of text.matchAll(opener)) {
    const [token] = match;
    const start = match.index;
    const open = document.parseResult.lexerErrors.length === 0;
    if (!open) return;
    if (token.startsWith('"') && (token.length === 1 || !token.endsWith('"') || /[^\\](\\\\)*\\"$/.test(token)))
      findings.add('syntax', 'this string has no closing quote', { start, end: start + token.length });
    else if (token.startsWith('/*') && (token.length < 4 || !token.endsWith('*/')))
      findings.add('syntax', 'this comment is not closed: end it with */', { start, end: start + 2 });
  }
}
