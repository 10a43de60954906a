import { describe, expect, test } from 'vitest';
import { brief, diagnose, openFile } from './open-file.ts';

/** `[text, "severity code underlined", ...]` */
type Case = readonly [text: string, ...expected: string[]];

function check(cases: readonly Case[]): void {
  test.each(cases.map(([text, ...expected]) => [text, expected] as const))('%s', async (text, expected) => {
    expect(await diagnose(text)).toEqual(expected);
  });
}

const model = (body: string): string => `model M { tokens = 256 ${body} }`;

/** The messages about a text, whose places are checked elsewhere. */
async function messages(text: string): Promise<string[]> {
  return (await openFile(text)).diagnostics.map(({ message }) => message);
}

describe('operands that change nothing', () => {
  check([
    ['pattern a = window(8) | window(64)', 'warning redundant-operand "window(8)"'],
    ['pattern a = window(64) | window(8)', 'warning redundant-operand "window(8)"'],
    ['pattern a = window(8) | window(8)', 'warning redundant-operand "window(8)"'],
    ['pattern a = window(8) | (window(64))', 'warning redundant-operand "window(8)"'],
    ['pattern a = window(8) | global([0]) | window(64)', 'warning redundant-operand "window(8)"'],
    ['pattern a = sliding(8) & causal()', 'warning redundant-operand "causal()"'],
    [
      'pattern a = causal() & window(8) & sliding(3)',
      'warning redundant-operand "causal()"',
      'warning redundant-operand "window(8)"',
    ],
    ['pattern a = strided(8) - strided(8, offset: 3)', 'warning redundant-operand "strided(8, offset: 3)"'],
    ['pattern a = (causal() - sliding(8)) | sliding(9) | none()', 'warning redundant-operand "none()"'],
    ['pattern a = sliding(4) | (causal() - sliding(8)) | (sliding(9) - sliding(2))'],
    ['pattern a = blocked(64, window(3) | diagonal())', 'warning redundant-operand "diagonal()"'],
    ['pattern a = !(window(8) | window(64))', 'warning redundant-operand "window(8)"'],
    ['const w = 8\npattern a = window(w) | window(8 * w)', 'warning redundant-operand "window(w)"'],
    // The whole of it is needed.
    ['pattern a = window(8) | global([0])'],
    ['pattern a = window(64) & causal()'],
    ['pattern a = full() - diagonal()'],
    // What holds at one length only is no property of a pattern that has none.
    ['pattern a = window(10000) | global([0])'],
    [model('attention = window(512) | global([0])'), 'warning redundant-operand "global([0])"'],
    // In another call the parameter is another number.
    ['pattern a(size = 8) = window(size) | window(64)'],
    ['pattern a(size = 8) = sliding(size) | (window(3) | window(9))', 'warning redundant-operand "window(3)"'],
    // What is chosen between heads was written for another one.
    [model('heads = 2 attention = window(8) | (head == 0 ? window(2) : global([0]))')],
    [
      model('heads = 2 attention = head == 0 ? window(8) | window(64) : full()'),
      'warning redundant-operand "window(8)"',
    ],
    ['pattern a = window(head + 1) | window(8)'],
    [
      'pattern a = window(8) | window(8 * (head + 1))\nmodel M { tokens = 256 heads = 2 attention = a }',
      'warning redundant-operand "window(8)"',
    ],
    // A causal model takes the future away by itself.
    [model('causal = true attention = window(64) & causal()'), 'warning redundant-operand "causal()"'],
    [model('causal = true attention = window(8) | sliding(5)'), 'warning redundant-operand "sliding(5)"'],
    [model('attention = window(8) | sliding(5)'), 'warning redundant-operand "sliding(5)"'],
    [
      model('causal = true attention = window(before: 4, after: 9) | sliding(6)'),
      'warning redundant-operand "window(before: 4, after: 9)"',
    ],
  ]);

  test('a message names the other operand and a pair', async () => {
    const [message = ''] = await messages('pattern a = window(8) | window(64)');
    expect(message).toMatch(
      /^`window\(8\)` adds nothing: it is contained in `window\(64\)`, which also lets query (\d+) see key (\d+)$/,
    );
    const [, query = 0, key = 0] = /query (\d+) see key (\d+)/.exec(message)?.map(Number) ?? [];
    expect(Math.abs(query - key)).toBeGreaterThan(4);
    expect(Math.abs(query - key)).toBeLessThanOrEqual(32);
    expect(await messages(model('causal = true attention = window(64) & causal()'))).toEqual([
      '`causal()` takes nothing away: the model is causal already (n = 256)',
    ]);
    expect(await messages('pattern a = window(8) | window(9)')).toEqual([
      '`window(9)` adds nothing: it is contained in `window(8)`, which holds the same pairs',
    ]);
    expect((await messages('pattern a = block(64) | window(0) | (causal() - block(64)) | sliding(32)')).sort()).toEqual(
      [
        expect.stringContaining('`sliding(32)` adds nothing: the other operands together contain it'),
        expect.stringContaining('`window(0)` adds nothing: it is contained in `block(64)`'),
      ],
    );
  });
});

