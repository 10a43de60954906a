import { describe, expect, test } from 'vitest';
import { TextDocument } from 'vscode-languageserver-textdocument';
import { bindPattern } from '../../runtime/pattern/bind.ts';
import type { Model } from '../../runtime/pattern/ir.ts';
import { patternAt, shapeAt } from '../../runtime/pattern/model.ts';
import { primitives } from '../../runtime/pattern/primitives.ts';
import { createLanguage, NO_FILES } from '../../server/language.ts';
import { libraryModules, libraryText } from '../../server/library.ts';
import { blockOf, definitions, isBigBird } from './library-definitions.ts';
import { openDocument } from './lsp/open-document.ts';

const language = createLanguage(NO_FILES);

/** Keys by content differ with the data: these files have no mask to compare. */
const DYNAMIC = ['topk', 'block_topk', 'lsh', 'routing', 'vertical_slash'];

async function lowered(file: string, call: string, heads = 1, layers = 1): Promise<Model> {
  const name = /^\w+/.exec(call)?.[0] ?? '';
  const text = `import { ${name} } from "sparse:${file}"\nmodel It { tokens = 1Ki layers = ${layers} heads = ${heads} attention = ${call} }\n`;
  const opened = await language.open(`memory:/${file}.sparse`, text);
  // Sizes of images do not multiply to 1Ki tokens; each case brings its own length.
  return opened.lower('It');
}

function keysOf(model: Model, layer: number, head: number, row: number, tokens?: number): number[] {
  const pattern = patternAt(model, layer, head);
  if (pattern === undefined) throw new Error(`no rule for layer ${layer}, head ${head}`);
  const shape = shapeAt(model, layer, head, tokens);
  const mask = bindPattern(pattern, shape);
  const keys: number[] = [];
  for (let column = 0; column < shape.tokens; column += 32) {
    const word = mask.word(row, column);
    for (let bit = 0; bit < 32 && column + bit < shape.tokens; bit++) if ((word >>> bit) & 1) keys.push(column + bit);
  }
  return keys;
}

describe.each(libraryModules.map(file => [file.path, file] as const))('%s', (_, file) => {
  test('checks clean', async () => {
    const { diagnostics } = await language.open(file.uri.toString(), file.text);
    const serious = diagnostics.filter(({ severity }) => severity !== 'information');
    expect(serious.map(({ message, range }) => `${range.start.line + 1}: ${message}`)).toEqual([]);
  });

  test('is written as the formatter writes it', async () => {
    const { services, document } = await openDocument(file.text);
    const edits = await services.sparse.lsp.Formatter?.formatDocument(document, {
      textDocument: { uri: document.uri.toString() },
      options: { tabSize: 4, insertSpaces: false },
    });
    expect(edits && TextDocument.applyEdits(document.textDocument, edits)).toBe(file.text);
  });

  test('documents each entry, with its source and year, and says what it is about', () => {
    expect(file.summary).not.toBe('');
    expect(file.summary).not.toMatch(/\.$/);
    const declarations = [...file.text.matchAll(/(\/\*\*(?:[^*]|\*(?!\/))*\*\/)?\n(pattern|model|const) (\w+)/g)];
    expect(declarations.length).toBeGreaterThan(0);
    for (const [, comment, , name] of declarations) expect(comment, name).toMatch(/\b20[12]\d\b/);
  });

  test('has a definition to compare each static pattern with', () => {
    for (const [whole, name] of file.text.matchAll(/^pattern (\w+)[\s\S]*?(?=\n\n|\n\/\*|$(?![\s\S]))/gm)) {
      if (DYNAMIC.some(primitive => whole.includes(`${primitive}(`)) || name === 'routing_transformer') continue;
      // Drawn at random: tests of its own.
      if (name === 'deepspeed_bigbird') continue;
      const covered = definitions.some(
        ([of, call]) => of === file.path.slice(7) && new RegExp(`^${name}\\b`).test(call),
      );
      // Branches are compared through the pattern that unites them.
      expect(covered || name === 'longnet_branch', name).toBe(true);
    }
  });
});

