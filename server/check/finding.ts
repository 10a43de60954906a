import type { AstNode } from 'langium';
import { type Place, placeOf, placeOfProperty } from '../source.ts';
import { CODES, type DiagnosticCode, type Severity } from './codes.ts';

export type { Severity } from './codes.ts';

/** Another place of the same file that explains a message. */
export interface Related {
  readonly place: Place;
  readonly message: string;
}

/** A text to put in the place of another one; an empty place inserts. */
export interface Edit {
  readonly place: Place;
  readonly text: string;
}

/** A mechanical way to put something right. */
export interface Mend {
  /** What it does, as a command: "Change to `window`". */
  readonly title: string;
  readonly edits: readonly Edit[];
  /** Is it most likely what is meant? At most one mend of a finding is. */
  readonly preferred?: boolean;
}

/** One message about a file. */
export interface Finding {
  readonly code: DiagnosticCode;
  readonly severity: Severity;
  readonly message: string;
  readonly place: Place;
  readonly related: readonly Related[];
  readonly mends: readonly Mend[];
}

/** What may come with a message. */
export interface Details {
  readonly related?: readonly (Related | undefined)[];
  readonly mends?: readonly (Mend | undefined)[];
  /** Does the message speak of another file's text? That can change without this file or its meaning. */
  readonly fleeting?: boolean;
}

/** Words of the text that a message quotes, so long that it could not be read. */
const LONG = /`[^`]{200,}`/g;

function shortened(quoted: string): string {
  return `${quoted.slice(0, 60)}...\``;
}

/** Collects what is wrong with a file; one place gets one message. */
export class Findings {
  readonly list: Finding[] = [];
  #hasErrors = false;
  /** Do all messages stay right as long as the declarations that they are about stay what they are? */
  isLasting = true;

  add(code: DiagnosticCode, message: string, place: Place | undefined, details: Details = {}): void {
    // Nodes without a place were made up by error recovery: the syntax error is enough.
    if (place === undefined) return;
    if (details.fleeting === true) this.isLasting = false;
    this.#put({
      code,
      severity: CODES[code],
      message: message.replace(LONG, shortened),
      place,
      related: (details.related ?? []).filter(each => each !== undefined),
      mends: (details.mends ?? []).filter(each => each !== undefined),
    });
  }

  /** Adds what others found, in their order. */
  addAll(findings: readonly Finding[]): void {
    for (const finding of findings) this.#put(finding);
  }

  #put(finding: Finding): void {
    const { start, end } = finding.place;
    if (this.list.some(({ place }) => place.start === start && place.end === end)) return;
    this.list.push(finding);
    this.#hasErrors ||= finding.severity === 'error';
  }

  at(node: AstNode | undefined, code: DiagnosticCode, message: string, details?: Details): void {
    this.add(code, message, placeOf(node), details);
  }

  atProperty(node: AstNode, property: string, code: DiagnosticCode, message: string, details?: Details): void {
    this.add(code, message, placeOfProperty(node, property), details);
  }

  hasErrorsIn(node: AstNode): boolean {
    // Most files have none, and finding a place takes time.
    if (!this.#hasErrors) return false;
    const place = placeOf(node);
    return (
      place !== undefined &&
      this.list.some(
        finding => finding.severity === 'error' && finding.place.start >= place.start && finding.place.end <= place.end,
      )
    );
  }
}
