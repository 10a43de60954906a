import { describe, expect, test } from 'vitest';
import { bindPattern } from '../../runtime/pattern/bind.ts';
import type { Pattern } from '../../runtime/pattern/ir.ts';
import { squareShape } from '../../runtime/pattern/shape.ts';
import { createLanguage, LowerError, NO_FILES } from '../../server/language.ts';
import { bare, MAIN, openFile, pattern } from './open-file.ts';

const n = (grid: number) => ({ op: 'shape', name: 'n', grid });

/** Every `n` of a pattern with the grid on which it is read, in the order of the text. */
function grids(node: unknown): number[] {
  if (Array.isArray(node)) return node.flatMap(grids);
  if (typeof node !== 'object' || node === null) return [];
  if ('op' in node && node.op === 'shape' && 'name' in node && node.name === 'n')
    return 'grid' in node ? [Number(node.grid)] : [];
  return Object.values(node).flatMap(grids);
}

/** Row r of the mask as a string of 0 and 1. */
function rows(node: Pattern, tokens: number): string[] {
  const mask = bindPattern(node, squareShape(tokens));
  return Array.from({ length: tokens }, (_, row) =>
    Array.from({ length: tokens }, (_, column) => (mask.word(row, column) & 1 ? '1' : '0')).join(''),
  );
}

describe('patterns', () => {
  test('a call keeps its name, its parameters theirs, and the places of all of them', async () => {
    const text = 'pattern near(size = 8) = window(size)\npattern it = near(16)';
    const node = await pattern(text);
    expect(bare(node)).toEqual({
      kind: 'named',
      name: 'it',
      pattern: {
        kind: 'named',
        name: 'near',
        pattern: {
          kind: 'primitive',
          name: 'window',
          args: { size: { type: 'number', value: { op: 'named', name: 'size', value: { op: 'number', value: 16 } } } },
        },
      },
    });
    const call = node.kind === 'named' ? node.pattern : node;
    expect(text.slice(call.span?.start, call.span?.end)).toBe('near(16)');
    // The argument points at the value that somebody wrote, not at the parameter that carries it.
    const primitive = call.kind === 'named' ? call.pattern : call;
    const span = primitive.kind === 'primitive' ? primitive.args.size?.span : undefined;
    expect(text.slice(span?.start, span?.end)).toBe('16');
    expect(span?.uri).toBe(MAIN);
  });

  test('constants are named expressions', async () => {
    expect(bare(await pattern('const a = 2 * b\nconst b = 4\npattern p = block(a)'))).toMatchObject({
      pattern: {
        args: {
          size: {
            value: {
              op: 'named',
              name: 'a',
              value: { op: 'binary', operator: '*', right: { op: 'named', name: 'b', value: { value: 4 } } },
            },
          },
        },
      },
    });
  });

  test('arguments by position and by name, defaults that use earlier parameters', async () => {
    const text =
      'pattern p(a, b = a * 2, c: bool = false) = c ? window(a, dilation: b) : window(b)\npattern q = p(3, c: n > 2)';
    expect(bare(await pattern(text))).toMatchObject({
      pattern: {
        pattern: {
          kind: 'choose',
          condition: { op: 'named', name: 'c', value: { operator: '>' } },
          then: {
            args: {
              dilation: { value: { name: 'b', value: { left: { op: 'named', name: 'a', value: { value: 3 } } } } },
            },
          },
        },
      },
    });
  });

  test('position lists keep the name they came through', async () => {
    expect(bare(await pattern('pattern p(tokens = [0..4, -1]) = global(tokens)'))).toMatchObject({
      pattern: {
        args: {
          tokens: {
            type: 'positions',
            name: 'tokens',
            items: [{ from: { value: 0 }, to: { value: 4 } }, { at: { op: 'number', value: -1 } }],
          },
        },
      },
    });
  });

  test('where keeps its text and knows query and key by their order', async () => {
    expect(
      bare(await pattern('pattern p(stride = 8) = where (q, k) => q >= k && (q - k) % stride == 0')),
    ).toMatchObject({
      pattern: {
        kind: 'where',
        text: 'where (q, k) => q >= k && (q - k) % stride == 0',
        condition: { operator: '&&', left: { left: { op: 'pair', name: 'i' }, right: { op: 'pair', name: 'j' } } },
      },
    });
  });

  test('a parameter hides a pattern, a constant and a name of the language', async () => {
    const text =
      'pattern wide = window(64)\nconst block = 3\npattern p(wide: pattern = none(), n = 5, block = 7) = wide | block(block) | sliding(n)';
    expect(bare(await pattern(text))).toMatchObject({
      pattern: {
        left: {
          left: { kind: 'primitive', name: 'none' },
          right: { args: { size: { value: { value: { value: 7 } } } } },
        },
        right: { args: { size: { value: { op: 'named', name: 'n', value: { value: 5 } } } } },
      },
    });
  });

  test('a parameter can be handed to itself by name without going in circles', async () => {
    const text = 'pattern inner(p: pattern) = p & causal()\npattern outer(p: pattern = window(4)) = inner(inner(p))';
    expect(bare(await pattern(text))).toMatchObject({
      pattern: { name: 'inner', pattern: { left: { name: 'inner', pattern: { left: { name: 'window' } } } } },
    });
  });
});