describe('masks equal their definition', () => {
  test.each(definitions.map(one => [`${one[1]} of ${one[0]}`, one] as const))('%s', async (_, one) => {
    const [file, call, lengths, heads, layers, definition] = one;
    const model = await lowered(file, call, heads, layers);
    for (const n of lengths)
      for (let layer = 0; layer < layers; layer++)
        for (let head = 0; head < heads; head++)
          for (let i = 0; i < n; i++) {
            const expected = Array.from({ length: n }, (_, j) => j).filter(j => definition(i, j, { n, head, layer }));
            expect(keysOf(model, layer, head, i, n), `n=${n} layer=${layer} head=${head} i=${i}`).toEqual(expected);
          }
  });

  test('BigBird adds at most the random blocks to its static part, whole blocks, other ones in each head', async () => {
    const model = await lowered('bigbird', 'bigbird(2, 2)', 3);
    const n = 80;
    const definition = isBigBird(2);
    const draws = new Set<string>();
    for (let head = 0; head < 3; head++) {
      const rows: string[] = [];
      for (let i = 0; i < n; i++) {
        const keys = keysOf(model, 0, head, i, n);
        const fixed = keys.filter(j => definition(i, j, { n, head, layer: 0 }));
        const others = keys.filter(j => !fixed.includes(j));
        expect(fixed).toEqual(
          Array.from({ length: n }, (_, j) => j).filter(j => definition(i, j, { n, head, layer: 0 })),
        );
        const blocks = new Set(others.map(j => Math.floor(j / 2)));
        expect(others.length).toBe(2 * blocks.size);
        expect(blocks.size).toBeLessThanOrEqual(2);
        rows.push(others.join());
      }
      draws.add(rows.join(';'));
    }
    expect(draws.size).toBe(3);
  });
});

test("DeepSpeed's BigBird adds the same random blocks to its static part in every head", async () => {
  const model = await lowered('deepspeed', 'deepspeed_bigbird(2, 2)', 2);
  const n = 60;
  let added = 0;
  for (let i = 0; i < n; i++) {
    const isFixed = (j: number): boolean => i < 2 || j < 2 || Math.abs(blockOf(i, 2) - blockOf(j, 2)) <= 1;
    const keys = keysOf(model, 0, 0, i, n);
    expect(keysOf(model, 0, 1, i, n)).toEqual(keys);
    expect(keys.filter(isFixed)).toEqual(Array.from({ length: n }, (_, j) => j).filter(isFixed));
    const others = new Set(keys.filter(j => !isFixed(j)).map(j => blockOf(j, 2)));
    expect(others.size).toBeLessThanOrEqual(2);
    added += others.size;
  }
  expect(added).toBeGreaterThan(n / 2);
});

