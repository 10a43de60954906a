import { describe, expect, test } from 'vitest';
import { libraryModules } from '../../../server/library.ts';
import { DensityAt } from '../../../server/lsp/density-at.ts';
import { openDocument } from './open-document.ts';

async function complete(marked: string) {
  const { services, document, marks } = await openDocument(marked);
  const list = await services.sparse.lsp.CompletionProvider?.getCompletion(document, {
    textDocument: { uri: document.uri.toString() },
    position: marks[0]!,
  });
  return list?.items ?? [];
}

describe('completion in imports of the library', () => {
  const paths = libraryModules.map(({ path }) => path);

  test.each([
    'import { longformer } from "<|>',
    'import { longformer } from "<|>"\npattern a = longformer',
    'import { longformer } from "sparse:lo<|>"',
    'pattern a = full()\nimport {} from "sparse:<|>"',
  ])('module names: %s', async marked => {
    const items = await complete(marked);
    expect(items.map(({ label }) => label)).toEqual(paths);
    expect(items.find(({ label }) => label === 'sparse:longformer')?.detail).toContain('Longformer');
    // The whole path is replaced, not only what follows the colon.
    const edit = items[0]?.textEdit;
    const line = marked.split('\n').findIndex(each => each.includes('<|>'));
    const start = marked.split('\n')[line]!.indexOf('"') + 1;
    expect(edit).toMatchObject({ range: { start: { line, character: start } } });
  });

  test.each(['import { a } from "sparse:longformer"<|>', 'pattern a = mask("<|>"'])('none in %s', async marked => {
    expect((await complete(marked)).map(({ label }) => label).filter(label => paths.includes(label))).toEqual([]);
  });

  test('entries, with their documentation', async () => {
    const items = await complete('import { <|> } from "sparse:longformer"');
    expect(items.map(({ label }) => label)).toEqual(expect.arrayContaining(['longformer', 'longformer_dilated']));
    expect(items.find(({ label }) => label === 'longformer')?.documentation).toMatchObject({
      value: expect.stringContaining('Beltagy'),
    });
    expect(
      (await complete('import { longformer, <|> } from "sparse:longformer"')).map(({ label }) => label),
    ).not.toContain('longformer');
  });
});

test.each([
  'import { longformer } from "sparse:longformer"\npattern mine = long<|>former(8)',
  'import { longfor<|>mer } from "sparse:longformer"',
])('go to definition leads into the library: %s', async marked => {
  const { services, document, marks } = await openDocument(marked);
  const found = await services.sparse.lsp.DefinitionProvider?.getDefinition(document, {
    textDocument: { uri: document.uri.toString() },
    position: marks[0]!,
  });
  expect(found).toHaveLength(1);
  expect(found?.[0]?.targetUri).toBe('sparse-library:/longformer.sparse');
  const lines = libraryModules.find(({ path }) => path === 'sparse:longformer')?.text.split('\n') ?? [];
  const { start, end } = found![0]!.targetSelectionRange;
  expect(lines[start.line]?.slice(start.character, end.character)).toBe('longformer');
  expect(lines[start.line]).toMatch(/^pattern /);
});

test('hover shows the documentation of a library pattern and its cost here', async () => {
  const { services, document, marks } = await openDocument(
    'import { mistral } from "sparse:mistral"\nmodel M { tokens = 8 attention = mis<|>tral(2) }',
  );
  const hover = await services.sparse.lsp.HoverProvider?.getHoverContent(document, {
    textDocument: { uri: document.uri.toString() },
    position: marks[0]!,
  });
  expect(hover?.contents).toMatchObject({ value: expect.stringContaining('Jiang et al.') });
  expect(hover?.contents).toMatchObject({ value: expect.stringContaining('15 pairs') });
});

describe('density at a position', () => {
  const density = async (marked: string) => {
    const { document, marks } = await openDocument(marked);
    return new DensityAt().find(document, marks[0]!);
  };

  test('of a pattern, at the length of the model that uses it', async () => {
    expect(await density('pattern a = slid<|>ing(2)\nmodel M { tokens = 8 attention = a }')).toMatchObject({
      name: 'a',
      tokens: 8,
      density: 15 / 64,
    });
  });

  test('of the rule of a model, and of its first one elsewhere in it', async () => {
    const text = (mark: string) =>
      `model M {\n  tokens = 8\n  layers = 2\n  attention = full()\n  attention layers [1] = ${mark}diagonal()\n}`;
    expect(await density(text('<|>'))).toMatchObject({ name: 'M', density: 1 / 8 });
    expect(await density(`${text('').replace('tokens', 'to<|>kens')}`)).toMatchObject({ name: 'M', density: 1 });
  });

  test.each(['const a<|> = 3', 'pattern a = <|>', 'pattern a = windw(3)<|>', '<|>', 'pattern f(p: pattern) = p<|>'])(
    'nothing, and no failure: %s',
    async marked => {
      expect(await density(marked)).toBeNull();
    },
  );
});
