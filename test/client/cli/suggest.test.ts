import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { sampleInput } from '../../../runtime/attention/sample-data.ts';
import { fromFloat32 } from '../../../runtime/tensor/convert.ts';
import { writeSafetensors } from '../../../runtime/tensor/safetensors.ts';
import { modelFiles, smallConfiguration } from '../../runtime/language-model/slow-model.ts';
import { buildFirst, type Outcome, STACK_TRACE, sparse, temporaryFolder } from './command-line.ts';

buildFirst();
const cwd = temporaryFolder();
const suggest = (...args: string[]): Promise<Outcome> => sparse(['suggest', ...args, '--backend', 'cpu'], { cwd });

const layer = (seed: number) => sampleInput({ heads: 2, kvHeads: 1, queries: 120, keys: 120, headDim: 8 }, seed);
const tensors = [1, 2].flatMap(number => {
  const { q, k, v } = layer(number);
  return [
    [`h.${number}.q`, fromFloat32(q, [2, 120, 8])],
    [`h.${number}.k`, fromFloat32(k, [1, 120, 8])],
    [`h.${number}.v`, fromFloat32(v, [1, 120, 8])],
  ];
});
writeFileSync(path.join(cwd, 'qkv.safetensors'), writeSafetensors(Object.fromEntries(tensors)));

const tiny = modelFiles(smallConfiguration, 3);
function writeModel(name: string, files: Readonly<Record<string, Uint8Array | string>>): void {
  mkdirSync(path.join(cwd, name));
  for (const [file, contents] of Object.entries(files)) writeFileSync(path.join(cwd, name, file), contents);
}
writeModel('tiny', tiny);
writeModel('short', { ...tiny, 'heldout.txt': tiny['heldout.txt']!.subarray(0, 65) });
writeModel('other', { ...tiny, 'config.json': '{"model_type":"gpt2"}' });

interface Found {
  readonly recall: number;
  readonly density: number;
  readonly text: string;
  readonly heads: readonly { readonly layer: number; readonly head: number; readonly recall: number }[];
}

interface Loss {
  readonly bitsPerByte: number;
}

