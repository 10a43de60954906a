import { describe, expect, test } from 'vitest';
import { createAttention } from '../../../runtime/attention/attention.ts';
import { compareWithFull } from '../../../runtime/attention/compare-with-full.ts';
import { createReferenceBackend } from '../../../runtime/attention/reference.ts';
import { sampleInput } from '../../../runtime/attention/sample-data.ts';
import { compileHeadParts, compileHeads } from '../../../runtime/compile/compile-heads.ts';
import type { Model } from '../../../runtime/pattern/ir.ts';
import { createLanguage, NO_FILES } from '../../../server/language.ts';

const options = { tile: { queries: 16, keys: 16 } };

async function modelOf(text: string): Promise<Model> {
  const file = await createLanguage(NO_FILES).open('memory:///parts.sparse', `model M {\n${text}\n}\n`);
  expect(file.diagnostics.filter(({ severity }) => severity === 'error')).toEqual([]);
  return file.lower('M');
}

/** Strided heads, dilated ones and one that needs no other order, with a key/value head for every two. */
const MIXED = `tokens = 320
  heads = 4
  kv_heads = 2
  head_dim = 16
  attention = strided(16) & causal() | sliding(16)
  attention heads [2] = window(64, dilation: 8) | global([0])
  attention heads [3] = sliding(40)`;
const FIXED = `tokens = 512
  queries = 300
  heads = 2
  kv_heads = 1
  head_dim = 16
  attention = (fixed(16, columns: 2) | block(16)) & causal()`;
/** Query 0 to 15 have no key at all. */
const EMPTY = `tokens = 256
  heads = 1
  head_dim = 16
  attention = strided(16) & causal() - diagonal()`;

describe('attention over parts in other orders', () => {
  test.each([
    ['strided, dilated and sliding heads', MIXED],
    ['fixed columns, fewer queries than keys', FIXED],
    ['rows without keys', EMPTY],
  ])('equals the float64 reference over the whole mask: %s', async (_, text) => {
    const model = await modelOf(text);
    const heads = Array.from({ length: model.heads }, (_, head) => head);
    const parts = compileHeadParts(model, 0, heads, undefined, options);
    expect(parts.some(part => part.plans.some(plan => plan.keyOrder !== undefined))).toBe(true);
    const whole = compileHeads(model, 0, heads, undefined, options);
    const input = sampleInput({
      heads: model.heads,
      kvHeads: model.kvHeads,
      queries: (model.queries ?? 0) ? Number(model.queries) : Number(model.tokens),
      keys: Number(model.tokens),
      headDim: 16,
    });
    const expected = await createReferenceBackend().run(input, [whole], {});
    const attention = createAttention({});
    for (const backend of ['cpu', 'reference'] as const) {
      const progress: number[] = [];
      const result = await attention.attend(input, parts, { backend, onProgress: done => progress.push(done) });
      expect(result.backend).toBe(backend);
      const largest = (a: Float32Array, b: Float32Array): number =>
        a.reduce(
          (most, value, index) => (value === b[index] ? most : Math.max(most, Math.abs(value - Number(b[index])))),
          0,
        );
      expect(largest(result.o, expected.o)).toBeLessThan(1e-5);
      expect(largest(result.lse, expected.lse)).toBeLessThan(1e-5);
      expect(progress.at(-1)).toBeCloseTo(1);
      expect([...progress].sort((a, b) => a - b)).toEqual(progress);
    }
    const report = await compareWithFull(attention, input, parts, { backend: 'cpu' });
    expect(report.largestDifference).toBeLessThan(1e-5);
    attention.dispose();
  });

  test('one part in the order of the sequence is passed on as it is', async () => {
    const model = await modelOf('tokens = 128\n  attention = sliding(8)');
    const parts = compileHeadParts(model, 0, [0], undefined);
    expect(parts).toEqual([compileHeads(model, 0, [0], undefined)]);
  });

  test('heads share plans in every part', async () => {
    const model = await modelOf(MIXED);
    const [first, second, ...more] = compileHeadParts(model, 0, [0, 1, 2, 3], undefined, options);
    expect(more).toEqual([]);
    expect(first?.headPlan).toEqual([0, 0, 1, 2]);
    expect(second?.headPlan).toEqual([0, 0, 1, 2]);
    expect(second?.plans[2]?.column.length).toBe(0);
  });
});
