import type { FileDiagnostic } from '../../server/language.ts';
import type { Colors } from './colour.ts';
import type { SourceFile } from './read-file.ts';
import type { Sources } from './sources.ts';

/** A place in a file, 1-based. */
export interface Place {
  readonly line: number;
  /** In UTF-16 code units, as editors count. */
  readonly column: number;
}

/** One message of `check`. */
export interface Diagnostic {
  readonly severity: FileDiagnostic['severity'];
  /** Stable, e.g. `unknown-name`. */
  readonly code: string;
  readonly message: string;
  readonly start: Place;
  /** The place after the last character. */
  readonly end: Place;
}

/** Everything the language has to say about a file. */
export async function diagnose(sources: Sources, file: SourceFile): Promise<readonly Diagnostic[]> {
  if (file.text === null) return [notText(file.problem)];
  const { diagnostics } = await sources.language.open(file.uri, file.text);
  return diagnostics.map(asDiagnostic);
}

function notText(message: string): Diagnostic {
  const start = { line: 1, column: 1 };
  return { severity: 'error', code: 'not-text', message, start, end: start };
}

/** What the language says, in the counting of people. */
export function asDiagnostic({ range, severity, message, code }: FileDiagnostic): Diagnostic {
  // One line each, whatever the message quotes.
  const words = message.replaceAll(/\s*\n\s*/g, ' ');
  return { severity, code, message: words, start: placeOf(range.start), end: placeOf(range.end) };
}

function placeOf({ line, character }: FileDiagnostic['range']['start']): Place {
  return { line: line + 1, column: character + 1 };
}

/** `path:line:column: severity: message [code]`; in colours where there are some. */
export function diagnosticLine(path: string, diagnostic: Diagnostic, colours?: Colors): string {
  const { severity, message, code, start } = diagnostic;
  const place = `${path}:${start.line}:${start.column}:`;
  if (colours === undefined) return `${place} ${severity}: ${message} [${code}]`;
  const paint = { error: colours.red, warning: colours.yellow, information: colours.cyan }[severity];
  return `${colours.bold(place)} ${paint(`${severity}:`)} ${message} ${colours.dim(`[${code}]`)}`;
}
