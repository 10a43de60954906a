import { describe, expect, test } from 'vitest';
import { type Recognised, recognise } from '../../../runtime/analyse/recognise.ts';
import { bindPattern } from '../../../runtime/pattern/bind.ts';
import type { Pattern } from '../../../runtime/pattern/ir.ts';
import { patternAt } from '../../../runtime/pattern/model.ts';
import { type Shape, squareShape } from '../../../runtime/pattern/shape.ts';
import { createLanguage, NO_FILES } from '../../../server/language.ts';

const language = createLanguage(NO_FILES);
let files = 0;

/** A pattern expression; `sparse:` modules are imported as they are named. */
async function lowered(expression: string, ...imports: string[]): Promise<Pattern> {
  const text = [...imports.map(each => `import { ${each.split(' ')[0]} } from "${each.split(' ')[1]}"`), ''].join('\n');
  const file = await language.open(`memory:///${files++}.sparse`, `${text}pattern p = ${expression}\n`);
  expect(file.diagnostics.filter(({ severity }) => severity === 'error')).toEqual([]);
  const pattern = patternAt(file.lower('p'), 0, 0);
  if (pattern === undefined) throw new Error('no pattern');
  return pattern;
}

function named(pattern: Pattern, shape: Shape): Recognised | undefined {
  return recognise(bindPattern(pattern, shape), shape, { pattern });
}

interface Family {
  readonly title: string;
  readonly text: string;
  readonly n: number;
  readonly module?: string;
  readonly spellings: readonly string[];
  /** Others that are not this one. */
  readonly not?: readonly string[];
}

