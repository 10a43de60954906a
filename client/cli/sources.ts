import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { tooLarge } from '../../runtime/export/read-mask-file.ts';
import type { Span } from '../../runtime/pattern/ir.ts';
import { createLanguage, FileProblem, type FileReader, type Language } from '../../server/language.ts';
import { Failure, fileProblem } from './failure.ts';
import { readBytes, readSource, type SourceFile, STANDARD_INPUT } from './read-file.ts';

/** The files that one command reads, the language over them, and where in them a character stands. */
export class Sources implements FileReader {
  readonly #signal: AbortSignal;
  readonly #files = new Map<string, SourceFile>();
  #input: SourceFile | undefined;
  #language: Language | undefined;

  constructor(signal: AbortSignal) {
    this.#signal = signal;
  }

  /** Made when it is first asked for: many commands end before that. */
  get language(): Language {
    this.#language ??= createLanguage(this);
    return this.#language;
  }

  /** Reads a file that was named on the command line. Throws Failure (2) when it cannot be read. */
  async read(file: string): Promise<SourceFile> {
    // Standard input can be read once, and be meant twice: `diff -#a -#b`.
    const known = file === STANDARD_INPUT ? this.#input : undefined;
    const source = known ?? (await readSource(file, this.#signal));
    if (file === STANDARD_INPUT) this.#input = source;
    this.#files.set(source.uri, source);
    return source;
  }

  /** Paths of everything that was read so far, in the order in which it was read. */
  get paths(): readonly string[] {
    return [...this.#files.values()].map(file => file.path);
  }

  /** Text of an imported file, or null: whoever imports it says so. */
  async readFile(uri: string): Promise<string | null> {
    const known = this.#files.get(uri);
    if (known !== undefined) return known.text;
    try {
      const source = await readSource(pathOf(uri), this.#signal);
      this.#files.set(uri, source);
      return source.text;
    } catch {
      return null;
    }
  }

  /** Bytes of a mask file, null for what is no file; rejects with FileProblem when it cannot be read. */
  async readBytes(uri: string, most: number): Promise<Uint8Array | null> {
    if (!uri.startsWith('file:')) return null;
    let contents: Uint8Array;
    try {
      contents = await readBytes(pathOf(uri), this.#signal, most + 1);
    } catch (error) {
      if (error instanceof Failure) throw error;
      throw new FileProblem(fileProblem(error));
    }
    if (contents.length > most) throw new FileProblem(tooLarge(most));
    return contents;
  }

  /** `path:line:column`, 1-based, or undefined when the span is in no file of this command. */
  locate(span: Span | undefined): string | undefined {
    const file = span === undefined ? undefined : this.#files.get(span.uri);
    if (span === undefined || file === undefined || file.text === null) return undefined;
    const before = file.text.slice(0, span.start).split(/\r\n|\r|\n/);
    return `${file.path}:${before.length}:${(before.at(-1)?.length ?? 0) + 1}`;
  }
}

/** The shortest path to a file. */
function pathOf(uri: string): string {
  const file = fileURLToPath(uri);
  return path.relative('', file) || file;
}
