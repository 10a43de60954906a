import type { Model } from '../../runtime/pattern/ir.ts';
import { createLanguage, type FileDiagnostic, LowerError, NO_FILES } from '../../server/language.ts';
import { onlyDeclaration } from './only-declaration.ts';

export type { Model } from '../../runtime/pattern/ir.ts';

/** How a text finds the files that it names. */
export interface ParseOptions {
  /** The address of the text, to which its imports are relative; default `memory:///text.sparse`. */
  readonly uri?: string;
  /**
   * Reads an imported file: its text, or null when there is none. Default: there are no files. The standard library
   * (`sparse:...`) is always there.
   */
  readFile?(uri: string): Promise<string | null>;
  /** Reads a mask file (`mask("kept.npz")`), at most so many bytes; null when there is none. */
  readBytes?(uri: string, most: number): Promise<Uint8Array | null>;
}

/** One message about a text. */
export interface Diagnostic {
  /** Stable, e.g. `unknown-name`; docs/diagnostics/ has a page for each. */
  readonly code: string;
  readonly severity: 'error' | 'warning' | 'information';
  readonly message: string;
  /** Characters of the text, [start, end). */
  readonly start: number;
  readonly end: number;
  /** Where it begins, 1-based, as editors count. */
  readonly line: number;
  readonly column: number;
}

/** A pattern or model that a text declares. */
export interface Declaration {
  readonly name: string;
  readonly kind: 'pattern' | 'model';
  /** Why it cannot stand alone, such as a parameter without a default; null when it can. */
  readonly problem: string | null;
}

/** A text that was read, linked and checked. */
export interface Parsed {
  /** In the order of the text. */
  readonly diagnostics: readonly Diagnostic[];
  /** In the order of the text. */
  readonly declarations: readonly Declaration[];
  /**
   * A pattern or model, for `compile` and `exportMask`. `name` may be left out when the text declares one thing, or one
   * model. `tokens` replaces a model's own.
   *
   * @throws ParseError when the text has errors, there is nothing of that name, or it cannot stand alone
   */
  model(name?: string, options?: { readonly tokens?: number }): Model;
}

/** A text, or what it declares, has no meaning. */
export class ParseError extends Error {
  override readonly name = 'ParseError';
  /** Everything that is wrong, when that is known. */
  readonly diagnostics: readonly Diagnostic[];

  constructor(message: string, diagnostics: readonly Diagnostic[] = []) {
    super(message);
    this.diagnostics = diagnostics;
  }
}

/**
 * Reads and checks the text of a `.sparse` file. Mistakes are no exception: they are in `diagnostics`.
 *
 * @example
 * ```ts
 * const file = await parse('pattern mine = sliding(512) | columns([0..4])');
 * const model = file.model('mine');
 * ```
 */
export async function parse(text: string, options: ParseOptions = {}): Promise<Parsed> {
  const file = await languageOf(options).open(options.uri ?? 'memory:///text.sparse', text);
  const diagnostics = file.diagnostics.map(asDiagnostic);
  const declarations = file.declarations().map(({ name, kind, problem }) => ({ name, kind, problem }));
  return {
    diagnostics,
    declarations,
    model(name, choice) {
      const errors = diagnostics.filter(({ severity }) => severity === 'error');
      if (errors.length > 0) throw new ParseError(errors.map(({ message }) => message).join('\n'), errors);
      const wanted = name ?? nameMeant(declarations);
      return orParseError(() => file.lower(wanted, choice));
    },
  };
}

/**
 * A single pattern such as `window(8) | global([0])`.
 *
 * @throws ParseError with everything that is wrong with it
 */
export async function parseExpression(text: string, options: ParseOptions = {}): Promise<Model> {
  const language = languageOf(options);
  const found = (await language.checkExpression(text, options.uri)).map(asDiagnostic);
  const errors = found.filter(({ severity }) => severity === 'error');
  if (errors.length > 0) throw new ParseError(errors.map(({ message }) => message).join('\n'), errors);
  try {
    return await language.lowerExpression(text, options.uri);
  } catch (error) {
    throw asParseError(error);
  }
}

/** A language of its own for each text: files may have changed since the last one. */
function languageOf({ readFile, readBytes }: ParseOptions) {
  if (readFile === undefined && readBytes === undefined) return createLanguage(NO_FILES);
  return createLanguage({ readFile: readFile ?? NO_FILES.readFile, ...(readBytes && { readBytes }) });
}

function asDiagnostic({ code, severity, message, range, span }: FileDiagnostic): Diagnostic {
  const { line, character } = range.start;
  return { code, severity, message, start: span.start, end: span.end, line: line + 1, column: character + 1 };
}

function nameMeant(declarations: readonly Declaration[]): string {
  const only = onlyDeclaration(declarations);
  if (only !== undefined) return only.name;
  const names = declarations.map(({ name }) => name).join(', ');
  throw new ParseError(
    declarations.length === 0 ? 'the text declares no pattern and no model' : `say which one is meant: ${names}`,
  );
}

function orParseError<T>(action: () => T): T {
  try {
    return action();
  } catch (error) {
    throw asParseError(error);
  }
}

function asParseError(error: unknown): unknown {
  return error instanceof LowerError ? new ParseError(error.message) : error;
}
