import { expect } from 'vitest';
import { sampleInput } from '../../../runtime/attention/sample-data.ts';
import type { AttentionInput } from '../../../runtime/attention/types.ts';
import type { TilePlan } from '../../../runtime/compile/tile-plan.ts';
import { selectHeads } from '../../../runtime/dynamic/select-heads.ts';
import type { Model } from '../../../runtime/pattern/ir.ts';
import { patternAt, shapeAt } from '../../../runtime/pattern/model.ts';
import { createLanguage, NO_FILES } from '../../../server/language.ts';
import { denseBits } from '../compile/dense-bits.ts';
import { pairsByRule, vectorsOf } from './published-rules.ts';

const language = createLanguage(NO_FILES);

/** A pattern as a model of that many heads and tokens. */
export async function modelOf(
  expression: string,
  { heads, kvHeads, queries, keys }: Pick<AttentionInput, 'heads' | 'kvHeads' | 'queries' | 'keys'>,
): Promise<Model> {
  const model = await language.lowerExpression(expression, 'memory:/expression.sparse');
  const all = Array.from({ length: heads }, (_, head) => head);
  const rules = model.rules.map(rule => ({ ...rule, heads: all }));
  return { ...model, heads, kvHeads, tokens: keys, queries, rules };
}

export interface SelectionShape {
  readonly heads?: number;
  readonly kvHeads?: number;
  readonly queries?: number;
  readonly keys: number;
  readonly headDim?: number;
}

export function input(shape: SelectionShape, seed = 0): AttentionInput {
  const heads = shape.heads ?? 1;
  return sampleInput({ heads, kvHeads: heads, queries: shape.keys, headDim: 8, ...shape }, seed);
}

/** The same with few different values, so that many scores are equal. */
export function coarse(problem: AttentionInput): AttentionInput {
  const rounded = (data: Float32Array): Float32Array => data.map(value => Math.round(value));
  return { ...problem, q: rounded(problem.q), k: rounded(problem.k) };
}

/** The chosen pairs of each head, [queries][keys] bits. */
export async function selected(expression: string, problem: AttentionInput): Promise<readonly Uint8Array[]> {
  const model = await modelOf(expression, problem);
  const heads = Array.from({ length: problem.heads }, (_, head) => head);
  const { parts, selectMs } = await selectHeads(model, 0, heads, problem);
  expect(selectMs).toBeGreaterThan(0);
  return heads.map(head => pairsOf(parts.map(({ plans, headPlan }) => plans[headPlan[head]!]!)));
}

/** The pairs of disjoint plans in the order of the sequence, [queries][keys]; throws when one is there twice. */
export function pairsOf(plans: readonly TilePlan[]): Uint8Array {
  const { queries, keys } = plans[0]!;
  const bits = new Uint8Array(queries * keys);
  for (const plan of plans) {
    const { queryOrder, keyOrder } = plan;
    denseBits(plan).forEach((bit, at) => {
      if (bit === 0) return;
      const [row, column] = [Math.floor(at / keys), at % keys];
      const pair = (queryOrder?.[row] ?? row) * keys + (keyOrder?.[column] ?? column);
      if (bits[pair] === 1) throw new Error(`pair ${pair} is in two parts`);
      bits[pair] = 1;
    });
  }
  return bits;
}

/** Compares what was chosen with the methods' rules, every pair of every head. */
export async function expectByRule(expression: string, problem: AttentionInput): Promise<void> {
  const model = await modelOf(expression, problem);
  const found = await selected(expression, problem);
  found.forEach((bits, head) => {
    const pattern = patternAt(model, 0, head)!;
    const wanted = pairsByRule(pattern, shapeAt(model, 0, head), vectorsOf(problem, head));
    wanted.forEach((row, r) => {
      const text = row.map(allowed => (allowed ? 1 : 0)).join('');
      const got = bits.subarray(r * problem.keys, (r + 1) * problem.keys).join('');
      // The strings are long: they are shown only when they differ.
      if (got !== text) expect(got, `${expression}, head ${head}, row ${r}`).toBe(text);
    });
  });
}

/** How many pairs each head has. */
export async function pairCounts(expression: string, problem: AttentionInput): Promise<readonly number[]> {
  return (await selected(expression, problem)).map(bits => bits.reduce((sum, bit) => sum + bit, 0));
}
