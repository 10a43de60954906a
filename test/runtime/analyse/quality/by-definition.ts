import type { AttentionInput } from '../../../../runtime/attention/types.ts';

/** One head's quality, pair by pair in float64. */
export interface Defined {
  readonly recalls: readonly number[];
  readonly recall: number;
  readonly error: number;
  readonly cosine: number;
}

/** Scores, softmax and outputs of one head as the definition has them; `seen(i, j)`: pairs of full attention. */
export function attentionOf(input: AttentionInput, head: number, seen: (row: number, key: number) => boolean) {
  const { q, k, v, heads, kvHeads, queries, keys, headDim } = input;
  const kv = Math.floor((head * kvHeads) / heads) * keys;
  const p: number[][] = [];
  const o: number[][] = [];
  for (let row = 0; row < queries; row++) {
    const scores = Array.from({ length: keys }, (_, key) => {
      if (!seen(row, key)) return Number.NEGATIVE_INFINITY;
      let dot = 0;
      for (let d = 0; d < headDim; d++) dot += q[(head * queries + row) * headDim + d]! * k[(kv + key) * headDim + d]!;
      return dot / Math.sqrt(headDim);
    });
    const top = Math.max(...scores);
    const weights = scores.map(score => (score === Number.NEGATIVE_INFINITY ? 0 : Math.exp(score - top)));
    const sum = weights.reduce((all, weight) => all + weight, 0);
    p.push(weights.map(weight => (sum === 0 ? 0 : weight / sum)));
    o.push(
      Array.from({ length: headDim }, (_, d) =>
        p[row]!.reduce((all, weight, key) => all + weight * v[(kv + key) * headDim + d]!, 0),
      ),
    );
  }
  return { p, o };
}

export function qualityByDefinition(
  input: AttentionInput,
  head: number,
  seen: (row: number, key: number) => boolean,
  allowed: (row: number, key: number) => boolean,
): Defined {
  const full = attentionOf(input, head, seen);
  const sparse = attentionOf(input, head, allowed);
  const recalls = full.p.map((row, i) => row.reduce((all, share, j) => all + (allowed(i, j) ? share : 0), 0));
  const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;
  const dot = (a: readonly number[], b: readonly number[]) => a.reduce((all, value, d) => all + value * b[d]!, 0);
  const off = sparse.o.flatMap((row, i) => row.map((value, d) => value - full.o[i]![d]!));
  const all = full.o.flat();
  return {
    recalls,
    recall: mean(recalls),
    error: Math.sqrt(dot(off, off) / dot(all, all)),
    cosine: mean(
      sparse.o.map((row, i) => {
        const other = full.o[i]!;
        const lengths = Math.sqrt(dot(row, row) * dot(other, other));
        return lengths === 0 ? Number(dot(row, row) === dot(other, other)) : dot(row, other) / lengths;
      }),
    ),
  };
}
