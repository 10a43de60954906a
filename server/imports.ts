import type { LangiumDocument, LangiumDocuments } from 'langium';
import { URI, UriUtils } from 'langium';
import type { File, Import } from './generated/ast.ts';
import { isFile } from './generated/ast.ts';
import { LIBRARY_PREFIX, libraryUri } from './library.ts';

/**
 * The file an import names: one of the standard library (`sparse:longformer`), or relative to the file it stands in.
 * Undefined while the path is unfinished.
 */
export function importedUri(from: URI, path: string | undefined): URI | undefined {
  if (path === undefined || path === '') return undefined;
  if (path.startsWith(LIBRARY_PREFIX)) return libraryUri(path);
  try {
    return /^[a-z][a-z0-9+.-]+:/i.test(path) ? URI.parse(path) : UriUtils.resolvePath(UriUtils.dirname(from), path);
  } catch {
    return undefined;
  }
}

/** The root of a document, also when it is empty or broken. */
export function fileOf(document: LangiumDocument | undefined): File | undefined {
  const root = document?.parseResult.value;
  return isFile(root) ? root : undefined;
}

/** The file that an import brings in, when it could be read. */
export function importedFile(documents: LangiumDocuments, from: LangiumDocument, node: Import): File | undefined {
  const uri = importedUri(from.uri, node.path);
  return uri === undefined ? undefined : fileOf(documents.getDocument(uri));
}

/** The files that a file imports, directly. */
export function importsOf(document: LangiumDocument): URI[] {
  const file = fileOf(document);
  if (file === undefined) return [];
  return file.imports.flatMap(node => importedUri(document.uri, node.path) ?? []);
}

/** All files that a file reaches through imports; itself only when it reaches itself. */
export function reachableImports(documents: LangiumDocuments, document: LangiumDocument): Set<string> {
  const reached = new Set<string>();
  const queue = [document];
  for (let current = queue.pop(); current !== undefined; current = queue.pop())
    for (const uri of importsOf(current)) {
      const key = uri.toString();
      if (reached.has(key)) continue;
      reached.add(key);
      const next = documents.getDocument(uri);
      if (next !== undefined) queue.push(next);
    }
  return reached;
}
