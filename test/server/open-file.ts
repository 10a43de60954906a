import { URI } from 'langium';
import { TextDocument } from 'vscode-languageserver-textdocument';
import type { File } from '../../server/generated/ast.ts';
import { fileOf } from '../../server/imports.ts';
import { type CheckedFile, createLanguage, type FileDiagnostic, type FileReader } from '../../server/language.ts';
import { createCoreServices, NO_FILES } from '../../server/module.ts';

/** Files by path: text for imports, bytes for mask files. */
export type Files = Readonly<Record<string, string | Uint8Array>>;

export const MAIN = 'memory:/main.sparse';

/** Opens a text as `memory:/main.sparse` among other files of the same folder. */
export function openFile(text: string, files: Files = {}): Promise<CheckedFile> {
  return createLanguage(readerOf(files)).open(MAIN, text);
}

export function readerOf(files: Files): FileReader {
  const at = (uri: string) => files[uri.replace('memory:/', '')] ?? null;
  return {
    readFile: async uri => {
      const file = at(uri);
      return typeof file === 'string' ? file : null;
    },
    readBytes: async uri => {
      const file = at(uri);
      return typeof file === 'string' ? new TextEncoder().encode(file) : file;
    },
  };
}

/** A text as the server has it, linked and not checked. */
export async function parsed(text: string): Promise<File> {
  const uri = URI.parse(MAIN);
  const { shared } = createCoreServices(NO_FILES, {
    get: asked => (asked.toString() === MAIN ? TextDocument.create(MAIN, 'sparse', 1, text) : undefined),
  });
  const { DocumentBuilder: builder, LangiumDocuments: documents } = shared.workspace;
  builder.updateBuildOptions = { validation: false };
  await builder.update([uri], []);
  const file = fileOf(documents.getDocument(uri));
  if (file === undefined) throw new Error('no file');
  return file;
}

/** The one pattern of a text, lowered. */
export async function pattern(text: string, files: Files = {}) {
  const file = await openFile(text, files);
  if (file.errors > 0) throw new Error(`unexpected errors: ${JSON.stringify(file.diagnostics)}`);
  const last = file.declarations().at(-1);
  const rule = file.lower(last?.name ?? '').rules[0];
  if (rule === undefined) throw new Error('no rule');
  return rule.pattern;
}

/** An IR node without its places, to compare meaning. */
export function bare(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value, (key, inner: unknown) => (key === 'span' ? undefined : inner)));
}

/** A diagnostic as `severity code "underlined text"`. */
export function brief(text: string, { severity, code, span }: FileDiagnostic): string {
  return `${severity} ${code} ${JSON.stringify(text.slice(span.start, span.end))}`;
}

/** All diagnostics of a text, briefly. */
export async function diagnose(text: string, files: Files = {}): Promise<string[]> {
  const { diagnostics } = await openFile(text, files);
  return diagnostics.map(diagnostic => brief(text, diagnostic));
}
