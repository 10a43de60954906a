import { describe, expect, test } from 'vitest';
import { FileChangeType, type Range } from 'vscode-languageserver-protocol';
import { TextDocument } from 'vscode-languageserver-textdocument';
import { type Opened, openDocument } from './open-document.ts';

const at = ({ start, end }: Range): string => `${start.line}:${start.character}-${end.line}:${end.character}`;

const LIBRARY = 'lib/shared.sparse';
/** A workspace in which two files import what a third declares; one file has nothing to do with it. */
const texts = (): Record<string, string> => ({
  [LIBRARY]: '/** Near. */\npattern near(size = 4) = window(size)\nconst width = 8\n',
  'a.sparse':
    'import { near } from "./lib/shared.sparse"\n// near in a comment\npattern a(p: pattern) = near(size: 3) | p\nmodel A { tokens = 8 attention = a(near) }\n',
  'deep/b.sparse':
    'import { width, near, } from "../lib/shared.sparse"\npattern own(near = 3) = window(near)\npattern b = near(width)\n',
  'c.sparse': 'pattern near = full()\npattern c = near\n',
  'broken.sparse': 'import { near } from "lib/shared.sparse"\npattern d = near(\n',
  'node_modules/x/e.sparse': 'import { near } from "../../lib/shared.sparse"\npattern e = near\n',
});

const MAIN = 'import { ne<|>ar } from "./lib/shared.sparse"\npattern mi<|>ne = near(si<|>ze: 2)\n';

async function open(marked = MAIN, files = texts()): Promise<Opened & { readonly files: Record<string, string> }> {
  return { ...(await openDocument(marked, files, () => Object.keys(files))), files };
}

async function references({ services, document, marks }: Opened, index: number): Promise<string[]> {
  const found = await services.sparse.lsp.ReferencesProvider!.findReferences(document, {
    textDocument: { uri: document.uri.toString() },
    position: marks[index]!,
    context: { includeDeclaration: true },
  });
  return found.map(({ uri, range }) => `${uri.replace(/^memory:\/(main\d+)?/, '')} ${at(range)}`).sort();
}

/** Every file after a renaming, those that did not change left out. */
async function renamed(
  { services, document, marks, files }: Awaited<ReturnType<typeof open>>,
  index: number,
  newName: string,
): Promise<Record<string, string>> {
  const edit = await services.sparse.lsp.RenameProvider!.rename(document, {
    textDocument: { uri: document.uri.toString() },
    position: marks[index]!,
    newName,
  });
  return Object.fromEntries(
    Object.entries(edit?.changes ?? {}).map(([uri, edits]) => {
      const path = uri.replace('memory:/', '');
      const text = files[path] ?? document.textDocument.getText();
      return [
        path.replace(/main\d+/, 'main'),
        TextDocument.applyEdits(TextDocument.create(uri, 'sparse', 0, text), edits),
      ];
    }),
  );
}

describe('references', () => {
  test('from files that are not open', async () => {
    expect(await references(await open(), 0)).toEqual(
      [
        '.sparse 0:9-0:13',
        '.sparse 1:15-1:19',
        'a.sparse 0:9-0:13',
        'a.sparse 2:24-2:28',
        'a.sparse 3:35-3:39',
        'broken.sparse 0:9-0:13',
        'broken.sparse 1:12-1:16',
        'deep/b.sparse 0:16-0:20',
        'deep/b.sparse 2:12-2:16',
        `${LIBRARY} 1:8-1:12`,
      ].sort(),
    );
  });

  test('to parameters, as the names of arguments', async () => {
    expect(await references(await open(), 2)).toEqual(
      ['.sparse 1:20-1:24', 'a.sparse 2:29-2:33', `${LIBRARY} 1:13-1:17`, `${LIBRARY} 1:32-1:36`].sort(),
    );
  });

  test('what nobody else uses has none', async () => {
    expect(await references(await open(), 1)).toEqual(['.sparse 1:8-1:12']);
  });

  test('files that changed, came and went are read again', async () => {
    const opened = await open();
    await references(opened, 0);
    opened.files['a.sparse'] = 'import { near } from "./lib/shared.sparse"\n';
    opened.files['new.sparse'] = '\nimport { near } from "./lib/shared.sparse"\n';
    delete opened.files['deep/b.sparse'];
    opened.services.shared.lsp.DocumentUpdateHandler.didChangeWatchedFiles!({
      changes: [
        { uri: 'memory:/a.sparse', type: FileChangeType.Changed },
        { uri: 'memory:/new.sparse', type: FileChangeType.Created },
        { uri: 'memory:/deep/b.sparse', type: FileChangeType.Deleted },
      ],
    });
    const found = await references(opened, 0);
    expect(found.filter(line => !line.startsWith('.sparse') && !line.startsWith('broken'))).toEqual([
      'a.sparse 0:9-0:13',
      `${LIBRARY} 1:8-1:12`,
      'new.sparse 1:9-1:13',
    ]);
  });

  test('looking into closed files leaves nothing of them behind', async () => {
    const opened = await open();
    const { LangiumDocuments: documents } = opened.services.shared.workspace;
    const before = documents.all.map(({ uri }) => uri.toString()).toArray();
    await references(opened, 0);
    await renamed(opened, 0, 'close');
    expect(documents.all.map(({ uri }) => uri.toString()).toArray()).toEqual(before);
  });
});

