import { describe, expect, test } from 'vitest';
import type { DocumentSymbol } from 'vscode-languageserver-types';
import { openDocument } from './open-document.ts';

const TEXT = `/** A. */
pattern a<|>(size = 8, tokens = [0]) = window(size)
const c = 4
pattern needs(size) = window(size)
model M {
  tokens = 64
  heads = 2
  attention = a(c)
  attention heads [1] = full()
}
`;

describe('code lens', () => {
  test('actions and density above every pattern and model', async () => {
    const { services, document } = await openDocument(TEXT);
    const uri = document.uri.toString();
    const provide = () => services.sparse.lsp.CodeLensProvider?.provideCodeLens(document, { textDocument: { uri } });
    // Counting has a time budget; a busy machine gets there at the second request.
    await expect.poll(async () => (await provide())?.length).toBe(9);
    const lenses = await provide();
    expect(
      lenses?.map(({ command, range }) => [
        range.start.line,
        command?.command,
        command?.title,
        ...(command?.arguments ?? []),
      ]),
    ).toEqual([
      [1, 'sparse.openPreview', 'Preview', { uri, name: 'a' }],
      [1, 'sparse.runPattern', 'Run', { uri, name: 'a' }],
      [1, 'sparse.exportMask', 'Export', { uri, name: 'a' }],
      [1, 'sparse.openPreview', 'density 13.6% at 64 tokens', { uri, name: 'a' }],
      [3, '', expect.stringContaining('needs size')],
      [4, 'sparse.openPreview', 'Preview', { uri, name: 'M' }],
      [4, 'sparse.runPattern', 'Run', { uri, name: 'M' }],
      [4, 'sparse.exportMask', 'Export', { uri, name: 'M' }],
      [4, 'sparse.openPreview', 'density 53.8% at 64 tokens', { uri, name: 'M' }],
    ]);
  });

  test('what has mistakes keeps its actions and shows no density', async () => {
    const { services, document } = await openDocument(
      'pattern a = window(-3)\npattern b = windw(\nmodel M { tokens = 0 attention = full() }',
    );
    const lenses = await services.sparse.lsp.CodeLensProvider?.provideCodeLens(document, { textDocument: { uri: '' } });
    const titles = lenses?.map(({ command }) => command?.title) ?? [];
    expect(titles.filter(title => title === 'Preview')).toHaveLength(3);
    expect(titles.filter(title => title?.startsWith('density'))).toEqual([]);
  });
});

describe('outline', () => {
  test('constants, patterns, models and what is in them', async () => {
    const { services, document } = await openDocument(TEXT);
    const symbols = await services.sparse.lsp.DocumentSymbolProvider?.getSymbols(document, {
      textDocument: { uri: '' },
    });
    const show = ({ name, detail, children, selectionRange }: DocumentSymbol): unknown => ({
      [`${name} ${detail}`.trim()]: children?.map(show),
      line: selectionRange.start.line,
    });
    expect(symbols?.map(show)).toEqual([
      { 'a (size, tokens)': [], line: 1 },
      { 'c 4': [], line: 2 },
      { 'needs (size)': [], line: 3 },
      {
        'M model': [
          { 'tokens 64': [], line: 5 },
          { 'heads 2': [], line: 6 },
          { 'attention a(c)': [], line: 7 },
          { 'attention heads [1] full()': [], line: 8 },
        ],
        line: 4,
      },
    ]);
  });

  test('half-written declarations break nothing', async () => {
    const { services, document } = await openDocument('pattern\nmodel {\nconst = 3\nmodel M { tokens =');
    const symbols = await services.sparse.lsp.DocumentSymbolProvider?.getSymbols(document, {
      textDocument: { uri: '' },
    });
    for (const symbol of symbols ?? []) expect(symbol.name).not.toBe('');
  });
});

describe('navigation', () => {
  const uses =
    'pattern a(si<|>ze = 3) = window(size)\npattern b = <|>a(size: 4) | a\nconst bl<|>ock = 3\npattern c = block(block) | a(block)';

  test('from a use to its declaration, and to none for what the language knows', async () => {
    const { services, document, marks } = await openDocument(uses);
    const textDocument = { uri: document.uri.toString() };
    const links = await services.sparse.lsp.DefinitionProvider?.getDefinition(document, {
      textDocument,
      position: marks[1] ?? { line: 0, character: 0 },
    });
    expect(links?.map(link => link.targetSelectionRange.start)).toEqual([{ line: 0, character: 8 }]);
    const none = await services.sparse.lsp.DefinitionProvider?.getDefinition(document, {
      textDocument,
      position: { line: 0, character: 26 },
    });
    expect(none ?? []).toEqual([]);
  });

  test('renaming a parameter renames its named arguments; a constant, its uses and not the primitive', async () => {
    const { services, document, marks } = await openDocument(uses);
    const uri = document.uri.toString();
    const rename = async (index: number, newName: string): Promise<string> => {
      const edit = await services.sparse.lsp.RenameProvider?.rename(document, {
        textDocument: { uri },
        position: marks[index] ?? { line: 0, character: 0 },
        newName,
      });
      const text = document.textDocument.getText();
      return (edit?.changes?.[uri] ?? [])
        .map(
          ({ range }) =>
            [document.textDocument.offsetAt(range.start), document.textDocument.offsetAt(range.end)] as const,
        )
        .sort(([a], [b]) => b - a)
        .reduce((before, [start, end]) => before.slice(0, start) + newName + before.slice(end), text);
    };
    expect(await rename(0, 'width')).toBe(
      'pattern a(width = 3) = window(width)\npattern b = a(width: 4) | a\nconst block = 3\npattern c = block(block) | a(block)',
    );
    expect(await rename(2, 'k')).toBe(
      'pattern a(size = 3) = window(size)\npattern b = a(size: 4) | a\nconst k = 3\npattern c = block(k) | a(k)',
    );
  });

  test('nothing of the language can be renamed', async () => {
    const { services, document, marks } = await openDocument('pattern a = win<|>dow(n<|>)');
    for (const position of marks)
      expect(
        await services.sparse.lsp.RenameProvider?.prepareRename(document, { textDocument: { uri: '' }, position }),
      ).toBeUndefined();
  });
});
