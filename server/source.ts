import { type AstNode, AstUtils, type CstNode, GrammarUtils, type LangiumDocument } from 'langium';
import type { Range } from 'vscode-languageserver-types';
import type { Span } from '../runtime/pattern/ir.ts';

/** Character offsets in a file, end exclusive. */
export interface Place {
  readonly start: number;
  readonly end: number;
}

/** Where a node stands; undefined for nodes that error recovery made up. */
export function placeOf(node: AstNode | undefined): Place | undefined {
  if (node === undefined) return undefined;
  return placeOfCst(node.$cstNode);
}

export function placeOfCst(node: CstNode | undefined): Place | undefined {
  return node === undefined ? undefined : { start: node.offset, end: node.end };
}

/** Where one property of a node stands (`name`, `path`, ...); the node itself when it was not written. */
export function placeOfProperty(node: AstNode, property: string, index?: number): Place | undefined {
  return placeOfCst(GrammarUtils.findNodeForProperty(node.$cstNode, property, index)) ?? placeOf(node);
}

export function uriOf(node: AstNode): string {
  return documentOf(node)?.uri.toString() ?? '';
}

export function documentOf(node: AstNode): LangiumDocument | undefined {
  return AstUtils.findRootNode(node).$document;
}

export function spanOf(node: AstNode): Span {
  const place = placeOf(node) ?? { start: 0, end: 0 };
  return { uri: uriOf(node), ...place };
}

export function spanOfProperty(node: AstNode, property: string): Span {
  const place = placeOfProperty(node, property) ?? { start: 0, end: 0 };
  return { uri: uriOf(node), ...place };
}

export function textOf(node: AstNode): string {
  const place = placeOf(node);
  const text = node.$cstNode?.root.fullText ?? AstUtils.findRootNode(node).$cstNode?.root.fullText;
  return place && text !== undefined ? text.slice(place.start, place.end) : '';
}

export function rangeOf(document: LangiumDocument, place: Place): Range {
  return {
    start: document.textDocument.positionAt(place.start),
    end: document.textDocument.positionAt(place.end),
  };
}
