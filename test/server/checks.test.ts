import { describe, expect, test } from 'vitest';
import { MAX_TOKENS } from '../../runtime/pattern/shape.ts';
import { diagnose, openFile } from './open-file.ts';

/** `[what, text, "severity code underlined"]`; every mistake gives exactly one message. */
type Case = readonly [text: string, ...expected: string[]];

function check(cases: readonly Case[]): void {
  test.each(cases.map(([text, ...expected]) => [text, expected] as const))('%s', async (text, expected) => {
    expect(await diagnose(text)).toEqual(expected);
  });
}

describe('syntax', () => {
  check([
    ['pattern a = window(8', 'error syntax "8"'],
    ['pattern a =', 'error syntax "="'],
    ['pattern', 'error syntax "n"'],
    ['pattern a = )', 'error syntax ")"'],
    ['pattern a = full())', 'error syntax ")"'],
    ['pattern a = full() }', 'error syntax "}"'],
    ['pattern a = "abc', 'error syntax "\\"abc"'],
    ['pattern a = full() /* abc', 'error syntax "/*"'],
    ['pattern a = full() // "fine'],
    ['/* "fine */ pattern a = full()'],
    ['pattern a = @full()', 'error syntax "@"'],
    ['model { tokens = 4 }', 'error syntax "{"'],
    ['model M { tokens = 4096', 'error syntax "6"'],
    ['pattern a(model) = full()', 'error syntax "model"'],
    ['const pattern = 3', 'error syntax "pattern"'],
    ['pattern a = global(0..4)', 'error syntax ".."'],
    ['pattern a = full() | where (i, j) => i > j', 'error syntax "where"'],
    ['const c = 1 +\npattern p = window(c)', 'error syntax "pattern"'],
    ['pattern broken = (\npattern fine = windw(3)', 'error syntax "pattern"', 'error unknown-name "windw"'],
    ['pattern broken = window(\nmodel M { tokens = 8 attention = broken }', 'error syntax "model"'],
  ]);

  test('what is quoted is cut where nobody would read it', async () => {
    const long = 'x'.repeat(100_000);
    for (const text of [long, `pattern a = ${long}(1)`, `pattern a = full() ${long}`]) {
      const file = await openFile(text);
      expect(file.diagnostics).toHaveLength(1);
      expect(file.diagnostics[0]?.message).toMatch(/`x{59}\.\.\.`$/);
    }
  });

  test('messages are in the words of the language', async () => {
    const message = async (text: string) => (await openFile(text)).diagnostics[0]?.message;
    expect(await message('pattern a = window(8')).toBe('expected `)`, found the end of the file');
    expect(await message('pattern a(model) = full()')).toBe('`model` is a word of the language and cannot be a name');
    expect(await message('pattern a = global(0..4)')).toBe('a range stands in brackets: [0..4]');
    expect(await message('pattern a = full() | where (i, j) => i > j')).toContain('stands in parentheses');
    expect(await message('pattern 模式 = full()')).toBe(
      'unexpected "模式": names are made of the letters a to z, digits and _',
    );
    expect(await message(`pattern a = ${'🦄'.repeat(20)}`)).toBe(`unexpected "${'🦄'.repeat(12)}"`);
    expect(await message('window(8)')).toContain('expected `import`, `const`, `pattern` or `model`');
    expect(await message('model M { tokens = }')).toBe('expected an expression, found `}`');
  });
});

describe('keys chosen by content where there is nothing to choose by', () => {
  check([
    ['pattern a = blocked(8, topk(2))', 'error dynamic "topk(2)"'],
    ['pattern a = blocked(8, sliding(2) | lsh(4)) & causal()', 'error dynamic "lsh(4)"'],
    ['pattern a = blocked(8, !threshold(0.5))', 'error dynamic "threshold(0.5)"'],
    ['pattern grid(p: pattern) = blocked(8, p)\npattern a = grid(routing(4))', 'error dynamic "routing(4)"'],
    ['model M { tokens = 64 attention = blocked(8, block_topk(2, 2)) | causal() }', 'error dynamic "block_topk(2, 2)"'],
    ['model M { tokens = 64 queries = 8 attention = transpose(topk(2)) }', 'error dynamic "topk(2)"'],
    [
      'model M { tokens = 64 queries = 8 attention = symmetric(vertical_slash(2, 2)) }',
      'error dynamic "vertical_slash(2, 2)"',
    ],
    ['pattern a = transpose(topk(2)) | symmetric(routing(4)) & blocked(8, sliding(2))'],
    ['pattern a = topk(4, within: blocked(8, sliding(2)))'],
    ['pattern a(fast: bool = true) = fast ? topk(4) : blocked(8, sliding(2))'],
  ]);
});