describe('models at their full size', () => {
  const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, k) => from + k);
  const rows: readonly (readonly [
    file: string,
    model: string,
    layer: number,
    head: number,
    row: number,
    keys: number[],
  ])[] = [
    ['longformer', 'LongformerBase', 11, 11, 1000, [0, ...range(744, 1257)]],
    ['longformer', 'LongformerLarge', 23, 15, 1000, [0, ...range(744, 1257)]],
    ['longformer', 'LedBaseEncoder', 5, 11, 10_000, [0, ...range(9488, 10_513)]],
    ['longformer', 'LedLargeEncoder', 11, 15, 10_000, [0, ...range(9488, 10_513)]],
    ['bigbird', 'BigBirdEtcBase', 11, 11, 256 + 84 * 10, [...range(0, 256), ...range(256 + 84 * 9, 256 + 84 * 12)]],
    ['bigbird', 'EtcBase', 11, 11, 2000, [...range(0, 256), ...range(1916, 2085)]],
    ['mistral', 'Mistral7B', 31, 31, 100_000, range(95_905, 100_001)],
    ['gemma', 'Gemma2_9B', 40, 15, 8000, range(3905, 8001)],
    ['gemma', 'Gemma2_9B', 41, 15, 8000, range(0, 8001)],
    ['gemma', 'Gemma3_1B', 25, 3, 30_000, range(29_489, 30_001)],
    ['gemma', 'Gemma3_27B', 61, 31, 130_000, range(128_977, 130_001)],
    ['gemma', 'Gemma3_27B', 59, 31, 13_000, range(0, 13_001)],
    ['gpt-oss', 'GptOss120B', 34, 63, 131_071, range(130_944, 131_072)],
    ['llama', 'Llama4Maverick', 46, 39, 8192 * 100 + 3, range(8192 * 100, 8192 * 100 + 4)],
    ['sparse-transformer', 'SparseTransformerEnwik8', 29, 7, 130, [...range(96, 131)]],
    ['olmo', 'Olmo3_7B', 30, 31, 60_000, range(55_905, 60_001)],
    ['olmo', 'Olmo3_32B', 63, 39, 60_000, range(0, 60_001)],
    ['cohere', 'CommandR7B', 28, 31, 100_000, range(95_905, 100_001)],
    ['cohere', 'CommandA', 61, 95, 200_000, range(195_905, 200_001)],
    ['qwen', 'Qwen2', 27, 31, 30_000, range(0, 30_001)],
    ['qwen', 'Qwen2', 28, 31, 30_000, range(25_905, 30_001)],
    [
      'video',
      'HunyuanVideoTiles',
      0,
      23,
      0,
      range(0, 18).flatMap(t => range(0, 24).flatMap(y => range(0, 24).map(x => (t * 48 + y) * 80 + x))),
    ],
    ['modernbert', 'ModernBertBase', 20, 11, 4000, range(3936, 4065)],
    ['longt5', 'LongT5BaseEncoder', 11, 11, 4000, range(3873, 4128)],
    ['swin', 'SwinTinyStage4', 1, 23, 5, range(0, 49)],
    ['neighborhood', 'DinatMiniStage1', 0, 1, 0, range(0, 7).flatMap(y => range(0, 7).map(x => y * 56 + x))],
    ['neighborhood', 'DinatMiniStage1', 1, 1, 0, range(0, 7).flatMap(y => range(0, 7).map(x => (y * 56 + x) * 8))],
  ];
  test.each(rows)('%s: %s, layer %i, head %i, row %i', async (file, name, layer, head, row, keys) => {
    const text = libraryText(`sparse-library:/${file}.sparse`);
    const opened = await language.open(`sparse-library:/${file}.sparse`, text ?? '');
    expect(keysOf(opened.lower(name), layer, head, row)).toEqual(keys);
  });
});

test('names of dynamic primitives that the tests know are those of the language', () => {
  for (const name of DYNAMIC) expect(primitives.has(name), name).toBe(true);
});

describe('library imports', () => {
  const check = async (text: string): Promise<string[]> =>
    (await language.open('memory:/main.sparse', text)).diagnostics.map(({ code, message }) => `${code}: ${message}`);

  test('bring in patterns and models by module name, and no file is asked for', async () => {
    const asked: string[] = [];
    const other = createLanguage({
      readFile: uri => {
        asked.push(uri);
        return Promise.resolve(null);
      },
    });
    const text = 'import { longformer } from "sparse:longformer"\npattern mine = longformer(8) & causal()\n';
    expect((await other.open('memory:/deep/main.sparse', text)).diagnostics).toEqual([]);
    expect(asked).toEqual([]);
  });

  test('say what is missing', async () => {
    expect(await check('import { longformer } from "sparse:longfromer"\npattern mine = longformer')).toEqual([
      expect.stringMatching(/^import-file: /),
    ]);
    expect(await check('import { longformr } from "sparse:longformer"\npattern mine = longformr')).toEqual([
      expect.stringMatching(/^import-name: .*`longformer`/),
    ]);
    expect(await check('import { longformer } from "sparse:"\npattern mine = longformer')).toEqual([
      expect.stringMatching(/^import-file: /),
    ]);
  });
});
