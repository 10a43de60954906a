// What the kernels have in common that multiply rows in pairs with panels of sixteen columns: queries with keys (see
// kernel.ts), and rows with a matrix.

import { madd } from './power';

/**
 * Products of two rows, [count][2], with the sixteen columns of a panel, [count][16], to `first` and `second`; added to what
 * is there unless they are `fresh`. Eight accumulators fill the sixteen vector registers without spilling, which no other
 * shape does in V8.
 */
@inline
export function multiplyPanel(x: usize, w: usize, first: usize, second: usize, count: i32, fresh: bool): void {
  let c00 = f32x4.splat(0);
  let c01 = f32x4.splat(0);
  let c02 = f32x4.splat(0);
  let c03 = f32x4.splat(0);
  let c10 = f32x4.splat(0);
  let c11 = f32x4.splat(0);
  let c12 = f32x4.splat(0);
  let c13 = f32x4.splat(0);
  if (!fresh) {
    c00 = v128.load(first);
    c01 = v128.load(first, 16);
    c02 = v128.load(first, 32);
    c03 = v128.load(first, 48);
    c10 = v128.load(second);
    c11 = v128.load(second, 16);
    c12 = v128.load(second, 32);
    c13 = v128.load(second, 48);
  }
  for (let i = 0; i < count; i++) {
    const a0 = v128.load32_splat(x);
    const a1 = v128.load32_splat(x, 4);
    const b0 = v128.load(w);
    const b1 = v128.load(w, 16);
    const b2 = v128.load(w, 32);
    const b3 = v128.load(w, 48);
    c00 = madd(a0, b0, c00);
    c01 = madd(a0, b1, c01);
    c02 = madd(a0, b2, c02);
    c03 = madd(a0, b3, c03);
    c10 = madd(a1, b0, c10);
    c11 = madd(a1, b1, c11);
    c12 = madd(a1, b2, c12);
    c13 = madd(a1, b3, c13);
    x += 8;
    w += 64;
  }
  v128.store(first, c00);
  v128.store(first, c01, 16);
  v128.store(first, c02, 32);
  v128.store(first, c03, 48);
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
