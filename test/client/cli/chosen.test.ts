import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test, vi } from 'vitest';
import { structuredInput } from '../../../runtime/attention/structured-data.ts';
import { readMaskFile } from '../../../runtime/export/read-mask-file.ts';
import { wordsOfRow } from '../../../runtime/pattern/mask-bits.ts';
import { fromFloat32 } from '../../../runtime/tensor/convert.ts';
import { writeSafetensors } from '../../../runtime/tensor/safetensors.ts';
import { buildFirst, sparse, temporaryFolder } from './command-line.ts';

vi.setConfig({ testTimeout: 90_000 });
buildFirst();
const cwd = temporaryFolder();
const { q, k, v } = structuredInput({ heads: 4, kvHeads: 2, queries: 90, keys: 90, headDim: 16 }, 'sinks', 3);
const tensor = (data: Float32Array, heads: number) => fromFloat32(data, [heads, 90, 16]);
writeFileSync(
  path.join(cwd, 'qkv.safetensors'),
  writeSafetensors({ q: tensor(q, 4), k: tensor(k, 2), v: tensor(v, 2) }, {}),
);
writeFileSync(
  path.join(cwd, 'choosing.sparse'),
  `model Choosing { tokens = 90 layers = 2 heads = 4 kv_heads = 2 attention = topk(7, within: causal()) | sliding(3)
  attention heads [3] = routing(5) & causal()
  attention layers [0], heads [0] = sliding(3) }`,
);

writeFileSync(
  path.join(cwd, 'fifth.safetensors'),
  writeSafetensors({ 'layer5.q': tensor(q, 4), 'layer5.k': tensor(k, 2), 'layer5.v': tensor(v, 2) }, {}),
);

const INPUT = ['--input', 'qkv.safetensors'];
const run = (...args: string[]) => sparse(args, { cwd });

async function json(...args: string[]): Promise<Record<string, unknown>> {
  const { stdout, stderr, code } = await run(...args, '--json');
  expect(code, stderr).toBe(0);
  return JSON.parse(stdout) as Record<string, unknown>;
}

test('counts, pictures and files hold the pairs that a run computes', async () => {
  const expression = ['--expr', 'topk(7, within: causal()) | sliding(3)', '--head', '2', ...INPUT];
  const { pairs } = await json('run', ...expression, '--backend', 'cpu');
  const stats = await json('stats', ...expression);
  expect(stats).toMatchObject({
    pairs,
    tokens: 90,
    head: 2,
    name: 'topk(7, within: causal()) | sliding(3) for qkv.safetensors',
  });
  const drawn = await run('draw', ...expression);
  expect(drawn.stdout).toMatch(
    /sliding\(3\) for qkv.safetensors: 90 queries, 90 keys\n- topk\(7, within: causal\(\)\)\n- sliding\(3\)/,
  );
  expect((await run('export', ...expression, '--format', 'npz', '--out', 'mask.npz')).code).toBe(0);
  const { words, tokens } = readMaskFile(readFileSync(path.join(cwd, 'mask.npz')), 'mask.npz');
  expect(tokens).toBe(90);
  const ones = [...words].reduce((sum, word) => sum + word.toString(2).replaceAll('0', '').length, 0);
  expect(words).toHaveLength(90 * wordsOfRow(90));
  expect(ones).toBe(pairs);
  // A file of what was chosen is a mask like any other.
  expect(await json('stats', '--expr', 'mask("mask.npz")', '--tokens', '90')).toMatchObject({ pairs });
});

test('of a model each head chooses for itself, in the layer that is asked for', async () => {
  const of = ['choosing.sparse', ...INPUT];
  const perHead = await Promise.all(
    [0, 1, 2, 3].map(async head => (await json('stats', ...of, '--head', String(head))).pairs as number),
  );
  expect(perHead[0]).toBe(90 * 3 - 3);
  expect(perHead[1]).not.toBe(perHead[2]);
  expect(await json('run', ...of, '--backend', 'cpu')).toMatchObject({ pairs: perHead.reduce((a, b) => a + b, 0) });
  expect((await run('export', ...of, '--all-heads', '--format', 'npy', '--out', 'all.npy')).code).toBe(0);
  const all = readMaskFile(readFileSync(path.join(cwd, 'all.npy')), 'all.npy');
  const size = 90 * wordsOfRow(90);
  expect(
    [0, 1, 2, 3].map(head =>
      [...all.words.subarray(head * size, (head + 1) * size)].reduce(
        (sum, word) => sum + word.toString(2).replaceAll('0', '').length,
        0,
      ),
    ),
  ).toEqual(perHead);
});

test.each([
  [['draw', '--expr', 'topk(7)', '--tokens', '90'], 1, /chooses keys by content: .* add --input/],
  [['export', '--expr', 'topk(7)', '--tokens', '90', '--format', 'npz', '--out', 'x.npz'], 1, /add --input/],
  [['stats', '--expr', 'topk(7)', '--tokens', '80', ...INPUT], 2, /has 90 tokens, but --tokens says 80/],
  [['draw', '--expr', 'topk(7)', '--head', '4', ...INPUT], 2, /there is no head 4: qkv.safetensors has heads 0 to 3/],
  [['draw', '--expr', 'topk(7)', '--input', 'none.safetensors'], 2, /none.safetensors/],
  [['stats', 'choosing.sparse', '--flow', ...INPUT], 1, /layer 1 of Choosing chooses keys by content.*all layers/],
  [
    ['export', 'choosing.sparse', '--format', 'hf', '--out', 'x.json', ...INPUT],
    2,
    /hf cannot hold .* choose keys by content/,
  ],
  [['run', '--expr', 'sliding(layer + 1)', '--input', 'fifth.safetensors'], 2, /has only layer 5; add --layer 5/],
])('%j is refused', async (args, code, message) => {
  const outcome = await run(...args);
  expect(outcome.stderr).toMatch(message);
  expect(outcome.code).toBe(code);
});

test('tensors of another layer than the first have the mask of that layer', async () => {
  const fifth = ['--expr', 'sliding(layer + 1)', '--input', 'fifth.safetensors', '--layer', '5'];
  const { pairs } = await json('stats', ...fifth);
  expect(pairs).toBe(90 * 6 - 15);
  expect(await json('run', ...fifth, '--backend', 'cpu')).toMatchObject({ layer: 5, pairs: 4 * Number(pairs) });
});

test('where nothing is chosen, the tensors give a length alone, and that is said', async () => {
  const outcome = await run('stats', '--expr', 'sliding(3)', ...INPUT);
  expect(outcome).toMatchObject({
    code: 0,
    stderr: expect.stringContaining('nothing in sliding(3) is chosen by content'),
  });
  expect(outcome.stdout).toMatch(/^sliding\(3\), head 0 of 4\ntokens +90$/m);
});
