import { InferenceSession, Tensor } from 'onnxruntime-node';
import { expect, it } from 'vitest';
import { sampleInput } from '../../../runtime/attention/sample-data.ts';
import type { AttentionInput } from '../../../runtime/attention/types.ts';
import type { ExportRequest } from '../../../runtime/export/formats.ts';
import { squareShape } from '../../../runtime/pattern/shape.ts';
import { and, blocked, type Case, caseOf, cases, or, positions, primitive, seed, write } from './cases.ts';
import { expectAttention } from './expect-attention.ts';

/** Runs an exported model in ONNX Runtime on sample data. */
async function run(request: ExportRequest, input: AttentionInput): Promise<{ o: Float32Array; operator: string }> {
  const { bytes } = write('onnx', request).files[0];
  const session = await InferenceSession.create(bytes, { logSeverityLevel: 3 });
  const { heads, kvHeads, queries, keys, headDim } = input;
  const feeds: Record<string, Tensor> = {
    query: new Tensor('float32', input.q, [1, heads, queries, headDim]),
    key: new Tensor('float32', input.k, [1, kvHeads, keys, headDim]),
    value: new Tensor('float32', input.v, [1, kvHeads, keys, headDim]),
  };
  const fetches: Record<string, Tensor | null> = { output: null };
  const sparse = session.inputNames.includes('past_key');
  for (const name of sparse ? ['key', 'value'] : []) {
    // One memory for both, as the operator demands.
    const cache = new Tensor('float32', new Float32Array(kvHeads * keys * headDim), [1, kvHeads, keys, headDim]);
    feeds[`past_${name}`] = cache;
    fetches[`present_${name}`] = cache;
  }
  const { output } = await session.run(feeds, fetches);
  expect(output!.dims).toEqual([1, heads, queries, headDim]);
  const operator = /(?:com\.microsoft|ai\.onnx)\.(\w+)/.exec(Buffer.from(bytes).toString('latin1'))![1]!;
  await session.release();
  return { o: output!.data as Float32Array, operator };
}

/** The operator that a case became, after its output was compared with the float64 reference. */
async function operatorOf({ request, heads, allows }: Case, headDim = 16): Promise<string> {
  const { queries, tokens } = request.shape;
  const kvHeads = request.kvHeads ?? heads;
  const input = sampleInput({ heads, kvHeads, queries, keys: tokens, headDim }, 5);
  const { o, operator } = await run(request, input);
  expectAttention(o, input, allows, 2e-6);
  return operator;
}

it('ONNX Runtime computes what the reference computes, for every case', async () => {
  const seen = new Map<string, number>();
  for (const one of cases()) {
    const operator = await operatorOf(one).catch(error => {
      throw new Error(`seed ${seed}, ${JSON.stringify(one.request)}`, { cause: error });
    });
    seen.set(operator, (seen.get(operator) ?? 0) + 1);
  }
  expect([...seen.keys()].sort()).toEqual(['Attention', 'GroupQueryAttention', 'SparseAttention']);
});

it('takes the operator that stores least', async () => {
  const causal = primitive('causal');
  const sliding = primitive('sliding', { size: 9 });
  const blocks = and(blocked(16, or(primitive('diagonal'), positions('columns', 0))), causal);
  const of = (patterns: Parameters<typeof caseOf>[0], n = 80, same = false): Promise<string> =>
    operatorOf(caseOf(patterns, squareShape(n), patterns.length > 1, same));
  expect(await of([causal])).toBe('GroupQueryAttention');
  expect(await of([sliding, sliding], 80, true)).toBe('GroupQueryAttention');
  expect(await of([blocks])).toBe('SparseAttention');
  expect(await of([blocks], 75)).toBe('SparseAttention');
  // Heads take turns among the layouts.
  expect(await of([blocks, causal, blocks, causal])).toBe('SparseAttention');
  expect(await of([blocks, sliding])).toBe('Attention');
  // A query without keys is nothing that the operators with blocks define.
  expect(await of([and(blocked(16, positions('columns', 1)), causal)])).toBe('Attention');
});

it('one mask serves any number of heads where the operator does not ask for it', async () => {
  const { request } = caseOf([primitive('window', { size: 12 })], squareShape(50), false, false);
  const input = sampleInput({ heads: 6, kvHeads: 2, queries: 50, keys: 50, headDim: 24 }, 3);
  const { o } = await run(request, input);
  expectAttention(o, input, (_, i, j) => Math.abs(i - j) <= 6, 2e-6);
});