describe.concurrent('suggest', { timeout: 90_000 }, () => {
  it('prints a file that checks cleanly and keeps what it says', async () => {
    const { code, stdout, stderr } = await suggest('--input', 'qkv.safetensors', '--density', '12%');
    expect(code, stderr).toBe(0);
    expect(stdout).toMatch(/^\/\*\*\n \* Suggested for qkv\.safetensors\.\n \* It keeps [\d.]+ % of causal attention/);
    expect(stdout).toMatch(/^\/\/ static patterns by density, from all rows$/m);
    expect(stdout).toMatch(/^\/\/ +[\d.]+ % +[\d.]+ % +[\d.]+ % +[\d.]+ % {2}#+ +\S/m);
    writeFileSync(path.join(cwd, 'printed.sparse'), stdout);
    const checked = await sparse(['check', 'printed.sparse'], { cwd });
    expect(checked.code).toBe(0);
    expect(checked.stdout).not.toMatch(/: (?:error|warning): /);
    const found = JSON.parse(
      (await suggest('--input', 'qkv.safetensors', '--density', '0.12', '--json')).stdout,
    ) as Found;
    expect(stdout.startsWith(found.text)).toBe(true);
    expect(found.density).toBeLessThanOrEqual(0.12);
    const args = ['printed.sparse', '--input', 'qkv.safetensors', '--quick', '--json', '--backend', 'cpu'];
    const measured = JSON.parse((await sparse(['quality', ...args], { cwd })).stdout) as Found;
    expect(measured.heads).toHaveLength(4);
    for (const { layer: number, head, recall } of measured.heads)
      expect(recall).toBeCloseTo(found.heads.find(each => each.layer === number && each.head === head)!.recall, 6);
  });

  it('looks at one layer and head, and writes a file', async () => {
    const args = ['--input', 'qkv.safetensors', '--layer', '2', '--head', '1', '--static', '--out', 'one.sparse'];
    const { code, stdout, stderr } = await suggest(...args);
    expect(code, stderr).toBe(0);
    expect(stderr).toMatch(/wrote one\.sparse/);
    const text = readFileSync(path.join(cwd, 'one.sparse'), 'utf8');
    expect(stdout.startsWith(text)).toBe(true);
    expect(text).toMatch(/^pattern suggested = /m);
    expect(text).not.toMatch(/topk|vertical_slash/);
    expect((await suggest(...args)).stderr).toMatch(/one\.sparse exists already; add --force/);
    const json = await suggest('--input', 'qkv.safetensors', '--layer', '2', '--head', '1', '--static', '--json');
    expect((JSON.parse(json.stdout) as Found).heads).toMatchObject([{ layer: 2, head: 1 }]);
  });

  it('keeps to a time', async () => {
    const args = ['--input', 'qkv.safetensors', '--static', '--json'];
    const { code, stdout, stderr } = await suggest(...args, '--ms', '5000');
    expect(code, stderr).toBe(0);
    const found = JSON.parse(stdout) as Found & { readonly ms: number; readonly asked: object };
    expect(found.asked).toEqual({ density: null, ms: 5000 });
    // All pairs take less.
    expect(found.recall).toBeGreaterThan(0.99);
    expect(found.ms).toBeLessThanOrEqual(5000);
    expect((await suggest(...args, '--ms', '1e-6')).stderr).toMatch(
      /takes at most 0\.000001 ms here: full attention takes/,
    );
    expect((await suggest(...args, '--ms', '5', '--density', '0.1')).stderr).toMatch(/cannot be used with/);
  });

  it('is for a language model, which predicts other text with it', async () => {
    const args = ['--model', 'tiny', '--density', '20%'];
    const [printed, again, json] = await Promise.all([suggest(...args), suggest(...args), suggest(...args, '--json')]);
    expect(printed.code, printed.stderr).toBe(0);
    const ofText = (text: string): string => text.slice(0, text.indexOf('\n//'));
    expect(ofText(again.stdout)).toBe(ofText(printed.stdout));
    expect(printed.stdout).toMatch(
      /^\/\/ tiny predicts 2 sequences that were not searched, of 64 bytes of \S+heldout/m,
    );
    const found = JSON.parse(json.stdout) as Found & {
      readonly languageModel: { readonly difference: number; readonly full: Loss; readonly suggested: Loss };
    };
    expect(printed.stdout.startsWith(found.text)).toBe(true);
    expect(found.heads).toHaveLength(4);
    expect(found.density).toBeLessThanOrEqual(0.2);
    // The sequences after the first one: those that `quality` has beyond it.
    writeFileSync(path.join(cwd, 'of-model.sparse'), printed.stdout);
    const losses = async (sequences: number) => {
      const wanted = [
        '--model',
        'tiny',
        '--tokens',
        '64',
        '--sequences',
        String(sequences),
        '--backend',
        'cpu',
        '--json',
      ];
      const { stdout } = await sparse(['quality', 'of-model.sparse', ...wanted], { cwd });
      return JSON.parse(stdout) as { readonly full: Loss; readonly sparse: Loss };
    };
    const [one, three] = [await losses(1), await losses(3)];
    const rest = (of: 'full' | 'sparse') => (3 * three[of].bitsPerByte - one[of].bitsPerByte) / 2;
    const { full, suggested, difference } = found.languageModel;
    expect(full.bitsPerByte).toBeCloseTo(rest('full'), 6);
    expect(suggested.bitsPerByte).toBeCloseTo(rest('sparse'), 6);
    expect(difference).toBeCloseTo(suggested.bitsPerByte - full.bitsPerByte, 12);
  });

  it('predicts what it has searched where there is nothing else, and says so', async () => {
    const { code, stdout, stderr } = await suggest('--model', 'short', '--density', '20%', '--static');
    expect(code, stderr).toBe(0);
    expect(stdout).toMatch(/^\/\/ short predicts 1 sequence, among them the one that was searched, of 64 bytes/m);
    expect((await suggest('--model', 'short', '--sequences', '1')).stderr).toMatch(
      /heldout\.txt has 1 sequence of 64 bytes, one of which is searched: leave out --sequences/,
    );
  });

  it('draws its frontier, the same one each time', async () => {
    const draw = (file: string, ...more: string[]) =>
      suggest('--input', 'qkv.safetensors', '--static', '--svg', file, ...more);
    expect((await draw('light.svg')).stderr).toMatch(/wrote light\.svg/);
    await draw('again.svg');
    await draw('dark.svg', '--theme', 'dark');
    const read = (file: string): string => readFileSync(path.join(cwd, file), 'utf8');
    expect(read('again.svg')).toBe(read('light.svg'));
    expect(read('light.svg')).toContain('<title>Recall against density on qkv.safetensors</title>');
    expect(read('light.svg')).toContain('limit 10 %');
    expect(read('dark.svg')).toContain('fill="rgb(30,30,30)"');
    expect((await draw('light.svg')).stderr).toMatch(/light\.svg exists already; add --force/);
  });

  it.each<[string, readonly string[], RegExp]>([
    ['no tensors', [], /a file of tensors with --input, or three \.npy files .* or a language model with --model/],
    ['two inputs', ['--input', 'qkv.safetensors', '--model', 'tiny'], /leave one of them out/],
    ['a layer of a language model', ['--model', 'tiny', '--layer', '1'], /--layer .* takes all layers; .*--input/],
    ['names of tensors with one', ['--model', 'tiny', '--q', 'q'], /--q has no meaning with --model: it has its own/],
    ['full attention with one', ['--model', 'tiny', '--against', 'full'], /whose attention is causal: leave it out/],
    [
      'more than it was trained on',
      ['--model', 'tiny', '--tokens', '65'],
      /trained on sequences of 64; use --tokens 64/,
    ],
    ['another architecture', ['--model', 'other'], /config\.json: /],
    ['a text for tensors', ['--input', 'qkv.safetensors', '--text', 'x'], /--text needs --model/],
    ['a theme of nothing', ['--input', 'qkv.safetensors', '--theme', 'dark'], /--theme needs --svg/],
    [
      'one file for both',
      ['--input', 'qkv.safetensors', '--svg', './x', '--out', 'x'],
      /both name \.\/x: give them different/,
    ],
    ['a density of nothing', ['--input', 'qkv.safetensors', '--density', '0'], /Write a share such as 0\.1 or 10%/],
    ['a density above all', ['--input', 'qkv.safetensors', '--density', '120%'], /Write a share such as/],
    ['a density that leaves no key', ['--input', 'qkv.safetensors', '--density', '0.001'], /leaves less than one key/],
    ['a layer that is not there', ['--input', 'qkv.safetensors', '--layer', '0'], /there is no layer 0: .* has 1, 2/],
    [
      'a head that is not there',
      ['--input', 'qkv.safetensors', '--head', '2'],
      /there is no head 2: .* has heads 0 to 1/,
    ],
  ])('refuses %s', async (_what, args, message) => {
    const outcome = await suggest(...args);
    expect(outcome).toMatchObject({ code: 2, stdout: '' });
    expect(outcome.stderr).toMatch(message);
    expect(outcome.stderr).not.toMatch(STACK_TRACE);
  });
});

// Beside others it would be interrupted before it has begun.
describe('suggest', { timeout: 60_000 }, () => {
  it('stops on Ctrl+C and leaves no file', async () => {
    const { q, k, v } = sampleInput({ heads: 6, kvHeads: 1, queries: 20_000, keys: 20_000, headDim: 32 });
    const file = {
      q: fromFloat32(q, [6, 20_000, 32]),
      k: fromFloat32(k, [1, 20_000, 32]),
      v: fromFloat32(v, [1, 20_000, 32]),
    };
    writeFileSync(path.join(cwd, 'large.safetensors'), writeSafetensors(file));
    const args = ['suggest', '--input', 'large.safetensors', '--out', 'never.sparse', '--backend', 'cpu'];
    const outcome = await sparse(args, { cwd, interruptAfter: 5000 });
    expect(outcome).toMatchObject({ code: 130, stdout: '' });
    expect(existsSync(path.join(cwd, 'never.sparse'))).toBe(false);
  });
});
