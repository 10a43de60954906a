// Rows of full attention's probabilities, and what is read off them: softmax, entropy, the largest of a row, how they are
// distributed. Compiled like the attention kernel, whose panels of queries and keys it shares. All pointers are byte
// offsets into memory that the host lays out.

import { multiplyPanel } from '../../../attention/cpu/assembly/panels';
import { CONSTANTS, power } from '../../../attention/cpu/assembly/power';

export { packKeys, packQueries } from '../../../attention/cpu/assembly/panels';

/** The score of a key that is not there; never an infinity, so that differences stay finite. */
const NEVER: f32 = -3e38;

/**
 * Probabilities fall into bins by the first bits of their float32: 64 bins for each power of two from 2^-32 on, in which the
 * largest is at most 1/64 above the smallest. All that is smaller is in the first bin.
 */
const SHIFT: i32 = 17;
const LOWEST: i32 = (127 - 32) << 6;
/** 32 powers of two, and 1 itself. */
const BINS: i32 = 2049;

/** The bit of each lane, for the four vectors of a panel. */
const LANE_BITS = memory.data<i32>(
  [0x1, 0x2, 0x4, 0x8, 0x10, 0x20, 0x40, 0x80, 0x100, 0x200, 0x400, 0x800, 0x1000, 0x2000, 0x4000, 0x8000],
  16,
);

/** First free byte of memory. */
export function heapBase(): usize {
  return __heap_base;
}

/** Bins of a histogram. */
export function bins(): i32 {
  return BINS;
}

/** Scores of `pairs` pairs of rows and `panels` panels of keys to rows that are `stride` bytes apart. */
export function score(q: usize, k: usize, s: usize, stride: usize, pairs: i32, panels: i32, dim: i32): void {
  for (let panel: usize = 0; panel < <usize>panels; panel++) {
    const keys = k + panel * (<usize>dim << 6);
    for (let pair: usize = 0; pair < <usize>pairs; pair++) {
      const to = s + 2 * pair * stride + (panel << 6);
      multiplyPanel(q + pair * (<usize>dim << 3), keys, to, to + stride, dim, true);
    }
  }
}

@inline
function total(v: v128): f64 {
  return (
    <f64>f32x4.extract_lane(v, 0) +
    <f64>f32x4.extract_lane(v, 1) +
    (<f64>f32x4.extract_lane(v, 2) + <f64>f32x4.extract_lane(v, 3))
  );
}

/**
 * Scores (base 2) of the first `keys` keys of a row become probabilities; up to the end of the panel they become zeros.
 * to [2]: log2 of the sum of 2^score, and the entropy in bits.
 */
export function soften(s: usize, keys: i32, to: usize): void {
  const end = s + ((<usize>(keys + 15) & ~15) << 2);
  for (let at = s + (<usize>keys << 2); at < end; at += 4) store<f32>(at, NEVER);
  let largest = v128.load(s);
  for (let at = s; at < end; at += 16) largest = f32x4.pmax(largest, v128.load(at));
  largest = f32x4.pmax(largest, v128.shuffle<f32>(largest, largest, 2, 3, 0, 1));
  const top = f32x4.pmax(largest, v128.shuffle<f32>(largest, largest, 1, 0, 3, 2));
  const low = v128.load(CONSTANTS);
  const round = v128.load(CONSTANTS, 16);
  const p5 = v128.load(CONSTANTS, 32);
  const p4 = v128.load(CONSTANTS, 48);
  const p3 = v128.load(CONSTANTS, 64);
  const p2 = v128.load(CONSTANTS, 80);
  const p1 = v128.load(CONSTANTS, 96);
  const p0 = v128.load(CONSTANTS, 112);
  // Sums of up to 1,024 numbers in float32, and those in float64.
  let sum: f64 = 0;
  let dot: f64 = 0;
  for (let at = s; at < end; ) {
    const pause = min(end, at + 4096);
    let some = f32x4.splat(0);
    let weighted = f32x4.splat(0);
    for (; at < pause; at += 16) {
      const below = f32x4.sub(v128.load(at), top);
      const p = power(below, low, round, p5, p4, p3, p2, p1, p0);
      v128.store(at, p);
      some = f32x4.add(some, p);
      weighted = f32x4.add(weighted, f32x4.mul(p, below));
    }
    sum += total(some);
    dot += total(weighted);
  }
  const factor = f32x4.splat(<f32>(1 / sum));
  for (let at = s; at < end; at += 16) v128.store(at, f32x4.mul(v128.load(at), factor));
  const logarithm = Math.log2(sum);
  store<f64>(to, <f64>f32x4.extract_lane(top, 0) + logarithm);
  store<f64>(to, logarithm - dot / sum, 8);
}

