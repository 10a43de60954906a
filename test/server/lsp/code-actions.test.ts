import { describe, expect, test } from 'vitest';
import { type CodeAction, CodeActionKind, type CodeActionParams } from 'vscode-languageserver-protocol';
import { TextDocument } from 'vscode-languageserver-textdocument';
import { diagnose } from '../open-file.ts';
import { openDocument } from './open-document.ts';

/** The actions between two marks, or at one, or anywhere when there is none. */
async function actionsOf(marked: string, only?: string[]) {
  const { services, document, marks } = await openDocument(marked);
  const { textDocument } = document;
  const range = {
    start: marks[0] ?? textDocument.positionAt(0),
    end: marks[1] ?? marks[0] ?? textDocument.positionAt(textDocument.getText().length),
  };
  const params: CodeActionParams = {
    textDocument: { uri: document.uri.toString() },
    range,
    context: { diagnostics: [], ...(only === undefined ? {} : { only }) },
  };
  const actions = ((await services.sparse.lsp.CodeActionProvider?.getCodeActions(document, params)) ??
    []) as CodeAction[];
  const apply = (action: CodeAction): string => {
    const edits = action.edit?.changes?.[document.uri.toString()] ?? [];
    return TextDocument.applyEdits(TextDocument.create('memory:/x', 'sparse', 1, textDocument.getText()), edits);
  };
  return { actions, apply, titles: actions.map(({ title }) => title) };
}

async function applied(marked: string, title: string): Promise<{ readonly text: string; readonly action: CodeAction }> {
  const { actions, apply, titles } = await actionsOf(marked);
  const action = actions.find(each => each.title === title);
  if (action === undefined) throw new Error(`no action ${title}, only ${titles.join(' | ')}`);
  return { text: apply(action), action };
}

type Case = readonly [title: string, before: string, after: string];

