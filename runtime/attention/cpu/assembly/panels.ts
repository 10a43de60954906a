// What the kernels have in common that multiply queries and keys: both in panels, see kernel.ts.

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
 * 2^value for value <= 0, relative error below 2e-7; zero below 2^-126, NaN for NaN. Adding 1.5 * 2^23 + 127 rounds to
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

/**
 * Scores of two rows and one panel of keys, to `s` and `second`: eight accumulators fill the sixteen vector registers
 * without spilling, which no other shape does in V8.
 */
@inline
export function scorePanel(q: usize, k: usize, s: usize, second: usize, dim: i32): void {
  let c00 = f32x4.splat(0);
  let c01 = f32x4.splat(0);
  let c02 = f32x4.splat(0);
  let c03 = f32x4.splat(0);
  let c10 = f32x4.splat(0);
  let c11 = f32x4.splat(0);
  let c12 = f32x4.splat(0);
  let c13 = f32x4.splat(0);
  for (let i = 0; i < dim; i++) {
    const a0 = v128.load32_splat(q);
    const a1 = v128.load32_splat(q, 4);
    const b0 = v128.load(k);
    const b1 = v128.load(k, 16);
    const b2 = v128.load(k, 32);
    const b3 = v128.load(k, 48);
    c00 = madd(a0, b0, c00);
    c01 = madd(a0, b1, c01);
    c02 = madd(a0, b2, c02);
    c03 = madd(a0, b3, c03);
    c10 = madd(a1, b0, c10);
    c11 = madd(a1, b1, c11);
    c12 = madd(a1, b2, c12);
    c13 = madd(a1, b3, c13);
    q += 8;
    k += 64;
  }
  v128.store(s, c00);
  v128.store(s, c01, 16);
  v128.store(s, c02, 32);
  v128.store(s, c03, 48);
  v128.store(second, c10);
  v128.store(second, c11, 16);
  v128.store(second, c12, 32);
  v128.store(second, c13, 48);
}

/** [rows][dim] times a factor -> [row pairs][dim][2]; the last of an odd number of rows is paired with zeros. */
export function packQueries(from: usize, to: usize, rows: i32, dim: i32, factor: f32): void {
  const row = <usize>dim << 2;
  const whole = dim & ~3;
  const factors = f32x4.splat(factor);
  for (let i = 0; i < rows; i += 2) {
    const paired = i + 1 < rows;
    let d = 0;
    for (; d < whole; d += 4) {
      const a = f32x4.mul(v128.load(from), factors);
      const b = paired ? f32x4.mul(v128.load(from + row), factors) : f32x4.splat(0);
      v128.store(to, v128.shuffle<f32>(a, b, 0, 4, 1, 5));
      v128.store(to, v128.shuffle<f32>(a, b, 2, 6, 3, 7), 16);
      from += 16;
      to += 32;
    }
    for (; d < dim; d++) {
      store<f32>(to, load<f32>(from) * factor);
      store<f32>(to, paired ? load<f32>(from + row) * factor : 0, 4);
      from += 4;
      to += 8;
    }
    from += row;
  }
}

/** [keys][dim] -> [keys / 16][dim][16] */
export function packKeys(from: usize, to: usize, keys: i32, dim: i32): void {
  const row = <usize>dim << 2;
  const whole = dim & ~3;
  for (let key = 0; key < keys; key += 4) {
    const source = from + <usize>key * row;
    const target = to + <usize>(key & ~15) * row + (<usize>(key & 15) << 2);
    let d = 0;
    for (; d < whole; d += 4) {
      const at = source + (<usize>d << 2);
      const a = v128.load(at);
      const b = v128.load(at + row);
      const c = v128.load(at + 2 * row);
      const e = v128.load(at + 3 * row);
      const ab0 = v128.shuffle<f32>(a, b, 0, 4, 1, 5);
      const ab1 = v128.shuffle<f32>(a, b, 2, 6, 3, 7);
      const ce0 = v128.shuffle<f32>(c, e, 0, 4, 1, 5);
      const ce1 = v128.shuffle<f32>(c, e, 2, 6, 3, 7);
      const out = target + (<usize>d << 6);
      v128.store(out, v128.shuffle<f32>(ab0, ce0, 0, 1, 4, 5));
      v128.store(out, v128.shuffle<f32>(ab0, ce0, 2, 3, 6, 7), 64);
      v128.store(out, v128.shuffle<f32>(ab1, ce1, 0, 1, 4, 5), 128);
      v128.store(out, v128.shuffle<f32>(ab1, ce1, 2, 3, 6, 7), 192);
    }
    for (; d < dim; d++) {
      for (let i: usize = 0; i < 4; i++) {
        const value = load<f32>(source + i * row + (<usize>d << 2));
        store<f32>(target + (<usize>d << 6) + (i << 2), value);
      }
    }
  }
}
