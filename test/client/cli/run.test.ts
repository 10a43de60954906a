import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { sampleInput } from '../../../runtime/attention/sample-data.ts';
import { fromFloat32, toFloat32 } from '../../../runtime/tensor/convert.ts';
import { readSafetensors, writeSafetensors } from '../../../runtime/tensor/safetensors.ts';
import { buildFirst, type Outcome, STACK_TRACE, sparse, temporaryFolder } from './command-line.ts';

buildFirst();
const cwd = temporaryFolder();
const run = (...args: string[]): Promise<Outcome> => sparse(['run', ...args], { cwd });

const shape = { heads: 4, kvHeads: 2, queries: 70, keys: 130, headDim: 16 };
const input = sampleInput(shape, 7);
writeFileSync(
  path.join(cwd, 'qkv.safetensors'),
  writeSafetensors({
    q: fromFloat32(input.q, [4, 70, 16]),
    k: fromFloat32(input.k, [2, 130, 16]),
    v: fromFloat32(input.v, [2, 130, 16]),
  }),
);
writeFileSync(
  path.join(cwd, 'model.sparse'),
  `model M {
  tokens = 130
  heads = 4
  kv_heads = 2
  head_dim = 16
  layers = 2
  attention = sliding(20) - global([63, 64])
  attention layers [1], heads [0, 2] = strided(head + 3) & causal()
}
`,
);

writeFileSync(
  path.join(cwd, 'queries.sparse'),
  'model Q { tokens = 130  queries = 69  heads = 4  kv_heads = 2  head_dim = 16  attention = causal() }\n',
);

writeFileSync(
  path.join(cwd, 'chosen.sparse'),
  `model Chosen {
  tokens = 130
  queries = 70
  heads = 4
  kv_heads = 2
  head_dim = 16
  causal = true
  attention = topk(9, within: causal()) | diagonal()
  attention heads [3] = sliding(20) - global([63, 64])
}
`,
);

/** Attention by definition, in float64, for a rule over (head, query position, key). */
function expected(allowed: (head: number, i: number, j: number) => boolean): { o: Float64Array; lse: Float64Array } {
  const { heads, kvHeads, queries, keys, headDim } = shape;
  const o = new Float64Array(heads * queries * headDim);
  const lse = new Float64Array(heads * queries).fill(Number.NEGATIVE_INFINITY);
  for (let head = 0; head < heads; head++)
    for (let row = 0; row < queries; row++) {
      const kv = Math.floor((head * kvHeads) / heads) * keys;
      const at = (head * queries + row) * headDim;
      const seen: { key: number; weight: number }[] = [];
      for (let key = 0; key < keys; key++) {
        // The queries are the last ones of the sequence.
        if (!allowed(head, row + keys - queries, key)) continue;
        let dot = 0;
        for (let d = 0; d < headDim; d++) dot += input.q[at + d]! * input.k[(kv + key) * headDim + d]!;
        seen.push({ key, weight: Math.exp(dot / Math.sqrt(headDim)) });
      }
      const sum = seen.reduce((total, { weight }) => total + weight, 0);
      if (seen.length > 0) lse[head * queries + row] = Math.log(sum);
      for (const { key, weight } of seen)
        for (let d = 0; d < headDim; d++) o[at + d]! += (weight / sum) * input.v[(kv + key) * headDim + d]!;
    }
  return { o, lse };
}

/** The output file, its layout checked. */
function output(name: string, heads = 4): { o: Float32Array; lse: Float32Array } {
  const { tensors } = readSafetensors(readFileSync(path.join(cwd, name)));
  expect([...tensors.keys()].sort()).toEqual(['lse', 'o']);
  expect(tensors.get('o')).toMatchObject({ dtype: 'f32', shape: [heads, 70, 16] });
  expect(tensors.get('lse')).toMatchObject({ dtype: 'f32', shape: [heads, 70] });
  return { o: toFloat32(tensors.get('o')!), lse: toFloat32(tensors.get('lse')!) };
}

function difference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  expect(a.length).toBe(b.length);
  let largest = 0;
  for (let i = 0; i < a.length; i++) {
    if (a[i] === b[i]) continue;
    const distance = Math.abs(a[i]! - b[i]!);
    largest = Number.isNaN(distance) ? Number.POSITIVE_INFINITY : Math.max(largest, distance);
  }
  return largest;
}

