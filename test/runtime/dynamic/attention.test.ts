import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { createCpuBackend } from '../../../runtime/attention/cpu/cpu.ts';
import { openDawn } from '../../../runtime/attention/gpu/dawn.node.ts';
import { createGpuBackend } from '../../../runtime/attention/gpu/gpu.ts';
import { createReferenceBackend } from '../../../runtime/attention/reference.ts';
import type { AttentionInput, Backend } from '../../../runtime/attention/types.ts';
import { selectHeads } from '../../../runtime/dynamic/select-heads.ts';
import { patternAt, shapeAt } from '../../../runtime/pattern/model.ts';
import { dot, pairsByRule, vectorsOf } from './published-rules.ts';
import { input, modelOf } from './select.ts';

vi.setConfig({ testTimeout: 60_000 });

let backends: readonly Backend[];
beforeAll(async () => {
  const opened = await openDawn();
  if ('reason' in opened) throw new Error(opened.reason);
  backends = [await createCpuBackend(), await createGpuBackend(opened.gpu, { poison: true }), createReferenceBackend()];
}, 30_000);
afterAll(() => {
  for (const backend of backends) backend.dispose();
});

/** Attention by definition over pairs by the methods' rules; nothing of it comes from the runtime. */
async function expected(expression: string, problem: AttentionInput) {
  const model = await modelOf(expression, problem);
  const { v, heads, kvHeads, keys, headDim } = problem;
  return Array.from({ length: heads }, (_, head) => {
    const vectors = vectorsOf(problem, head);
    const pairs = pairsByRule(patternAt(model, 0, head)!, shapeAt(model, 0, head), vectors);
    const values = Math.floor((head * kvHeads) / heads) * keys;
    return vectors.queries.map((query, r) => {
      const seen = vectors.keys.map((_, j) => j).filter(j => pairs[r]![j]);
      const weights = seen.map(j => Math.exp(dot(query, vectors.keys[j]!) / Math.sqrt(headDim)));
      const sum = weights.reduce((total, weight) => total + weight, 0);
      const o = Array.from({ length: headDim }, (_, d) =>
        seen.reduce((total, j, at) => total + (weights[at]! / sum) * v[(values + j) * headDim + d]!, 0),
      );
      return { o, lse: seen.length === 0 ? Number.NEGATIVE_INFINITY : Math.log(sum) };
    });
  }).flat();
}

describe('attention over what content chooses, on every backend', () => {
  test.each([
    ['topk(9, within: causal())', 150],
    ['threshold(0.7) & causal()', 150],
    ['block_topk(16, 3, within: causal()) | sliding(10)', 150],
    ['lsh(8, rounds: 2) - columns([0..20])', 150],
    ['routing(6) & !diagonal()', 150],
    ['vertical_slash(7, 12) | global([0])', 150],
    ['topk(4, within: none())', 150],
    // Sorted by bucket and by cluster, each head in an order of its own.
    ['lsh(64, rounds: 2, within: causal())', 520],
    ['routing(16) - diagonal() | sliding(3)', 520],
  ] as const)('%s at %i keys', async (expression, keys) => {
    const problem = input({ keys, queries: keys - 9, heads: 4, kvHeads: 2, headDim: 20 });
    const { parts } = await selectHeads(await modelOf(expression, problem), 0, [0, 1, 2, 3], problem);
    const wanted = await expected(expression, problem);
    for (const backend of backends) {
      const { o, lse } = await backend.run(problem, parts, {});
      wanted.forEach((row, at) => {
        row.o.forEach((value, d) => {
          if (!(Math.abs(o[at * 20 + d]! - value) < 1e-5)) expect.fail(`${backend.id}: o of row ${at} at ${d}`);
        });
        if (lse[at] !== row.lse && !(Math.abs(lse[at]! - row.lse) < 1e-5))
          expect.fail(`${backend.id}: lse of row ${at}`);
      });
    }
  });
});
