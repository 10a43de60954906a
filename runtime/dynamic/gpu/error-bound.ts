/**
 * WGSL asks of sums and products that they be one of the two float32 neighbours of the exact value, and lets numbers below
 * 2**-126 become 0.
 */
const ROUNDING = 2 ** -23;
const SMALLEST = 2 ** -125;
/** Scores beyond this could overflow on the way. */
const LARGEST = 1e37;

/**
 * How much a float32 score of a row may differ from the float64 one, for each row: of d products in any order, fused or not,
 * |error| <= gamma sum_i |q_i k_i| <= gamma |q| |k| with gamma = m u / (1 - m u), m = d + 2 (Higham, Accuracy and Stability of
 * Numerical Algorithms, 3.1), and what is lost of numbers that are too small. Undefined when scores could overflow.
 *
 * @param q [rows][headDim]
 * @param k [tokens][headDim]
 * @returns [rows]
 */
export function scoreErrors(q: Float32Array, k: Float32Array, headDim: number): Float64Array | undefined {
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

function lengths(vectors: Float32Array, size: number): Float64Array {
  return Float64Array.from({ length: vectors.length / size }, (_, row) => {
    let square = 0;
    for (let d = 0; d < size; d++) square += (vectors[row * size + d] as number) ** 2;
    return Math.sqrt(square);
  });
}
