// Flash attention of a block of query rows in WebAssembly SIMD. Compiled twice by scripts/generate-wasm.mjs: with plain
// and with relaxed SIMD (fused multiply-add). All pointers are byte offsets into memory that the host lays out.
//
// Two rows go together through a tile. Keys and values lie in panels of sixteen columns, so that both products read one
// stream: keys [keys / 16][dim][16], values [width / 16][keys][16], where width is dim rounded up to 16. Queries are
// interleaved in pairs of rows, [row pairs][dim][2], and so are outputs, [row pairs][width / 16][2][16]. The constant
// distances make addresses part of the instructions.

import { multiplyPanel } from './panels';
import { CONSTANTS, madd, power } from './power';

export { packKeys, packQueries } from './panels';

/** Stands for "no key yet"; never an infinity, so that differences stay finite. */
const NEVER: f32 = -3e38;
/** What is subtracted from scores is at least this, so that NEVER minus it is far below zero and its power is zero. */
const LOWEST: f32 = -1e38;
/** Bytes from the scores of the first row of a pair to those of the second: 1024 keys, the most a tile has, and a gap. */
const SECOND: usize = 4160;

/** The bit of each lane, for the four vectors of a panel. In memory for the same reason. */
const LANE_BITS = memory.data<i32>(
  [
    0x1, 0x2, 0x4, 0x8, 0x10, 0x20, 0x40, 0x80, 0x100, 0x200, 0x400, 0x800, 0x1000, 0x2000, 0x4000, 0x8000,
  ],
  16,
);

/** First free byte of memory. */
export function heapBase(): usize {
  return __heap_base;
}

/** 2^(before - now), exactly 1 when nothing changed: many tiles would add up what is missing. */
@inline
function fading(before: v128, now: v128): v128 {
  const fade = power(
    f32x4.sub(before, now),
    v128.load(CONSTANTS),
    v128.load(CONSTANTS, 16),
    v128.load(CONSTANTS, 32),
    v128.load(CONSTANTS, 48),
    v128.load(CONSTANTS, 64),
    v128.load(CONSTANTS, 80),
    v128.load(CONSTANTS, 96),
    v128.load(CONSTANTS, 112),
  );
  return v128.bitselect(f32x4.splat(1), fade, f32x4.eq(before, now));
}

/** Replaces scores by 2^(score - top) and returns their sums by lane; a multiple of 32 bytes. */
@inline
function weigh(s: usize, end: usize, top: v128): v128 {
  const low = v128.load(CONSTANTS);
  const round = v128.load(CONSTANTS, 16);
  const p5 = v128.load(CONSTANTS, 32);
  const p4 = v128.load(CONSTANTS, 48);
  const p3 = v128.load(CONSTANTS, 64);
  const p2 = v128.load(CONSTANTS, 80);
  const p1 = v128.load(CONSTANTS, 96);
  const p0 = v128.load(CONSTANTS, 112);
  let sum = f32x4.splat(0);
  for (; s < end; s += 32) {
    const a = power(f32x4.sub(v128.load(s), top), low, round, p5, p4, p3, p2, p1, p0);
    const b = power(f32x4.sub(v128.load(s, 16), top), low, round, p5, p4, p3, p2, p1, p0);
    v128.store(s, a);
    v128.store(s, b, 16);
    sum = f32x4.add(sum, f32x4.add(a, b));
  }
  return sum;
}

/** The largest lane, in all lanes. */
@inline
function largest(v: v128): v128 {
  const half = f32x4.pmax(v, v128.shuffle<f32>(v, v, 2, 3, 0, 1));
  return f32x4.pmax(half, v128.shuffle<f32>(half, half, 1, 0, 3, 2));
}

@inline
function total(v: v128): f32 {
  return (
    f32x4.extract_lane(v, 0) + f32x4.extract_lane(v, 1) + (f32x4.extract_lane(v, 2) + f32x4.extract_lane(v, 3))
  );
}

