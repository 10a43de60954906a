import { describe, expect, test } from 'vitest';
import { TextDocument } from 'vscode-languageserver-textdocument';
import { primitives } from '../../../runtime/pattern/primitives.ts';
import { type Files, openFile } from '../open-file.ts';
import { openDocument } from './open-document.ts';

async function complete(marked: string, files: Files = {}, workspace: readonly string[] = []) {
  const { services, document, marks } = await openDocument(marked, files, () => workspace);
  const [position] = marks;
  if (position === undefined) throw new Error('no mark');
  const list = await services.sparse.lsp.CompletionProvider?.getCompletion(document, {
    textDocument: { uri: document.uri.toString() },
    position,
  });
  const items = list?.items ?? [];
  /** The text after an item was chosen. */
  const accept = (label: string): string => {
    const item = items.find(each => each.label === label);
    const edit = item?.textEdit;
    if (edit === undefined || !('range' in edit)) throw new Error(`no ${label} among ${items.map(item => item.label)}`);
    const edits = [{ range: edit.range, newText: edit.newText }, ...(item?.additionalTextEdits ?? [])];
    return TextDocument.applyEdits(document.textDocument, edits);
  };
  return { items, labels: items.map(({ label }) => label), accept };
}

describe('completion', () => {
  test('declarations where one may begin', async () => {
    const words = ['pattern', 'model', 'const', 'import'];
    expect((await complete('<|>')).labels).toEqual(words);
    expect((await complete('pattern a = full()\n<|>')).labels).toEqual(words);
    expect((await complete('model M { tokens = 3 }\nmo<|>')).labels).toEqual(words);
    expect((await complete('pat<|>')).accept('pattern')).toBe('pattern ${1:name}(${2:size = 512}) = ${3:window(size)}');
  });

  test('every primitive, with snippets and documentation', async () => {
    const { items, labels, accept } = await complete('pattern a = <|>');
    for (const [name, primitive] of primitives) {
      const item = items.find(({ label }) => label === name);
      expect(item?.documentation, name).toMatchObject({
        kind: 'markdown',
        value: expect.stringContaining(primitive.condition),
      });
      expect(item?.insertTextFormat).toBe(primitive.snippets[0]?.includes('$') ? 2 : 1);
    }
    expect(accept('window')).toBe('pattern a = window(${1:512})');
    expect(labels).toContain('window(before: 511, after: 0)');
    expect(labels).toContain('where');
    expect(labels).not.toContain('n');
  });

  test('after an operator, with what is typed already', async () => {
    expect((await complete('pattern a = window(8) | glo<|>')).accept('global')).toMatch(
      /^pattern a = window\(8\) \| global\(/,
    );
    expect((await complete('pattern a = !<|>')).labels).toContain('causal');
    expect((await complete('pattern a = (<|>')).labels).toContain('causal');
    expect((await complete('pattern a = n > 3 ? <|>')).labels).toContain('causal');
  });

  test('not where an operator is due', async () => {
    expect((await complete('pattern a = window(8) <|>')).labels).toEqual([]);
    expect((await complete('pattern a = window(8<|>')).labels).toEqual([]);
    expect((await complete('pattern <|>')).labels).toEqual([]);
    expect((await complete('const <|>')).labels).toEqual([]);
  });

  test('not in comments and strings', async () => {
    expect((await complete('// pat<|>')).labels).toEqual([]);
    expect((await complete('/** pat<|>')).labels).toEqual([]);
    expect((await complete('/** pat<|> */ pattern a = full()')).labels).toEqual([]);
    expect((await complete('import { a } from "./li<|>')).labels).toEqual([]);
  });

  test('declared patterns with their documentation, not the one being written', async () => {
    const { items, labels, accept } = await complete(
      '/** Near. */\npattern near(size) = window(size)\nconst c = 4\npattern far = <|>',
    );
    expect(items.find(({ label }) => label === 'near')).toMatchObject({
      detail: 'near(size: number)',
      documentation: { value: 'Near.' },
    });
    expect(accept('near')).toMatch(/pattern far = near\(\$\{1:size\}\)$/);
    expect(labels).not.toContain('far');
    expect(labels).not.toContain('c');
  });

  test('arguments: names that are still free, and values of the right type', async () => {
    const first = await complete('const c = 4\npattern p(w = 3, q: pattern = full()) = window(<|>)');
    expect(first.labels).toEqual(
      expect.arrayContaining(['size:', 'dilation:', 'before:', 'after:', 'radius:', 'w', 'c', 'n', 'floor']),
    );
    expect(first.labels).not.toContain('q');
    expect(first.labels).not.toContain('causal');
    const second = await complete('pattern p = window(8, <|>)');
    expect(second.labels).toContain('dilation:');
    expect(second.labels).not.toContain('size:');
    const third = await complete('pattern p = window(8, dilation: 2, <|>)');
    expect(third.labels).toContain('radius:');
    expect(third.labels).not.toContain('dilation:');
    const value = await complete('pattern p = window(8, dilation: <|>)');
    expect(value.labels).toContain('n');
    expect(value.labels).not.toContain('dilation:');
    expect((await complete('pattern p = blocked(64, <|>)')).labels).toContain('causal');
    expect((await complete('pattern p = blocked(64, window(3) | <|>)')).labels).toContain('causal');
    expect((await complete('pattern p = global(<|>)')).labels).toEqual(expect.arrayContaining(['tokens:', '[...]']));
    expect((await complete('pattern p = global([<|>])')).labels).toContain('n');
    expect((await complete('pattern p = random(3, per_head: <|>)')).labels).toContain('true');
    expect((await complete('pattern a(size = 3, t = [0]) = full()\npattern b = a(<|>')).labels).toEqual(
      expect.arrayContaining(['size:', 't:']),
    );
  });

  test('the variables of where come first', async () => {
    const { labels } = await complete('pattern p = where (q, k) => <|>');
    expect(labels.slice(0, 2)).toEqual(['q', 'k']);
    expect(labels).toContain('n');
    expect(labels).not.toContain('causal');
    expect((await complete('pattern p = (where (q, k) => q > k) | <|>')).labels).not.toContain('q');
  });

  test('parameters of the header, and types', async () => {
    expect((await complete('pattern p(a: <|>')).labels).toEqual(['number', 'bool', 'positions', 'string', 'pattern']);
    expect((await complete('pattern p(a: pattern, b = 3) = <|>')).labels).toContain('a');
    expect((await complete('pattern p(<|>')).labels).toEqual([]);
  });

  test('model properties that are still missing', async () => {
    const { labels, accept } = await complete('model M {\n  tokens = 4096\n  <|>\n}');
    expect(labels).toEqual(
      expect.arrayContaining([
        'queries',
        'layers',
        'heads',
        'kv_heads',
        'head_dim',
        'dim',
        'dtype',
        'batch',
        'causal',
        'align',
        'attention',
      ]),
    );
    expect(labels).not.toContain('tokens');
    expect(accept('layers')).toBe('model M {\n  tokens = 4096\n  layers = ${1:12}\n}');
    expect((await complete('model M {<|>')).labels).toContain('tokens');
  });

  test('values of properties', async () => {
    expect((await complete('model M { align = <|>')).labels).toEqual(['end', 'start']);
    expect((await complete('model M { dtype = b<|>')).labels).toEqual(['f16', 'f32', 'bf16']);
    expect((await complete('model M { causal = <|>')).labels).toEqual(['true', 'false']);
    expect((await complete('const c = 3\nmodel M { tokens = <|>')).labels).toContain('c');
  });

  test('rules: selections, then patterns', async () => {
    expect((await complete('model M { attention <|>')).labels).toEqual(['layers', 'heads']);
    expect((await complete('model M { attention layers 0..4, <|>')).labels).toEqual(['heads']);
    expect((await complete('model M { attention layers 0..4 <|>')).labels).toEqual(['heads', 'step']);
    expect((await complete('pattern p = full()\nmodel M { attention layers 0..4 = <|>')).labels).toEqual(
      expect.arrayContaining(['p', 'causal']),
    );
    expect((await complete('model M { attention = window(<|>')).labels).toContain('size:');
    expect((await complete('model M {\n  attention = full()\n  <|>')).labels).toContain('heads');
  });

  test('names of an imported file', async () => {
    const files = {
      'lib.sparse': '/** Near. */\npattern near = window(8)\nconst c = 3\nmodel M { tokens = 3 attention = near }',
    };
    const { labels, accept } = await complete('import { <|> } from "lib.sparse"', files);
    expect(labels).toEqual(['near', 'c']);
    expect(accept('near')).toBe('import { near } from "lib.sparse"');
    expect((await complete('import { near, <|> } from "lib.sparse"', files)).labels).toEqual(['c']);
    expect((await complete('import { near } <|>', files)).labels).toEqual(['from']);
    expect((await complete('import { near } from "lib.sparse"\npattern a = <|>', files)).labels).toContain('near');
  });
});

describe('names of the standard library', () => {
  test('bring their import along, where patterns are wanted, after all that is there', async () => {
    const { items, labels, accept } = await complete('/** Mine. */\npattern mine = full()\npattern a = lo<|>');
    expect(accept('longformer')).toBe(
      'import { longformer } from "sparse:longformer"\n\n/** Mine. */\npattern mine = full()\npattern a = longformer',
    );
    expect(items.find(({ label }) => label === 'longformer')).toMatchObject({
      detail: 'longformer(size = 512, tokens = [0]), imported from "sparse:longformer"',
      labelDetails: { description: 'sparse:longformer' },
      documentation: { value: expect.stringContaining('Beltagy') },
    });
    const sorted = [...items].sort((a, b) => (a.sortText ?? '').localeCompare(b.sortText ?? ''));
    const firstImported = sorted.findIndex(({ additionalTextEdits }) => additionalTextEdits !== undefined);
    expect(sorted.slice(firstImported).every(({ additionalTextEdits }) => additionalTextEdits?.length === 1)).toBe(
      true,
    );
    expect(labels.indexOf('mine')).toBeLessThan(labels.indexOf('longformer'));
    expect(labels.indexOf('window')).toBeLessThan(labels.indexOf('longformer'));
  });

  test('join an import that is there, and are not offered twice', async () => {
    const { labels, accept } = await complete(
      'import { longformer } from "sparse:longformer"\nmodel M { tokens = 8 attention = <|>',
    );
    expect(accept('longformer_dilated')).toBe(
      'import { longformer, longformer_dilated } from "sparse:longformer"\nmodel M { tokens = 8 attention = longformer_dilated',
    );
    expect(labels.filter(label => label === 'longformer')).toHaveLength(1);
    expect(accept('longformer')).toContain('attention = longformer');
    expect(accept('longformer')).not.toContain('longformer, longformer');
  });

  test('with holes for what they need', async () => {
    expect((await complete('pattern a = axial_v<|>')).accept('axial_video')).toBe(
      'import { axial_video } from "sparse:axial"\n\npattern a = axial_video(${1:frames}, ${2:height}, ${3:width})',
    );
  });

  test('every one of them checks clean when it is chosen', async () => {
    const { items, accept } = await complete('pattern a = <|>');
    const chosen = items.filter(({ additionalTextEdits }) => additionalTextEdits !== undefined);
    expect(chosen.length).toBeGreaterThan(40);
    for (const { label } of chosen) {
      const text = accept(label).replaceAll(/\$\{\d:\w+\}/g, '16');
      expect((await openFile(text)).diagnostics.filter(({ severity }) => severity === 'error')).toEqual([]);
    }
  });

  test.each(['pattern a = window(<|>', 'pattern a = global([<|>', 'const c = <|>', 'pattern a = where (i, j) => <|>'])(
    'not among numbers: %s',
    async text => {
      expect((await complete(text)).labels).not.toContain('longformer');
    },
  );
});

describe('paths of imports', () => {
  const files = {
    'lib/near.sparse': 'pattern near = window(8)\nconst c = 3\nmodel M { tokens = 3 attention = near }',
    'far.sparse': 'pattern far = full()',
  };
  const workspace = [...Object.keys(files), 'node_modules/x/y.sparse', 'main.txt'];

  test('mask files of the workspace in any other string, the nearest first', async () => {
    const masks = ['deep/b.npz', 'c.safetensors', 'a.npy', 'far.sparse', 'notes.txt'];
    const paths = ['a.npy', 'c.safetensors', 'deep/b.npz'];
    const { labels, accept } = await complete('pattern p = mask("de<|>")', {}, masks);
    expect(labels).toEqual(paths);
    expect(accept('deep/b.npz')).toBe('pattern p = mask("deep/b.npz")');
    for (const text of [
      'pattern p = window(8) | mask(path: "<|>',
      'pattern p(path: string = "<|>") = mask(path)',
      'model M {\n  tokens = 8\n  attention = mask("<|>")\n}',
    ])
      expect((await complete(text, {}, masks)).labels, text).toEqual(paths);
    for (const text of ['import { p } "<|>', 'const c = "<|>"', 'pattern p = mask("a.npy"<|>', '// "<|>'])
      expect((await complete(text, {}, masks)).labels, text).not.toContain('a.npy');
  });

  test('files of the workspace, those first that declare what is imported', async () => {
    const { items, labels, accept } = await complete('import { near } from "./<|>', files, workspace);
    expect(labels).toEqual(['./lib/near.sparse', './far.sparse']);
    expect(items[0]?.detail).toBe('near, c');
    expect(accept('./lib/near.sparse')).toBe('import { near } from "./lib/near.sparse');
    expect((await complete('import { far, } from ".<|>"', files, workspace)).labels[0]).toBe('./far.sparse');
    expect((await complete('import {} from "../<|>"', files, workspace)).labels).toContain('./far.sparse');
  });

  test('beside the modules of the library, until a path is begun', async () => {
    const { labels } = await complete('import { near } from "<|>"', files, workspace);
    expect(labels).toEqual(expect.arrayContaining(['sparse:longformer', './lib/near.sparse']));
  });

  test.each(['pattern a = mask("./<|>")', '// import { near } from "./<|>', '/* from "<|>'])(
    'not in %s',
    async text => {
      expect((await complete(text, files, workspace)).labels).toEqual([]);
    },
  );
});
