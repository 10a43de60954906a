export type Severity = 'error' | 'warning' | 'information';

/**
 * Every code that a message about a file can have, and how serious it is. Codes are stable: tests, settings and pages
 * rely on them. Each has a page `docs/diagnostics/<code>.md`.
 */
export const CODES = {
  // Reading the text.
  syntax: 'error',
  'too-large': 'error',
  internal: 'error',
  // Names.
  'unknown-name': 'error',
  'unknown-type': 'error',
  'duplicate-name': 'error',
  'reserved-name': 'error',
  recursion: 'error',
  // Imports.
  'import-file': 'error',
  'import-name': 'error',
  'import-cycle': 'error',
  // Mask files.
  'mask-file': 'error',
  'mask-shape': 'error',
  // Calls.
  'argument-count': 'error',
  'argument-duplicate': 'error',
  'argument-missing': 'error',
  'argument-order': 'error',
  'argument-unknown': 'error',
  'not-callable': 'error',
  'parameter-order': 'error',
  // Types and operators.
  'wrong-type': 'error',
  'wrong-operator': 'error',
  'chained-comparison': 'error',
  // Values.
  number: 'error',
  'argument-range': 'error',
  'argument-integer': 'error',
  'position-range': 'error',
  shape: 'error',
  'shape-product': 'error',
  'documents-length': 'error',
  dynamic: 'error',
  // Models.
  'unknown-property': 'error',
  'duplicate-property': 'error',
  'property-missing': 'error',
  'property-value': 'error',
  'property-range': 'error',
  'property-integer': 'error',
  'model-name': 'error',
  selector: 'error',
  uncovered: 'error',
  'rule-overridden': 'warning',
  'rule-empty': 'warning',
  // What the compiler knows about masks.
  'empty-query': 'warning',
  'redundant-operand': 'warning',
  'no-pairs': 'warning',
  'sees-future': 'information',
  'short-block': 'information',
  'window-tile': 'information',
  disconnected: 'information',
} as const satisfies Readonly<Record<string, Severity>>;

export type DiagnosticCode = keyof typeof CODES;

/** The code of an error that the runtime or the lowering threw. */
export function knownCode(code: string): DiagnosticCode {
  return Object.hasOwn(CODES, code) ? (code as DiagnosticCode) : 'argument-range';
}
