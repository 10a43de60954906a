import { existsSync, readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { formatNames } from '../../../runtime/export/format-names.ts';
import { buildFirst, type Outcome, STACK_TRACE, sparse } from './command-line.ts';
import { expectFailure, folderOfFiles } from './folder-of-files.ts';

buildFirst();
const cwd = folderOfFiles();

const run = (...args: string[]): Promise<Outcome> => sparse(args, { cwd });
const stats = async (...args: string[]): Promise<Record<string, unknown>> => {
  const { code, stdout, stderr } = await run('stats', ...args, '--json');
  expect(stderr).toBe('');
  expect(code).toBe(0);
  return JSON.parse(stdout) as Record<string, unknown>;
};

describe.concurrent('sparse check', () => {
  it('is silent on stdout about sound files', async () => {
    const outcome = await run('check', 'longformer.sparse', 'empty.sparse', 'bom.sparse', 'import.sparse');
    expect(outcome).toEqual({ code: 0, stdout: '', stderr: '4 files: 0 errors, 0 warnings\n' });
  });

  it('prints one line for each mistake, where it is', async () => {
    const { code, stdout, stderr } = await run('check', 'bad.sparse');
    const lines = stdout.trimEnd().split('\n');
    expect(lines).toHaveLength(2);
    expect(lines[0]).toMatch(/^bad\.sparse:1:20: error: .*-3.* \[argument-range\]$/);
    expect(lines[1]).toMatch(/^bad\.sparse:3:13: error: .*wnidow.*window.* \[unknown-name\]$/);
    expect(stderr).toBe('1 file: 2 errors, 0 warnings\n');
    expect(code).toBe(1);
  });

  it('counts lines that end in CR LF', async () => {
    expect((await run('check', 'crlf.sparse')).stdout).toMatch(/^crlf\.sparse:3:13: error: /);
  });

  it('passes warnings', async () => {
    const { code, stdout, stderr } = await run('check', 'warning.sparse');
    if (stdout !== '') expect(stdout).toMatch(/^warning\.sparse:\d+:\d+: (warning|information): .* \[[a-z-]+\]$/m);
    expect(stderr).toMatch(/^1 file: 0 errors/);
    expect(code).toBe(0);
  });

  it.each(['binary.sparse', 'nul.sparse', 'utf16.sparse'])('says that %s is no text', async name => {
    const { code, stdout } = await run('check', name);
    expect(stdout).toMatch(new RegExp(`^${name}:1:1: error: .* \\[not-text\\]\\n$`));
    expect(code).toBe(1);
  });

  it.each(['lost.sparse', 'loop.sparse', 'zero.sparse'])('finds the mistake in %s', async name => {
    const { code, stdout, stderr } = await run('check', name);
    expect(stdout).toMatch(new RegExp(`^${name}:\\d+:\\d+: error: `));
    expect(stderr).not.toMatch(STACK_TRACE);
    expect(code).toBe(1);
  });

  it('goes on after a file that cannot be read', async () => {
    const { code, stdout, stderr } = await run('check', 'nowhere.sparse', 'folder', 'bad.sparse');
    expect(stdout.trimEnd().split('\n')).toHaveLength(2);
    expect(stderr).toBe(
      'error: cannot read nowhere.sparse: there is no such file or folder\n' +
        'error: cannot read folder: it is a folder; name a file in it\n' +
        '1 file: 2 errors, 0 warnings\n',
    );
    expect(code).toBe(2);
  });

  it('needs a file', async () => {
    expectFailure(await run('check'), 2, /name \.sparse files, or give a pattern with --expr/);
  });
});

describe.concurrent('sparse stats', () => {
  it('counts a model at its own tokens', async () => {
    const found = await stats('longformer.sparse', '--of', 'Base');
    // A window of 256 to each side, and the row and column of token 0.
    const pairs = 4096 * 513 - 256 * 257 + 2 * (4096 - 257);
    expect(found).toMatchObject({
      name: 'Base',
      layer: 0,
      head: 0,
      layers: 12,
      heads: 12,
      tokens: 4096,
      queries: 4096,
      pairs,
      density: pairs / 4096 ** 2,
      complexity: 'O(n * (size + tokens))',
      keysPerQuery: { min: 258, max: 4096, mean: pairs / 4096 },
      emptyQueries: 0,
      tiles: { size: 64 },
    });
    const { full, partial, empty } = found.tiles as Record<string, number>;
    expect(full! + partial! + empty!).toBe(64 ** 2);
  });

  it('finds the only model, and the only declaration', async () => {
    expect(await stats('longformer.sparse')).toMatchObject({ name: 'Base' });
    expect(await stats('one.sparse', '--tokens', '1Ki')).toMatchObject({ name: 'only', pairs: 4 * 1024 - 6 });
  });

  it('takes a layer, a head and other tokens', async () => {
    // Keys at distances 0, 4, ... 512 to each side.
    const dilated = (n: number): number =>
      Array.from({ length: 128 }, (_, t) => 2 * Math.max(0, n - 4 * (t + 1))).reduce((sum, count) => sum + count, n);
    expect(await stats('longformer.sparse', '--layer', '7', '--head', '1', '--tokens', '1_000')).toMatchObject({
      layer: 7,
      head: 1,
      tokens: 1000,
      pairs: dilated(1000),
    });
  });

  it('takes queries that follow the other tokens', async () => {
    expect(await stats('half.sparse', '--tokens', '100')).toMatchObject({ tokens: 100, queries: 50, pairs: 5000 });
    expect(await stats('fixed.sparse', '--tokens', '100')).toMatchObject({ tokens: 100, queries: 32, pairs: 3200 });
  });

  it('takes an expression, imports, one token and millions', async () => {
    expect(await stats('--expr', 'sliding(8) | global([0])', '--tokens', '1')).toMatchObject({
      name: 'sliding(8) | global([0])',
      pairs: 1,
      density: 1,
    });
    expect(await stats('--expr', 'causal()', '--tokens', '4Mi')).toMatchObject({
      pairs: (2 ** 22 * (2 ** 22 + 1)) / 2,
    });
    expect(await stats('import.sparse', '--of', 'twice', '--tokens', '100')).toMatchObject({ pairs: 100 * 7 - 12 });
  });

  it('takes any head and layer of a pattern', { timeout: 90_000 }, async () => {
    const wide = 'window(head < 2 ? 1 : 4)';
    expect(await stats('--expr', wide, '--tokens', '32', '--head', '1')).toMatchObject({ heads: 2, pairs: 32 });
    expect(await stats('--expr', wide, '--tokens', '32', '--head', '3')).toMatchObject({
      head: 3,
      heads: 4,
      layer: 0,
      layers: 1,
      pairs: 32 * 5 - 6,
    });
    const deep = 'sliding(layer + layers + heads)';
    expect(await stats('--expr', deep, '--tokens', '32', '--layer', '4', '--head', '999999999')).toMatchObject({
      layer: 4,
      layers: 5,
      heads: 1e9,
      pairs: (32 * 33) / 2,
    });
    expect(await stats('one.sparse', '--tokens', '8', '--layer', '1', '--head', '2')).toMatchObject({ pairs: 26 });
    expect((await run('stats', '--expr', wide, '--tokens', '32', '--head', '3')).stdout).toContain('head 3 of 4\n');
  });

  it('tells the budget of a pattern that chooses by content', async () => {
    const found = await stats('--expr', 'topk(4) | sliding(2)', '--tokens', '100');
    expect(found).toMatchObject({
      format: 'sparse-attention/budget',
      name: 'topk(4) | sliding(2)',
      tokens: 100,
      queries: 100,
      pairsAtMost: 400 + 199,
      densityAtMost: 0.0599,
    });
    expect(found.complexity).toMatch(/^O\(n \* /);
    // Nothing that depends on the choice.
    for (const unknown of ['pairs', 'density', 'keysPerQuery', 'tiles', 'source'])
      expect(found).not.toHaveProperty(unknown);
    // Never more than the candidates.
    expect(await stats('--expr', 'lsh(4) & causal()', '--tokens', '10')).toMatchObject({ pairsAtMost: 55 });
    const { code, stdout } = await run('stats', '--expr', 'topk(4)', '--tokens', '100');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^pairs +at most 400, chosen by content\ndensity +at most 4\.000 %\ncomplexity +O\(/m);
  });

  it('counts exactly where no choice is made', async () => {
    const expression = 'head < 1 ? topk(4) : full()';
    expect(await stats('--expr', expression, '--tokens', '10', '--head', '1')).toMatchObject({ pairs: 100 });
    expect(await stats('--expr', expression, '--tokens', '10')).toMatchObject({ pairsAtMost: 40 });
  });

  it('prints a table for people', async () => {
    const { code, stdout, stderr } = await run('stats', 'longformer.sparse', '--layer', '3');
    expect(code).toBe(0);
    expect(stderr).toBe('');
    expect(stdout).toMatch(/^Base, layer 3 of 12, head 0 of 12\n/);
    expect(stdout).toMatch(/^pairs {2,}2,043,134$/m);
    expect(stdout).toMatch(/^complexity {2,}O\(n \* \(size \+ tokens\)\)$/m);
  });

  it.each<[string, string[], number, RegExp]>([
    ['a file with errors', ['lost.sparse'], 1, /^lost\.sparse:\d+:\d+: error: /],
    ['a binary file', ['binary.sparse'], 1, /binary\.sparse:1:1: error: .*UTF-8/],
    ['tokens = 0', ['zero.sparse'], 1, /zero\.sparse:1:\d+: error: /],
    [
      'more queries than tokens',
      ['fixed.sparse', '--tokens', '16'],
      1,
      /^fixed\.sparse:1:34: error: there are 32 queries but only 16 tokens: .* \[property-value\]$/m,
    ],
    ['a position past the end', ['late.sparse', '--tokens', '64'], 1, /^late\.sparse:1:23: error: position 100/],
    ['an expression with an error', ['--expr', 'sliding(', '--tokens', '8'], 1, /^error: --expr: .*character/],
    ['an expression past the end', ['--expr', 'global([9])', '--tokens', '8'], 1, /^error: position 9/],
    ['an empty expression', ['--expr', '', '--tokens', '8'], 1, /^error: --expr: /],
    ['an expression that goes on', ['--expr', 'full()\npattern q = full()', '--tokens', '8'], 1, /^error: --expr: /],
    ['an empty file', ['empty.sparse'], 2, /declares no pattern and no model/],
    ['a missing file', ['nowhere.sparse'], 2, /cannot read nowhere\.sparse/],
    ['a folder', ['folder'], 2, /it is a folder/],
    [
      'an unknown name',
      ['longformer.sparse', '--of', 'base'],
      2,
      /no pattern or model base; it has longformer, needs, Base/,
    ],
    ['a choice of models', ['two models.sparse'], 2, /--of which one of two models\.sparse is meant: A, B/],
    ['a required parameter', ['longformer.sparse', '--of', 'needs', '--tokens', '8'], 2, /needs size/],
    ['a pattern without tokens', ['one.sparse'], 2, /add --tokens/],
    ['no subject', [], 2, /name a \.sparse file, or give a pattern with --expr/],
    ['two subjects', ['one.sparse', '--expr', 'full()'], 2, /either FILE or --expr/],
    ['--of with --expr', ['--expr', 'full()', '--of', 'x'], 2, /no meaning with --expr/],
    ['no tokens', ['one.sparse', '--tokens', '0'], 2, /at least 1 token/],
    ['too many tokens', ['one.sparse', '--tokens', '1025Mi'], 2, /At most 1,073,741,824/],
    ['tokens that are no number', ['one.sparse', '--tokens', 'many'], 2, /whole number such as 4096, 4Ki or 1Mi/],
    ['a missing layer', ['longformer.sparse', '--layer', '12'], 2, /no layer 12: Base has layers 0 to 11/],
    ['a missing head', ['longformer.sparse', '--head', '12'], 2, /no head 12: Base has heads 0 to 11/],
    [
      'an axial pattern without tokens',
      ['--expr', 'axial([4, 8])'],
      2,
      /length of its own; add --tokens: the shape 4 x 8 has 32 positions$/m,
    ],
    [
      'documents without tokens',
      ['--expr', 'documents([5, 8]) & causal()'],
      2,
      /add --tokens: the documents have 13 tokens together$/m,
    ],
    ['a pattern of the usual length without tokens', ['--expr', 'axial([64, 64])'], 2, /e\.g\. --tokens 4096$/m],
    ['a layer that is no number', ['longformer.sparse', '--layer', '-1'], 2, /argument|option/],
    ['an unknown option', ['one.sparse', '--token', '8'], 2, /unknown option '--token'/],
    ['two files', ['one.sparse', 'late.sparse', '--tokens', '8'], 2, /too many arguments/],
  ])('refuses %s', async (_what, args, code, message) => {
    expectFailure(await run('stats', ...args), code, message);
  });
});

describe.concurrent('sparse formats', () => {
  it('lists every format for people and as JSON', async () => {
    const { code, stdout } = await run('formats');
    expect(code).toBe(0);
    const { stdout: json } = await run('formats', '--json');
    const listed: { format: string; version: number; formats: { id: string; extensions: string[] }[] } =
      JSON.parse(json);
    expect(listed).toMatchObject({ format: 'sparse-attention/formats', version: 1 });
    expect(listed.formats.map(({ id }) => id)).toEqual(formatNames.map(({ id }) => id));
    for (const { id } of formatNames) expect(stdout).toMatch(new RegExp(`^${id}\\b.*: .*$`, 'm'));
    for (const { title } of formatNames) expect(stdout).toContain(`: ${title}\n`);
    expect(listed.formats.find(({ id }) => id === 'flex')).toMatchObject({
      extensions: ['py', 'safetensors'],
      heads: 'each',
      exactFor: 'all masks',
      approximates: false,
    });
    expect(listed.formats.find(({ id }) => id === 'csr')).toMatchObject({ aliases: ['npz'], heads: 'one' });
    expect(listed.formats.find(({ id }) => id === 'png')).toMatchObject({ exactFor: null });
  });
});

describe.concurrent('sparse', () => {
  it('explains itself on stdout when asked', async () => {
    const { code, stdout, stderr } = await run('--help');
    expect(code).toBe(0);
    expect(stderr).toBe('');
    for (const command of ['check', 'stats', 'export', 'formats', 'run'])
      expect(stdout).toMatch(new RegExp(`^ +${command} `, 'm'));
  });

  it.each(['check', 'stats', 'export', 'formats', 'run'])('explains %s with an example', async command => {
    const { code, stdout, stderr } = await run(command, '--help');
    expect(code).toBe(0);
    expect(stderr).toBe('');
    expect(stdout).toMatch(/Examples?:\n {2}sparse /);
    expect(stdout).toContain(`sparse ${command}`);
  });

  it('says which version it is', async () => {
    expect(await run('--version')).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) as unknown,
    });
  });

  it('refuses an unknown command', async () => {
    expectFailure(await run('chekc'), 2, /unknown command 'chekc'/);
  });

  it('says so of a command whose help is asked for, too', async () => {
    expectFailure(await run('help', 'chekc'), 2, /unknown command 'chekc'\n\(Did you mean check\?\)/);
    expect(await run('help', 'check')).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^Usage: sparse check/),
    });
  });

  it('explains itself on stderr when nothing was asked', async () => {
    const { code, stdout, stderr } = await run();
    expect(code).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toMatch(/^Usage: sparse/);
  });

  it.runIf(existsSync('/dev/full'))(
    'says in one line that the result could not be written',
    { timeout: 90_000 },
    async () => {
      const tokens = ['--expr', 'full()', '--tokens', '5'];
      for (const args of [
        ['stats', ...tokens],
        ['check', 'bad.sparse'],
        ['--help'],
        ['export', ...tokens, '--format', 'npy', '--out', '-'],
      ]) {
        const { code, stderr } = await sparse(args, { cwd, stdout: '/dev/full' });
        expect(stderr.match(/^error: .*$/gm)).toEqual(['error: cannot write the result to stdout: the disk is full']);
        expect(stderr).not.toMatch(STACK_TRACE);
        expect(code).toBe(2);
      }
    },
  );

  it('says nothing when nobody reads on', async () => {
    for (const args of [
      ['stats', '--expr', 'full()', '--tokens', '5'],
      ['export', '--expr', 'full()', '--tokens', '1Ki', '--format', 'npy', '--out', '-'],
    ])
      expect(await sparse(args, { cwd, stdout: 'closed' })).toEqual({ code: 0, stdout: '', stderr: '' });
  });

  it('stops at once on Ctrl+C, and says so', async () => {
    const started = performance.now();
    const args = ['export', '--expr', 'random(512)', '--tokens', '1Mi', '--format', 'safetensors', '--out', 'never'];
    const outcome = await sparse(args, { cwd, interruptAfter: 4000 });
    expectFailure(outcome, 130, /^error: cancelled\n$/);
    expect(performance.now() - started).toBeLessThan(20_000);
    expect(readdirSync(cwd)).not.toContain('never');
  });
});
