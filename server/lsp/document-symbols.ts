import type { AstNode, LangiumDocument } from 'langium';
import type { DocumentSymbolProvider } from 'langium/lsp';
import { type DocumentSymbol, SymbolKind } from 'vscode-languageserver-types';
import type { Declaration } from '../generated/ast.ts';
import { fileOf } from '../imports.ts';
import { placeOf, placeOfProperty, rangeOf, textOf } from '../source.ts';

/** The outline: constants, patterns, and models with their properties and rules. */
export class SparseDocumentSymbolProvider implements DocumentSymbolProvider {
  getSymbols(document: LangiumDocument): DocumentSymbol[] {
    return (fileOf(document)?.declarations ?? []).flatMap(declaration => ofDeclaration(document, declaration));
  }
}

function ofDeclaration(document: LangiumDocument, declaration: Declaration): DocumentSymbol[] {
  switch (declaration.$type) {
    case 'Constant':
      return symbol(
        document,
        declaration,
        declaration.name,
        SymbolKind.Constant,
        textOf(declaration.value ?? declaration),
      );
    case 'PatternDeclaration': {
      const names = declaration.parameters.flatMap(({ name }) => name ?? []).join(', ');
      return symbol(document, declaration, declaration.name, SymbolKind.Function, names === '' ? '' : `(${names})`);
    }
    case 'ModelDeclaration': {
      const children = [
        ...declaration.properties.flatMap(property =>
          symbol(
            document,
            property,
            property.name,
            SymbolKind.Property,
            property.value === undefined ? '' : textOf(property.value),
          ),
        ),
        ...declaration.rules.flatMap(rule => {
          const selection = rule.selectors.map(selector => textOf(selector)).join(', ');
          const detail = rule.pattern === undefined ? '' : textOf(rule.pattern);
          return symbol(
            document,
            rule,
            selection === '' ? 'attention' : `attention ${selection}`,
            SymbolKind.Event,
            detail,
          );
        }),
      ].sort((a, b) => a.range.start.line - b.range.start.line || a.range.start.character - b.range.start.character);
      return symbol(document, declaration, declaration.name, SymbolKind.Class, 'model', children);
    }
  }
}

function symbol(
  document: LangiumDocument,
  node: AstNode,
  name: string | undefined,
  kind: SymbolKind,
  detail: string,
  children: DocumentSymbol[] = [],
): DocumentSymbol[] {
  const whole = placeOf(node);
  const own = placeOfProperty(node, 'name');
  // Half-written declarations have no name yet; editors refuse symbols without one.
  if (name === undefined || name === '' || whole === undefined || own === undefined) return [];
  return [{ name, kind, detail, range: rangeOf(document, whole), selectionRange: rangeOf(document, own), children }];
}
