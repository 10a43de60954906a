/** `-log2 softmax(logits)[target]`; sums in float64. NaN where a logit is NaN. */
export function bitsOf(logits: Float32Array | Float64Array, target: number): number {
  let largest = Number.NEGATIVE_INFINITY;
  for (const value of logits) if (value > largest) largest = value;
  let sum = 0;
  for (const value of logits) sum += Math.exp(value - largest);
  return (largest + Math.log(sum) - (logits[target] ?? Number.NaN)) * Math.LOG2E;
}
