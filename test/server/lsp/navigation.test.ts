import { URI } from 'langium';
import { describe, expect, test } from 'vitest';
import type { CallHierarchyItem, Range, SelectionRange } from 'vscode-languageserver-types';
import { linkedRanges } from '../../../server/lsp/linked-editing.ts';
import { selectionRange } from '../../../server/lsp/selection-ranges.ts';
import type { Files } from '../open-file.ts';
import { type Opened, openDocument } from './open-document.ts';

const at = ({ start, end }: Range): string => `${start.line}:${start.character}-${end.line}:${end.character}`;

describe('folding', () => {
  const fold = async (text: string): Promise<string[]> => {
    const { services, document } = await openDocument(text);
    const ranges = await services.sparse.lsp.FoldingRangeProvider!.getFoldingRanges(document, {
      textDocument: { uri: document.uri.toString() },
    });
    return ranges.map(({ startLine, endLine, kind }) => [`${startLine}-${endLine}`, kind].filter(Boolean).join(' '));
  };

  test('declarations keep their closing bracket in sight', async () => {
    expect(await fold('model M {\n  tokens = 1\n  heads = 1\n}\nconst a = 1\n')).toEqual(['0-2']);
    expect(await fold('pattern a =\n  full()\n  | none()\nconst b = 1\n')).toEqual(['0-2']);
    expect(await fold('pattern a = blocked(\n  4,\n  full()\n)\n')).toEqual(['0-2']);
  });

  test('comments, imports and regions', async () => {
    expect(await fold('/**\n * a\n */\nconst a = 1 // x\n// one\n// two\n\n// alone\nconst b = 2\n')).toEqual([
      '0-2 comment',
      '4-5 comment',
    ]);
    expect(await fold('import { a } from "a"\nimport { b } from "b"\n\nimport { c } from "c"\nconst d = 1')).toEqual([
      '0-3 imports',
    ]);
    expect(await fold('// #region A\nconst a = 1\n//#region\nconst b = 1\n// #endregion\n// #endregion\n')).toEqual([
      '0-5 region',
      '2-4 region',
    ]);
  });

  test('broken files fold as well', async () => {
    expect(await fold('model M {\n  tokens =\n  heads = 1\npattern a = full()\n/* open\n')).toEqual([
      '0-2',
      '4-5 comment',
    ]);
    expect(await fold('')).toEqual([]);
  });
});

describe('selection ranges', () => {
  const grow = async (marked: string): Promise<string[]> => {
    const { document, marks } = await openDocument(marked);
    const texts: string[] = [];
    for (let range: SelectionRange | undefined = selectionRange(document, marks[0]!); range; range = range.parent)
      texts.push(document.textDocument.getText(range.range));
    return texts;
  };

  test('from the word to the file', async () => {
    expect(await grow('/** Doc. */\npattern a = window(si<|>ze, dilation: 2) | b\nconst c = 1\n')).toEqual([
      'size',
      'size, dilation: 2',
      'window(size, dilation: 2)',
      'window(size, dilation: 2) | b',
      'pattern a = window(size, dilation: 2) | b',
      '/** Doc. */\npattern a = window(size, dilation: 2) | b',
      '/** Doc. */\npattern a = window(size, dilation: 2) | b\nconst c = 1\n',
    ]);
  });

  test('inside lists, bodies and comments', async () => {
    expect(await grow('pattern a = global([1, 2<|>..4])')).toEqual([
      '2',
      '2..4',
      '1, 2..4',
      '[1, 2..4]',
      'global([1, 2..4])',
      'pattern a = global([1, 2..4])',
    ]);
    expect(await grow('model M {\n  tok<|>ens = 1\n  heads = 2\n}\n')).toEqual([
      'tokens',
      'tokens = 1',
      'tokens = 1\n  heads = 2',
      'model M {\n  tokens = 1\n  heads = 2\n}',
      'model M {\n  tokens = 1\n  heads = 2\n}\n',
    ]);
    expect((await grow('const a = /* so<|>me */ 1'))[0]).toBe('/* some */');
  });

  test('never smaller, in any place of a broken file', async () => {
    const text = 'pattern a = window(3, (1 + \nmodel M { tokens = [1, \n attention heads = ) /* x';
    const { document } = await openDocument(text);
    for (let offset = 0; offset <= text.length; offset++) {
      let range: SelectionRange | undefined = selectionRange(document, document.textDocument.positionAt(offset));
      for (; range?.parent; range = range.parent) {
        const [inner, outer] = [range.range, range.parent.range].map(place => [
          document.textDocument.offsetAt(place.start),
          document.textDocument.offsetAt(place.end),
        ]) as [[number, number], [number, number]];
        expect(outer[0]).toBeLessThanOrEqual(inner[0]);
        expect(outer[1]).toBeGreaterThanOrEqual(inner[1]);
      }
    }
  });

  test('an answer does not nest without end', async () => {
    const text = `pattern a = f<|>ull()${' | full()'.repeat(300)}`;
    const texts = await grow(text);
    expect(texts).toHaveLength(100);
    expect(texts.at(-1)).toBe(text.replace('<|>', ''));
  });
});

