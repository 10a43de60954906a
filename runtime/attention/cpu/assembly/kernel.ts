// One tile of flash attention in WebAssembly SIMD. Compiled twice by scripts/generate-wasm.mjs: with plain and with
// relaxed SIMD (fused multiply-add). All pointers are byte offsets into memory that the host lays out.

/** Stands for "no key yet"; never an infinity, so that differences stay finite. */
const NEVER: f32 = -3e38;

/** First free byte of memory. */
export function heapBase(): usize {
  return __heap_base;
}

/** a * b + c */
@inline
function madd(a: v128, b: v128, c: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_madd(a, b, c);
  return f32x4.add(f32x4.mul(a, b), c);
}

/**
 * 2^x for x <= 0, relative error below 2e-7 (minimax polynomial of degree 5 on [-0.5, 0.5]); below 2^-126 it is held
 * at 2^-126. Adding 1.5 * 2^23 rounds to the nearest integer, whose low bits then go into the exponent.
 */
@inline
function exp2(value: v128): v128 {
  const x = f32x4.max(value, f32x4.splat(-126));
  const t = f32x4.add(x, f32x4.splat(12582912));
  const r = f32x4.sub(x, f32x4.sub(t, f32x4.splat(12582912)));
  let p = f32x4.splat(0.001327793890320418);
  p = madd(p, r, f32x4.splat(0.00967575764075735));
  p = madd(p, r, f32x4.splat(0.05550709598138968));
  p = madd(p, r, f32x4.splat(0.24022114337835215));
  p = madd(p, r, f32x4.splat(0.6931469682296736));
  p = madd(p, r, f32x4.splat(1.0000000733176135));
  return i32x4.add(p, i32x4.shl(t, 23));
}

/** All bits of lane i set when bit `shift + i` of the word is. */
@inline
function lanes(word: u32, shift: i32): v128 {
  return i32x4.ne(v128.and(i32x4.splat(<i32>(word >> shift)), i32x4(1, 2, 4, 8)), i32x4.splat(0));
}

@inline
function largest(v: v128): f32 {
  return max(
    max(f32x4.extract_lane(v, 0), f32x4.extract_lane(v, 1)),
    max(f32x4.extract_lane(v, 2), f32x4.extract_lane(v, 3)),
  );
}

@inline
function total(v: v128): f32 {
  return (
    f32x4.extract_lane(v, 0) + f32x4.extract_lane(v, 1) + (f32x4.extract_lane(v, 2) + f32x4.extract_lane(v, 3))
  );
}

/**
 * c (+)= a b for two rows of a and sixteen columns of b: eight accumulators fill the sixteen vector registers without
 * spilling, which no other shape does in V8.
 */
@inline
function multiply2x16(a: usize, aRow: usize, b: usize, bRow: usize, c: usize, cRow: usize, depth: i32, add: bool): void {
  let c00 = f32x4.splat(0);
  let c01 = f32x4.splat(0);
  let c02 = f32x4.splat(0);
  let c03 = f32x4.splat(0);
  let c10 = f32x4.splat(0);
  let c11 = f32x4.splat(0);
  let c12 = f32x4.splat(0);
  let c13 = f32x4.splat(0);
  if (add) {
    c00 = v128.load(c);
    c01 = v128.load(c, 16);
    c02 = v128.load(c, 32);
    c03 = v128.load(c, 48);
    c10 = v128.load(c + cRow);
    c11 = v128.load(c + cRow, 16);
    c12 = v128.load(c + cRow, 32);
    c13 = v128.load(c + cRow, 48);
  }
  for (let i = 0; i < depth; i++) {
    const a0 = v128.load32_splat(a);
    const a1 = v128.load32_splat(a + aRow);
    const b0 = v128.load(b);
    const b1 = v128.load(b, 16);
    const b2 = v128.load(b, 32);
    const b3 = v128.load(b, 48);
    c00 = madd(a0, b0, c00);
    c01 = madd(a0, b1, c01);
    c02 = madd(a0, b2, c02);
    c03 = madd(a0, b3, c03);
    c10 = madd(a1, b0, c10);
    c11 = madd(a1, b1, c11);
    c12 = madd(a1, b2, c12);
    c13 = madd(a1, b3, c13);
    a += 4;
    b += bRow;
  }
  v128.store(c, c00);
  v128.store(c, c01, 16);
  v128.store(c, c02, 32);
  v128.store(c, c03, 48);
  v128.store(c + cRow, c10);
  v128.store(c + cRow, c11, 16);
  v128.store(c + cRow, c12, 32);
  v128.store(c + cRow, c13, 48);
}

/** Sets sums, maxima and outputs to "nothing seen yet". */
export function begin(o: usize, m: usize, l: usize, rows: i32, width: i32): void {
  for (let i = 0; i < rows; i++) {
    store<f32>(m + (<usize>i << 2), NEVER);
    store<f32>(l + (<usize>i << 2), 0);
  }
  memory.fill(o, 0, (<usize>rows * <usize>width) << 2);
}

