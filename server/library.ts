import type { URI } from 'langium';
import { URI as Uri } from 'langium';
import { LIBRARY_SOURCES } from './generated/library.ts';
import { LIBRARY_SCHEME } from './library-scheme.ts';

/** How a file of the standard library is written in an import: `sparse:longformer`. */
export const LIBRARY_PREFIX = 'sparse:';

/** One file of the standard library. */
export interface LibraryModule {
  /** As it is imported, e.g. `sparse:longformer`. */
  readonly path: string;
  readonly uri: URI;
  /** One line: what the file is about. */
  readonly summary: string;
  readonly text: string;
}

/** Every file of the standard library, in alphabetical order. */
export const libraryModules: readonly LibraryModule[] = Object.entries(LIBRARY_SOURCES).map(([name, text]) => ({
  path: LIBRARY_PREFIX + name,
  uri: uriOfModule(name),
  summary: /^\/\/ *(.*)/.exec(text)?.[1] ?? '',
  text,
}));

const byUri: ReadonlyMap<string, LibraryModule> = new Map(libraryModules.map(file => [file.uri.toString(), file]));

/** Where `sparse:longformer` leads, whether or not there is such a file; undefined for a path that is no library path. */
export function libraryUri(path: string): URI | undefined {
  if (!path.startsWith(LIBRARY_PREFIX)) return undefined;
  const name = path.slice(LIBRARY_PREFIX.length);
  return name === '' ? undefined : uriOfModule(name);
}

export function isLibraryUri(uri: string): boolean {
  return uri.startsWith(`${LIBRARY_SCHEME}:`);
}

/** The text of a file of the standard library, or null when there is none of that address. */
export function libraryText(uri: string): string | null {
  return byUri.get(Uri.parse(uri).toString())?.text ?? null;
}

function uriOfModule(name: string): URI {
  return Uri.from({ scheme: LIBRARY_SCHEME, path: `/${name}.sparse` });
}