const FILES: Files = {
  'library.sparse': 'pattern base(size = 4) = window(size)\npattern twice = base(2) | base(3)\nconst unused = 1\n',
};
const USES =
  'import { ba<|>se } from "./library.sparse"\npattern m<|>ine(p: pattern) = p | base()\npattern other = mine(base)\nmodel M {\n  tokens = 64\n  attention = mine(full())\n}\n';

describe('references', () => {
  test('across files, with the named arguments of parameters', async () => {
    const { services, document, marks } = await openDocument(USES, FILES);
    const uri = document.uri.toString();
    const references = await services.sparse.lsp.ReferencesProvider!.findReferences(document, {
      textDocument: { uri },
      position: marks[0]!,
      context: { includeDeclaration: true },
    });
    expect(references.map(({ uri, range }) => `${uri.split('/').at(-1)} ${at(range)}`).sort()).toEqual(
      [
        ...['library.sparse 0:8-0:12', 'library.sparse 1:16-1:20', 'library.sparse 1:26-1:30'],
        ...['0:9-0:13', '1:31-1:35', '2:21-2:25'].map(place => `${uri.split('/').at(-1)} ${place}`),
      ].sort(),
    );
  });

  test('highlights: where a name is declared and used, also what the language knows', async () => {
    const text =
      'pattern a(si<|>ze = n) = win<|>dow(size) | b(size: 2)\npattern b(size = n<|>) = window(size) & nobody<|>()';
    const { services, document, marks } = await openDocument(text);
    const highlight = async (index: number): Promise<string[] | undefined> =>
      (
        await services.sparse.lsp.DocumentHighlightProvider!.getDocumentHighlight(document, {
          textDocument: { uri: document.uri.toString() },
          position: marks[index]!,
        })
      )?.map(({ range, kind }) => `${at(range)} ${kind}`);
    expect(await highlight(0)).toEqual(['0:10-0:14 3', '0:29-0:33 2']);
    expect(await highlight(1)).toEqual(['0:22-0:28 2', '1:22-1:28 2']);
    expect(await highlight(2)).toEqual(['0:17-0:18 2', '1:17-1:18 2']);
    expect(await highlight(3)).toEqual([]);
  });
});

describe('linked editing', () => {
  const linked = async (marked: string): Promise<string[] | undefined> => {
    const { services, document, marks } = await openDocument(marked);
    return linkedRanges(document, marks[0]!, services)?.ranges.map(at).sort();
  };

  test.each([
    ['pattern a(si<|>ze = 3) = window(size) | sliding(size)\npattern b(size) = window(size)', 3],
    ['pattern a(size = 3) = window(si<|>ze)', 2],
    ['pattern a(p: pattern, q = p<|>) = q', 2],
    ['pattern a(i) = where (i<|>, j) => i > j && i > 3', 3],
    ['pattern a = where (i, j) => i > j<|>', 2],
  ])('of what one declaration knows: %s', async (text, count) => {
    const ranges = await linked(text);
    expect(ranges).toHaveLength(count);
    const name = /\w+/.exec(text.slice(text.search(/\w*<\|>/)).replace('<|>', ''))?.[0] ?? '';
    const plain = text.replace('<|>', '').split('\n');
    for (const range of ranges ?? []) {
      const [, line, from, to] = /(\d+):(\d+)-\d+:(\d+)/.exec(range)?.map(Number) ?? [];
      expect(plain[line!]!.slice(from, to)).toBe(name);
    }
  });

  test.each([
    ['a parameter that a call names', 'pattern a(si<|>ze = 3) = window(size)\npattern b = a(size: 4)'],
    ['a parameter that nothing uses', 'pattern a(si<|>ze = 3) = full()'],
    ['a declaration', 'pattern a<|> = full()\npattern b = a'],
    ['a constant', 'const c<|> = 3\npattern b = window(c)'],
    ['the language', 'pattern b = win<|>dow(3) | window(4)'],
    ['an argument', 'pattern b = window(si<|>ze: 3)'],
    ['nothing', 'pattern b = full()\n<|>'],
  ])('not of %s', async (_, text) => {
    expect(await linked(text)).toBeUndefined();
  });
});

