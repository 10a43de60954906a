import type { LangiumDocument, LangiumDocuments, URI } from 'langium';
import type { Import } from '../generated/ast.ts';
import { fileOf, importedUri, reachableImports } from '../imports.ts';
import { LIBRARY_PREFIX, libraryModules } from '../library.ts';
import { placeOf, placeOfProperty } from '../source.ts';
import { Findings } from './finding.ts';
import { libraryEntries } from './importing.ts';
import { removing, replacing, respelling } from './mends.ts';
import { nearest, suggestion } from './spelling.ts';
import { checkSyntax } from './syntax.ts';

/** Imports that cannot be read, that come back to their own file, or that name what is not there. */
export function checkImports(document: LangiumDocument, documents: LangiumDocuments, findings: Findings): void {
  const own = document.uri.toString();
  for (const statement of fileOf(document)?.imports ?? []) {
    if (statement.path === undefined) continue;
    const uri = importedUri(document.uri, statement.path);
    if (uri === undefined) {
      findings.atProperty(statement, 'path', 'import-file', 'name a file here, such as "./library.sparse"');
      continue;
    }
    if (uri.toString() === own) {
      findings.atProperty(statement, 'path', 'import-cycle', 'this file imports itself', {
        mends: [removing(statement, 'Remove this import')],
      });
      continue;
    }
    const imported = documents.getDocument(uri);
    if (imported === undefined) {
      unreadable(statement, statement.path, uri, findings);
      continue;
    }
    const reached = reachableImports(documents, imported);
    if (reached.has(own) || reached.has(uri.toString())) {
      const whom = reached.has(own) ? 'this file' : 'itself';
      findings.atProperty(statement, 'path', 'import-cycle', `"${statement.path}" imports ${whom}, directly or not`);
      continue;
    }
    const broken = brokenAt(imported);
    const names = (fileOf(imported)?.declarations ?? []).flatMap(({ name }) => name ?? []);
    for (const item of statement.names) {
      const name = item.target?.$refText;
      if (name === undefined || name === '') continue;
      if (!names.includes(name))
        findings.at(
          item,
          'import-name',
          `"${statement.path}" declares no \`${name}\`${suggestion(name, names) || (broken ?? '')}`,
          { mends: [respelling(name, names, placeOf(item))] },
        );
    }
  }
}

function unreadable(statement: Import, path: string, uri: URI, findings: Findings): void {
  if (!path.startsWith(LIBRARY_PREFIX)) {
    findings.atProperty(statement, 'path', 'import-file', `cannot read "${path}" (looked for ${readable(uri)})`);
    return;
  }
  const names = libraryModules.map(module => module.path.slice(LIBRARY_PREFIX.length));
  const written = path.slice(LIBRARY_PREFIX.length).replace(/\.sparse$/, '');
  const near = names.includes(written) ? written : nearest(written, names);
  // What is imported tells more than the spelling.
  const home = statement.names.map(({ target }) => libraryEntries().get(target?.$refText ?? '')?.path).find(Boolean);
  const meant = home ?? (near === undefined ? undefined : LIBRARY_PREFIX + near);
  const place = placeOfProperty(statement, 'path');
  findings.add(
    'import-file',
    `the standard library has no "${path}"${meant === undefined ? `; it has ${names.join(', ')}` : `; did you mean "${meant}"?`}`,
    place,
    { mends: [meant === undefined ? undefined : replacing(place, `"${meant}"`, `Change to "${meant}"`, true)] },
  );
}

/** `; line 3 of it cannot be read`, of a file with mistakes in its syntax. */
function brokenAt(document: LangiumDocument): string | undefined {
  const findings = new Findings();
  checkSyntax(document, findings);
  const [first] = findings.list;
  if (first === undefined) return undefined;
  return `; that file has mistakes in its syntax, the first in line ${document.textDocument.positionAt(first.place.start).line + 1}`;
}

function readable(uri: { readonly scheme: string; readonly path: string; toString(): string }): string {
  return uri.scheme === 'file' ? uri.path : uri.toString();
}