/** Two rows and sixteen columns of the output: what was there, faded, plus weights times values. */
@inline
function valuePanel(s: usize, v: usize, o: usize, keys: i32, fade0: v128, fade1: v128): void {
  let c00 = f32x4.mul(v128.load(o), fade0);
  let c01 = f32x4.mul(v128.load(o, 16), fade0);
  let c02 = f32x4.mul(v128.load(o, 32), fade0);
  let c03 = f32x4.mul(v128.load(o, 48), fade0);
  let c10 = f32x4.mul(v128.load(o, 64), fade1);
  let c11 = f32x4.mul(v128.load(o, 80), fade1);
  let c12 = f32x4.mul(v128.load(o, 96), fade1);
  let c13 = f32x4.mul(v128.load(o, 112), fade1);
  for (let i = 0; i < keys; i++) {
    const a0 = v128.load32_splat(s);
    const a1 = v128.load32_splat(s, SECOND);
    const b0 = v128.load(v);
    const b1 = v128.load(v, 16);
    const b2 = v128.load(v, 32);
    const b3 = v128.load(v, 48);
    c00 = madd(a0, b0, c00);
    c01 = madd(a0, b1, c01);
    c02 = madd(a0, b2, c02);
    c03 = madd(a0, b3, c03);
    c10 = madd(a1, b0, c10);
    c11 = madd(a1, b1, c11);
    c12 = madd(a1, b2, c12);
    c13 = madd(a1, b3, c13);
    s += 4;
    v += 64;
  }
  v128.store(o, c00);
  v128.store(o, c01, 16);
  v128.store(o, c02, 32);
  v128.store(o, c03, 48);
  v128.store(o, c10, 64);
  v128.store(o, c11, 80);
  v128.store(o, c12, 96);
  v128.store(o, c13, 112);
}

/** Is any of the panel's sixteen keys attended by either row? `bits` are those of the pair. */
@inline
function panelUsed(bits: usize, rowBytes: usize, panel: i32): bool {
  const at = bits + (<usize>panel << 1);
  return (load<u16>(at) | load<u16>(at + rowBytes)) != 0;
}

/** Replaces the scores of pairs of one row that do not attend by NEVER, in panels `first` to `last`. */
@inline
function hide(s: usize, bits: usize, first: i32, last: i32): void {
  const never = f32x4.splat(NEVER);
  const lanes0 = v128.load(LANE_BITS);
  const lanes1 = v128.load(LANE_BITS, 16);
  const lanes2 = v128.load(LANE_BITS, 32);
  const lanes3 = v128.load(LANE_BITS, 48);
  for (let panel = first; panel < last; panel++) {
    const at = s + (<usize>panel << 6);
    const word = i32x4.splat(load<u16>(bits + (<usize>panel << 1)));
    v128.store(at, v128.bitselect(v128.load(at), never, i32x4.eq(v128.and(word, lanes0), lanes0)));
    v128.store(at, v128.bitselect(v128.load(at, 16), never, i32x4.eq(v128.and(word, lanes1), lanes1)), 16);
    v128.store(at, v128.bitselect(v128.load(at, 32), never, i32x4.eq(v128.and(word, lanes2), lanes2)), 32);
    v128.store(at, v128.bitselect(v128.load(at, 48), never, i32x4.eq(v128.and(word, lanes3), lanes3)), 48);
  }
}

/** Adds the keys of one tile to the running softmax of two rows. mask 0: every pair attends. */
function attendPair(
  q: usize,
  k: usize,
  v: usize,
  mask: usize,
  s: usize,
  o: usize,
  m: usize,
  l: usize,
  keys: i32,
  dim: i32,
  width: i32,
  words: i32,
): void {
  const rowBytes = <usize>words << 2;
  const keyPanel = <usize>dim << 6;
  let first = 0;
  let last = keys >> 4;
  if (mask != 0) {
    while (first < last && !panelUsed(mask, rowBytes, first)) first++;
    if (first == last) return;
    while (!panelUsed(mask, rowBytes, last - 1)) last--;
  }
  for (let panel = first; panel < last; panel++) {
    // What is left over in the scores of a panel that is not used gets hidden.
    if (mask != 0 && !panelUsed(mask, rowBytes, panel)) continue;
    multiplyPanel(q, k + <usize>panel * keyPanel, s + (<usize>panel << 6), s + SECOND + (<usize>panel << 6), dim, true);
  }
  if (mask != 0) {
    hide(s, mask, first, last);
    hide(s + SECOND, mask + rowBytes, first, last);
  }
  const from = s + (<usize>first << 6);
  const end = s + (<usize>last << 6);
  const before0 = v128.load(m);
  const before1 = v128.load(m, 16);
  let top0 = before0;
  let top1 = before1;
  for (let at = from; at < end; at += 16) {
    top0 = f32x4.pmax(top0, v128.load(at));
    top1 = f32x4.pmax(top1, v128.load(at, SECOND));
  }
  top0 = largest(top0);
  top1 = largest(top1);
  const lowest = f32x4.splat(LOWEST);
  const sum0 = weigh(from, end, f32x4.pmax(top0, lowest));
  const sum1 = weigh(from + SECOND, end + SECOND, f32x4.pmax(top1, lowest));
  const fade0 = fading(before0, top0);
  const fade1 = fading(before1, top1);
  v128.store(m, top0);
  v128.store(m, top1, 16);
  v128.store(l, f32x4.add(f32x4.mul(v128.load(l), fade0), sum0));
  v128.store(l, f32x4.add(f32x4.mul(v128.load(l, 16), fade1), sum1), 16);
  v += <usize>first << 10;
  for (let d = 0; d < width; d += 16) {
    valuePanel(from, v, o, (last - first) << 4, fade0, fade1);
    v += <usize>keys << 6;
    o += 128;
  }
}

