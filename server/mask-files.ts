import { AstUtils, type LangiumDocument, type URI } from 'langium';
import { isMaskPath, MASK_EXTENSIONS, readMaskFile } from '../runtime/export/read-mask-file.ts';
import type { MaskData } from '../runtime/pattern/ir.ts';
import { packMask } from '../runtime/pattern/mask-bits.ts';
import { TensorFileError } from '../runtime/tensor/dtype.ts';
import { type Declaration, type File, isStringLiteral, type StringLiteral } from './generated/ast.ts';
import { fileOf, importedUri } from './imports.ts';
import { LIBRARY_PREFIX } from './library.ts';
import { documentOf } from './source.ts';

/** What a mask file holds, or why that is not known. */
export type MaskFile = { readonly data: MaskData } | { readonly problem: string };

/** A file that is there and is not read all the same; the message is for people: `it is a folder`. */
export class FileProblem extends Error {}

/** Reads the bytes of a file. Rejects with FileProblem, or with anything when there is no such file. */
export type ReadBytes = (uri: URI) => Promise<Uint8Array>;

/** Longest message: what a broken file holds may be quoted in it. */
const LONGEST = 300;

/** Mask files of documents by path as written. They come and go with the builds of a document, not with its text. */
const held = new WeakMap<LangiumDocument, ReadonlyMap<string, MaskFile>>();

/** The strings of a file that name mask files. A string has no other use that ends like them. */
export function maskLiterals(file: File): StringLiteral[] {
  return file.declarations.flatMap(stringsIn).filter(({ value }) => value !== undefined && isMaskPath(value));
}

/** They stay as they are as long as a declaration is not read again. */
const strings = new WeakMap<Declaration, readonly StringLiteral[]>();

/** The strings of a declaration: they have no other use than to name files. */
export function stringsIn(declaration: Declaration): readonly StringLiteral[] {
  const before = strings.get(declaration);
  if (before !== undefined) return before;
  const found = AstUtils.streamAst(declaration).filter(isStringLiteral).toArray();
  strings.set(declaration, found);
  return found;
}

/** The address of a mask file, named in a file; undefined where there can be none. */
export function maskUri(from: URI, path: string): URI | undefined {
  if (path.startsWith(LIBRARY_PREFIX) || /^https?:/i.test(path)) return undefined;
  return importedUri(from, path);
}

/** What the file holds that a string names. */
export function maskFileOf(literal: StringLiteral): MaskFile {
  const path = literal.value;
  if (!isMaskPath(path))
    return {
      problem:
        path === ''
          ? 'name a mask file here, such as "mask.npz"'
          : `${quoted(path)} is no mask file: masks are read from ${MASK_EXTENSIONS.join(', ')}`,
    };
  const document = documentOf(literal);
  // A file that nobody has asked for yet: the text was not built.
  return (document && held.get(document)?.get(path)) ?? { problem: `cannot read ${quoted(path)}` };
}

/** Reads the mask files that documents name, each once until it changes. */
export class MaskFiles {
  readonly #read: ReadBytes;
  /** By address. Files that could not be read are tried again at every build. */
  readonly #known = new Map<string, MaskFile>();

  constructor(read: ReadBytes) {
    this.#read = read;
  }

  /** Reads what a parsed document names; `maskFileOf` then finds it. */
  async attach(document: LangiumDocument): Promise<void> {
    const file = fileOf(document);
    const files = new Map<string, MaskFile>();
    // Most files name none, and are not searched for them.
    if (file !== undefined && /\.(?:npy|npz|safetensors)"/i.test(document.textDocument.getText()))
      for (const { value } of maskLiterals(file))
        if (!files.has(value)) files.set(value, await this.#fileAt(document.uri, value));
    if (files.size > 0) held.set(document, files);
    else held.delete(document);
  }

  /** Forgets files that changed, came or went, and those in such folders; tells of a document whether it uses one. */
  changed(uris: readonly URI[]): (document: LangiumDocument) => boolean {
    const keys = uris.map(String);
    const isChanged = (uri: string): boolean => keys.some(key => uri === key || uri.startsWith(`${key}/`));
    for (const uri of this.#known.keys()) if (isChanged(uri)) this.#known.delete(uri);
    return document => urisOf(document).some(isChanged);
  }

  /** Lets go of files that no document names any more. */
  keepOnly(documents: Iterable<LangiumDocument>): void {
    if (this.#known.size === 0) return;
    const used = new Set([...documents].flatMap(urisOf));
    for (const uri of this.#known.keys()) if (!used.has(uri)) this.#known.delete(uri);
  }

  async #fileAt(from: URI, path: string): Promise<MaskFile> {
    const uri = maskUri(from, path);
    if (uri === undefined)
      return { problem: `${quoted(path)} is no file: name one relative to this file, such as "mask.npz"` };
    const known = this.#known.get(uri.toString());
    if (known !== undefined) return 'data' in known ? { data: { ...known.data, name: path } } : known;
    let bytes: Uint8Array;
    try {
      bytes = await this.#read(uri);
    } catch (error) {
      const why = error instanceof FileProblem ? `: ${error.message}` : ` (looked for ${readable(uri)})`;
      return { problem: shortened(`cannot read ${quoted(path)}${why}`) };
    }
    const file = contents(bytes, path);
    this.#known.set(uri.toString(), file);
    return file;
  }
}

function urisOf(document: LangiumDocument): string[] {
  return [...(held.get(document)?.keys() ?? [])].flatMap(path => maskUri(document.uri, path)?.toString() ?? []);
}

function contents(bytes: Uint8Array, path: string): MaskFile {
  try {
    return { data: packMask(readMaskFile(bytes, path), path) };
  } catch (error) {
    // Whatever else goes wrong, such as a lack of memory, is the file's doing too.
    const message = error instanceof TensorFileError ? error.message.replace(/\.$/, '') : `it is too large (${error})`;
    return {
      problem: shortened(`cannot use ${quoted(path)} as a mask: ${message.charAt(0).toLowerCase()}${message.slice(1)}`),
    };
  }
}

function quoted(path: string): string {
  return JSON.stringify(path.length > 100 ? `...${path.slice(-97)}` : path);
}

function shortened(message: string): string {
  return message.length > LONGEST ? `${message.slice(0, LONGEST)}...` : message;
}

function readable(uri: URI): string {
  return uri.scheme === 'file' ? uri.path : uri.toString();
}
