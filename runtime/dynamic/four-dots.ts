/** Vectors that are multiplied at once: sums that do not wait for each other keep a processor busy. */
export const AT_ONCE = 4;

/**
 * Dot products of four neighbouring rows of a matrix with one vector, each summed in the order of its numbers.
 *
 * @param rows row-major, `size` numbers a row; there are rows `first` to `first + 3`
 * @param vector holds `size` numbers from `at` on
 * @param out [4]
 */
export function fourDots(
  rows: Float64Array,
  first: number,
  size: number,
  vector: Float32Array | Float64Array,
  at: number,
  out: Float64Array,
): void {
  const a = first * size;
  const b = a + size;
  const c = b + size;
  const d = c + size;
  let s0 = 0;
  let s1 = 0;
  let s2 = 0;
  let s3 = 0;
  for (let i = 0; i < size; i++) {
    const value = vector[at + i] as number;
    s0 += (rows[a + i] as number) * value;
    s1 += (rows[b + i] as number) * value;
    s2 += (rows[c + i] as number) * value;
    s3 += (rows[d + i] as number) * value;
  }
  out[0] = s0;
  out[1] = s1;
  out[2] = s2;
  out[3] = s3;
}

/** Numbers of a matrix with room for a multiple of four rows; those past the end are 0. */
export function paddedLength(rows: number, size: number): number {
  return Math.ceil(rows / AT_ONCE) * AT_ONCE * size;
}
