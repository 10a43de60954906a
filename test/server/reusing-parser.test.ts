import fc from 'fast-check';
import {
  type AstNode,
  AstUtils,
  type CstNode,
  isAstNode,
  isCompositeCstNode,
  isLeafCstNode,
  isReference,
  type ParseResult,
} from 'langium';
import { describe, expect, test } from 'vitest';
import type { File } from '../../server/generated/ast.ts';
import { createCoreServices, NO_FILES } from '../../server/module.ts';
import { createReusingParser } from '../../server/reusing-parser.ts';
import { applied, arbitraryEdits, arbitraryFile } from './edits.ts';

const { sparse } = createCoreServices(NO_FILES, { get: () => undefined });
const incremental = createReusingParser(sparse);
const afresh = createReusingParser(sparse);

/** Everything that can be seen of a result. */
function dump({ value, parserErrors, lexerErrors }: ParseResult) {
  const root = value.$cstNode?.root;
  const cst = (node: CstNode): unknown => [
    node.offset,
    node.end,
    node.range,
    node.hidden,
    node.text,
    node.grammarSource?.$type,
    node.astNode.$type,
    node.astNode.$cstNode?.offset,
    node.root === root,
    isLeafCstNode(node) ? node.tokenType.name : undefined,
    isCompositeCstNode(node) ? node.content.map(child => [child.container === node, cst(child)]) : [],
  ];
  const ast = (node: AstNode): unknown =>
    Object.entries(node).map(([name, inner]): unknown => {
      if (name === '$container') return [name, (inner as AstNode).$type, (inner as AstNode).$cstNode?.offset];
      if (name === '$cstNode') return [name, (inner as CstNode).offset, (inner as CstNode).end];
      if (isReference(inner)) return [name, inner.$refText, inner.$refNode?.offset, inner.$refNode?.root === root];
      if (Array.isArray(inner)) return [name, inner.map(each => (isAstNode(each) ? ast(each) : each))];
      return [name, isAstNode(inner) ? ast(inner) : inner];
    });
  return {
    text: root?.fullText,
    ast: ast(value),
    cst: root === undefined ? [] : cst(root),
    parser: parserErrors.map(({ message, token, resyncedTokens }) => [
      message,
      token.startOffset,
      token.endOffset,
      resyncedTokens.map(({ startOffset }) => startOffset),
    ]),
    lexer: lexerErrors.map(({ message, offset, length, line, column }) => [message, offset, length, line, column]),
  };
}

describe('reading an edited text', () => {
  test('gives what reading all of it gives', { timeout: 120_000 }, () => {
    fc.assert(
      fc.property(arbitraryFile, arbitraryEdits, (start, edits) => {
        let text = start;
        let result = incremental.reparse(text, undefined);
        expect(dump(result)).toEqual(dump(afresh.reparse(text, undefined)));
        for (const edit of edits) {
          text = applied(text, edit);
          result = incremental.reparse(text, result);
          expect(dump(result)).toEqual(dump(afresh.reparse(text, undefined)));
        }
      }),
      { numRuns: 150 },
    );
  });

  const read = (text: string, before?: ParseResult): ParseResult<File> => incremental.reparse<File>(text, before);
  const nodes = (result: ParseResult<File>): AstNode[] => [...result.value.imports, ...result.value.declarations];

  test('keeps every statement but the one that changed', () => {
    const text =
      'import { x } from "./x.sparse"\n\npattern a = full()\n// note\npattern b = window(8)\npattern c = a | b';
    const first = read(text);
    const [x, a, b, c] = nodes(first);
    const second = read(text.replace('8', '16'), first);
    const [x2, a2, b2, c2] = nodes(second);
    expect([x2 === x, a2 === a, b2 === b, c2 === c]).toEqual([true, true, false, true]);
    // Also around a statement with an error, and when it is mended.
    const third = read(text.replace('8', '16, ('), second);
    expect(third.parserErrors.length).toBeGreaterThan(0);
    const [x3, a3, , c3] = nodes(third);
    expect([x3 === x, a3 === a, c3 === c]).toEqual([true, true, true]);
    const [, a4, b4, c4] = nodes(read(text, third));
    expect([a4 === a, b4 === b, c4 === c]).toEqual([true, false, true]);
  });

  test.each([
    ['a word that grows', 'pattern a = b\npattern c = full()', 'pattern a = bb\npattern c = full()'],
    ['a statement that goes on', 'pattern a = b\npattern c = full()', 'pattern a = b | d\npattern c = full()'],
    ['a number that grows', 'const a = 1\nconst b = 2', 'const a = 12\nconst b = 2'],
    [
      'what becomes a comment',
      'pattern a = b\npattern c = d\npattern e = f',
      '/* pattern a = b\npattern c = d\n*/pattern e = f',
    ],
    ['what becomes a string', 'pattern a = b pattern c = d', '"pattern a = b pattern c = d'],
    ['what becomes a type', 'pattern a(x) = b\npattern c = d', 'pattern a(x:\npattern c = d'],
    ['the same line', 'pattern a = b pattern c = d', 'pattern aa = b pattern c = d'],
    ['all is gone', 'pattern a = b', ''],
    ['all is new', '', 'pattern a = b'],
  ])('%s', (_, before, after) => {
    expect(dump(read(after, read(before)))).toEqual(dump(afresh.reparse(after, undefined)));
  });

  test('a file that nests too deeply for the parser leaves nothing behind', async () => {
    const good = 'pattern a = full()\npattern b = a';
    const deep = `pattern x = ${'('.repeat(50_000)}\n${good}`;
    const parser = sparse.parser.AsyncParser;
    const { SparseAsyncParser } = await import('../../server/parser.ts');
    if (!(parser instanceof SparseAsyncParser)) throw new Error('another parser');
    const first = await parser.reparse<File>(good, undefined);
    const broken = await parser.reparse<File>(deep, first);
    expect(broken.parserErrors.map(({ message }) => message)).toEqual([expect.stringContaining('too deeply')]);
    expect(dump(await parser.reparse<File>(good, broken))).toEqual(dump(afresh.reparse(good, undefined)));
    expect(AstUtils.findRootNode(broken.value).$cstNode?.root.fullText).toBe(deep);
  });
});