describe('grids', () => {
  test.each([
    ['n on the sequence', 'pattern p = window(n)', [0]],
    ['n in blocked counts blocks', 'pattern p = blocked(n / 8, window(n))', [0, 1]],
    ['blocked in blocked', 'pattern p = blocked(4, blocked(n, window(n)) | rows([n - 1]))', [1, 2, 1]],
    [
      'a pattern that arrives as a parameter',
      'pattern on(p: pattern) = blocked(8, p) | p\npattern it = on(window(n))',
      [1, 0],
    ],
    [
      'a number that arrives as a parameter',
      'pattern on(w) = blocked(8, window(w)) | window(w)\npattern it = on(n)',
      [0, 0],
    ],
    ['a call inside blocked', 'pattern w(size) = window(size)\npattern it = blocked(8, w(n / 2))', [1]],
    [
      'a default is read where the call stands',
      'pattern w(size = n) = window(size)\npattern it = blocked(8, w()) | w()',
      [1, 0],
    ],
    ['a declared pattern inside blocked', 'pattern w = window(n)\npattern it = blocked(8, w)', [1]],
    ['positions that arrive as a parameter', 'pattern on(t) = blocked(8, rows(t))\npattern it = on([0, n - 1])', [0]],
    ['a constant is its text', 'const half = n / 2\npattern it = blocked(8, window(half)) | window(half)', [1, 0]],
    [
      'a value inside a pattern argument stays with the place where the pattern was written',
      'pattern on(p: pattern) = blocked(8, p)\npattern outer(w) = on(window(w) | window(n))\npattern it = outer(n)',
      [0, 1],
    ],
    ['a condition', 'pattern on(p: pattern) = blocked(8, p)\npattern it = on(n > 4 ? full() : none())', [1]],
    ['where', 'pattern it = blocked(8, (where (i, j) => i + j < n)) | (where (i, j) => i + j < n)', [1, 0]],
  ])('%s', async (_, text, expected) => {
    expect(grids(bare(await pattern(text)))).toEqual(expected);
  });

  test('head and layer stay', async () => {
    expect(bare(await pattern('pattern p = blocked(8, window(head + layer))'))).toMatchObject({
      pattern: {
        args: { p: { value: { args: { size: { value: { left: { name: 'head', grid: 0 }, right: { grid: 0 } } } } } } },
      },
    });
    expect(bare(await pattern('pattern p = window(n)'))).toMatchObject({
      pattern: { args: { size: { value: n(0) } } },
    });
  });

  test('drawn: the last block of a parameter is the last block', async () => {
    const node = await pattern('pattern on(p: pattern) = blocked(2, p)\npattern it = on(columns([-1]))');
    expect(rows(node, 6)).toEqual(Array(6).fill('000011'));
  });
});