describe('names', () => {
  check([
    ['pattern a = windw(3)', 'error unknown-name "windw"'],
    ['pattern a = window(sise)', 'error unknown-name "sise"'],
    ['pattern a(size) = window(sise)', 'error unknown-name "sise"'],
    ['pattern a = windw(sise)', 'error unknown-name "windw"', 'error unknown-name "sise"'],
    ['pattern a = window(i)', 'error unknown-name "i"'],
    ['pattern a = full()\npattern a = none()', 'error duplicate-name "a"'],
    ['const a = 3\nmodel a { tokens = 3 attention = full() }', 'error duplicate-name "a"'],
    ['pattern a(x, x) = window(x)', 'error duplicate-name "x"'],
    ['pattern a = where (i, i) => i > 3', 'error duplicate-name "i"'],
    ['pattern window = full()', 'error reserved-name "window"'],
    ['const causal = 3', 'error reserved-name "causal"'],
    ['model global { tokens = 3 attention = full() }', 'error reserved-name "global"'],
    ['const n = 3', 'error reserved-name "n"'],
    ['pattern max = full()', 'error reserved-name "max"'],
    ['model M { tokens = 3 attention = full() }\npattern a = M', 'error wrong-type "M"'],
    ['pattern a(x: numbr) = window(x)', 'error unknown-type "numbr"'],
  ]);

  test('the nearest spelling is suggested', async () => {
    const message = async (text: string) => (await openFile(text)).diagnostics[0]?.message;
    expect(await message('pattern a = windw(3)')).toBe('there is no `windw`; did you mean `window`?');
    expect(await message('pattern longformer = full()\npattern a = longfromer')).toContain(
      'did you mean `longformer`?',
    );
    expect(await message('pattern a = window(sise: 8)')).toContain('did you mean `size`?');
    expect(await message('model M { token = 3 attention = full() }')).toContain('did you mean `tokens`?');
    expect(await message('pattern a = qqqqqq(3)')).toBe('there is no `qqqqqq`');
  });
});

describe('arguments', () => {
  check([
    ['pattern a = sliding()', 'error argument-missing "sliding"'],
    ['pattern a = sliding', 'error argument-missing "sliding"'],
    ['pattern a = window()', 'error argument-range "window()"'],
    ['pattern a = causal(3)', 'error argument-count "3"'],
    ['pattern a = sliding(3, 4)', 'error argument-count "4"'],
    ['pattern a = sliding(size: 3, size: 4)', 'error argument-duplicate "size"'],
    ['pattern a = sliding(3, size: 4)', 'error argument-duplicate "size"'],
    ['pattern a = window(sise: 3)', 'error argument-unknown "sise"'],
    ['pattern a = window(dilation: 2, 3)', 'error argument-order "3"'],
    ['pattern a(x, y = 3) = window(x + y)\npattern b = a()', 'error argument-missing "a"'],
    ['pattern a(x) = window(x)\npattern b = a', 'error argument-missing "a"'],
    ['pattern a(x) = window(x)\npattern b = a(1, 2)', 'error argument-count "2"'],
    ['pattern a(x) = window(x)\npattern b = a(y: 2)', 'error argument-unknown "y"'],
    ['pattern a = window(min())', 'error argument-missing "min"'],
    ['pattern a = window(abs(1, 2))', 'error argument-count "2"'],
    ['pattern a = window(floor)', 'error argument-missing "floor"'],
    ['const c = 3\npattern a = window(c(1))', 'error not-callable "c"'],
    ['pattern a(p: pattern) = p(3)', 'error not-callable "p"'],
    ['pattern a(x = b) = window(x)', 'error unknown-name "b"'],
    ['pattern a(x = y, y = 3) = window(x + y)', 'error parameter-order "y"'],
  ]);
});