describe('mends', () => {
  const cases: readonly Case[] = [
    ['Change to `window`', 'pattern a = windw(512)', 'pattern a = window(512)'],
    [
      'Change to `longformer`',
      'pattern longformer = full()\npattern a = longfromer',
      'pattern longformer = full()\npattern a = longformer',
    ],
    ['Change to `size`', 'pattern a = window(sise: 512)', 'pattern a = window(size: 512)'],
    ['Change to `number`', 'pattern a(x: numbr) = window(x)', 'pattern a(x: number) = window(x)'],
    ['Change to `tokens`', 'model M { token = 64 attention = full() }', 'model M { tokens = 64 attention = full() }'],
    ['Change to `n`', 'pattern a = window(tokens)', 'pattern a = window(n)'],
    ['Change to `|`', 'pattern a = window(8) + global([0])', 'pattern a = window(8) | global([0])'],
    ['Change to `&`', 'pattern a = window(8) && causal()', 'pattern a = window(8) & causal()'],
    ['Change to `!`', 'pattern a = full() & -block(8)', 'pattern a = full() & !block(8)'],
    ['Change to `&&`', 'pattern a = where (i, j) => i >= j & j >= 0', 'pattern a = where (i, j) => i >= j && j >= 0'],
    [
      'Write 0 <= i - j && i - j < 8',
      'pattern a = where (i, j) => 0 <= i - j < 8',
      'pattern a = where (i, j) => 0 <= i - j && i - j < 8',
    ],
    ['Put it in brackets', 'pattern a = global(0)', 'pattern a = global([0])'],
    ['Leave out the brackets', 'pattern a = window([3])', 'pattern a = window(3)'],
    ['Write sliding(4096)', 'pattern a = sliding()', 'pattern a = sliding(4096)'],
    ['Write sliding(4096)', 'pattern a = sliding', 'pattern a = sliding(4096)'],
    ['Write c alone', 'const c = 3\npattern a = window(c(1))', 'const c = 3\npattern a = window(c)'],
    ['Add after: 0', 'pattern a = window(before: 8)', 'pattern a = window(before: 8, after: 0)'],
    [
      'Add before: 0',
      'pattern a = window(after: 8) | global([0])',
      'pattern a = window(after: 8, before: 0) | global([0])',
    ],
    ['Add size: 512', 'pattern a = window()', 'pattern a = window(size: 512)'],
    [
      'Add y: 1',
      'pattern a(x, y) = window(x + y)\npattern b = a(3)',
      'pattern a(x, y) = window(x + y)\npattern b = a(3, y: 1)',
    ],
    [
      'Add x: 1, t: [0]',
      'pattern a(x, t) = window(x) | global(t)\npattern b = a',
      'pattern a(x, t) = window(x) | global(t)\npattern b = a(x: 1, t: [0])',
    ],
    ['Remove 3', 'pattern a = strided(8, 2, 3)', 'pattern a = strided(8, 2)'],
    ['Remove 3', 'pattern a = causal(3)', 'pattern a = causal()'],
    ['Remove 4', 'pattern b(x) = window(x)\npattern a = b(3, 4,)', 'pattern b(x) = window(x)\npattern a = b(3,)'],
    ['Remove 2', 'const c = floor(1, 2)', 'const c = floor(1)'],
    ['Leave out the name', 'const c = floor(a: 1)', 'const c = floor(1)'],
    ['Remove size: 4', 'pattern a = window(8, size: 4)', 'pattern a = window(8)'],
    ['Remove dilation: 3', 'pattern a = window(8, dilation: 2, dilation: 3)', 'pattern a = window(8, dilation: 2)'],
    ['Add size:', 'pattern a = window(dilation: 2, 512)', 'pattern a = window(dilation: 2, size: 512)'],
    ['Add keys:', 'pattern a = random(seed: 1, 8)', 'pattern a = random(seed: 1, keys: 8)'],
    [
      'Add tokens:',
      'pattern b(size, tokens) = window(size) | global(tokens)\npattern a = b(size: 8, [0])',
      'pattern b(size, tokens) = window(size) | global(tokens)\npattern a = b(size: 8, tokens: [0])',
    ],
    // Nothing is left that it could mean.
    ['Remove 4', 'pattern b(x) = window(x)\npattern a = b(x: 3, 4)', 'pattern b(x) = window(x)\npattern a = b(x: 3)'],
    [
      'Remove layers 0..2',
      'model M { tokens = 8 layers = 2 attention layers 0..2, layers 0..2 = full() }',
      'model M { tokens = 8 layers = 2 attention layers 0..2 = full() }',
    ],
    [
      'Remove heads = 3',
      'model M {\n  tokens = 8\n  heads = 2\n  heads = 3\n  attention = full()\n}',
      'model M {\n  tokens = 8\n  heads = 2\n  attention = full()\n}',
    ],
    [
      'Change to "sparse:longformer"',
      'import { longformer } from "sparse:longfromer"\npattern a = longformer',
      'import { longformer } from "sparse:longformer"\npattern a = longformer',
    ],
    [
      'Change to "sparse:sparse-transformer"',
      'import { sparse_fixed } from "sparse:child"\npattern a = sparse_fixed',
      'import { sparse_fixed } from "sparse:sparse-transformer"\npattern a = sparse_fixed',
    ],
    [
      'Import longformer from "sparse:longformer"',
      '// Mine.\n\n/** It. */\npattern a = longformer(8)',
      '// Mine.\n\nimport { longformer } from "sparse:longformer"\n\n/** It. */\npattern a = longformer(8)',
    ],
    [
      'Import streaming_llm from "sparse:streaming"',
      'import { a_shape } from "sparse:streaming"\npattern a = streaming_llm | a_shape',
      'import { a_shape, streaming_llm } from "sparse:streaming"\npattern a = streaming_llm | a_shape',
    ],
    [
      'Import etc from "sparse:bigbird"',
      'import { a_shape } from "sparse:streaming"\nimport {} from "sparse:mistral"\npattern a = etc | a_shape',
      'import { a_shape } from "sparse:streaming"\nimport {} from "sparse:mistral"\nimport { etc } from "sparse:bigbird"\npattern a = etc | a_shape',
    ],
    ['Round down with floor', 'pattern a = block(20 / 3) | window(1)', 'pattern a = block(floor(20 / 3)) | window(1)'],
    [
      'Round up with ceil',
      'model M { tokens = 129 / 2 attention = full() }',
      'model M { tokens = ceil(129 / 2) attention = full() }',
    ],
    [
      'Create pattern `near`',
      'pattern a = near | global([0])',
      'pattern near = window(512)\n\npattern a = near | global([0])',
    ],
    [
      'Create pattern `near`',
      'model M {\n  tokens = 4096\n  attention = near(512, full(), wide: [0])\n}',
      'pattern near(a: number, b: pattern, wide: positions) = window(512)\n\nmodel M {\n  tokens = 4096\n  attention = near(512, full(), wide: [0])\n}',
    ],
    [
      'Add attention = window(512)',
      'model M {\n  tokens = 4096\n}',
      'model M {\n  tokens = 4096\n  attention = window(512)\n}',
    ],
    [
      'Add attention = window(512)',
      'model M {\n  tokens = 4096\n  heads  = 2\n  attention heads [0] = full()\n}',
      'model M {\n  tokens = 4096\n  heads  = 2\n  attention = window(512)\n  attention heads [0] = full()\n}',
    ],
    ['Add tokens = 4096', 'model M {\n  attention = full()\n}', 'model M {\n  tokens = 4096\n  attention = full()\n}'],
    [
      'Remove this rule',
      'model M {\n  tokens = 64\n  attention = full()\n  attention = window(8)\n}',
      'model M {\n  tokens = 64\n  attention = window(8)\n}',
    ],
    [
      'Remove this rule',
      'model M { tokens = 64 attention = full() attention heads 1..1 = window(8) }',
      'model M { tokens = 64 attention = full() }',
    ],
    ['Remove window(8)', 'pattern a = window(8) | window(64)', 'pattern a = window(64)'],
    ['Remove window(8)', 'pattern a = global([0]) | window(64) | (window(8))', 'pattern a = global([0]) | window(64)'],
    [
      'Remove window(8)',
      'pattern a = blocked(4, window(8) | (global([0]) & causal()) | window(64))',
      'pattern a = blocked(4, (global([0]) & causal()) | window(64))',
    ],
    ['Remove causal()', 'pattern a = full() - (sliding(8) & causal())', 'pattern a = full() - (sliding(8))'],
    [
      'Remove strided(8, offset: 3)',
      'pattern a = strided(8) - strided(8, offset: 3) | rows([0])',
      'pattern a = strided(8) | rows([0])',
    ],
    ['Round to 512', 'pattern a = window(500)', 'pattern a = window(512)'],
    ['Round to 1024', 'pattern a(w = 1000) = sliding(w)', 'pattern a(w = 1024) = sliding(w)'],
    [
      'Set tokens = 1024',
      'model M { tokens = 1000 attention = block(64) | window(2) }',
      'model M { tokens = 1024 attention = block(64) | window(2) }',
    ],
    [
      'Set tokens = 960',
      'model M { tokens = 1000 attention = block(64) | window(2) }',
      'model M { tokens = 960 attention = block(64) | window(2) }',
    ],
    [
      'Add & causal()',
      'model M { tokens = 256 attention = sliding(8) | columns([0..4]) }',
      'model M { tokens = 256 attention = sliding(8) | columns([0..4]) & causal() }',
    ],
    [
      'Make the model causal',
      'model M {\n  tokens = 256\n  attention = sliding(8) | columns([0..4])\n}',
      'model M {\n  tokens = 256\n  causal = true\n  attention = sliding(8) | columns([0..4])\n}',
    ],
  ];

  test.each(cases)('%s: %s', async (title, before, after) => {
    const { text, action } = await applied(before, title);
    expect(text).toBe(after);
    expect(action.kind).toBe(CodeActionKind.QuickFix);
    const [mended] = action.diagnostics ?? [];
    const found = await diagnose(text);
    expect(found.filter(each => each.includes(` ${mended?.code} `))).toEqual([]);
    expect(found.filter(each => each.startsWith('error'))).toEqual([]);
  });

  test('an import of the file itself goes', async () => {
    const { document } = await openDocument('');
    const next = document.uri.path.replace(/\d+/, digits => String(Number(digits) + 1));
    const { text } = await applied(`import { a } from "${next.slice(1)}"\npattern b = full()`, 'Remove this import');
    expect(text).toBe('pattern b = full()');
  });

  test('of what an operator error hides', async () => {
    const { text } = await applied('pattern a = windw(8) && (causl | foo)', 'Change to `window`');
    expect(text).toBe('pattern a = window(8) && (causl | foo)');
    const { titles } = await actionsOf('pattern a = windw(8) && (causl | foo)');
    expect(titles).toEqual(expect.arrayContaining(['Change to `&`', 'Change to `causal`', 'Create pattern `foo`']));
  });

  test('stay with their place', async () => {
    const text = 'pattern a = windw(8)\npattern b = <|>windw(9)';
    expect((await actionsOf(text)).titles).toContain('Change to `window`');
    const { actions } = await actionsOf('pattern a = windw(8)\npattern b = <|>full()');
    expect(actions.filter(({ kind }) => kind === CodeActionKind.QuickFix)).toEqual([]);
  });
});