describe('workspace symbols', () => {
  test('of open files and those they import, by a part of the name', async () => {
    const { services } = await openDocument(USES, FILES);
    const provider = services.shared.lsp.WorkspaceSymbolProvider!;
    const find = async (query: string): Promise<string[]> =>
      (await provider.getSymbols({ query })).map(({ name, containerName }) => `${name} ${containerName}`).sort();
    expect((await find('')).map(line => line.split(' ')[0])).toEqual(['M', 'base', 'mine', 'other', 'twice', 'unused']);
    expect(await find('tw')).toEqual(['twice library.sparse']);
    expect(await find('nobody')).toEqual([]);
  });

  test('nameless declarations are left out', async () => {
    const { services } = await openDocument('pattern\nmodel {\nconst = 3\npattern a = full()');
    const symbols = await services.shared.lsp.WorkspaceSymbolProvider!.getSymbols({ query: '' });
    expect(symbols.map(({ name }) => name)).toContain('a');
    for (const { name } of symbols) expect(name).not.toBe('');
  });
});

test('the path of an import leads to its file', async () => {
  const { services, document } = await openDocument(
    'import { a } from "./lib/a.sparse"\nimport { b } from "../b.sparse"\nimport { c } from ""\nimport { d } from "open\n',
  );
  const links = await services.sparse.lsp.DocumentLinkProvider!.getDocumentLinks(document, {
    textDocument: { uri: document.uri.toString() },
  });
  expect(links.map(({ range, target }) => `${at(range)} ${target}`)).toEqual([
    `0:19-0:33 ${URI.parse('memory:/lib/a.sparse')}`,
    `1:19-1:30 ${URI.parse('memory:/b.sparse')}`,
  ]);
});

test('so does the path of a mask file', async () => {
  const { services, document } = await openDocument(
    'pattern a = mask("../m/x.npy") | mask("")\npattern b(path: string = "y.NPZ", other = "z.txt") = mask("http://host/z.npz")',
  );
  const links = await services.sparse.lsp.DocumentLinkProvider!.getDocumentLinks(document, {
    textDocument: { uri: document.uri.toString() },
  });
  expect(links.map(({ range, target }) => `${at(range)} ${target}`)).toEqual([
    `0:18-0:28 ${URI.parse('memory:/m/x.npy')}`,
    `1:26-1:31 ${URI.parse('memory:/y.NPZ')}`,
  ]);
});

describe('call hierarchy', () => {
  const prepare = async ({ services, document, marks }: Opened, index = 0): Promise<CallHierarchyItem[]> =>
    (await services.sparse.lsp.CallHierarchyProvider!.prepareCallHierarchy(document, {
      textDocument: { uri: document.uri.toString() },
      position: marks[index]!,
    })) ?? [];
  const calls = async (opened: Opened, index: number) => {
    const provider = opened.services.sparse.lsp.CallHierarchyProvider!;
    const [item] = await prepare(opened, index);
    if (item === undefined) throw new Error('no item');
    const name = (found: CallHierarchyItem, ranges: Range[]): string => `${found.name} ${ranges.map(at).join(' ')}`;
    return {
      item,
      incoming: ((await provider.incomingCalls({ item })) ?? []).map(({ from, fromRanges }) => name(from, fromRanges)),
      outgoing: ((await provider.outgoingCalls({ item })) ?? []).map(({ to, fromRanges }) => name(to, fromRanges)),
    };
  };

  test('who uses a pattern and what it uses, across files', async () => {
    const opened = await openDocument(USES, FILES);
    const base = await calls(opened, 0);
    expect(base.item).toMatchObject({ name: 'base', uri: 'memory:/library.sparse', detail: 'library.sparse' });
    expect(base.incoming.sort()).toEqual(['mine 1:31-1:35', 'other 2:21-2:25', 'twice 1:16-1:20 1:26-1:30']);
    expect(base.outgoing).toEqual([]);
    const mine = await calls(opened, 1);
    expect(mine.incoming).toEqual(['other 2:16-2:20', 'M 5:14-5:18']);
    expect(mine.outgoing).toEqual(['base 1:31-1:35']);
  });

  test('models use patterns; parameters, primitives and constants have no place in it', async () => {
    const opened = await openDocument(
      'const <|>c = 4\npattern a(<|>x = 1) = win<|>dow(x + c)\nmodel <|>M { tokens = 4 attention = a() | a(2) }\n',
    );
    for (const index of [0, 1, 2]) expect(await prepare(opened, index)).toEqual([]);
    expect(await calls(opened, 3)).toMatchObject({ incoming: [], outgoing: ['a 2:33-2:34 2:39-2:40'] });
  });

  test('an item of a declaration that is gone has no calls', async () => {
    const opened = await openDocument('pattern <|>a = full()\n');
    const [item] = await prepare(opened);
    const provider = opened.services.sparse.lsp.CallHierarchyProvider!;
    expect(await provider.incomingCalls({ item: { ...item!, name: 'gone' } })).toEqual([]);
    expect(await provider.outgoingCalls({ item: { ...item!, uri: 'memory:/gone.sparse' } })).toEqual([]);
  });
});