@inline
function binOf(bits: i32): i32 {
  return max(bits >> SHIFT, LOWEST) - LOWEST;
}

/** Counts the probabilities of a row: histogram [BINS] of (count i32, sum f32), all zeros before. */
export function count(p: usize, keys: i32, histogram: usize): void {
  for (const end = p + (<usize>keys << 2); p < end; p += 4) {
    const at = histogram + (<usize>binOf(load<i32>(p)) << 3);
    store<i32>(at, load<i32>(at) + 1);
    store<f32>(at, load<f32>(at, 4) + load<f32>(p), 4);
  }
}

/** Puts the n-th largest of some float32 numbers (0: the largest) where it belongs, larger ones before it. */
function select(values: usize, length: i32, n: i32): f32 {
  let low = 0;
  let high = length - 1;
  while (low < high) {
    const pivot = load<f32>(values + (<usize>((low + high) >> 1) << 2));
    let front = low;
    let back = high;
    // Larger ones to the front, equal ones in the middle: equal values end the search instead of slowing it down.
    for (let at = low; at <= back; ) {
      const place = values + (<usize>at << 2);
      const value = load<f32>(place);
      if (value > pivot) {
        const other = values + (<usize>front << 2);
        store<f32>(place, load<f32>(other));
        store<f32>(other, value);
        at++;
        front++;
      } else if (value < pivot) {
        const other = values + (<usize>back << 2);
        store<f32>(place, load<f32>(other));
        store<f32>(other, value);
        back--;
      } else at++;
    }
    if (n < front) high = front - 1;
    else if (n > back) low = back + 1;
    else return pivot;
  }
  return load<f32>(values + (<usize>low << 2));
}

/**
 * The `wanted` largest of a row's probabilities, 0 < wanted < keys, by its histogram. scratch has room for all of them.
 * to: their sum (f64), the smallest of them (f64), how many are larger than that one (f64).
 */
export function largest(p: usize, keys: i32, histogram: usize, wanted: i32, scratch: usize, to: usize): void {
  let above = 0;
  let sum: f64 = 0;
  let bin = BINS - 1;
  for (; bin > 0; bin--) {
    const at = histogram + (<usize>bin << 3);
    const more = load<i32>(at);
    if (above + more >= wanted) break;
    above += more;
    sum += load<f32>(at, 4);
  }
  const border = i32x4.splat(bin + LOWEST);
  const first = i32x4.splat(bin == 0 ? LOWEST : -1);
  let found = 0;
  const end = p + (<usize>keys << 2);
  for (; p < end; p += 16) {
    const bits = i32x4.shr_s(v128.load(p), SHIFT);
    const inside = v128.or(i32x4.eq(bits, border), i32x4.le_s(bits, first));
    if (!v128.any_true(inside)) continue;
    for (let at = p; at < min(p + 16, end); at += 4) {
      if (binOf(load<i32>(at)) != bin) continue;
      store<f32>(scratch + (<usize>found << 2), load<f32>(at));
      found++;
    }
  }
  const least = select(scratch, found, wanted - above - 1);
  let larger = above;
  for (let at = scratch; at < scratch + (<usize>found << 2); at += 4) {
    const value = load<f32>(at);
    if (value <= least) continue;
    larger++;
    sum += value;
  }
  store<f64>(to, sum + <f64>(wanted - larger) * <f64>least);
  store<f64>(to, <f64>least, 8);
  store<f64>(to, <f64>larger, 16);
}