describe('rewrites', () => {
  const cases: readonly Case[] = [
    ['Write window(radius: 256)', 'pattern a = win<|>dow(512)', 'pattern a = window(radius: 256)'],
    [
      'Write window(before: 256, after: 256)',
      'pattern a = window<|>(513)',
      'pattern a = window(before: 256, after: 256)',
    ],
    ['Write window(512)', 'pattern a = window<|>(radius: 256)', 'pattern a = window(512)'],
    ['Write window(512)', 'pattern a = window<|>(before: 256, after: 256)', 'pattern a = window(512)'],
    ['Write window(before: 511, after: 0)', 'pattern a = sliding<|>(512)', 'pattern a = window(before: 511, after: 0)'],
    ['Write sliding(512)', 'pattern a = window<|>(before: 511, after: 0)', 'pattern a = sliding(512)'],
    [
      'Write window(radius: 4, dilation: 2)',
      'pattern a = window<|>(8, dilation: 2)',
      'pattern a = window(radius: 4, dilation: 2)',
    ],
    [
      'Write sliding(w)',
      'const w = 9\npattern a = window<|>(before: w - 1, after: 0)',
      'const w = 9\npattern a = sliding(w)',
    ],
    [
      'Write window(radius: floor(w / 2))',
      'pattern a(w = 9) = window<|>(w)',
      'pattern a(w = 9) = window(radius: floor(w / 2))',
    ],
    [
      'Write window(2 * (w + 1))',
      'pattern a(w = 9) = window<|>(radius: w + 1)',
      'pattern a(w = 9) = window(2 * (w + 1))',
    ],
    ['Add & causal()', 'pattern a = window<|>(8) | global([0])', 'pattern a = (window(8) | global([0])) & causal()'],
    ['Add & causal()', 'pattern a = wind<|>ow(8)', 'pattern a = window(8) & causal()'],
    [
      'Extract to a pattern',
      'pattern a = <|>window(8)<|> | global([0])',
      'pattern part = window(8)\n\npattern a = part | global([0])',
    ],
    ['Extract to a constant', 'pattern a = window(<|>2 * 64<|>)', 'const size = 2 * 64\n\npattern a = window(size)'],
    [
      'Name window(2 * 64) (2 times) as a pattern',
      'pattern a = win<|>dow(2 * 64) | global([0])\npattern b = window( 2*64 ) | global([1])',
      'pattern part = window(2 * 64)\n\npattern a = part | global([0])\npattern b = part | global([1])',
    ],
    [
      'Name 2 * 64 + 3 (2 times) as a constant',
      'pattern a = window(2 * <|>64 + 3)\npattern b = sliding(2 * 64 + 3)',
      'const size = 2 * 64 + 3\n\npattern a = window(size)\npattern b = sliding(size)',
    ],
  ];

  test.each(cases)('%s: %s', async (title, before, after) => {
    const { text } = await applied(before, title);
    expect(text).toBe(after);
    expect((await diagnose(text)).filter(each => each.startsWith('error'))).toEqual([]);
  });

  test.each([
    ['what is causal', 'pattern a = slid<|>ing(8)', 'Add & causal()'],
    ['a rule of a causal model', 'model M { tokens = 64 causal = true attention = wind<|>ow(8) }', 'Add & causal()'],
    ['a parameter', 'pattern a(w = 3) = window(<|>w + 1<|>)', 'Extract to a constant'],
    ['n', 'pattern a = blocked(8, window(<|>n - 1<|>))', 'Extract to a constant'],
    ['a window with a gap', 'pattern a = window<|>(before: 8, after: 0, dilation: 2)', 'Write sliding(9)'],
    ['a window that leans', 'pattern a = window<|>(before: 8, after: 1)', 'Write window(9)'],
  ])('not of %s', async (_, text, title) => {
    expect((await actionsOf(text)).titles).not.toContain(title);
  });

  test('only of the kinds that are asked for', async () => {
    const kinds = async (only: string[]) => [
      ...new Set((await actionsOf('pattern a = win<|>dw(8) | window(8)', only)).actions.map(({ kind }) => kind)),
    ];
    expect(await kinds(['quickfix'])).toEqual(['quickfix']);
    expect(await kinds(['source'])).toEqual([]);
    const { actions } = await actionsOf('pattern a = win<|>dow(8)', ['refactor']);
    expect(actions.length).toBeGreaterThan(1);
    expect(actions.every(({ kind }) => kind?.startsWith('refactor'))).toBe(true);
  });
});

