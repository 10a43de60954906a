import type { LangiumDocument } from 'langium';
import type { Diagnostic, DiagnosticSeverity, TextEdit } from 'vscode-languageserver-types';
import type { Finding, Severity } from './check/finding.ts';
import { rangeOf } from './source.ts';

const SEVERITIES: Readonly<Record<Severity, DiagnosticSeverity>> = { error: 1, warning: 2, information: 3 };

/** A mend as the editor applies it. */
export interface DiagnosticMend {
  readonly title: string;
  readonly preferred: boolean;
  readonly edits: readonly TextEdit[];
}

/** Address of the page about a code, where there is one. */
export type PageOf = (code: string) => string | undefined;

/** Findings as diagnostics of the protocol; their mends travel along as data. */
export function diagnosticsOf(document: LangiumDocument, findings: readonly Finding[], pageOf: PageOf): Diagnostic[] {
  const uri = document.uri.toString();
  return findings.map(({ code, severity, message, place, related, mends }): Diagnostic => {
    const href = pageOf(code);
    const data: readonly DiagnosticMend[] = mends.map(({ title, preferred, edits }) => ({
      title,
      preferred: preferred === true,
      edits: edits.map(({ place: at, text }) => ({ range: rangeOf(document, at), newText: text })),
    }));
    return {
      range: rangeOf(document, place),
      severity: SEVERITIES[severity],
      code,
      source: 'sparse',
      message,
      ...(href === undefined ? {} : { codeDescription: { href } }),
      ...(related.length === 0
        ? {}
        : {
            relatedInformation: related.map(other => ({
              location: { uri, range: rangeOf(document, other.place) },
              message: other.message,
            })),
          }),
      ...(data.length === 0 ? {} : { data }),
    };
  });
}

/** The mends of a diagnostic that `diagnosticsOf` made. */
export function mendsOf({ data }: Diagnostic): readonly DiagnosticMend[] {
  return Array.isArray(data) ? (data as readonly DiagnosticMend[]) : [];
}
