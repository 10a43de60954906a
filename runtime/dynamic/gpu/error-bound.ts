import type { Vectors } from '../rows/row-rule.ts';

/**
 * WGSL asks of sums and products that they be one of the two float32 neighbours of the exact value, and lets numbers below
 * 2**-126 become 0.
 */
const ROUNDING = 2 ** -23;
const SMALLEST = 2 ** -125;
/** What is added to twice an error, for the rounding of the bounds themselves. */
export const SLACK = 2.5;
/** Scores beyond this could overflow on the way. */
const LARGEST = 1e37;

/**
 * How much a float32 score of a row may differ from the float64 one, for each row: of d products in any order, fused or not,
 * |error| <= gamma sum_i |q_i k_i| <= gamma |q| |k| with gamma = m u / (1 - m u), m = d + 2 (Higham, Accuracy and Stability of
 * Numerical Algorithms, 3.1), and what is lost of numbers that are too small. Numbers of float64 are rounded to float32 before,
 * to half of u each, which m allows for. Undefined when scores could overflow.
 *
 * @param q [rows][headDim]
 * @param k [tokens][headDim]
 * @returns [rows]
 */
export function scoreErrors(q: Vectors, k: Vectors, headDim: number): Float64Array | undefined {
  const longest = lengths(k, headDim).reduce((most, length) => Math.max(most, length), 0);
  const steps = (headDim + 2) * ROUNDING;
  const gamma = steps / (1 - steps);
  const errors = lengths(q, headDim);
  for (let row = 0; row < errors.length; row++) {
    const length = errors[row] as number;
    if (!(Math.max(1, length) * Math.max(1, longest) < LARGEST)) return undefined;
    errors[row] = gamma * length * longest + headDim * SMALLEST * (1 + length + longest);
  }
  return errors;
}

/**
 * How much the logarithm of a float32 weight exp(scale * (score - best)) may be off for each row, beside what all weights of
 * the row have in common: scores by their error; scale, difference and product by five roundings of numbers up to |q| |k|
 * (the bound on scores has d + 2 of them); exp by 3 + 2 |x| units in the last place, |x| <= 30, and the weight by one more.
 *
 * @param errors [rows]; see scoreErrors
 * @param scale more than 0
 */
export function weightErrors(errors: Float64Array, scale: number, headDim: number): Float64Array {
  return errors.map(error => scale * error * (1 + 8 / (headDim + 2)) + 70 * ROUNDING);
}

function lengths(vectors: Vectors, size: number): Float64Array {
  return Float64Array.from({ length: vectors.length / size }, (_, row) => {
    let square = 0;
    for (let d = 0; d < size; d++) square += (vectors[row * size + d] as number) ** 2;
    return Math.sqrt(square);
  });
}
