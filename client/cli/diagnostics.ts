import type { FileDiagnostic } from '../../server/language.ts';
import type { SourceFile } from './read-file.ts';
import type { Sources } from './sources.ts';

/** One line of `check`. */
export interface DiagnosticLine {
  readonly severity: FileDiagnostic['severity'];
  /** `path:line:column: severity: message [code]`, line and column 1-based. */
  readonly text: string;
}

/** Everything the language has to say about a file. */
export async function diagnose(sources: Sources, file: SourceFile): Promise<readonly DiagnosticLine[]> {
  if (file.text === null) return [line(file, 0, 0, 'error', file.problem, 'not-text')];
  const { diagnostics } = await sources.language.open(file.uri, file.text);
  return diagnostics.map(({ range, severity, message, code }) =>
    line(file, range.start.line, range.start.character, severity, message, code),
  );
}

function line(
  file: SourceFile,
  row: number,
  column: number,
  severity: FileDiagnostic['severity'],
  message: string,
  code: string,
): DiagnosticLine {
  // One line each, whatever the message quotes.
  const words = message.replaceAll(/\s*\n\s*/g, ' ');
  return { severity, text: `${file.path}:${row + 1}:${column + 1}: ${severity}: ${words} [${code}]` };
}
