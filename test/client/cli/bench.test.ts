import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { buildFirst, STACK_TRACE, sparse, temporaryFolder } from './command-line.ts';

buildFirst();
const cwd = temporaryFolder();
writeFileSync(
  path.join(cwd, 'many.sparse'),
  `pattern local(size = 8) = window(size)
pattern needs(size) = window(size)
pattern shaped = documents([40, 24])
pattern chosen = topk(4)
model M { tokens = 48  heads = 2  kv_heads = 1  head_dim = 8  attention = local() & causal() }
`,
);
writeFileSync(path.join(cwd, 'empty.sparse'), '');

interface Found {
  readonly measured: readonly Record<string, number | string | null>[];
  readonly leftOut: readonly { name: string; tokens: number | null; problem: string }[];
}
const bench = (...args: string[]) => sparse(['bench', ...args, '--backend', 'cpu'], { cwd });

describe.concurrent('sparse bench', () => {
  it('measures everything in a file that can stand alone, at every length, and names what cannot', async () => {
    const { code, stdout } = await bench('many.sparse', '--tokens', '32,64', '--json');
    expect(code).toBe(0);
    const { measured, leftOut } = JSON.parse(stdout) as Found;
    expect(measured.map(({ name, tokens }) => [name, tokens])).toEqual([
      ['local', 32],
      ['local', 64],
      ['shaped', 64],
      ['chosen', 32],
      ['chosen', 64],
      ['M', 32],
      ['M', 64],
    ]);
    expect(leftOut.map(({ name, tokens }) => [name, tokens])).toEqual([['shaped', 32]]);
    const [local] = measured;
    // Radius 4.
    expect(local).toMatchObject({ pairs: 32 * 9 - 20, heads: 1, headDim: 64, backend: 'cpu', fullOmitted: null });
    expect(local!.speedUp).toBeCloseTo(Number(local!.fullMs) / Number(local!.sparseMs), 6);
    for (const each of measured) {
      expect(each.largestDifference).toBeLessThan(1e-5);
      expect(each.compileMs).toBeGreaterThan(0);
      if (each.name === 'chosen') expect(each.selectMs).toBeGreaterThan(0);
      else expect(each.selectMs).toBeNull();
    }
    expect(measured.filter(({ name }) => name === 'chosen').map(({ pairs }) => pairs)).toEqual([4 * 32, 4 * 64]);
    expect(measured.at(-1)).toMatchObject({ heads: 2, headDim: 8 });
  });

  it('takes a model at its own length, a pattern at the usual ones, and one token', async () => {
    const model = JSON.parse((await bench('many.sparse', '--of', 'M', '--json')).stdout) as Found;
    expect(model.measured.map(({ tokens }) => tokens)).toEqual([48]);
    const usual = JSON.parse((await bench('--expr', 'window(4)', '--json')).stdout) as Found;
    expect(usual.measured.map(({ tokens }) => tokens)).toEqual([1024, 2048, 4096]);
    const one = JSON.parse((await bench('--expr', 'causal()', '--tokens', '1', '--json')).stdout) as Found;
    expect(one.measured).toMatchObject([{ tokens: 1, pairs: 1 }]);
  });

  it('prints a table for people', async () => {
    const { stdout, stderr } = await bench('many.sparse', '--of', 'shaped', '--tokens', '64,65');
    expect(stdout).toMatch(/^pattern +tokens +heads .*\nshaped +64 +1 .* x +\d.*\non cpu \(WASM/);
    expect(stderr).toMatch(/^left out: shaped at 65 tokens: .*documents/);
  });

  it.each<[string[], number, RegExp]>([
    [['empty.sparse'], 2, /declares no pattern or model/],
    [['nowhere.sparse'], 2, /no such file/],
    [[], 2, /name a \.sparse file/],
    [['many.sparse', '--of', 'shaped', '--tokens', '32'], 1, /shaped at 32 tokens: .*documents/],
    [['many.sparse', '--of', 'nobody'], 2, /no pattern or model nobody/],
    [['many.sparse', '--tokens', '32,x'], 2, /Write a whole number/],
    [['many.sparse', '--of', 'M', '--head', '2'], 2, /no head 2/],
  ])('refuses %j', async (args, code, message) => {
    const outcome = await bench(...args);
    expect(outcome.stderr).toMatch(message);
    expect(outcome.stderr).not.toMatch(STACK_TRACE);
    expect(outcome).toMatchObject({ code, stdout: '' });
  });

  it('times what runs on the GPU, and names its kernel', { timeout: 120_000 }, async () => {
    const { stdout, stderr, code } = await sparse(
      ['bench', '--expr', 'sliding(64)', '--tokens', '256', '--backend', 'gpu', '--json'],
      { cwd },
    );
    expect(code, stderr).toBe(0);
    const { measured } = JSON.parse(stdout) as Found;
    expect(measured).toMatchObject([{ backend: 'gpu', tokens: 256 }]);
    expect(measured[0]!.kernel).not.toBe('');
  });
});

describe.concurrent('sparse backends', () => {
  it('shows the graphics device, what it can do and the kernels that won', { timeout: 120_000 }, async () => {
    const { stdout, code } = await sparse(['backends', '--json'], { cwd });
    expect(code).toBe(0);
    const { auto, backends } = JSON.parse(stdout) as {
      auto: string;
      backends: { id: string; available: boolean; facts: Record<string, unknown>; kernels: { kernel: string }[] }[];
    };
    expect(backends.map(({ id, available }) => [id, available])).toEqual([
      ['gpu', true],
      ['cpu', true],
      ['reference', true],
    ]);
    const [gpu, cpu] = backends;
    expect(gpu!.facts.features).toContain('timestamp-query');
    expect(gpu!.kernels.map(({ kernel }) => kernel.split(' ')[0])).toEqual(['f32', 'f16']);
    expect(cpu!.facts.build).toMatch(/^(simd128|relaxed-simd)$/);
    expect(auto).toBe(gpu!.facts.software === true ? 'cpu' : 'gpu');
  });

  it('says why there is no graphics device, and goes on', { timeout: 120_000 }, async () => {
    const { stdout, code, stderr } = await sparse(['backends'], {
      cwd,
      env: { VK_ICD_FILENAMES: '/nowhere.json', NO_COLOR: '1' },
    });
    expect(code, stderr).toBe(0);
    expect(stdout).toMatch(/^gpu: not available\n {2}reason +No graphics adapter was found/);
    expect(stdout).toMatch(/^cpu: passed its self-check \(auto\)$/m);
    expect(stdout).toMatch(/auto: cpu\n$/);
  });
});