describe('rename', () => {
  test('across files, with the names in imports', async () => {
    expect(await renamed(await open(), 0, 'close_by')).toEqual({
      'main.sparse': 'import { close_by } from "./lib/shared.sparse"\npattern mine = close_by(size: 2)\n',
      [LIBRARY]: texts()[LIBRARY]!.replace('pattern near', 'pattern close_by'),
      'a.sparse': texts()['a.sparse']!.replaceAll(/near(?! in)/g, 'close_by'),
      'broken.sparse': texts()['broken.sparse']!.replaceAll('near', 'close_by'),
      'deep/b.sparse':
        'import { width, close_by, } from "../lib/shared.sparse"\npattern own(near = 3) = window(near)\npattern b = close_by(width)\n',
    });
  });

  test('of a parameter, with the arguments of that name', async () => {
    expect(await renamed(await open(), 2, 'keys')).toEqual({
      'main.sparse': 'import { near } from "./lib/shared.sparse"\npattern mine = near(keys: 2)\n',
      [LIBRARY]: texts()[LIBRARY]!.replaceAll('size', 'keys'),
      'a.sparse': texts()['a.sparse']!.replaceAll('size', 'keys'),
    });
  });

  test.each([
    [0, 'width', 'already means something else in shared.sparse'],
    [0, 'own', 'already means something else in b.sparse'],
    [0, 'mine', 'already means something else in main'],
    [0, 'a', 'already means something else in a.sparse'],
    [0, 'window', 'is a primitive of the language'],
    [0, 'n', 'is a shape of the language'],
    [0, 'model', 'is a word of the language'],
    [0, '2d', 'is no name'],
    [0, 'a-b', 'is no name'],
    [0, '', 'is no name'],
    [1, 'near', 'already means something else in main'],
    [2, 'window', 'already means something else in shared.sparse'],
  ])('%i is not renamed to `%s`', async (index, name, reason) => {
    await expect(renamed(await open(), index, name)).rejects.toThrow(reason);
  });

  test.each([
    'import { longfor<|>mer } from "sparse:longformer"\npattern mine = longformer(8)',
    'import { longformer } from "sparse:longformer"\npattern mine = long<|>former(8)',
    'import { longformer } from "sparse:longformer"\npattern mine = longformer(si<|>ze: 8)',
  ])('of the standard library is refused: %s', async marked => {
    const { services, document, marks } = await openDocument(marked);
    const provider = services.sparse.lsp.RenameProvider!;
    const params = { textDocument: { uri: document.uri.toString() }, position: marks[0]! };
    const reason = 'belongs to the standard library, which cannot be changed';
    await expect((async () => provider.prepareRename(document, params))()).rejects.toThrow(reason);
    await expect((async () => provider.rename(document, { ...params, newName: 'it' }))()).rejects.toThrow(reason);
  });
});

describe('workspace symbols', () => {
  const find = async ({ services }: Opened, query: string): Promise<string[]> =>
    (await services.shared.lsp.WorkspaceSymbolProvider!.getSymbols({ query }))
      .map(({ name, containerName, location }) => {
        const range = 'range' in location ? at(location.range) : '';
        return `${name} ${containerName} ${range}`;
      })
      .sort();

  test('of files that are not open, each once', async () => {
    expect(await find(await open(), 'near')).toEqual(['near c.sparse 0:8-0:12', 'near shared.sparse 1:8-1:12']);
    expect((await find(await open(), '')).map(line => line.split(' ')[0])).toEqual([
      ...['A', 'a', 'b', 'c', 'd', 'mine', 'near', 'near', 'own', 'width'],
    ]);
  });

  test('comments and types declare nothing', async () => {
    const files = {
      'x.sparse':
        '/* pattern no */ pattern yes(p: pattern, q : pattern) = p // model never\n"pattern string" model M { tokens = 3 }\n',
    };
    expect((await find(await open('', files), '')).map(line => line.split(' ')[0])).toEqual(['M', 'yes']);
  });
});

test('calls from files that are not open, and what those use', async () => {
  const { services, document, marks } = await open();
  const provider = services.sparse.lsp.CallHierarchyProvider!;
  const [item] =
    (await provider.prepareCallHierarchy(document, {
      textDocument: { uri: document.uri.toString() },
      position: marks[0]!,
    })) ?? [];
  const incoming = (await provider.incomingCalls({ item: item! })) ?? [];
  expect(incoming.map(({ from }) => from.name).sort()).toEqual(['A', 'a', 'b', 'd', 'mine']);
  const model = incoming.find(({ from }) => from.name === 'A')!;
  const outgoing = (await provider.outgoingCalls({ item: model.from })) ?? [];
  expect(outgoing.map(({ to }) => to.name)).toEqual(['a', 'near']);
});

test('many files: those in excess are not read, nor those of packages', async () => {
  const files: Record<string, string> = { 'node_modules/p/q.sparse': 'pattern hidden = full()' };
  for (let index = 0; index < 2100; index++) files[`f${index}.sparse`] = `pattern p${index} = full()\n`;
  const { services } = await open('', files);
  const start = process.cpuUsage();
  const symbols = await services.shared.lsp.WorkspaceSymbolProvider!.getSymbols({ query: '' });
  expect(symbols).toHaveLength(2000);
  const { user } = process.cpuUsage(start);
  expect(user / 1000).toBeLessThan(2000);
});