describe('models', () => {
  const lowered = async (text: string, name = 'M') => (await openFile(text)).lower(name);

  test('properties may use each other, constants and arithmetic, in any order', async () => {
    const text =
      'const d = 64\nmodel M { dim = heads * d heads = layers * 2 layers = 3 tokens = 1Ki + heads batch = 2 dtype = bf16 align = "start" queries = n / 2 causal = heads > 2 kv_heads = heads / 2 attention = full() }';
    expect(await lowered(text)).toMatchObject({
      tokens: 1030,
      queries: 515,
      align: 'start',
      layers: 3,
      heads: 6,
      kvHeads: 3,
      headDim: 64,
      dtype: 'bf16',
      batch: 2,
      causal: true,
    });
  });

  test('defaults', async () => {
    expect(await lowered('model M { tokens = 10 attention = full() }')).toMatchObject({
      kind: 'model',
      tokens: 10,
      queries: null,
      align: 'end',
      layers: 1,
      heads: 1,
      kvHeads: 1,
      headDim: null,
      dtype: 'f16',
      batch: 1,
      causal: false,
    });
  });

  test('a bare pattern is a model with one rule and no length', async () => {
    const file = await openFile('pattern p(size = 4) = window(size)');
    expect(file.lower('p', { tokens: 64 })).toMatchObject({
      name: 'p',
      kind: 'pattern',
      tokens: null,
      layers: 1,
      heads: 1,
      rules: [{ layers: [0], heads: [0], pattern: { kind: 'named', name: 'p' } }],
    });
  });

  test('other tokens replace those of a model', async () => {
    const file = await openFile('model M { tokens = 64 queries = 32 attention = full() }');
    expect(file.lower('M', { tokens: 128 })).toMatchObject({ tokens: 128, queries: 32 });
    expect(file.lower('M', { tokens: 32 })).toMatchObject({ tokens: 32, queries: 32 });
  });

  test('more queries than the other tokens are an error, never fewer queries', async () => {
    const file = await openFile('model M { tokens = 64 queries = 32 attention = full() }');
    expect(() => file.lower('M', { tokens: 16 })).toThrow(/32 queries but only 16 tokens.*queries = n \/ 2/);
  });

  test('whatever reads n follows the other tokens', async () => {
    const file = await openFile(
      'model M { tokens = 64 queries = n / 2 heads = n / 16 head_dim = 8 attention = none() attention heads n / 32..heads = full() }',
    );
    expect(file.lower('M', { tokens: 128 })).toMatchObject({
      tokens: 128,
      queries: 64,
      heads: 8,
      kvHeads: 8,
      rules: [{ heads: [0, 1, 2, 3, 4, 5, 6, 7] }, { heads: [4, 5, 6, 7] }],
    });
    expect(file.lower('M')).toMatchObject({ tokens: 64, queries: 32, heads: 4 });
    expect(() => file.lower('M', { tokens: 65 })).toThrow(/queries must be a whole number, got 32.5/);
  });

  test('other tokens are checked like the own ones', async () => {
    const file = await openFile('model M { tokens = 64 attention = full() }');
    expect(() => file.lower('M', { tokens: 0 })).toThrow(/tokens must be 1 to/);
    expect(() => file.lower('M', { tokens: 1.5 })).toThrow(/whole number/);
    expect(() => file.lower('M', { tokens: 2 ** 30 + 1 })).toThrow(/tokens must be 1 to 1,073,741,824/);
  });

  test.each([
    ['[0, 2..4, -1]', [0, 2, 3, 5]],
    ['-2..layers', [4, 5]],
    ['1..6 step 2', [1, 3, 5]],
    ['[0..6] step 4', [0, 4]],
    ['0..layers / 2', [0, 1, 2]],
    ['[3, 3, 1]', [1, 3]],
  ])('layers %s', async (selection, expected) => {
    const model = await lowered(
      `model M { tokens = 8 layers = 6 attention = none() attention layers ${selection} = full() }`,
    );
    expect(model.rules[1]?.layers).toEqual(expected);
  });
});

describe('expressions', () => {
  const language = createLanguage(NO_FILES);

  test('stand alone', async () => {
    const model = await language.lowerExpression('window(8) | global([0]) // with a comment');
    expect(bare(model.rules[0]?.pattern)).toMatchObject({ name: 'expression', pattern: { kind: 'union' } });
  });

  test('their mistakes are measured from their own start', async () => {
    const error = await language.lowerExpression('window(8) | windw(3)').then(
      () => undefined,
      (failure: unknown) => failure,
    );
    expect(error).toBeInstanceOf(LowerError);
    expect(error).toMatchObject({ code: 'unknown-name', span: { start: 12, end: 17 } });
  });

  test.each(['', 'window(', 'full() pattern b = none()', '3', 'window(8))', 'full() } model M { tokens = 3'])(
    'refuses %j',
    async text => {
      await expect(language.lowerExpression(text)).rejects.toBeInstanceOf(LowerError);
    },
  );
});

test('growth without end is an error, not a full memory', async () => {
  const doubling = Array.from({ length: 60 }, (_, i) => `pattern p${i + 1} = p${i} | p${i}`).join('\n');
  const patterns = await openFile(`pattern p0 = full()\n${doubling}`);
  expect(patterns.diagnostics.map(({ code }) => code)).toContain('too-large');
  expect(() => patterns.lower('p60')).toThrow(LowerError);

  const constants = Array.from({ length: 60 }, (_, i) => `const c${i + 1} = c${i} + c${i}`).join('\n');
  const numbers = await openFile(`const c0 = 1\n${constants}\npattern p = window(c60)`);
  expect(() => numbers.lower('p')).toThrow(LowerError);

  const calls = Array.from({ length: 60 }, (_, i) => `pattern f${i + 1}(x) = f${i}(x + x)`).join('\n');
  const passing = await openFile(`pattern f0(x) = window(x)\n${calls}\npattern p = f60(1)`);
  expect(() => passing.lower('p')).toThrow(LowerError);
});

test('asking for what is not there says what is', async () => {
  const file = await openFile('pattern a = full()\nconst c = 3\npattern needs(size) = window(size)');
  expect(() => file.lower('b')).toThrow(/there is no pattern or model `b`; this file has a, needs/);
  expect(() => file.lower('c')).toThrow(/c is a number/);
  expect(() => file.lower('needs')).toThrow(/needs needs size/);
  expect(file.declarations().map(({ problem }) => problem === null)).toEqual([true, false]);
});