/**
 * Adds the keys of some tiles to the running softmax of a block of rows.
 *
 * entries [count][3]: where the keys, the values and the mask of a tile are; mask 0: every pair attends, else [rows rounded
 * up to 2][words] bits. q, o as at the top of this file, q times scale * log2(e), o not yet normalised; s scratch for two
 * rows of scores; m [rows rounded up to 2][4] running maximum (base 2), in every lane; l [the same][4] running sums by lane.
 * keys is a multiple of 16.
 */
export function attend(
  entries: usize,
  count: i32,
  q: usize,
  s: usize,
  o: usize,
  m: usize,
  l: usize,
  pairs: i32,
  keys: i32,
  dim: i32,
  width: i32,
  words: i32,
): void {
  for (let entry = 0; entry < count; entry++) {
    const k = load<usize>(entries);
    const v = load<usize>(entries, 4);
    const mask = load<usize>(entries, 8);
    for (let pair: usize = 0; pair < <usize>pairs; pair++) {
      attendPair(
        q + pair * (<usize>dim << 3),
        k,
        v,
        mask == 0 ? 0 : mask + pair * (<usize>words << 3),
        s,
        o + pair * (<usize>width << 3),
        m + (pair << 5),
        l + (pair << 5),
        keys,
        dim,
        width,
        words,
      );
    }
    entries += 12;
  }
}

/** Sets sums, maxima and outputs to "nothing seen yet"; an even number of rows. */
export function begin(o: usize, m: usize, l: usize, rows: i32, width: i32): void {
  for (let row: usize = 0; row < <usize>rows; row++) {
    v128.store(m + (row << 4), f32x4.splat(NEVER));
    v128.store(l + (row << 4), f32x4.splat(0));
  }
  memory.fill(o, 0, (<usize>rows * <usize>width) << 2);
}

/**
 * Divides the outputs by the sums; rows without keys become zeros. o -> to [rows][dim]; the sum of row i is left at
 * l + 16 i.
 */
export function finish(o: usize, l: usize, to: usize, rows: i32, dim: i32, width: i32): void {
  for (let row: usize = 0; row < <usize>rows; row++) {
    const sum = total(v128.load(l + (row << 4)));
    store<f32>(l + (row << 4), sum);
    // Not `sum > 0`: NaN has to stay.
    const factor: f32 = sum == 0 ? 0 : 1 / sum;
    const factors = f32x4.splat(factor);
    let from = o + (row >> 1) * (<usize>width << 3) + ((row & 1) << 6);
    for (let d = 0; d < dim; d += 16) {
      if (d + 16 <= dim) {
        v128.store(to, f32x4.mul(v128.load(from), factors));
        v128.store(to, f32x4.mul(v128.load(from, 16), factors), 16);
        v128.store(to, f32x4.mul(v128.load(from, 32), factors), 32);
        v128.store(to, f32x4.mul(v128.load(from, 48), factors), 48);
        to += 64;
      } else {
        for (let at = from; at < from + (<usize>(dim - d) << 2); at += 4) {
          store<f32>(to, load<f32>(at) * factor);
          to += 4;
        }
      }
      from += 128;
    }
  }
}

/** [keys][dim] -> [width / 16][keys][16] with zeros in the columns past dim. */
export function packValues(from: usize, to: usize, keys: i32, dim: i32): void {
  const row = <usize>dim << 2;
  for (let d = 0; d < dim; d += 16) {
    const bytes = <usize>min(16, dim - d) << 2;
    let at = from + (<usize>d << 2);
    for (let key = 0; key < keys; key++) {
      if (bytes == 64) {
        v128.store(to, v128.load(at));
        v128.store(to, v128.load(at, 16), 16);
        v128.store(to, v128.load(at, 32), 32);
        v128.store(to, v128.load(at, 48), 48);
      } else {
        memory.copy(to, at, bytes);
        memory.fill(to + bytes, 0, 64 - bytes);
      }
      at += row;
      to += 64;
    }
  }
}