describe('replaced by the design that they are', () => {
  const cases: readonly Case[] = [
    [
      'Replace by longformer(512)',
      'pattern a = window(512) <|>| global([0])',
      'import { longformer } from "sparse:longformer"\n\npattern a = longformer(512)',
    ],
    [
      'Replace by longformer(64)',
      'import { longformer } from "sparse:longformer"\nmodel M { tokens = 1024 attention = glo<|>bal([0]) | window(64) }',
      'import { longformer } from "sparse:longformer"\nmodel M { tokens = 1024 attention = longformer(64) }',
    ],
    [
      'Replace by longformer(w)',
      'pattern a(w = 512) = window(w) <|>| global([0])',
      'import { longformer } from "sparse:longformer"\n\npattern a(w = 512) = longformer(w)',
    ],
    [
      'Replace by longformer(2 * w, heads_of)',
      'pattern a(w, heads_of = [0]) = glo<|>bal(heads_of) | window(2 * w)',
      'import { longformer } from "sparse:longformer"\n\npattern a(w, heads_of = [0]) = longformer(2 * w, heads_of)',
    ],
    [
      'Replace by sparse_strided(stride)',
      'pattern a(stride) = (strided(stride) <|>| sliding(stride)) & causal()',
      'import { sparse_strided } from "sparse:sparse-transformer"\n\npattern a(stride) = sparse_strided(stride)',
    ],
    [
      'Replace by streaming_llm(recent, sinks)',
      'pattern a(recent, sinks) = (sliding(recent) <|>| columns([0..sinks])) & causal()',
      'import { streaming_llm } from "sparse:streaming"\n\npattern a(recent, sinks) = streaming_llm(recent, sinks)',
    ],
    [
      'Replace by sliding(w + 1)',
      'pattern a(w = 8) = window(before: w, after: 0) & cau<|>sal()',
      'pattern a(w = 8) = sliding(w + 1)',
    ],
    [
      'Replace by sliding(w)',
      'pattern a(w = 8) = (where (i, j) => 0 <= i - j && i - <|>j < w) | random(3)',
      'pattern a(w = 8) = (sliding(w)) | random(3)',
    ],
    ['Replace by causal()', 'pattern a = where (q, k) => q <|>>= k', 'pattern a = causal()'],
    ['Replace by sliding(8)', 'pattern a = window(before: 7, after: 3) & cau<|>sal()', 'pattern a = sliding(8)'],
    [
      'Replace by sliding(8)',
      'pattern a = (where (i, j) => 0 <= i - j && i - <|>j < 8) | random(3)',
      'pattern a = (sliding(8)) | random(3)',
    ],
    [
      'Replace by blocked(64, window(2))',
      'pattern a = blocked(64, !<|>!window(2))',
      'pattern a = blocked(64, window(2))',
    ],
  ];

  test.each(cases)('%s: %s', async (title, before, after) => {
    const { text, action } = await applied(before, title);
    expect(text).toBe(after);
    expect(action.kind).toBe(CodeActionKind.RefactorRewrite);
    expect((await diagnose(text)).filter(each => each.startsWith('error'))).toEqual([]);
  });

  test.each([
    ['what is a name already', 'pattern a = window(51<|>2)'],
    ['what is written so already', 'pattern a = blocked(64, win<|>dow(2))'],
    ['what depends on a pattern', 'pattern a(p: pattern) = (p & causal()) <|>| full()'],
    [
      'what is another for odd numbers',
      'pattern a(w = 512) = window(before: floor(w / 2), after: ceil(w / 2)) <|>| global([0])',
    ],
    ['what is a design by default only', 'pattern a(w = 512) = window(512) <|>| global([0..w / 512])'],
    ['what is a design for even numbers only', 'pattern a(w = 512) = window(w + w % 2 * 2) <|>| global([0])'],
    [
      'what has a number that is not there',
      'pattern a(w = 512) = window(before: w / 2, after: w / 2) <|>| global([0..w])',
    ],
    ['what is equal at one length only', 'pattern a = window(512) <|>| global([-4096])'],
    ['what follows n', 'pattern a = window(n / 8) <|>| global([0])'],
    [
      'what is another in each head',
      'model M { tokens = 256 heads = 2 attention = window(8 + 2 * head) <|>| global([0]) }',
    ],
    ['what selects by content', 'pattern a = topk(8) <|>| global([0])'],
    ['what is nothing known', 'pattern a = window(8) <|>- columns([3, 17, 400])'],
    [
      'what has a name that means something else here',
      'pattern longformer = full()\npattern a = window(512) <|>| global([0])',
    ],
  ])('not %s', async (_, text) => {
    expect((await actionsOf(text)).titles.filter(title => title.startsWith('Replace by'))).toEqual([]);
  });

  test('only what is asked about takes time', async () => {
    const { titles } = await actionsOf('pattern a = window(512) <|>| global([0])', ['quickfix']);
    expect(titles).toEqual([]);
  });
});

test.each([
  'pattern a = window(<|>',
  'pattern a = <|>',
  'model M { <|>',
  'model { attention <|>= }',
  'import { <|> } from',
  '<|>',
  'pattern a = windw(<|>8, ) | b(',
  'pattern = window(<|>)',
])('nothing is thrown in %s', async text => {
  const { actions, apply } = await actionsOf(text);
  for (const action of actions) apply(action);
});

test('a long expression does not keep anybody waiting', async () => {
  const operands = Array.from({ length: 600 }, (_, k) => `window(${k + 1})`);
  const { titles } = await actionsOf(`pattern a = ${operands.join(' | ').replace('window(30)', 'win<|>dow(30)')}`);
  expect(titles).toContain('Write window(radius: 15)');
});
