import type { LangiumDocument, LangiumDocuments } from 'langium';
import { fileOf, importedUri, reachableImports } from '../imports.ts';
import { placeOf } from '../source.ts';
import type { Findings } from './finding.ts';
import { respelling } from './mends.ts';
import { suggestion } from './spelling.ts';

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
      findings.atProperty(statement, 'path', 'import-cycle', 'this file imports itself');
      continue;
    }
    const imported = documents.getDocument(uri);
    if (imported === undefined) {
      findings.atProperty(
        statement,
        'path',
        'import-file',
        `cannot read "${statement.path}" (looked for ${readable(uri)})`,
      );
      continue;
    }
    const reached = reachableImports(documents, imported);
    if (reached.has(own) || reached.has(uri.toString())) {
      const whom = reached.has(own) ? 'this file' : 'itself';
      findings.atProperty(statement, 'path', 'import-cycle', `"${statement.path}" imports ${whom}, directly or not`);
      continue;
    }
    const names = (fileOf(imported)?.declarations ?? []).flatMap(({ name }) => name ?? []);
    for (const item of statement.names) {
      const name = item.target?.$refText;
      if (name === undefined || name === '') continue;
      if (!names.includes(name))
        findings.at(item, 'import-name', `"${statement.path}" declares no \`${name}\`${suggestion(name, names)}`, {
          mends: [respelling(name, names, placeOf(item))],
        });
    }
  }
}

function readable(uri: { readonly scheme: string; readonly path: string; toString(): string }): string {
  return uri.scheme === 'file' ? uri.path : uri.toString();
}