const families: readonly Family[] = [
  {
    title: 'Full',
    text: 'full()',
    n: 100,
    spellings: ['full()', '!none()', 'where (i, j) => i + j >= 0', 'window(300)'],
  },
  { title: 'Nothing', text: 'none()', n: 100, spellings: ['none()', 'diagonal() - causal()', 'where (i, j) => i > n'] },
  {
    title: 'Causal',
    text: 'causal()',
    n: 100,
    spellings: ['causal()', 'where (i, j) => !(j > i)', 'sliding(n)', 'sliding(3) | causal() & strided(1)'],
  },
  {
    title: 'Diagonal',
    text: 'diagonal()',
    n: 97,
    spellings: ['diagonal()', 'sliding(1)', 'where (i, j) => i == j', 'window(8) & diagonal()'],
  },
  {
    title: 'Sliding window (window 12)',
    text: 'sliding(12)',
    n: 300,
    spellings: [
      'sliding(12)',
      'where (i, j) => i >= j && i - j < 12',
      'window(before: 11, after: 0)',
      'causal() & window(22)',
      'causal() - (where (i, j) => i - j >= 12)',
      'sliding(12) | sliding(4) | diagonal()',
    ],
    not: ['sliding(12) - (where (i, j) => i == 200 && j == 195)', 'sliding(12) | (where (i, j) => i == 200 && j == 5)'],
  },
  {
    title: 'Window (window 32)',
    text: 'window(32)',
    n: 500,
    spellings: [
      'window(32)',
      'window(33)',
      'window(radius: 16)',
      'where (q, k) => abs(q - k) <= 16',
      'symmetric(sliding(17))',
      'window(8) | window(32)',
    ],
  },
  {
    title: 'Window (before 7, after 3)',
    text: 'window(before: 7, after: 3)',
    n: 200,
    spellings: [
      'window(before: 7, after: 3)',
      'where (i, j) => j - i <= 3 && i - j <= 7',
      'sliding(8) | transpose(sliding(4))',
    ],
  },
  {
    title: 'Dilated window (window 16, dilation 3)',
    text: 'window(16, dilation: 3)',
    n: 400,
    spellings: [
      'window(16, dilation: 3)',
      'window(radius: 8, dilation: 3)',
      'where (i, j) => (i - j) % 3 == 0 && abs(i - j) < 26',
      'strided(3) & window(48)',
    ],
    not: ['window(16, dilation: 3) - (where (i, j) => i == 200 && j == 200)'],
  },
  {
    title: 'Causal dilated window (before 8, after 0, dilation 3)',
    text: 'window(before: 8, after: 0, dilation: 3)',
    n: 400,
    spellings: [
      'window(16, dilation: 3) & causal()',
      'where (i, j) => (i - j) % 3 == 0 && i >= j && i - j < 25',
      'strided(3) & sliding(25)',
    ],
  },
  {
    title: 'Longformer (window 32, global [0])',
    text: 'longformer(32)',
    module: 'sparse:longformer',
    n: 700,
    spellings: [
      'window(32) | global([0])',
      'global([0]) | window(radius: 16)',
      'where (i, j) => i == 0 || abs(i - j) < 17 || j < 1',
      'rows([0]) | window(32) | window(16) | columns([0]) | diagonal()',
      'symmetric(sliding(17) | columns([0]))',
    ],
    not: [
      'window(32) | global([0]) | (where (i, j) => i == 300 && j == 600)',
      '(window(32) | global([0])) - (where (i, j) => i == 699 && j == 699)',
      'window(32) | columns([0])',
    ],
  },
  {
    title: 'Longformer (window 32, global [0..4, 100, -1])',
    text: 'longformer(32, [0..4, 100, -1])',
    module: 'sparse:longformer',
    n: 700,
    spellings: [
      'window(32) | global([-1, 100, 0..4])',
      'where (i, j) => i < 4 || j < 4 || i == 100 || j == 100 || max(i, j) == n - 1 || abs(i - j) <= 16',
      'global([0..4]) | global([699]) | symmetric(rows([100])) | window(33)',
    ],
  },
  {
    title: 'Dilated Longformer (window 16, dilation 2, global [0])',
    text: 'longformer_dilated(16)',
    module: 'sparse:longformer',
    n: 700,
    spellings: [
      'window(16, dilation: 2) | global([0])',
      'where (i, j) => i * j == 0 || (i - j) % 2 == 0 && abs(i - j) <= 16',
      'global([0]) | window(32) & strided(2)',
    ],
  },
  {
    title: 'StreamingLLM (recent 64, sinks 4)',
    text: 'streaming_llm(64)',
    module: 'sparse:streaming',
    n: 1000,
    spellings: [
      'sliding(64) | prefix(4) & causal()',
      'causal() & (columns([0..4]) | window(126))',
      'where (i, j) => j <= i && (j < 4 || i - j < 64)',
      'causal() - (where (i, j) => j >= 4 && i - j >= 64)',
      'causal() & (global([0..4]) | sliding(64) | sliding(3))',
    ],
    not: ['sliding(64) | prefix(4) & causal() | (where (i, j) => i == 500 && j == 4)', 'sliding(64) | prefix(4)'],
  },
  {
    title: 'Tri-shape (first 8, near 64, last 20)',
    text: 'tri_shape(8, 64, 20)',
    module: 'sparse:streaming',
    n: 1000,
    spellings: [
      '(sliding(64) | prefix(8) | rows([-20..n])) & causal()',
      'where (i, j) => j <= i && (j < 8 || i - j < 64 || i >= 980)',
      'rows([980..1000]) & causal() | columns([0..8]) & causal() | sliding(64)',
    ],
  },
  {
    title: 'Prefix LM (prefix 40)',
    text: 'prefix_lm(40)',
    module: 'sparse:streaming',
    n: 300,
    spellings: [
      'prefix(40) | causal()',
      'where (i, j) => j < 40 || j <= i',
      'causal() | columns([0..40]) | sliding(9)',
    ],
  },
  {
    title: 'Sparse Transformer, strided (stride 16)',
    text: 'sparse_strided(16)',
    module: 'sparse:sparse-transformer',
    n: 500,
    spellings: [
      'sliding(16) | strided(16) & causal()',
      'where (i, j) => i >= j && ((i - j) % 16 == 0 || i - j < 16)',
      'causal() & (window(30) | strided(16))',
    ],
    not: ['sliding(15) | strided(16) & causal()'],
  },
  {
    title: 'Sparse Transformer, fixed (stride 32, columns 4)',
    text: 'sparse_fixed(32, 4)',
    module: 'sparse:sparse-transformer',
    n: 500,
    spellings: [
      '(block(32) | fixed(32, columns: 4)) & causal()',
      'where (i, j) => j <= i && (floor(i / 32) == floor(j / 32) || j % 32 >= 28)',
      'fixed(32, columns: 4) & causal() | causal() & blocked(32, diagonal())',
    ],
  },
  {
    title: 'LogSparse',
    text: 'log_sparse()',
    module: 'sparse:log-sparse',
    n: 1000,
    spellings: [
      'exponential() & causal()',
      'where (i, j) => i >= j && (i == j || 2 ** floor(log2(i - j)) == i - j)',
      'diagonals([0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512])',
    ],
    not: ['diagonals([0, 1, 2, 4, 8, 16, 32, 64, 129, 256, 512])'],
  },
  {
    title: 'LogSparse, local (near 10)',
    text: 'log_sparse_local()',
    module: 'sparse:log-sparse',
    n: 1000,
    spellings: [
      'sliding(10) | exponential() & causal()',
      'causal() & (exponential() | window(18))',
      'sliding(10) | diagonals([16, 32, 64, 128, 256, 512])',
    ],
  },
  {
    title: 'Causal chunks (size 64)',
    text: 'block(64) & causal()',
    n: 1000,
    spellings: [
      'block(64) & causal()',
      'where (i, j) => j <= i && floor(i / 64) == floor(j / 64)',
      'documents(64) & causal()',
      'blocked(64, diagonal()) - (where (i, j) => j > i)',
      'causal() & tiles([n], 64)',
    ],
  },
  {
    title: 'Blocks (size 30)',
    text: 'block(30)',
    n: 100,
    spellings: [
      'block(30)',
      'documents(30)',
      'documents([30, 30, 30, 10])',
      'blocked(30, diagonal())',
      'where (i, j) => floor(i / 30) == floor(j / 30)',
    ],
  },
  {
    title: 'Documents (lengths [50, 30, 120])',
    text: 'documents([50, 30, 120])',
    n: 200,
    spellings: [
      'documents([50, 30, 120])',
      'where (i, j) => (i < 50) == (j < 50) && (i < 80) == (j < 80)',
      'documents([50, 30, 120]) | documents([50, 30, 100, 20]) | diagonal()',
    ],
  },
  {
    title: 'Causal documents (lengths [50, 30, 120])',
    text: 'documents([50, 30, 120]) & causal()',
    n: 200,
    spellings: [
      'causal() & documents([50, 30, 120])',
      'where (i, j) => j <= i && (i < 50) == (j < 50) && (i < 80) == (j < 80)',
      'documents([50, 30, 120]) - transpose(sliding(n)) | diagonal()',
    ],
  },
  {
    title: 'Diagonals (offsets [-3, 0, 7, 90])',
    text: 'diagonals([-3, 0, 7, 90])',
    n: 200,
    spellings: [
      'diagonals([90, 0, 7, -3])',
      'where (i, j) => i - j == -3 || i == j || i - j == 7 || i - j == 90',
      'diagonals([-3, 0, 7, 90, 400])',
    ],
  },
  {
    title: 'Strided (stride 7, offset 2)',
    text: 'strided(7, offset: 2)',
    n: 200,
    spellings: ['strided(7, offset: 2)', 'where (i, j) => (i - j - 2) % 7 == 0', 'transpose(strided(7, offset: 5))'],
  },
];

describe.each(families)('$title', ({ title, text, n, module, spellings, not = [] }) => {
  test.each(spellings)('%s', async spelling => {
    const found = named(await lowered(spelling), squareShape(n));
    expect(found).toMatchObject({ title, text });
    expect(found?.module).toBe(module);
    // What it says is what it was.
    const shape = squareShape(n);
    const again = named(await lowered(text, ...(module === undefined ? [] : [`${found?.name} ${module}`])), shape);
    expect(again?.text).toBe(text);
  });

  test.each(not)('and not %s', async spelling => {
    expect(named(await lowered(spelling), squareShape(n))?.title).not.toBe(title);
  });
});
