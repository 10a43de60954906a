// Powers of two in WebAssembly SIMD, for every kernel that needs exponentials.

/**
 * For `power`: the lowest exponent, 1.5 * 2^23 + 127, and the minimax polynomial of degree 5 for 2^x on [-0.5, 0.5], all
 * of them four times. In memory, because V8 builds a vector literal anew in each round of a loop.
 */
export const CONSTANTS = memory.data<f32>(
  [
    -127, -127, -127, -127, 12583039, 12583039, 12583039, 12583039, 0.001327793890320418, 0.001327793890320418,
    0.001327793890320418, 0.001327793890320418, 0.00967575764075735, 0.00967575764075735, 0.00967575764075735,
    0.00967575764075735, 0.05550709598138968, 0.05550709598138968, 0.05550709598138968, 0.05550709598138968,
    0.24022114337835215, 0.24022114337835215, 0.24022114337835215, 0.24022114337835215, 0.6931469682296736,
    0.6931469682296736, 0.6931469682296736, 0.6931469682296736, 1.0000000733176135, 1.0000000733176135,
    1.0000000733176135, 1.0000000733176135,
  ],
  16,
);

/** a * b + c */
@inline
export function madd(a: v128, b: v128, c: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_madd(a, b, c);
  return f32x4.add(f32x4.mul(a, b), c);
}

/**
 * 2^value for value <= 126, relative error below 2e-7; zero below 2^-126, NaN for NaN. Adding 1.5 * 2^23 + 127 rounds to
 * the nearest integer and leaves the exponent's bits at the end.
 */
@inline
export function power(
  value: v128,
  low: v128,
  round: v128,
  p5: v128,
  p4: v128,
  p3: v128,
  p2: v128,
  p1: v128,
  p0: v128,
): v128 {
  const x = f32x4.pmax(value, low);
  const t = f32x4.add(x, round);
  const r = f32x4.sub(x, f32x4.sub(t, round));
  const p = madd(madd(madd(madd(madd(p5, r, p4), r, p3), r, p2), r, p1), r, p0);
  return f32x4.mul(p, i32x4.shl(t, 23));
}