/**
 * Adds a row's histogram to that of its head, [BINS] of (count f64, sum f64), and to curve [points] (f64) what the
 * `sizes[point]` (i32, ascending) largest of the row sum up to; of a bin that is cut through, by its mean. Empties the row's.
 */
export function spend(histogram: usize, all: usize, sizes: usize, points: i32, curve: usize): void {
  let counted = 0;
  let sum: f64 = 0;
  let point = 0;
  for (let bin = BINS - 1; bin >= 0; bin--) {
    const at = histogram + (<usize>bin << 3);
    const more = load<i32>(at);
    if (more == 0) continue;
    const mass = <f64>load<f32>(at, 4);
    store<i64>(at, 0);
    const shared = all + (<usize>bin << 4);
    store<f64>(shared, load<f64>(shared) + <f64>more);
    store<f64>(shared, load<f64>(shared, 8) + mass, 8);
    for (; point < points; point++) {
      const size = load<i32>(sizes + (<usize>point << 2));
      if (size > counted + more) break;
      const to = curve + (<usize>point << 3);
      store<f64>(to, load<f64>(to) + sum + (mass * <f64>(size - counted)) / <f64>more);
    }
    counted += more;
    sum += mass;
  }
  for (; point < points; point++) {
    const to = curve + (<usize>point << 3);
    store<f64>(to, load<f64>(to) + sum);
  }
}

/**
 * Pairs of a row that a mask allows, a bit for each key: to their sum, how many are larger than `least`, and how many
 * equal it (f64 each).
 */
export function inside(p: usize, bits: usize, panels: i32, least: f32, to: usize): void {
  let sum: f64 = 0;
  let larger = i32x4.splat(0);
  let equal = i32x4.splat(0);
  const border = f32x4.splat(least);
  for (let panel = 0; panel < panels; panel++) {
    const word = load<u16>(bits);
    if (word != 0) {
      const words = i32x4.splat(word);
      let some = f32x4.splat(0);
      for (let part: usize = 0; part < 64; part += 16) {
        const lane = v128.load(LANE_BITS + part);
        const allowed = i32x4.eq(v128.and(words, lane), lane);
        const values = v128.load(p + part);
        some = f32x4.add(some, v128.and(values, allowed));
        larger = i32x4.sub(larger, v128.and(f32x4.gt(values, border), allowed));
        equal = i32x4.sub(equal, v128.and(f32x4.eq(values, border), allowed));
      }
      sum += total(some);
    }
    bits += 2;
    p += 64;
  }
  store<f64>(to, sum);
  store<f64>(to, <f64>lanes(larger), 8);
  store<f64>(to, <f64>lanes(equal), 16);
}

@inline
function lanes(v: v128): i32 {
  return (
    i32x4.extract_lane(v, 0) + i32x4.extract_lane(v, 1) + i32x4.extract_lane(v, 2) + i32x4.extract_lane(v, 3)
  );
}

/** Adds the probabilities of whole panels to float64 sums. */
export function add(p: usize, panels: i32, sums: usize): void {
  for (const end = p + (<usize>panels << 6); p < end; p += 16) {
    const values = v128.load(p);
    v128.store(sums, f64x2.add(v128.load(sums), f64x2.promote_low_f32x4(values)));
    const high = v128.shuffle<f32>(values, values, 2, 3, 2, 3);
    v128.store(sums, f64x2.add(v128.load(sums, 16), f64x2.promote_low_f32x4(high)), 16);
    sums += 32;
  }
}
