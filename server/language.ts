import { DocumentState, type LangiumDocument, URI } from 'langium';
import { TextDocument } from 'vscode-languageserver-textdocument';
import type { Range } from 'vscode-languageserver-types';
import type { Model, Span } from '../runtime/pattern/ir.ts';
import { Facts } from './check/facts.ts';
import type { Finding } from './check/finding.ts';
import { Memory } from './check/memory.ts';
import { checkDocument } from './check.ts';
import type { Declaration, File } from './generated/ast.ts';
import { fileOf } from './imports.ts';
import { declarationNamed, LowerError, lower, problemOf } from './lower.ts';
import { SparseFormatter } from './lsp/formatter.ts';
import { createCoreServices, type FileReader } from './module.ts';
import type { Adjustments, DeclarationInfo } from './protocol.ts';
import { placeOf, placeOfProperty, rangeOf } from './source.ts';

export { LowerError } from './lower.ts';
export { FileProblem } from './mask-files.ts';
export { type FileReader, NO_FILES } from './module.ts';

/** One message about a file: where it stands as line and column (0-based) and as character offsets. */
export interface FileDiagnostic {
  /** Stable, e.g. `unknown-name`. */
  readonly code: string;
  readonly severity: 'error' | 'warning' | 'information';
  readonly message: string;
  readonly range: Range;
  readonly span: Span;
}

/** A file that was read, linked and checked. */
export interface CheckedFile {
  readonly uri: string;
  /** In the order of the text. */
  readonly diagnostics: readonly FileDiagnostic[];
  /** Number of diagnostics that are errors. */
  readonly errors: number;
  /** Patterns and models, in source order. */
  declarations(): readonly DeclarationInfo[];
  /**
   * A pattern or model for the runtime; `tokens` replaces a model's own. Throws LowerError when there is none of that
   * name, when it cannot stand alone, or when it has no meaning; ask for `errors` first.
   */
  lower(name: string, options?: { readonly tokens?: number }): Model;
}

/** The language without an editor: for the command line, tests and tools. */
export interface Language {
  /** Reads and checks a text as the file at `uri`, whose imports come from the file reader. Replaces what was open there. */
  open(uri: string, text: string): Promise<CheckedFile>;
  /**
   * Checks a single pattern expression such as `window(8) | global([0])` as if it stood alone in the file `uri`, which need
   * not exist: paths in it are relative to that.
   */
  checkExpression(text: string, uri?: string): Promise<readonly FileDiagnostic[]>;
  /** The same for the runtime. Throws LowerError with the first mistake. */
  lowerExpression(text: string, uri?: string): Promise<Model>;
  /** The text of a file laid out as the editor does it; as it is when it has mistakes of syntax. */
  format(uri: string, text: string): Promise<string>;
}

/** Nobody is typing: what takes longer than that to find out is not said. */
const MILLISECONDS_PER_FACT = 500;

const EXPRESSION_NAME = 'expression';
const EXPRESSION_HEAD = `pattern ${EXPRESSION_NAME} =\n`;

