import { EmptyFileSystem, inject } from 'langium';
import { createDefaultModule, createDefaultSharedModule } from 'langium/lsp';
import { describe, expect, test } from 'vitest';
import type { NumberExpression, Pattern } from '../../runtime/pattern/ir.ts';
import { SparseGeneratedModule, SparseGeneratedSharedModule } from '../../server/generated/module.ts';
import { bare, diagnose, openFile, pattern } from './open-file.ts';

/** A pattern written with every parenthesis. */
function show(node: Pattern): string {
  switch (node.kind) {
    case 'union':
      return `(${show(node.left)} | ${show(node.right)})`;
    case 'intersection':
      return `(${show(node.left)} & ${show(node.right)})`;
    case 'difference':
      return `(${show(node.left)} - ${show(node.right)})`;
    case 'complement':
      return `!${show(node.of)}`;
    case 'choose':
      return `(${showNumber(node.condition)} ? ${show(node.then)} : ${show(node.otherwise)})`;
    case 'where':
      return `where ${showNumber(node.condition)}`;
    case 'named':
      return node.name;
    case 'primitive':
      return node.name;
  }
}

function showNumber(node: NumberExpression): string {
  switch (node.op) {
    case 'number':
      return String(node.value);
    case 'shape':
    case 'pair':
      return node.name;
    case 'named':
      return node.name;
    case 'negate':
      return `-${showNumber(node.of)}`;
    case 'not':
      return `!${showNumber(node.of)}`;
    case 'binary':
      return `(${showNumber(node.left)} ${node.operator} ${showNumber(node.right)})`;
    case 'choose':
      return `(${showNumber(node.condition)} ? ${showNumber(node.then)} : ${showNumber(node.otherwise)})`;
    case 'call':
      return `${node.name}(${node.args.map(showNumber).join(', ')})`;
  }
}

async function shown(expression: string): Promise<string> {
  const names = ['a', 'b', 'c', 'd'].map(name => `pattern ${name} = full()`).join('\n');
  const node = await pattern(`${names}\npattern it = ${expression}`);
  return show(node.kind === 'named' ? node.pattern : node);
}

async function number(expression: string): Promise<string> {
  const node = await pattern(`pattern it = where (i, j) => ${expression}`);
  const where = node.kind === 'named' ? node.pattern : node;
  return where.kind === 'where' ? showNumber(where.condition) : 'no where';
}

describe('mask algebra', () => {
  test.each([
    ['a - b & c | d', '((a - (b & c)) | d)'],
    ['a | b - c', '((a | b) - c)'],
    ['a - b - c', '((a - b) - c)'],
    ['!a & b', '(!a & b)'],
    ['!a | !b', '(!a | !b)'],
    ['!!a', '!!a'],
    ['!(a | b)', '!(a | b)'],
    ['a & b & c', '((a & b) & c)'],
    ['a & (b | c)', '(a & (b | c))'],
    ['n > 4 ? a | b : c - d', '((n > 4) ? (a | b) : (c - d))'],
    ['head < 2 ? a : layer == 1 ? b : c', '((head < 2) ? a : ((layer == 1) ? b : c))'],
    ['(n > 4 ? a : b) & c', '(((n > 4) ? a : b) & c)'],
    ['a | (where (i, j) => i > j)', '(a | where (i > j))'],
    ['n > 4 ? where (i, j) => i > j : a', '((n > 4) ? where (i > j) : a)'],
    ['a() | b', '(a | b)'],
  ])('%s', async (source, expected) => {
    expect(await shown(source)).toBe(expected);
  });
});

describe('numbers', () => {
  test.each([
    ['i - j == 0', '((i - j) == 0)'],
    ['i + j * 2 % 3 > 1', '((i + ((j * 2) % 3)) > 1)'],
    ['-2 ** 2 < i', '(-(2 ** 2) < i)'],
    ['2 ** -1 < i', '((2 ** -1) < i)'],
    ['2 ** 3 ** 2 < i', '((2 ** (3 ** 2)) < i)'],
    ['i > j && i < 4 || j == 0', '(((i > j) && (i < 4)) || (j == 0))'],
    ['!(i > j) && j > 1', '(!(i > j) && (j > 1))'],
    ['i >= (j > 3 ? 1 : 2)', '(i >= ((j > 3) ? 1 : 2))'],
    ['i > j ? j > 1 : j > 2', '((i > j) ? (j > 1) : (j > 2))'],
    ['min(i, j, n) == abs(i - j)', '(min(i, j, n) == abs((i - j)))'],
    ['floor(i / 64) == floor(j / 64)', '(floor((i / 64)) == floor((j / 64)))'],
    ['i - -1 > j', '((i - -1) > j)'],
    ['4_096 == 4Ki', '(4096 == 4096)'],
    ['1Mi > 0.5', '(1048576 > 0.5)'],
    ['1e-3 < 1.5e2', '(0.001 < 150)'],
  ])('%s', async (source, expected) => {
    expect(await number(source)).toBe(expected);
  });
});

