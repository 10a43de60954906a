import { lstat } from 'node:fs/promises';
import { glob, isDynamicPattern } from 'tinyglobby';

/** A file to read as it was named or found, or why there is none. */
export type NamedFile = { readonly path: string } | { readonly problem: string };

/** Folders that hold what others wrote. */
const PASSED_OVER = ['**/node_modules/**', '**/.git/**'];

/**
 * The files that words on the command line mean: `-` and what exists stand for themselves; other words with the marks of
 * a glob (`*`, `?`, `[...]`, `{...}`, `!(...)`) for the files that match, in alphabetical order. Shells do this for their
 * users; not all do, and not in quotes. A file that is named twice is there once.
 */
export async function expandFiles(words: readonly string[]): Promise<readonly NamedFile[]> {
  const found = new Map<string, NamedFile>();
  for (const word of words) {
    const files = await meantBy(word);
    for (const path of files) found.set(path, { path });
    if (files.length === 0) found.set(word, { problem: `no file matches ${word}` });
  }
  return [...found.values()];
}

async function meantBy(word: string): Promise<readonly string[]> {
  if (word === '-' || !isDynamicPattern(word)) return [word];
  const exists = await lstat(word).then(
    () => true,
    () => false,
  );
  if (exists) return [word];
  // On Windows people write their own separator, which in a glob takes the meaning from what follows.
  const pattern = process.platform === 'win32' ? word.replaceAll('\\', '/') : word;
  return (await glob(pattern, { ignore: PASSED_OVER, expandDirectories: false, dot: false })).sort();
}
