import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { madeUpWeights, modelFiles, slowBits, smallConfiguration } from '../../runtime/language-model/slow-model.ts';
import { buildFirst, sparse, temporaryFolder } from './command-line.ts';

buildFirst();
const cwd = temporaryFolder();
const sample = path.join(import.meta.dirname, '../../../examples/tiny-lm');

function writeModel(folder: string, files: Readonly<Record<string, Uint8Array | string>>): void {
  mkdirSync(path.join(cwd, folder), { recursive: true });
  for (const [name, contents] of Object.entries(files)) writeFileSync(path.join(cwd, folder, name), contents);
}

const tiny = modelFiles(smallConfiguration, 3);
writeModel('tiny', tiny);
writeModel('examples/shelved', tiny);
writeFileSync(
  path.join(cwd, 'models.sparse'),
  `model Mixed {
  tokens = 64
  layers = 2
  heads = 2
  attention = causal()
  attention layers [1], heads [1] = sliding(3)
}
model TooDeep { tokens = 64  layers = 3  heads = 2  attention = causal() }
`,
);

interface Summary {
  readonly full: { readonly bitsPerByte: number; readonly pairs: number };
  readonly sparse: { readonly bitsPerByte: number; readonly pairs: number };
  readonly difference: number;
  readonly byLayer: readonly { readonly layer: number; readonly bitsPerByte: number }[];
  readonly notes: readonly string[];
}

async function quality(...args: readonly string[]): Promise<Summary> {
  const all = ['quality', ...args, '--backend', 'cpu', '--json'];
  const { code, stdout, stderr } = await sparse(all, { cwd });
  expect(code, stderr).toBe(0);
  return JSON.parse(stdout) as Summary;
}

async function refusal(...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await sparse(['quality', ...args], { cwd });
  expect(code).toBeGreaterThan(0);
  expect(stdout).toBe('');
  return stderr;
}

/** Mean bits of the first sequences by the definition. */
function expected(
  sequences: number,
  allowed: (layer: number, head: number, query: number, key: number) => boolean,
): number {
  const weights = madeUpWeights(smallConfiguration, 1);
  let sum = 0;
  for (let at = 0; at < sequences; at++) {
    const bytes = tiny['heldout.txt']!.subarray(65 * at, 65 * (at + 1));
    sum += slowBits(smallConfiguration, weights, bytes, allowed).reduce((all, value) => all + value, 0);
  }
  return sum / (64 * sequences);
}