/** [keys][dim] -> [dim][keys]; keys is a multiple of 4. */
export function transpose(from: usize, to: usize, keys: i32, dim: i32): void {
  const row = <usize>dim << 2;
  const column = <usize>keys << 2;
  const whole = dim & ~3;
  for (let key = 0; key < keys; key += 4) {
    const source = from + <usize>key * row;
    const target = to + (<usize>key << 2);
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
      const out = target + <usize>d * column;
      v128.store(out, v128.shuffle<f32>(ab0, ce0, 0, 1, 4, 5));
      v128.store(out + column, v128.shuffle<f32>(ab0, ce0, 2, 3, 6, 7));
      v128.store(out + 2 * column, v128.shuffle<f32>(ab1, ce1, 0, 1, 4, 5));
      v128.store(out + 3 * column, v128.shuffle<f32>(ab1, ce1, 2, 3, 6, 7));
    }
    for (; d < dim; d++) {
      for (let i = 0; i < 4; i++) {
        const value = load<f32>(source + <usize>i * row + (<usize>d << 2));
        store<f32>(target + <usize>d * column + (<usize>i << 2), value);
      }
    }
  }
}

/** [rows][dim] -> [rows][width] with zeros in the columns past dim. */
export function widen(from: usize, to: usize, rows: i32, dim: i32, width: i32): void {
  const bytes = <usize>dim << 2;
  const gap = (<usize>width << 2) - bytes;
  for (let i = 0; i < rows; i++) {
    memory.copy(to, from, bytes);
    memory.fill(to + bytes, 0, gap);
    from += bytes;
    to += bytes + gap;
  }
}

/**
 * Adds the keys of one tile to the running softmax of a block of rows.
 *
 * q [rows rounded up to 2][dim], times scale * log2(e); kt [dim][keys]; v [keys][width]; s scratch [rows rounded up to
 * 2][keys]; o [rows rounded up to 2][width] not yet normalised; m, l [rows] running maximum (base 2) and sum.
 * mask 0: every pair attends; else [rows][words] bits. keys and width are multiples of 16.
 */
export function attend(
  q: usize,
  kt: usize,
  v: usize,
  s: usize,
  o: usize,
  m: usize,
  l: usize,
  rows: i32,
  keys: i32,
  dim: i32,
  width: i32,
  mask: usize,
  words: i32,
): void {
  const dimRow = <usize>dim << 2;
  const keyRow = <usize>keys << 2;
  const outRow = <usize>width << 2;
  for (let row = 0; row < rows; row += 2) {
    for (let key = 0; key < keys; key += 16) {
      const column = <usize>key << 2;
      multiply2x16(
        q + <usize>row * dimRow, dimRow, kt + column, keyRow, s + <usize>row * keyRow + column, keyRow, dim, false,
      );
    }
  }
  const never = f32x4.splat(NEVER);
  for (let row = 0; row < rows; row++) {
    const scores = s + <usize>row * keyRow;
    const bits = mask + ((<usize>row * <usize>words) << 2);
    const before = load<f32>(m + (<usize>row << 2));
    let top = f32x4.splat(before);
    if (mask == 0) {
      for (let at: usize = 0; at < keyRow; at += 16) top = f32x4.max(top, v128.load(scores + at));
    } else {
      for (let key = 0; key < keys; key += 4) {
        const at = scores + (<usize>key << 2);
        const word = load<u32>(bits + ((<usize>key >> 5) << 2));
        const score = v128.bitselect(v128.load(at), never, lanes(word, key & 31));
        v128.store(at, score);
        top = f32x4.max(top, score);
      }
    }
    const now = largest(top);
    const shift = f32x4.splat(now);
    let sum = f32x4.splat(0);
    if (mask == 0) {
      for (let at: usize = 0; at < keyRow; at += 16) {
        const weight = exp2(f32x4.sub(v128.load(scores + at), shift));
        v128.store(scores + at, weight);
        sum = f32x4.add(sum, weight);
      }
    } else {
      for (let key = 0; key < keys; key += 4) {
        const at = scores + (<usize>key << 2);
        const word = load<u32>(bits + ((<usize>key >> 5) << 2));
        // The bit mask, not the score, decides: exp2 holds at 2^-126 instead of reaching zero.
        const weight = v128.and(exp2(f32x4.sub(v128.load(at), shift)), lanes(word, key & 31));
        v128.store(at, weight);
        sum = f32x4.add(sum, weight);
      }
    }
    let kept = load<f32>(l + (<usize>row << 2));
    if (now > before) {
      const fade = exp2(f32x4.splat(before - now));
      kept *= f32x4.extract_lane(fade, 0);
      store<f32>(m + (<usize>row << 2), now);
      const out = o + <usize>row * outRow;
      for (let at: usize = 0; at < outRow; at += 16) v128.store(out + at, f32x4.mul(v128.load(out + at), fade));
    }
    store<f32>(l + (<usize>row << 2), kept + total(sum));
  }
  for (let row = 0; row < rows; row += 2) {
    for (let d = 0; d < width; d += 16) {
      const column = <usize>d << 2;
      multiply2x16(
        s + <usize>row * keyRow, keyRow, v + column, outRow, o + <usize>row * outRow + column, outRow, keys, true,
      );
    }
  }
}

/** Divides the outputs by the sums; rows without keys become zeros. In place, [rows][width] -> [rows][dim]. */
export function finish(o: usize, l: usize, rows: i32, dim: i32, width: i32): void {
  let to = o;
  for (let row = 0; row < rows; row++) {
    const from = o + ((<usize>row * <usize>width) << 2);
    const sum = load<f32>(l + (<usize>row << 2));
    const factor: f32 = sum > 0 ? 1 / sum : 0;
    for (let d = 0; d < dim; d++) {
      store<f32>(to, load<f32>(from + (<usize>d << 2)) * factor);
      to += 4;
    }
  }
}