describe('types', () => {
  check([
    ['pattern a = 3', 'error wrong-type "3"'],
    ['pattern a = global(0)', 'error wrong-type "0"'],
    ['pattern a = window([3])', 'error wrong-type "[3]"'],
    ['pattern a = window(full())', 'error wrong-type "full()"'],
    ['pattern a = window("8")', 'error wrong-type "\\"8\\""'],
    ['pattern a = window(true)', 'error wrong-type "true"'],
    ['pattern a = random(3, per_head: 1)', 'error wrong-type "1"'],
    ['pattern a = blocked(8, 3)', 'error wrong-type "3"'],
    ['const c = full()', 'error wrong-type "full()"'],
    ['const c = [3]', 'error wrong-type "[3]"'],
    ['pattern a = window(8) && causal()', 'error wrong-operator "&&"'],
    ['pattern a = window(8) + causal()', 'error wrong-operator "+"'],
    ['pattern a = -window(8)', 'error wrong-operator "-"'],
    ['pattern a = where (i, j) => i > 1 & j > 2', 'error wrong-operator "&"'],
    ['pattern a = where (i, j) => full()', 'error wrong-type "full()"'],
    ['pattern a = where (i, j) => 0 <= i - j < 8', 'error chained-comparison "0 <= i - j < 8"'],
    ['pattern a = full() - 3', 'error wrong-type "3"'],
    ['pattern a = full() ? full() : none()', 'error wrong-type "full()"'],
    ['pattern a = global(n > 3 ? [0] : [1])', 'error wrong-type "n > 3 ? [0] : [1]"'],
    ['pattern a(size = [0]) = window(size)', 'error wrong-type "[0]"'],
    ['pattern a(size: number = 3) = global(size)', 'error wrong-type "size"'],
    ['pattern a(p) = p & causal()\npattern b = a(3)', 'error wrong-type "3"'],
    ['pattern a(t) = global(t)\npattern b = a(3)', 'error wrong-type "3"'],
    ['pattern a(w) = window(w)\npattern b = a(full())', 'error wrong-type "full()"'],
    ['pattern a(c) = c ? full() : none()\npattern b = a(n > 3)'],
    ['pattern a(x) = window(x - 1) - window(x)\npattern b = a(4)', 'warning empty-query "a(4)"'],
  ]);
});

describe('values', () => {
  check([
    ['pattern a = window(-3)', 'error argument-range "-3"'],
    ['pattern a = block(0)', 'error argument-range "0"'],
    ['pattern a = block(20 / 3)', 'error argument-integer "20 / 3"'],
    ['pattern a = block(20 / 2)'],
    ['pattern a = block(1 / 0)', 'error number "1 / 0"'],
    ['pattern a = window(-3) | block(0) & causal()', 'error argument-range "-3"', 'error argument-range "0"'],
    ['pattern a(x = -3) = window(x) | sliding(8) - window(x)', 'error argument-range "-3"'],
    ['pattern a(x = 0) = block(x) | transpose(window(-1))', 'error argument-range "0"', 'error argument-range "-1"'],
    [
      'pattern a = window(-3) | blocked(8, window(n - 2000)) | (n > 3 ? full() : window(-2))',
      'error argument-range "-3"',
    ],
    [
      'model M { tokens = 8 attention = global([9]) | window(-3) | columns([10]) }',
      'error position-range "9"',
      'error argument-range "-3"',
      'error position-range "10"',
    ],
    ['pattern a(x) = window(x) | window(-3)', 'error argument-range "-3"'],
    ['pattern a(x = -3) = window(x)', 'error argument-range "-3"'],
    ['pattern a(x) = window(x)\npattern b = a(-3)', 'error argument-range "-3"'],
    ['pattern a(x) = window(x * 2)\npattern b = a(-3)', 'error argument-range "a(-3)"'],
    ['pattern a = window(-3)\npattern b = a\nmodel M { tokens = 8 attention = b }', 'error argument-range "-3"'],
    ['pattern a = strided(8, offset: 8)', 'error argument-range "8"'],
    ['pattern a = blocked(8, window(-1))', 'error argument-range "-1"'],
    ['pattern a = global([5000])'],
    ['pattern a = window(5000 - n)'],
    ['pattern a = window(n - 5000)'],
    ['model M { tokens = 64 attention = window(n - 65) }', 'error argument-range "n - 65"'],
    ['model M { tokens = 64 attention = global([0, 64, 3]) }', 'error position-range "64"'],
    ['model M { tokens = 64 attention = global([-65]) }', 'error position-range "-65"'],
    ['model M { tokens = 64 attention = global([60..65]) }', 'error position-range "60..65"'],
    ['model M { tokens = 64 attention = blocked(8, global([8])) }', 'error position-range "8"'],
    ['pattern a(t = [64]) = global(t)\nmodel M { tokens = 64 attention = a() }', 'error position-range "64"'],
    ['pattern a(t = [64]) = global(t)\nmodel M { tokens = 64 attention = a([0]) }'],
    ['model M { tokens = 64 heads = 4 attention = window(2 - head) }', 'error argument-range "2 - head"'],
    ['model M { tokens = 64 heads = 4 attention = head > 2 ? full() : window(2 - head) }'],
  ]);

  test('a whole number is asked for with a way to get one', async () => {
    const file = await openFile('pattern a = block(20 / 3)');
    expect(file.diagnostics[0]?.message).toMatch(/floor.*ceil/);
  });
});