describe('files', () => {
  test('every construct together', async () => {
    const text = `
      // a line
      /* a block */
      /** documented */
      pattern longformer(size = 512, tokens = [0]) = window(size) | global(tokens)
      const block = 64
      pattern typed(a: number = 1, b: bool = true, c: positions = [0..4, 17, -1], d: pattern = full(),) =
        (b ? d : none()) & global(c) | window(size: a, dilation: 2)
      model LongformerBase {
        tokens = 4096 layers = 12 heads = 12 dim = 768
        attention = longformer(512)
        attention layers 6..12, heads [0, 1] = longformer(512) | window(256, dilation: 4)
        attention layers 0..12 step 6 heads 2..4 = block(block)
        attention heads [-1] = causal()
      }`;
    expect(await diagnose(text)).toEqual([]);
    const file = await openFile(text);
    expect(file.declarations().map(({ name, kind }) => `${kind} ${name}`)).toEqual([
      'pattern longformer',
      'pattern typed',
      'model LongformerBase',
    ]);
    const model = file.lower('LongformerBase');
    expect(model.rules.map(({ layers, heads }) => [layers, heads])).toEqual([
      [Array.from({ length: 12 }, (_, i) => i), Array.from({ length: 12 }, (_, i) => i)],
      [
        [6, 7, 8, 9, 10, 11],
        [0, 1],
      ],
      [
        [0, 6],
        [2, 3],
      ],
      [Array.from({ length: 12 }, (_, i) => i), [11]],
    ]);
    expect(model).toMatchObject({ tokens: 4096, queries: null, headDim: 64, kvHeads: 12, causal: false, dtype: 'f16' });
  });

  test('a range touches its bounds: 0..4 is no decimal number', async () => {
    expect(bare(await pattern('pattern p = rows([0..4, 1 .. 2, 0.5+0.5..3])'))).toMatchObject({
      pattern: {
        args: {
          tokens: {
            items: [
              { from: { value: 0 }, to: { value: 4 } },
              { from: { value: 1 }, to: { value: 2 } },
              { from: { op: 'binary' }, to: { value: 3 } },
            ],
          },
        },
      },
    });
  });

  test.each(['layers', 'heads', 'step', 'from', 'tokens', 'size', 'number', 'positions', 'n', 'columns', 'window'])(
    '`%s` can be a parameter',
    async name => {
      expect(await diagnose(`pattern p(${name} = 3) = sliding(${name})\npattern q = p(${name}: 4)`)).toEqual([]);
    },
  );

  test('the words of selections are names in expressions too', async () => {
    const text =
      'model M { tokens = 64 layers = 4 heads = 2 attention layers layers - 2..layers heads 0..heads = full() attention layers 0..2 = window(heads) }';
    expect(await diagnose(text)).toEqual([]);
  });

  test('a constant may share the name of a primitive that needs arguments', async () => {
    const node = await pattern('const block = 64\npattern p = block(block)');
    expect(bare(node)).toMatchObject({
      pattern: { kind: 'primitive', name: 'block', args: { size: { value: { op: 'named', name: 'block' } } } },
    });
  });

  test('an empty file and a file of comments are fine', async () => {
    expect(await diagnose('')).toEqual([]);
    expect(await diagnose('// nothing\n/** here */')).toEqual([]);
  });
});

test('the grammar has no ambiguities', () => {
  const shared = inject(createDefaultSharedModule(EmptyFileSystem), SparseGeneratedSharedModule);
  const services = inject(createDefaultModule({ shared }), SparseGeneratedModule, {
    LanguageMetaData: () =>
      ({ languageId: 'sparse', fileExtensions: ['.sparse'], caseInsensitive: false, mode: 'development' }) as const,
  });
  expect(services.parser.LangiumParser.definitionErrors).toEqual([]);
});