describe('combinations without pairs', () => {
  check([
    ['pattern a = sliding(8) - causal()', 'warning no-pairs "sliding(8) - causal()"'],
    ['pattern a = diagonal() & strided(8, offset: 3)', 'warning no-pairs "diagonal() & strided(8, offset: 3)"'],
    ['pattern a = full() | (window(4) - window(8))', 'warning redundant-operand "window(4) - window(8)"'],
  ]);
});

describe('queries that attend to nothing', () => {
  check([
    ['pattern a = strided(8, offset: 3)'],
    ['pattern a = rows([0])', 'warning empty-query "rows([0])"'],
    ['pattern a = causal() - diagonal()', 'warning empty-query "causal() - diagonal()"'],
    // A part of another pattern need not serve every query.
    ['pattern a = rows([0])\npattern b = a | window(8)'],
    // Said outright.
    [model('attention = none()')],
    ['pattern off = none()'],
    [model('attention = columns([9]) & causal()'), 'warning empty-query "columns([9]) & causal()"'],
    [model('causal = true attention = columns([9])'), 'warning empty-query "columns([9])"'],
    [model('attention = columns([9])'), 'information disconnected "columns([9])"'],
    [model('queries = 4 causal = true attention = columns([9])')],
    [model('queries = 4 align = start causal = true attention = columns([9])'), 'warning empty-query "columns([9])"'],
    ['pattern a(size) = rows([size])'],
  ]);

  test('the first of them is named, with its layer and head', async () => {
    expect(await messages('pattern a = strided(8, offset: 3) & causal()')).toEqual([
      'query 0 attends to nothing: its output is all zeros (n = 4,096)',
    ]);
    expect(await messages(model('heads = 4 attention = full() - rows([9 * head..n])'))).toEqual([
      'query 0 attends to nothing in head 0: its output is all zeros (n = 256)',
    ]);
    expect(
      await messages(model('heads = 4 layers = 3 attention = full() - rows([100 + layer..100 + 2 * layer + head])')),
    ).toEqual(['query 100 attends to nothing in layer 0, head 1: its output is all zeros (n = 256)']);
  });
});

describe('sight of the future', () => {
  check([
    [model('attention = sliding(8) | columns([0..4])'), 'information sees-future "columns([0..4])"'],
    [model('attention = sliding(8) | (columns([0..4]) & causal())')],
    [model('causal = true attention = sliding(8) | columns([0..4])')],
    [model('attention = window(8) | global([0])')],
    [
      model('heads = 2 attention heads [0] = sliding(8) attention heads [1] = sliding(8) | rows([0])'),
      'information sees-future "sliding(8) | rows([0])"',
    ],
    [model('heads = 2 attention heads [0] = window(8) attention heads [1] = full()')],
    [
      'pattern p(size = 8) = sliding(size) | columns([0..4])\nmodel M { tokens = 256 attention = p() }',
      'information sees-future "p()"',
    ],
  ]);

  test('names a pair', async () => {
    expect(await messages(model('attention = sliding(8) | columns([0..4])'))).toEqual([
      expect.stringMatching(/this operand lets query (0 see key [123]|1 see key [23]|2 see key 3), while/),
    ]);
  });
});

