import { describe, expect, test } from 'vitest';
import { openDocument } from './open-document.ts';

/** Every token as `text type modifiers`. */
async function tokens(text: string, files = {}, lines?: [number, number]): Promise<string[]> {
  const { services, document } = await openDocument(text, files);
  const provider = services.sparse.lsp.SemanticTokenProvider!;
  const textDocument = { uri: document.uri.toString() };
  const range = lines && { start: { line: lines[0], character: 0 }, end: { line: lines[1], character: 0 } };
  const { data } = range
    ? await provider.semanticHighlightRange(document, { textDocument, range })
    : await provider.semanticHighlight(document, { textDocument });
  const { tokenTypes, tokenModifiers } = provider.semanticTokensOptions.legend;
  const found: string[] = [];
  let line = 0;
  let character = 0;
  for (let at = 0; at < data.length; at += 5) {
    const [down, right, length, type, bits] = data.slice(at, at + 5) as [number, number, number, number, number];
    character = down > 0 ? right : character + right;
    line += down;
    const start = document.textDocument.offsetAt({ line, character });
    const modifiers = tokenModifiers.filter((_, bit) => (bits & (1 << bit)) !== 0);
    found.push([text.slice(start, start + length), tokenTypes[type], ...modifiers].join(' '));
  }
  return found;
}

describe('semantic tokens', () => {
  test('names are coloured as what they stand for', async () => {
    expect(
      await tokens(
        'const c = 4\npattern a(size: number = 8, p = full()) = window(size, dilation: c) | p & causal()\npattern b = a(size: max(n, 2))\n',
      ),
    ).toEqual([
      ...['c variable declaration readonly', '4 number'],
      ...['a function declaration', 'size parameter declaration', 'number type defaultLibrary', '8 number'],
      ...['p parameter declaration', 'full function defaultLibrary'],
      ...['window function defaultLibrary', 'size parameter', 'dilation parameter', 'c variable readonly'],
      ...['p parameter', 'causal function defaultLibrary'],
      ...['b function declaration', 'a function', 'size parameter', 'max function defaultLibrary'],
      ...['n variable readonly defaultLibrary', '2 number'],
    ]);
  });

  test('models, conditions and imports', async () => {
    const files = { 'x.sparse': 'pattern y = full()\nconst z = 1' };
    expect(
      await tokens(
        'import { y, z } from "x.sparse"\nmodel M {\n  tokens = 4Ki\n  dtype = bf16\n  own = 1\n  attention layers 0..z step 2 = where (i, j) => i >= j\n}\n',
        files,
      ),
    ).toEqual([
      ...['y function', 'z variable readonly', 'M class declaration'],
      ...['tokens property defaultLibrary', '4Ki number'],
      ...['dtype property defaultLibrary', 'bf16 enumMember defaultLibrary', 'own property', '1 number'],
      ...['layers keyword', '0 number', 'z variable readonly', 'step keyword', '2 number'],
      ...['i parameter declaration', 'j parameter declaration', 'i parameter', 'j parameter'],
    ]);
  });

  test('a parameter hides a constant, and a constant does not hide a primitive that is called', async () => {
    expect(await tokens('const block = 1\npattern a(block) = block(block)\n')).toEqual([
      ...['block variable declaration readonly', '1 number'],
      ...['a function declaration', 'block parameter declaration'],
      ...['block function defaultLibrary', 'block parameter'],
    ]);
  });

  test('a range, and what means nothing', async () => {
    expect(await tokens('const a = 1\nconst b = 2\nconst c = 3\n', {}, [1, 2])).toContain(
      'b variable declaration readonly',
    );
    expect(await tokens('const a = 1\nconst b = 2\nconst d = 0\nconst c = 3\n', {}, [1, 2])).not.toContain(
      'c variable declaration readonly',
    );
    expect(await tokens('pattern a = nobody(')).toEqual(['a function declaration']);
    expect(await tokens('')).toEqual([]);
  });
});
