import { type AstNode, CstUtils, type LangiumDocument, URI } from 'langium';
import type { LangiumSharedServices } from 'langium/lsp';
import type { Connection } from 'vscode-languageserver';
import type { Position, SelectionRange } from 'vscode-languageserver-types';
import { isFile } from '../generated/ast.ts';
import { type Place, placeOf, rangeOf } from '../source.ts';
import { upToDate } from './up-to-date.ts';

/** Most ranges of one answer: it nests, and nobody expands a selection more often. */
const MOST = 100;

/** Answers how a selection grows; Langium has no service for it. */
export function addSelectionRanges(connection: Connection, shared: LangiumSharedServices): void {
  connection.onSelectionRanges(async ({ textDocument, positions }, token) => {
    const document = shared.workspace.LangiumDocuments.getDocument(URI.parse(textDocument.uri));
    if (document === undefined) return null;
    await upToDate(document, token);
    return positions.map(position => selectionRange(document, position));
  });
}

/** Word, what is inside the brackets, expression, argument, ... up to the declaration with its comment, and the file. */
export function selectionRange(document: LangiumDocument, position: Position): SelectionRange {
  const text = document.textDocument.getText();
  const offset = document.textDocument.offsetAt(position);
  const places = growing(placesAround(document, offset), offset, text.length);
  const kept = places.length > MOST ? [...places.slice(0, MOST - 1), ...places.slice(-1)] : places;
  let selection: SelectionRange | undefined;
  for (const place of kept.reverse())
    selection = { range: rangeOf(document, place), ...(selection === undefined ? {} : { parent: selection }) };
  return selection ?? { range: { start: position, end: position } };
}

function placesAround(document: LangiumDocument, offset: number): Place[] {
  const root = document.parseResult.value.$cstNode;
  if (root === undefined) return [];
  const leaf = CstUtils.findLeafNodeAtOffset(root, offset) ?? CstUtils.findLeafNodeBeforeOffset(root, offset);
  if (leaf === undefined || leaf.end < offset) return [];
  const places: Place[] = [{ start: leaf.offset, end: leaf.end }];
  const word = CstUtils.findDeclarationNodeAtOffset(root, offset);
  if (word !== undefined) places.unshift({ start: word.offset, end: word.end });
  for (let node: AstNode | undefined = (word ?? leaf).astNode; node !== undefined; node = node.$container) {
    const place = placeOf(node);
    if (place === undefined) continue;
    const inside = insideBrackets(root.root.fullText, place, offset);
    if (inside !== undefined) places.push(inside);
    places.push(place);
    const comment = isFile(node.$container) ? CstUtils.findCommentNode(node.$cstNode, ['ML_COMMENT']) : undefined;
    if (comment !== undefined) places.push({ start: comment.offset, end: place.end });
  }
  return places;
}

/** What stands between the last bracket of a node and the one it closes, where the cursor is between them. */
function insideBrackets(text: string, { start, end }: Place, offset: number): Place | undefined {
  const close = text.charAt(end - 1);
  const open = close === ')' ? '(' : close === ']' ? '[' : close === '}' ? '{' : undefined;
  if (open === undefined) return undefined;
  // Only the brackets of the node itself count: in `a(1) | b(2)` the last one belongs to `b`.
  let depth = 0;
  let at = end - 1;
  for (; at >= start; at--) {
    if (text.charAt(at) === close) depth++;
    else if (text.charAt(at) === open && --depth === 0) break;
  }
  if (at < start || offset <= at || offset >= end) return undefined;
  const inside = text.slice(at + 1, end - 1);
  const from = at + 1 + (inside.length - inside.trimStart().length);
  return inside.trim() === '' ? undefined : { start: from, end: from + inside.trim().length };
}

/** The places around the cursor, each larger than the one before. */
function growing(places: readonly Place[], offset: number, length: number): Place[] {
  const kept: Place[] = [];
  for (const place of [...places, { start: 0, end: length }]) {
    const last = kept.at(-1);
    if (place.start > offset || place.end < offset || place.end > length) continue;
    const isLarger =
      last === undefined ||
      (place.start <= last.start && place.end >= last.end && place.end - place.start > last.end - last.start);
    if (isLarger) kept.push(place);
  }
  return kept;
}
