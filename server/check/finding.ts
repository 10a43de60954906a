import type { AstNode } from 'langium';
import { type Place, placeOf, placeOfProperty } from '../source.ts';

export type Severity = 'error' | 'warning' | 'information';

/** One message about a file. */
export interface Finding {
  /** Stable: tests, quick fixes and people's settings rely on it. */
  readonly code: string;
  readonly severity: Severity;
  readonly message: string;
  readonly place: Place;
}

/** Collects what is wrong with a file; one place gets one message. */
export class Findings {
  readonly list: Finding[] = [];

  add(code: string, message: string, place: Place | undefined, severity: Severity = 'error'): void {
    // Nodes without a place were made up by error recovery: the syntax error is enough.
    if (place === undefined) return;
    if (this.list.some(other => other.place.start === place.start && other.place.end === place.end)) return;
    this.list.push({ code, severity, message, place });
  }

  at(node: AstNode | undefined, code: string, message: string, severity: Severity = 'error'): void {
    this.add(code, message, placeOf(node), severity);
  }

  atProperty(node: AstNode, property: string, code: string, message: string, severity: Severity = 'error'): void {
    this.add(code, message, placeOfProperty(node, property), severity);
  }

  get hasErrors(): boolean {
    return this.list.some(finding => finding.severity === 'error');
  }

  hasErrorsIn(place: Place | undefined): boolean {
    return (
      place !== undefined &&
      this.list.some(
        finding => finding.severity === 'error' && finding.place.start >= place.start && finding.place.end <= place.end,
      )
    );
  }
}