const masked = (i: number, j: number): boolean => [63, 64].includes(i) || [63, 64].includes(j);
const sliding = (_head: number, i: number, j: number): boolean => i - j >= 0 && i - j < 20 && !masked(i, j);

describe.concurrent('sparse run', () => {
  it.each(['cpu', 'gpu', 'reference'])(
    'computes attention over tensors on the %s',
    { timeout: 90_000 },
    async backend => {
      const file = `${backend}.safetensors`;
      const args = ['--expr', 'sliding(20) - global([63, 64])', '--input', 'qkv.safetensors', '--output', file];
      const { code, stdout, stderr } = await run(...args, '--backend', backend, '--json');
      expect(code, stderr).toBe(0);
      const summary = JSON.parse(stdout) as Record<string, unknown>;
      expect(summary).toMatchObject({
        backend,
        heads: 4,
        kvHeads: 2,
        headDim: 16,
        tokens: 130,
        queries: 70,
        checkedRows: 280,
        rows: 280,
        fullOmitted: null,
        input: 'qkv.safetensors',
        output: file,
        notes: [],
      });
      expect(summary.device).not.toBe('');
      expect(summary.sparseMs).toBeGreaterThan(0);
      expect(summary.fullMs).toBeGreaterThan(0);
      expect(summary.speedUp).toBeCloseTo((summary.fullMs as number) / (summary.sparseMs as number), 6);
      expect(summary.largestDifference).toBeLessThan(1e-5);
      const { o, lse } = output(file);
      const wanted = expected(sliding);
      expect(difference(o, wanted.o)).toBeLessThan(1e-5);
      expect(difference(lse, wanted.lse)).toBeLessThan(1e-5);
      // The rows without keys of every head.
      expect([...lse].filter(value => value === Number.NEGATIVE_INFINITY)).toHaveLength(8);
    },
  );

  it('uses each head of a layer, and the density of all of them', async () => {
    const args = ['model.sparse', '--layer', '1', '--input', 'qkv.safetensors', '--output', 'layer.safetensors'];
    const { code, stdout, stderr } = await run(...args, '--backend', 'cpu', '--json');
    expect(code, stderr).toBe(0);
    const rule = (head: number, i: number, j: number): boolean =>
      head % 2 === 0 ? j <= i && (i - j) % (head + 3) === 0 : sliding(head, i, j);
    const wanted = expected(rule);
    const { o, lse } = output('layer.safetensors');
    expect(difference(o, wanted.o)).toBeLessThan(1e-5);
    expect(difference(lse, wanted.lse)).toBeLessThan(1e-5);
    let pairs = 0;
    for (let head = 0; head < 4; head++)
      for (let i = 60; i < 130; i++) for (let j = 0; j < 130; j++) if (rule(head, i, j)) pairs++;
    expect(JSON.parse(stdout)).toMatchObject({ pairs, density: pairs / (4 * 70 * 130), layer: 1 });

    const alone = ['--layer', '1', '--head', '2', '--input', 'qkv.safetensors', '--output', 'head.safetensors'];
    expect((await run('model.sparse', ...alone, '--backend', 'cpu')).code).toBe(0);
    expect(difference(output('head.safetensors', 1).o, o.subarray(2 * 70 * 16, 3 * 70 * 16))).toBeLessThan(1e-6);
  });

  it.each(['cpu', 'gpu'])('chooses keys by content, attends on the %s', { timeout: 90_000 }, async backend => {
    const args = ['chosen.sparse', '--of', 'Chosen', '--input', 'qkv.safetensors', '--output', `chosen-${backend}`];
    const { code, stdout, stderr } = await run(...args, '--backend', backend, '--json');
    expect(code, stderr).toBe(0);
    const { heads, kvHeads, queries, keys, headDim } = shape;
    const score = (head: number, i: number, j: number): number => {
      const q = (head * queries + i - (keys - queries)) * headDim;
      const k = (Math.floor((head * kvHeads) / heads) * keys + j) * headDim;
      let dot = 0;
      for (let d = 0; d < headDim; d++) dot += input.q[q + d]! * input.k[k + d]!;
      return dot;
    };
    const best = new Map<string, Set<number>>();
    const rule = (head: number, i: number, j: number): boolean => {
      if (head === 3) return sliding(head, i, j);
      let chosen = best.get(`${head},${i}`);
      if (chosen === undefined) {
        const past = Array.from({ length: i + 1 }, (_, key) => key);
        chosen = new Set(past.sort((a, b) => score(head, i, b) - score(head, i, a)).slice(0, 9));
        best.set(`${head},${i}`, chosen);
      }
      return chosen.has(j) || j === i;
    };
    const wanted = expected(rule);
    const { o, lse } = output(`chosen-${backend}`);
    expect(difference(o, wanted.o)).toBeLessThan(1e-5);
    expect(difference(lse, wanted.lse)).toBeLessThan(1e-5);
    let pairs = 0;
    for (let head = 0; head < 4; head++)
      for (let i = 60; i < 130; i++) for (let j = 0; j < 130; j++) if (rule(head, i, j)) pairs++;
    const summary = JSON.parse(stdout) as Record<string, unknown>;
    expect(summary).toMatchObject({ backend, pairs, density: pairs / (4 * 70 * 130), checkedRows: 280 });
    expect(summary.selectMs).toBeGreaterThan(0);
    expect(summary.largestDifference).toBeLessThan(1e-5);
  });

  it('tells people how long choosing took, and how many pairs were chosen', async () => {
    const args = ['--expr', 'lsh(8, within: causal()) | topk(3)', '--tokens', '100', '--backend', 'cpu'];
    const { code, stdout, stderr } = await run(...args);
    expect(code, stderr).toBe(0);
    expect(stdout).toMatch(/^pairs +[\d,]+, chosen by content$/m);
    expect(stdout).toMatch(/^selection +[\d.]+ m?s$/m);
  });

  it('runs any head of a pattern, on tensors too', async () => {
    const args = ['--expr', 'sliding(head < 2 ? 1 : 20) - global([63, 64])', '--head', '3', '--backend', 'cpu'];
    expect((await run(...args, '--input', 'qkv.safetensors', '--output', 'any.safetensors')).code).toBe(0);
    const all = expected(sliding);
    expect(difference(output('any.safetensors', 1).o, all.o.subarray(3 * 70 * 16))).toBeLessThan(1e-5);
    const { code, stdout, stderr } = await run(...args, '--layer', '2', '--tokens', '66', '--json');
    expect(code, stderr).toBe(0);
    // 20 keys per query, fewer at the start, none of query and key 63 and 64.
    expect(JSON.parse(stdout)).toMatchObject({ layer: 2, heads: 1, pairs: 20 * 66 - 190 - 20 - 20 - 2 - 1 + 1 });
  });

  it('reports a run on made-up data for people', async () => {
    const { code, stdout, stderr } = await run('model.sparse', '--tokens', '200', '--backend', 'cpu');
    expect(code, stderr).toBe(0);
    expect(stdout).toMatch(/^M, layer 0\ntokens +200\nqueries +200\nheads +4 of width 16, 2 key\/value heads\n/);
    expect(stdout).toMatch(/^backend +cpu \(.+\)$/m);
    expect(stdout).toMatch(/^density +[\d.]+ %$/m);
    expect(stdout).toMatch(/^speed-up +[\d.]+ x$/m);
    expect(stdout).toMatch(/^largest difference +\S+ from the float64 reference, over all 800 rows$/m);
  });

  it('runs one token', async () => {
    const { code, stdout } = await run('--expr', 'causal()', '--tokens', '1', '--backend', 'cpu', '--json');
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ tokens: 1, pairs: 1, density: 1 });
  });

  it('leaves out a full run that is too large, and checks some rows only', { timeout: 60_000 }, async () => {
    writeFileSync(
      path.join(cwd, 'long.sparse'),
      'model Long { tokens = 512Ki  head_dim = 1  attention = sliding(64) }\n',
    );
    const { code, stdout, stderr } = await run('long.sparse', '--backend', 'cpu', '--json');
    expect(code, stderr).toBe(0);
    const summary = JSON.parse(stdout) as Record<string, unknown>;
    expect(summary).toMatchObject({ fullMs: null, speedUp: null, rows: 2 ** 19 });
    expect(summary.fullOmitted).toMatch(/would take about|too large/);
    expect(summary.checkedRows).toBeGreaterThan(16);
    expect(summary.checkedRows).toBeLessThan(2 ** 19);
    expect(summary.largestDifference).toBeLessThan(1e-5);
  });

  writeFileSync(
    path.join(cwd, 'garbage.safetensors'),
    Uint8Array.from({ length: 500 }, (_, i) => (i * 89) & 255),
  );
  const header = Buffer.from('{"q":{"dtype":"F32","shape":[1,999999,64],"data_offsets":[0,4]}}  ');
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  writeFileSync(path.join(cwd, 'lying.safetensors'), Buffer.concat([length, header, Buffer.alloc(4)]));
  const overflowing = new Float32Array(9 * 4).fill(1e25);
  const large = fromFloat32(overflowing, [1, 9, 4]);
  writeFileSync(path.join(cwd, 'large.safetensors'), writeSafetensors({ q: large, k: large, v: large }));
  const subject = ['--expr', 'sliding(20)', '--backend', 'cpu'];
  it.each<[string, string[], number, RegExp]>([
    [
      'an unknown backend',
      ['--expr', 'full()', '--tokens', '8', '--backend', 'tpu'],
      2,
      /tpu.*auto, gpu, cpu, reference/,
    ],
    ['a pattern without length', subject, 2, /add --tokens/],
    ['a missing file of tensors', [...subject, '--input', 'nowhere'], 2, /cannot read nowhere/],
    ['a folder of tensors', [...subject, '--input', '.'], 2, /it is a folder/],
    [
      'garbage for tensors',
      [...subject, '--input', 'garbage.safetensors'],
      2,
      /garbage\.safetensors: This is neither a \.safetensors nor/,
    ],
    [
      'scores that are beyond float32',
      [...subject, '--input', 'large.safetensors'],
      2,
      /The scores of query row 0 are beyond float32, or no numbers: the queries or keys are too large/,
    ],
    ['a lying header', [...subject, '--input', 'lying.safetensors'], 2, /lying\.safetensors.*takes 255999744 bytes/],
    [
      'other tokens',
      [...subject, '--tokens', '64', '--input', 'qkv.safetensors'],
      2,
      /130 tokens, but --tokens says 64/,
    ],
    [
      'an output that cannot be written',
      [...subject, '--tokens', '64', '--output', 'no/out'],
      2,
      /cannot write no\/out/,
    ],
    [
      'a head that the tensors lack',
      [...subject, '--input', 'qkv.safetensors', '--head', '4'],
      2,
      /no head 4: qkv\.safetensors has heads 0 to 3/,
    ],
    [
      'other queries',
      ['queries.sparse', '--input', 'qkv.safetensors'],
      2,
      /qkv\.safetensors: q has 70 queries, but Q has queries = 69; give q as \[heads, 69, head_dim\]/,
    ],
    [
      'a choice among blocks by content',
      ['--expr', 'blocked(4, lsh(4))', '--input', 'qkv.safetensors'],
      1,
      /^error: --expr: inside blocked there are blocks .*block_topk chooses whole blocks/,
    ],
    ['the output on stdout', [...subject, '--tokens', '8', '--output', '-'], 2, /--output names a file/],
    ['more memory than there is', [...subject, '--tokens', '64Mi'], 2, /needs about .*iB of memory/],
    ['a pattern without meaning', ['--expr', 'global([200])', '--input', 'qkv.safetensors'], 1, /position 200/],
  ])('refuses %s', async (_what, args, code, message) => {
    const outcome = await run(...args);
    expect(outcome.stderr).toMatch(message);
    expect(outcome).toMatchObject({ code, stdout: '' });
    expect(outcome.stderr).not.toMatch(STACK_TRACE);
  });

  it('stops on Ctrl+C and leaves no output', async () => {
    const args = ['run', '--expr', 'full()', '--tokens', '16Ki', '--backend', 'reference', '--output', 'never'];
    const outcome = await sparse(args, { cwd, interruptAfter: 4000 });
    expect(outcome).toEqual({ code: 130, stdout: '', stderr: 'error: cancelled\n' });
    expect(readdirSync(cwd).filter(name => name === 'never' || name.endsWith('.tmp'))).toEqual([]);
  });
});