describe.concurrent('sparse quality --model', () => {
  it('puts the pattern into every layer and head, and into one layer at a time', { timeout: 60_000 }, async () => {
    const found = await quality('--expr', 'sliding(5)', '--model', 'tiny', '--sequences', '3', '--by-layer');
    expect(found.full.bitsPerByte).toBeCloseTo(
      expected(3, (_l, _h, i, j) => j <= i),
      4,
    );
    expect(found.sparse.bitsPerByte).toBeCloseTo(
      expected(3, (_l, _h, i, j) => j <= i && i - j < 5),
      4,
    );
    expect(found.difference).toBeCloseTo(found.sparse.bitsPerByte - found.full.bitsPerByte, 12);
    for (const { layer, bitsPerByte } of found.byLayer)
      expect(bitsPerByte).toBeCloseTo(
        expected(3, (l, _h, i, j) => j <= i && (l !== layer || i - j < 5)),
        4,
      );
    expect(found.full.pairs).toBe(4 * ((64 * 65) / 2));
  });

  it('gives each head of each layer the mask that a model has for it', { timeout: 60_000 }, async () => {
    const found = await quality('models.sparse', '--of', 'Mixed', '--model', 'shelved');
    const window = expected(2, (l, h, i, j) => j <= i && (l !== 1 || h !== 1 || i - j < 3));
    expect(found.sparse.bitsPerByte).toBeCloseTo(window, 4);
  });

  it('chooses keys of each layer by its own content', { timeout: 60_000 }, async () => {
    const all = await quality('--expr', 'topk(64, within: causal())', '--model', 'tiny');
    expect(all.sparse.bitsPerByte).toBeCloseTo(all.full.bitsPerByte, 5);
    expect(all.notes).toEqual([]);
    const few = await quality('--expr', 'block_topk(8, 1) & causal()', '--model', 'tiny');
    expect(few.sparse.pairs).toBeLessThan(few.full.pairs);
    expect(few.notes).toEqual([expect.stringMatching(/^block_topk looks at the whole sequence/)]);
    // Whether a query and a key share a bucket is nobody else's business.
    const buckets = await quality('--expr', 'lsh(4) & causal()', '--model', 'tiny');
    expect(buckets.notes).toEqual([]);
  });

  it('refuses patterns that see what they are to predict, and cuts them when it is told to', {
    timeout: 60_000,
  }, async () => {
    const message = await refusal('--expr', 'window(8)', '--model', 'tiny');
    expect(message).toMatch(/query 0 attends to the later key 1 \(layer 0, head 0\).*--against causal/);
    const found = await quality('--expr', 'window(8)', '--model', 'tiny', '--against', 'causal');
    expect(found.sparse.bitsPerByte).toBeCloseTo(
      expected(2, (_l, _h, i, j) => j <= i && i - j <= 4),
      4,
    );
  });

  it('prints stretches and layers as comma-separated values', { timeout: 60_000 }, async () => {
    const args = ['quality', '--expr', 'sliding(5)', '--model', 'tiny', '--sequences', '1', '--by-layer', '--csv'];
    const { code, stdout } = await sparse([...args, '--backend', 'cpu'], { cwd });
    expect(code).toBe(0);
    const [head, ...lines] = stdout.trimEnd().split('\n');
    expect(head).toBe('part,layer,from,to,full,sparse,difference');
    expect(lines.map(line => line.split(',').slice(0, 4).join(','))).toEqual([
      'all,,0,64',
      'stretch,,0,64',
      'layer,0,0,64',
      'layer,1,0,64',
    ]);
    const [, , , , full, found, difference] = lines[0]!.split(',').map(Number);
    expect(found).toBeCloseTo(
      expected(1, (_l, _h, i, j) => j <= i && i - j < 5),
      4,
    );
    expect(difference).toBeCloseTo(found! - full!, 9);
  });

  it('says what does not fit', { timeout: 120_000 }, async () => {
    const causal = ['--expr', 'causal()'] as const;
    expect(await refusal('models.sparse', '--of', 'TooDeep', '--model', 'tiny')).toContain(
      'TooDeep has 3 layers, but the language model 2.',
    );
    expect(await refusal(...causal, '--model', 'nowhere')).toMatch(
      /no folder nowhere here or in examples\/; a model is/,
    );
    expect(await refusal(...causal, '--model', 'tiny', '--tokens', '65')).toContain('trained on sequences of 64');
    expect(await refusal(...causal, '--model', 'tiny', '--head', '0')).toContain('--head has no meaning with --model');
    expect(await refusal(...causal, '--model', 'tiny', '--worst', '4')).toContain(
      '--worst has no meaning with --model',
    );
    expect(await refusal(...causal, '--model', 'tiny', '--batch', '0')).toContain(
      '--batch has no meaning with --model',
    );
    expect(await refusal(...causal, '--sequences', '4')).toContain('--sequences needs --model');
    expect(await refusal(...causal, '--model', 'tiny', '--sequences', '0')).toContain('a whole number from 1 on');
    writeModel('silent', { ...tiny, 'heldout.txt': '' });
    expect(await refusal(...causal, '--model', 'silent')).toMatch(
      /silent.heldout.txt: The text has 0 bytes.*Use a longer text\.$/m,
    );
    writeFileSync(path.join(cwd, 'short.txt'), 'eleven char');
    expect(await refusal(...causal, '--model', 'tiny', '--text', 'short.txt')).toContain(
      'The text has 11 bytes; a sequence of 64 takes 65. Use a longer text, or --tokens 10 or fewer.',
    );
    writeModel('other', { ...tiny, 'config.json': '{"model_type":"gpt2"}' });
    expect(await refusal(...causal, '--model', 'other')).toMatch(/config.json: .* but describes "gpt2"/);
  });
});

describe('tiny-lm', () => {
  it('has the losses that were computed elsewhere, as far as a quick look tells', { timeout: 60_000 }, async () => {
    // The windows of all sequences are compared by `npm run bench:model`; this is one sequence of the sixteen.
    const { code, stdout } = await sparse(
      ['quality', '--expr', 'sliding(256)', '--model', sample, '--sequences', '1', '--backend', 'cpu', '--json'],
      { cwd },
    );
    expect(code).toBe(0);
    const found = JSON.parse(stdout) as Summary;
    const reference = JSON.parse(readFileSync(path.join(sample, 'reference.json'), 'utf8')) as Record<
      string,
      { readonly pairs: number }
    >;
    expect(found.sparse.pairs).toBe(24 * reference['sliding(256)']!.pairs);
    expect(found.full.pairs).toBe(24 * reference['causal()']!.pairs);
    // The first sequence, by `npm run bench:model`, whose means over all sixteen are those of reference.json to 0.002.
    expect(found.full.bitsPerByte).toBeCloseTo(1.5181, 3);
  });
});
