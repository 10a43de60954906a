import { type Cancellation, interruptAndCheck, URI } from 'langium';
import type { Connection } from 'vscode-languageserver';
import { TextDocument } from 'vscode-languageserver-textdocument';
import { type Range, SymbolKind } from 'vscode-languageserver-types';
import { isMaskPath, MASK_EXTENSIONS } from '../../runtime/export/read-mask-file.ts';
import { withoutComments } from '../check/plain-text.ts';
import { importedUri } from '../imports.ts';
import type { FileReader } from '../module.ts';
import { WorkspaceFilesRequest } from '../protocol.ts';

/** Most files that are looked at. */
const MOST_FILES = 2000;
/** Characters; a longer file is no longer one that somebody writes. */
const LONGEST = 2 ** 20;
/** Files that are read at a time. */
const AT_A_TIME = 16;
/** Milliseconds for which the list of files is taken as it is: whoever types a query asks at every key. */
const LIST_LASTS = 5000;

/** A declaration of a file that is not open, found without reading more than its name. */
export interface FileSymbol {
  readonly name: string;
  readonly kind: SymbolKind;
  readonly range: Range;
}

/** What is known of a file of the workspace. */
export interface WorkspaceFile {
  readonly uri: string;
  readonly symbols: readonly FileSymbol[];
  /** Addresses of the files that it imports. */
  readonly imports: readonly string[];
}

/** Addresses of the files of the workspace whose names end so; the `.sparse` files unless something else is wanted. */
export type ListFiles = (extensions?: readonly string[]) => Promise<readonly string[]>;

/** There is no workspace. */
export const NO_WORKSPACE: ListFiles = () => Promise.resolve([]);

/** Asks the client for the files of its workspace; clients that do not know the question have none. */
export function clientWorkspace(connection: Connection): ListFiles {
  return async extensions => {
    try {
      const params = extensions === undefined ? {} : { extensions };
      const answer: readonly string[] | null = await connection.sendRequest(WorkspaceFilesRequest, params);
      // So some editors answer what they do not know.
      return answer ?? [];
    } catch {
      return [];
    }
  };
}

const KINDS: Readonly<Record<string, SymbolKind>> = {
  const: SymbolKind.Constant,
  pattern: SymbolKind.Function,
  model: SymbolKind.Class,
};

/**
 * The files of the workspace, open or not: read when they are first needed and again after they changed, and only for
 * the names they declare and the files they import. Nothing of them is checked.
 */
export class WorkspaceFiles {
  readonly reader: FileReader;
  readonly #list: ListFiles;
  readonly #known = new Map<string, WorkspaceFile>();
  #listed: { readonly uris: readonly string[]; readonly at: number } | undefined;

  constructor(reader: FileReader, list: ListFiles) {
    this.reader = reader;
    this.#list = list;
  }

  /** To be called when files changed, came or went. */
  changed(uris: Iterable<string>): void {
    this.#listed = undefined;
    for (const uri of uris) this.#known.delete(keyOf(uri));
  }

  async all(token: Cancellation.CancellationToken): Promise<readonly WorkspaceFile[]> {
    if (this.#listed === undefined || performance.now() > this.#listed.at + LIST_LASTS) {
      const uris = [...new Set((await this.#list()).map(keyOf))].filter(isLookedAt).slice(0, MOST_FILES);
      // An editor whose search is not up yet answers that there is nothing.
      this.#listed = { uris, at: uris.length === 0 ? Number.NEGATIVE_INFINITY : performance.now() };
    }
    const { uris } = this.#listed;
    const missing = uris.filter(uri => !this.#known.has(uri));
    for (let at = 0; at < missing.length; at += AT_A_TIME) {
      await interruptAndCheck(token);
      await Promise.all(missing.slice(at, at + AT_A_TIME).map(uri => this.#read(uri)));
    }
    return uris.flatMap(uri => this.#known.get(uri) ?? []);
  }

  /** Addresses of the files that hold masks. */
  async masks(): Promise<readonly string[]> {
    const uris = await this.#list(MASK_EXTENSIONS);
    return [...new Set(uris.map(keyOf))].filter(isMaskPath).slice(0, MOST_FILES);
  }

  async #read(uri: string): Promise<void> {
    const text = await this.reader.readFile(uri);
    this.#known.set(
      uri,
      text === null || text.length > LONGEST ? { uri, symbols: [], imports: [] } : fileOf(uri, text),
    );
  }
}

/** The address as it is written everywhere: editors differ in what they escape. */
function keyOf(uri: string): string {
  return URI.parse(uri).toString();
}

function isLookedAt(uri: string): boolean {
  return uri.endsWith('.sparse') && !uri.includes('/node_modules/');
}

function fileOf(uri: string, text: string): WorkspaceFile {
  const plain = withoutComments(text);
  const document = TextDocument.create(uri, 'sparse', 0, text);
  const symbols: FileSymbol[] = [];
  const names = plain.replaceAll(/"[^"\n]*"?/g, match => ' '.repeat(match.length));
  // `p: pattern` is a type.
  for (const match of names.matchAll(/(?<!:\s*)\b(const|pattern|model)\s+([A-Za-z_]\w*)/g)) {
    const [whole, word = '', name = ''] = match;
    const end = match.index + whole.length;
    const range = { start: document.positionAt(end - name.length), end: document.positionAt(end) };
    symbols.push({ name, kind: KINDS[word] ?? SymbolKind.Function, range });
  }
  const home = URI.parse(uri);
  const imports = [...plain.matchAll(/\bfrom\s*"([^"\n]*)"/g)].flatMap(
    ([, path]) => importedUri(home, path)?.toString() ?? [],
  );
  return { uri, symbols, imports };
}