describe('recursion', () => {
  check([
    ['pattern a = a', 'error recursion "a"'],
    ['pattern a = b\npattern b = c\npattern c = a', 'error recursion "a"'],
    ['pattern a = a | b\npattern b = full()', 'error recursion "a"'],
    ['pattern a(p: pattern) = p\npattern b = a(b)', 'error recursion "b"'],
    ['pattern a(p: pattern = a) = p', 'error recursion "a"'],
    ['const a = b\nconst b = a + 1', 'error recursion "a"'],
    ['pattern a = b\npattern b = a\nmodel M { tokens = 4 attention = a }', 'error recursion "a"'],
    ['model M { tokens = heads heads = layers layers = heads attention = full() }', 'error recursion "layers"'],
  ]);
});

describe('ranges of positions that run backwards at every length', () => {
  test.each([
    ['pattern a = columns([3..1])', '3..1'],
    ['pattern a = rows([0, -1..-3])', '-1..-3'],
    ['pattern a(x) = columns([3..1]) | window(x)', '3..1'],
    ['pattern a = global([90_000..5])', '90_000..5'],
    ['pattern a = blocked(4, columns([3..1]))', '3..1'],
    ['const c = 4\npattern a(t = [c..2]) = columns(t)', 'c..2'],
  ])('%s', async (text, underlined) => {
    const { diagnostics } = await openFile(text);
    expect(diagnostics.map(({ code, span }) => `${code} ${text.slice(span.start, span.end)}`)).toEqual([
      `position-range ${underlined}`,
    ]);
    expect(diagnostics[0]?.message).toContain('runs backwards');
  });

  test.each(['pattern a = columns([3..4])', 'pattern a = columns([-1..3])', 'pattern a = columns([8..n])'])(
    'not %s',
    async text => {
      expect(await diagnose(text)).toEqual([]);
    },
  );
});

describe('names behind mistakes with operators', () => {
  check([
    ['pattern a = foo && causal', 'error unknown-name "foo"', 'error wrong-operator "&&"'],
    ['pattern a = causal * (full() | (foo))', 'error wrong-operator "*"', 'error unknown-name "foo"'],
    ['const c = full() - foo', 'error wrong-type "full()"', 'error unknown-name "foo"'],
    ['pattern a = window(causal(foo))', 'error wrong-type "causal(foo)"', 'error unknown-name "foo"'],
    ['pattern a = full(foo + 1)', 'error argument-count "foo + 1"', 'error unknown-name "foo"'],
    ['pattern a = where (i, j) => 1 < foo < j', 'error chained-comparison "1 < foo < j"', 'error unknown-name "foo"'],
    ['pattern a = windw(foo * 2)', 'error unknown-name "windw"', 'error unknown-name "foo"'],
    ['pattern a = window(dilation: 2, foo)', 'error argument-order "foo"'],
  ]);
});

