import { libraryModules } from '../library.ts';
import type { Edit } from './finding.ts';
import { withoutComments } from './plain-text.ts';

/** A pattern or constant of the standard library, read from the text of its file: nothing is parsed for a name. */
export interface LibraryEntry {
  readonly name: string;
  readonly kind: 'pattern' | 'constant';
  /** As it is imported, e.g. `sparse:longformer`. */
  readonly path: string;
  /** As it is declared, in one line: `longformer(size = 512, tokens = [0])`. */
  readonly signature: string;
  /** Parameters without a default. */
  readonly required: readonly string[];
  /** The comment before it, with its marks; empty when there is none. */
  readonly comment: string;
}

const DECLARATION = /(\/\*\*(?:(?!\*\/)[\s\S])*\*\/\s*)?^(pattern|const)\s+([A-Za-z_]\w*)/gm;

let entries: ReadonlyMap<string, LibraryEntry> | undefined;

/** What the standard library offers, by name; of a name that two files have, the first. */
export function libraryEntries(): ReadonlyMap<string, LibraryEntry> {
  if (entries !== undefined) return entries;
  const found = new Map<string, LibraryEntry>();
  for (const { path, text } of libraryModules)
    for (const match of text.matchAll(DECLARATION)) {
      const [whole, comment = '', word, name = ''] = match;
      if (found.has(name)) continue;
      const parameters = word === 'pattern' ? parametersAt(text, match.index + whole.length) : [];
      found.set(name, {
        name,
        kind: word === 'pattern' ? 'pattern' : 'constant',
        path,
        signature: parameters.length === 0 ? name : `${name}(${parameters.join(', ')})`,
        required: parameters.filter(each => !each.includes('=')).flatMap(each => /^\w+/.exec(each)?.[0] ?? []),
        comment: comment.trim(),
      });
    }
  entries = found;
  return found;
}

/** The parameters in the parentheses at an offset, each in one line. */
function parametersAt(text: string, offset: number): string[] {
  const rest = withoutComments(text.slice(offset));
  if (!/^\s*\(/.test(rest)) return [];
  const found: string[] = [];
  let depth = 0;
  let parameter = '';
  for (const character of rest.slice(rest.indexOf('('))) {
    if (')]'.includes(character)) depth--;
    if (depth === 0 && found.length + parameter.length > 0) break;
    if (depth === 1 && character === ',') {
      found.push(parameter);
      parameter = '';
    } else if (depth > 0) parameter += character;
    if ('(['.includes(character)) depth++;
  }
  return [...found, parameter].map(each => each.trim().replaceAll(/\s+/g, ' ')).filter(each => each !== '');
}

/**
 * Brings a name into a file: into the import of that path where there is one, else in a line of its own behind the
 * other imports, or before the first declaration. Works on the text, which may be half-written.
 */
export function importing(text: string, name: string, path: string): Edit {
  const plain = withoutComments(text);
  const line = `import { ${name} } from "${path}"`;
  let last: number | undefined;
  for (const match of plain.matchAll(/\bimport\s*\{([^{}"]*)\}\s*from\s*"([^"\n]*)"/g)) {
    const [whole, names = '', from] = match;
    last = match.index + whole.length;
    if (from !== path) continue;
    const written = names.trimEnd();
    const at = match.index + whole.indexOf('{') + 1 + written.length;
    const comma = written === '' || written.endsWith(',') ? ' ' : ', ';
    return inserted(at, `${comma}${name}${names === '' ? ' ' : ''}`);
  }
  if (last !== undefined) return inserted(last, `\n${line}`);
  const first = /^[ \t]*(?:import|const|pattern|model)\b/m.exec(plain)?.index;
  if (first === undefined) return inserted(0, `${line}\n`);
  // The comment that documents the declaration stays with it.
  const comment = /\/\*\*(?:(?!\*\/)[\s\S])*\*\/\s*$/.exec(text.slice(0, first))?.index;
  return inserted(comment ?? first, `${line}\n\n`);
}

function inserted(offset: number, text: string): Edit {
  return { place: { start: offset, end: offset }, text };
}