/** Creates the language over a way to read imported files. */
export function createLanguage(reader: FileReader): Language {
  const texts = new Map<string, TextDocument>();
  const { shared, sparse } = createCoreServices(reader, { get: uri => texts.get(uri.toString()) });
  const { DocumentBuilder: builder, LangiumDocuments: documents } = shared.workspace;
  builder.updateBuildOptions = { validation: false };
  const facts = new Facts(MILLISECONDS_PER_FACT);
  const memory = new Memory();
  const formatter = new SparseFormatter(sparse);
  // Builds share documents: one at a time.
  let last: Promise<unknown> = Promise.resolve();

  const build = async (uri: URI, text: string): Promise<LangiumDocument> => {
    const key = uri.toString();
    texts.set(key, TextDocument.create(key, 'sparse', (texts.get(key)?.version ?? 0) + 1, text));
    await builder.update([uri], []);
    const document = documents.getDocument(uri);
    if (document === undefined || document.state < DocumentState.Linked) throw new Error(`${key} could not be built`);
    return document;
  };
  const inTurn = <T>(action: () => Promise<T>): Promise<T> => {
    const result = last.then(action, action);
    last = result.catch(() => undefined);
    return result;
  };
  const open = (uri: string, text: string): Promise<CheckedFile> =>
    inTurn(async () => {
      const document = await build(URI.parse(uri), text);
      return checkedFile(document, checkDocument(document, documents, facts, memory));
    });

  /** An expression as a file, and what is to be said about it. */
  const openExpression = async (text: string, uri = 'memory:///expression.sparse') => {
    const file = await open(uri, EXPRESSION_HEAD + text);
    const diagnostics = file.diagnostics.map(inExpression);
    if (file.declarations().length !== 1 && !diagnostics.some(({ severity }) => severity === 'error'))
      diagnostics.push(notOneExpression(file.uri));
    return { file, diagnostics };
  };

  return {
    open,
    checkExpression: async (text, uri) => (await openExpression(text, uri)).diagnostics,
    async lowerExpression(text, uri) {
      const { file, diagnostics } = await openExpression(text, uri);
      const error = diagnostics.find(({ severity }) => severity === 'error');
      if (error !== undefined) throw new LowerError(error.code, error.message, error.span);
      return file.lower(EXPRESSION_NAME);
    },
    format: (uri, text) =>
      inTurn(async () => {
        const document = await build(URI.parse(uri), text);
        return TextDocument.applyEdits(document.textDocument, await formatter.formatDocument(document));
      }),
  };
}

/** The expression begins on the second line, so that a comment at its end does no harm. */
function inExpression(diagnostic: FileDiagnostic): FileDiagnostic {
  const { start, end } = diagnostic.range;
  const up = ({ line, character }: Range['start']): Range['start'] =>
    line === 0 ? { line: 0, character: 0 } : { line: line - 1, character };
  return { ...diagnostic, range: { start: up(start), end: up(end) }, span: shifted(diagnostic.span) };
}

function notOneExpression(uri: string): FileDiagnostic {
  const start = { line: 0, character: 0 };
  const message = 'one expression is expected, such as window(8) | global([0])';
  return { code: 'syntax', severity: 'error', message, range: { start, end: start }, span: { uri, start: 0, end: 0 } };
}

function shifted(span: Span): Span {
  const start = Math.max(0, span.start - EXPRESSION_HEAD.length);
  return { uri: span.uri, start, end: Math.max(start, span.end - EXPRESSION_HEAD.length) };
}

function checkedFile(document: LangiumDocument, findings: readonly Finding[]): CheckedFile {
  const uri = document.uri.toString();
  const file = fileOf(document);
  return {
    uri,
    diagnostics: findings.map(({ code, severity, message, place }) => ({
      code,
      severity,
      message,
      range: rangeOf(document, place),
      span: { uri, ...place },
    })),
    errors: findings.filter(({ severity }) => severity === 'error').length,
    declarations: () => declarationsOf(document),
    lower(name, options) {
      if (file === undefined) throw new LowerError('syntax', 'this file could not be read', undefined);
      return lowerNamed(file, name, options?.tokens);
    },
  };
}

/** Lowers a declaration by name. Throws LowerError. */
export function lowerNamed(file: File, name: string, tokens?: number, adjustments?: Adjustments): Model {
  const declaration = declarationNamed(file, name);
  const problem = problemOf(declaration);
  if (problem !== null) throw new LowerError('argument-missing', problem, undefined);
  try {
    return lower(declaration, tokens, adjustments);
  } catch (error) {
    if (error instanceof RangeError)
      throw new LowerError('too-large', `${name} nests too deeply: name parts of it and use the names`, undefined);
    throw error;
  }
}

/** The patterns and models of a document that can be shown. */
export function declarationsOf(document: LangiumDocument): readonly DeclarationInfo[] {
  return (fileOf(document)?.declarations ?? []).flatMap(declaration => infoOf(document, declaration) ?? []);
}

function infoOf(document: LangiumDocument, declaration: Declaration): DeclarationInfo | undefined {
  const whole = placeOf(declaration);
  const name = placeOfProperty(declaration, 'name');
  if (declaration.$type === 'Constant' || declaration.name === undefined || !whole || !name) return undefined;
  return {
    name: declaration.name,
    kind: declaration.$type === 'ModelDeclaration' ? 'model' : 'pattern',
    range: rangeOf(document, whole),
    nameRange: rangeOf(document, name),
    problem: problemOf(declaration),
  };
}