describe('models', () => {
  const model = (body: string): string => `model M { ${body} }`;
  check([
    [model('attention = full()'), 'error property-missing "M"'],
    [model('tokens = 8'), 'error uncovered "M"'],
    [model('tokens = 0 attention = full()'), 'error property-range "0"'],
    [model('tokens = -4 attention = full()'), 'error property-range "-4"'],
    [model(`tokens = ${MAX_TOKENS} attention = full()`)],
    [model(`tokens = ${MAX_TOKENS + 1} attention = full()`), `error property-range "${MAX_TOKENS + 1}"`],
    [model('tokens = 7 / 2 attention = full()'), 'error property-integer "7 / 2"'],
    [model('tokens = true attention = full()'), 'error wrong-type "true"'],
    [model('token = 8 attention = full()'), 'error unknown-property "token"'],
    [model('tokens = 8 tokens = 9 attention = full()'), 'error duplicate-property "tokens"'],
    [model('tokens = 8 queries = 9 attention = full()'), 'error property-value "9"'],
    [model('tokens = 8 heads = 6 kv_heads = 4 attention = full()'), 'error property-value "4"'],
    [model('tokens = 8 heads = 6 dim = 64 attention = full()'), 'error property-value "64"'],
    [model('tokens = 8 heads = 2 dim = 64 head_dim = 16 attention = full()'), 'error property-value "64"'],
    [model('tokens = 8 heads = 2 dim = 64 head_dim = 32 attention = full()')],
    [model('tokens = 8 align = middle attention = full()'), 'error property-value "middle"'],
    [model('tokens = 8 align = start dtype = bf16 attention = full()')],
    [model('tokens = 8 dtype = 16 attention = full()'), 'error property-value "16"'],
    [model('tokens = 8 causal = 1 attention = full()'), 'error wrong-type "1"'],
    [model('tokens = 8 heads = head attention = full()'), 'error model-name "head"'],
    [model('tokens = 8 layers = 2 attention layers [0] = full()'), 'error uncovered "M"'],
    [model('tokens = 8 heads = 2 attention heads [0, 2] = full()'), 'error position-range "2"'],
    [model('tokens = 8 heads = 2 attention heads [-3] = full()'), 'error position-range "-3"'],
    [model('tokens = 8 heads = 4 attention heads 3..2 = full()'), 'error position-range "2"'],
    [model('tokens = 8 heads = 4 attention heads 0..4 step 0 = full()'), 'error position-range "0"'],
    [model('tokens = 8 heads = 4 attention heads 3 = full()'), 'error selector "3"'],
    [model('tokens = 8 heads = 4 attention heads [0] heads [1] = full()'), 'error selector "heads"'],
    [model('tokens = 8 attention = full() attention = none()'), 'warning rule-overridden "attention"'],
    [
      model('tokens = 8 heads = 2 attention = full() attention heads [1] = none() attention heads 0..2 = causal()'),
      'warning rule-overridden "attention"',
      'warning rule-overridden "attention heads [1]"',
    ],
    [
      model('tokens = 8 heads = 2 attention = full() attention heads 1..1 = none()'),
      'warning rule-empty "attention heads 1..1"',
    ],
    [model('tokens = 8 attention = windw(3)'), 'error unknown-name "windw"'],
    [model('tokens = 8 attention = 3'), 'error wrong-type "3"'],
  ]);

  test('the first layer and head without a rule are named', async () => {
    const file = await openFile(
      model('tokens = 8 layers = 4 heads = 2 attention layers 0..2 = full() attention heads [1] = full()'),
    );
    expect(file.diagnostics[0]?.message).toContain('no rule reaches layer 2, head 0 and 1 more');
  });
});

test('places are lines and columns as well as offsets', async () => {
  const file = await openFile('const a = 1\n\npattern p = window(\n  -3)');
  expect(file.diagnostics).toEqual([
    {
      code: 'argument-range',
      severity: 'error',
      message: expect.stringContaining('at least 0, got -3'),
      range: { start: { line: 3, character: 2 }, end: { line: 3, character: 4 } },
      span: { uri: 'memory:/main.sparse', start: 35, end: 37 },
    },
  ]);
  expect(file.errors).toBe(1);
});

test('what is wrong in one declaration does not hide what is wrong in another', async () => {
  const text = 'pattern a = windw(3)\npattern b = global(0)\nconst c = full()\nmodel M { tokens = 0 attention = a }';
  expect(await diagnose(text)).toEqual([
    'error unknown-name "windw"',
    'error wrong-type "0"',
    'error wrong-type "full()"',
    'error property-range "0"',
  ]);
});
