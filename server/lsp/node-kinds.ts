import { type AstNode, type AstNodeDescription, isAstNodeDescription } from 'langium';
import type { NodeKindProvider } from 'langium/lsp';
import { CompletionItemKind, SymbolKind } from 'vscode-languageserver-types';

/** The icons of declarations, wherever the editor lists them. */
export class SparseNodeKindProvider implements NodeKindProvider {
  getSymbolKind(node: AstNode | AstNodeDescription): SymbolKind {
    switch (isAstNodeDescription(node) ? node.type : node.$type) {
      case 'PatternDeclaration':
        return SymbolKind.Function;
      case 'ModelDeclaration':
        return SymbolKind.Class;
      case 'Constant':
        return SymbolKind.Constant;
      default:
        return SymbolKind.Variable;
    }
  }

  getCompletionItemKind(node: AstNode | AstNodeDescription): CompletionItemKind {
    switch (isAstNodeDescription(node) ? node.type : node.$type) {
      case 'PatternDeclaration':
        return CompletionItemKind.Function;
      case 'ModelDeclaration':
        return CompletionItemKind.Class;
      case 'Constant':
        return CompletionItemKind.Constant;
      default:
        return CompletionItemKind.Variable;
    }
  }
}