describe('blocks and tiles', () => {
  const odd = (attention: string): string => `model M { tokens = 1000 attention = ${attention} }`;
  check([
    [odd('block(64) | window(2)'), 'information short-block "64"'],
    [odd('blocked(size: 64, p: window(3))'), 'information short-block "64"'],
    [odd('block(50) | window(2)')],
    [
      'pattern p(size = 64) = blocked(size, window(3))\nmodel M { tokens = 1000 attention = p() }',
      'information short-block "p()"',
    ],
    [
      'pattern p(size = 64) = blocked(size, window(3))\nmodel M { tokens = 1000 attention = p(48) }',
      'information short-block "48"',
    ],
    [odd('sliding(100)')],
    ['model M { tokens = 4096 attention = sliding(100) }', 'information window-tile "100"'],
    ['model M { tokens = 4096 attention = window(500) }', 'information window-tile "500"'],
    ['pattern p = window(before: 100, after: 100)', 'information window-tile "100"', 'information window-tile "100"'],
    ['pattern p(size = 1000) = window(radius: size)', 'information window-tile "1000"'],
    [
      'pattern p = window(512) | sliding(65) | window(radius: 64)',
      'warning redundant-operand "sliding(65)"',
      'warning redundant-operand "window(radius: 64)"',
    ],
    ['pattern p = sliding(1024)'],
    ['pattern p = window(3)'],
    ['pattern p = window(100, dilation: 2)'],
    ['pattern p = window(ceil(sqrt(n)) * 10)'],
    ['pattern p = blocked(16, window(101))'],
  ]);

  test('say what it costs', async () => {
    expect(await messages(odd('block(64) | window(2)'))).toEqual([
      'the last block is short: 1,000 tokens are 15 blocks of 64 and one of 40',
    ]);
    // 64 rows of tiles: three tiles each, less those before the beginning.
    expect(await messages('model M { tokens = 4096 attention = sliding(100) }')).toEqual([
      'a window of 100 ends inside a tile of 64: it touches 189 tiles, 52.3% used; 128 touches the same tiles, 66.7% used (n = 4,096)',
    ]);
  });
});

describe('flow of information', () => {
  check([
    [model('attention = block(64)'), 'information disconnected "block(64)"'],
    [model('attention = block(64) & causal()'), 'information disconnected "block(64) & causal()"'],
    [model('causal = true attention = strided(8)'), 'information disconnected "strided(8)"'],
    [model('attention = block(64) | global([0])')],
    [model('causal = true attention = block(64) | columns([63]) | columns([127]) | columns([191])')],
    [model('layers = 2 attention = block(64) attention layers [1] = window(2)')],
    [model('layers = 2 attention = block(64) attention layers [1] = block(32)'), 'information disconnected "M"'],
    [model('attention = window(2)')],
    [model('attention = sliding(2)')],
    [model('queries = 1 attention = block(64)')],
    ['pattern part = block(64)'],
  ]);

  test('names two positions', async () => {
    expect(await messages(model('attention = block(64) & causal()'))).toEqual([
      'however many layers there are, query 64 learns nothing of key 63: no path of allowed pairs leads there (n = 256)',
    ]);
  });
});

test('what is too large to know in time is not said', { timeout: 30_000 }, async () => {
  const start = performance.now();
  const text = `model M { tokens = ${2 ** 26} attention = where (i, j) => (i * j) % 7919 == 3 }`;
  const file = await openFile(text);
  expect(file.diagnostics.filter(({ code }) => code !== 'empty-query').map(each => brief(text, each))).toEqual([]);
  expect(performance.now() - start).toBeLessThan(15_000);
});

test('declarations with mistakes are not looked at', async () => {
  expect(await diagnose('pattern a = window(8) | window(64) | windw(3)')).toEqual(['error unknown-name "windw"']);
  expect(await diagnose('pattern a = window(8) | window(64)\npattern b = (')).toEqual([
    'warning redundant-operand "window(8)"',
    'error syntax "("',
  ]);
});
