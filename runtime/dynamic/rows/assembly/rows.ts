// Scores of query rows against keys, and what each row chooses among them, in WebAssembly SIMD. Compiled by
// scripts/generate-wasm.mjs. All numbers are float64 and every sum has the order that the JavaScript of ../../scores.ts and
// its neighbours has, without fused multiply-adds: results are the same to the bit. Pointers are byte offsets into memory
// that the host lays out.
//
// Vectors that others are multiplied with lie in panels of eight, [vectors / 8][dim][8]; rows go two at a time.

import { weigh } from './exponential';

export { writeHalves } from './exponential';

/** Stands for a key that is no candidate. */
const NEVER: f64 = -Infinity;
/** First free byte of memory. */
export function heapBase(): usize {
  return __heap_base;
}

/** Eight vectors, [8][dim], to a panel, [dim][8]. */
export function pack(from: usize, to: usize, dim: i32): void {
  for (let vector = 0; vector < 8; vector++) {
    let at = to + (usize(vector) << 3);
    for (let d = 0; d < dim; d++) {
      store<f64>(at, load<f64>(from));
      from += 8;
      at += 64;
    }
  }
}

/**
 * Dot products of `pairs` pairs of rows, interleaved as [pairs][dim][2], with `panels` panels. Row r's product with vector
 * v goes to out + r * stride + 8 v.
 */
export function dots(
  rows: usize,
  pairs: i32,
  vectors: usize,
  panels: i32,
  dim: i32,
  out: usize,
  stride: usize,
): void {
  const rowBytes = usize(dim) << 4;
  const panelBytes = usize(dim) << 6;
  for (let pair = 0; pair < pairs; pair++) {
    let to = out;
    let panel = vectors;
    for (let p = 0; p < panels; p++) {
      dotsOfPanel(rows, panel, dim, to, stride);
      panel += panelBytes;
      to += 64;
    }
    rows += rowBytes;
    out += stride << 1;
  }
}

@inline
function dotsOfPanel(q: usize, k: usize, dim: i32, to: usize, stride: usize): void {
  let c00 = f64x2.splat(0);
  let c01 = f64x2.splat(0);
  let c02 = f64x2.splat(0);
  let c03 = f64x2.splat(0);
  let c10 = f64x2.splat(0);
  let c11 = f64x2.splat(0);
  let c12 = f64x2.splat(0);
  let c13 = f64x2.splat(0);
  for (let i = 0; i < dim; i++) {
    const a0 = v128.load64_splat(q);
    const a1 = v128.load64_splat(q, 8);
    const b0 = v128.load(k);
    const b1 = v128.load(k, 16);
    const b2 = v128.load(k, 32);
    const b3 = v128.load(k, 48);
    c00 = f64x2.add(c00, f64x2.mul(a0, b0));
    c01 = f64x2.add(c01, f64x2.mul(a0, b1));
    c02 = f64x2.add(c02, f64x2.mul(a0, b2));
    c03 = f64x2.add(c03, f64x2.mul(a0, b3));
    c10 = f64x2.add(c10, f64x2.mul(a1, b0));
    c11 = f64x2.add(c11, f64x2.mul(a1, b1));
    c12 = f64x2.add(c12, f64x2.mul(a1, b2));
    c13 = f64x2.add(c13, f64x2.mul(a1, b3));
    q += 16;
    k += 64;
  }
  v128.store(to, c00);
  v128.store(to, c01, 16);
  v128.store(to, c02, 32);
  v128.store(to, c03, 48);
  to += stride;
  v128.store(to, c10);
  v128.store(to, c11, 16);
  v128.store(to, c12, 32);
  v128.store(to, c13, 48);
}

/** Leaves the scores whose bits are set, [rows] rows of `words` words, and makes the others NEVER. */
export function hide(scores: usize, stride: usize, rows: i32, bits: usize, words: i32): void {
  for (let row = 0; row < rows; row++) {
    let at = scores;
    for (let w = 0; w < words; w++) {
      const word = load<u32>(bits);
      bits += 4;
      if (word != 0xffffffff) {
        for (let bit = 0; bit < 32; bit++)
          if (((word >> bit) & 1) == 0) store<f64>(at + (usize(bit) << 3), NEVER);
      }
      at += 256;
    }
    scores += stride;
  }
}

/**
 * Places of the `keys` largest of `count` scores, ties to the smaller place, ascending, to `places`; says how many there
 * are. `values`, `places` and `scratch` have room for `room` > keys of them: what may still be chosen collects there, and is
 * sieved when it is full.
 */
export function largest(
  scores: usize,
  count: i32,
  keys: i32,
  values: usize,
  places: usize,
  scratch: usize,
  room: i32,
): i32 {
  if (keys == 1) return best(scores, count, places);
  let held = 0;
  let least = NEVER;
  let bar = f64x2.splat(NEVER);
  // Rows are padded to an even number with NEVER.
  for (let place = 0; place < count; place += 2) {
    let over = i64x2.bitmask(f64x2.gt(v128.load(scores + (usize(place) << 3)), bar));
    while (over != 0) {
      const at = place + (over & 1 ? 0 : 1);
      over &= over - 1;
      const value = load<f64>(scores + (usize(at) << 3));
      // The bar may have risen between the two.
      if (!(value > least)) continue;
      store<f64>(values + (usize(held) << 3), value);
      store<i32>(places + (usize(held) << 2), at);
      held++;
      if (held == room) {
        least = sieve(values, places, scratch, held, keys);
        bar = f64x2.splat(least);
        held = keys;
      }
    }
  }
  if (held <= keys) return held;
  sieve(values, places, scratch, held, keys);
  return keys;
}

/** The same for a single place. */
function best(scores: usize, count: i32, places: usize): i32 {
  let bar = f64x2.splat(NEVER);
  let found = -1;
  for (let place = 0; place < count; place += 2) {
    const two = scores + (usize(place) << 3);
    if (i64x2.bitmask(f64x2.gt(v128.load(two), bar)) == 0) continue;
    const first = load<f64>(two);
    const second = load<f64>(two, 8);
    found = place + i32(second > first);
    bar = f64x2.splat(max(first, second));
  }
  if (found < 0) return 0;
  store<i32>(places, found);
  return 1;
}

/** Values are sorted roughly into as many buckets, the largest first; a table of numbers of each has one more. */
const BUCKETS: i32 = 512;
const TABLE = memory.data(8 * 520, 16);
/** 2**52: what is added to it is rounded to a whole number, which is then its low bits. */
const ROUNDS: f64 = 4503599627370496;

let largestValue: f64 = 0;
let smallestValue: f64 = 0;

/** Sets the largest and the smallest of `count` > 0 values. Reads one more when they are odd, which is overwritten. */
function findRange(values: usize, count: i32): void {
  const end = values + (usize(count) << 3);
  if (count & 1) store<f64>(end, load<f64>(values));
  let high = v128.load(values);
  let low = high;
  for (let at = values; at < end; at += 16) {
    const v = v128.load(at);
    high = f64x2.pmax(high, v);
    low = f64x2.pmin(low, v);
  }
  largestValue = max(f64x2.extract_lane(high, 0), f64x2.extract_lane(high, 1));
  smallestValue = min(f64x2.extract_lane(low, 0), f64x2.extract_lane(low, 1));
}

/** Where a value's number stands in the table. Larger values never come after smaller ones: all its steps are monotonic. */
@inline
function bucketOf(value: f64, factor: f64, bytes: usize): usize {
  const bucket = u32(reinterpret<u64>((largestValue - value) * factor + ROUNDS));
  return TABLE + usize(min(bucket, u32(BUCKETS))) * bytes;
}

/** What spreads the range over the buckets; 0 when it is too narrow, and all values are of one bucket. */
@inline
function bucketFactor(): f64 {
  const factor = f64(BUCKETS) / (largestValue - smallestValue);
  return factor < 1e300 ? factor : 0;
}

/** Leaves the `keys` largest values, of equal ones the first, in order; returns the least of them. */
function sieve(values: usize, places: usize, scratch: usize, held: i32, keys: i32): f64 {
  const end = values + (usize(held) << 3);
  findRange(values, held);
  const factor = bucketFactor();
  memory.fill(TABLE, 0, 4 * (BUCKETS + 1));
  for (let at = values; at < end; at += 8) {
    const counter = bucketOf(load<f64>(at), factor, 4);
    store<i32>(counter, load<i32>(counter) + 1);
  }
  let before = 0;
  let bucket = TABLE;
  for (; before + load<i32>(bucket) < keys; bucket += 4) before += load<i32>(bucket);
  let inBucket = 0;
  for (let at = values; at < end; at += 8) {
    const value = load<f64>(at);
    store<f64>(scratch + (usize(inBucket) << 3), value);
    inBucket += i32(bucketOf(value, factor, 4) == bucket);
  }
  const least = nthLargest(scratch, inBucket, keys - 1 - before);
  let ties = keys - before;
  for (let at = scratch; at < scratch + (usize(inBucket) << 3); at += 8) ties -= i32(load<f64>(at) > least);
  let next = 0;
  for (let at = 0; at < held; at++) {
    const value = load<f64>(values + (usize(at) << 3));
    store<f64>(values + (usize(next) << 3), value);
    store<i32>(places + (usize(next) << 2), load<i32>(places + (usize(at) << 2)));
    const tie = i32(value == least) & i32(ties > 0);
    ties -= tie;
    next += i32(value > least) | tie;
  }
  return least;
}

@inline
function median(a: f64, b: f64, c: f64): f64 {
  return max(min(a, b), min(max(a, b), c));
}

/** The value that `rank` others come before in descending order. The values change places. */
function nthLargest(values: usize, count: i32, rank: i32): f64 {
  let low = 0;
  let high = count - 1;
  while (low < high) {
    const pivot = median(
      load<f64>(values + (usize(low) << 3)),
      load<f64>(values + (usize((low + high) >> 1) << 3)),
      load<f64>(values + (usize(high) << 3)),
    );
    let front = low;
    let back = high;
    for (let at = low; at <= back; ) {
      const here = values + (usize(at) << 3);
      const value = load<f64>(here);
      if (value > pivot) {
        const to = values + (usize(front) << 3);
        store<f64>(here, load<f64>(to));
        store<f64>(to, value);
        at++;
        front++;
      } else if (value < pivot) {
        const to = values + (usize(back) << 3);
        store<f64>(here, load<f64>(to));
        store<f64>(to, value);
        back--;
      } else at++;
    }
    if (rank < front) high = front - 1;
    else if (rank > back) low = back + 1;
    else return pivot;
  }
  return load<f64>(values + (usize(low) << 3));
}

/** The candidates among `count` scores, times `scale`, and their places; says how many there are. */
export function gather(scores: usize, count: i32, scale: f64, values: usize, places: usize): i32 {
  let held = 0;
  for (let place = 0; place < count; place++) {
    const value = load<f64>(scores + (usize(place) << 3));
    store<f64>(values + (usize(held) << 3), value * scale);
    store<i32>(places + (usize(held) << 2), place);
    held += i32(value > NEVER);
  }
  return held;
}

/** Leaves the places whose values are above `least`, and the first `ties` of those that equal it; says how many. */
export function take(values: usize, places: usize, count: i32, least: f64, ties: i32): i32 {
  let next = 0;
  for (let at = 0; at < count; at++) {
    const value = load<f64>(values + (usize(at) << 3));
    store<i32>(places + (usize(next) << 2), load<i32>(places + (usize(at) << 2)));
    const tie = i32(value == least) & i32(ties > 0);
    ties -= tie;
    next += i32(value > least) | tie;
  }
  return next;
}

/** What `reaching` has found: the least value that is taken, and how many that equal it are. */
let foundLeast: f64 = 0;
let foundTies: i32 = 0;

export function least(): f64 {
  return foundLeast;
}
export function ties(): i32 {
  return foundTies;
}

/**
 * The fewest of `count` values, the largest first, whose softmax reaches the share `mass` < 1 of all: sets `least` and
 * `ties`. False when rounding of the sums could decide, which depends on their order. All arrays have room for eight more
 * than `count` values.
 */
export function reaching(
  values: usize,
  count: i32,
  mass: f64,
  sorted: usize,
  weights: usize,
  halves: usize,
): bool {
  findRange(values, count);
  const bests = f64x2.splat(largestValue);
  const end = usize(count) << 3;
  for (let at = end; at < end + 56; at += 8) store<f64>(values + at, largestValue);
  for (let at: usize = 0; at < end; at += 64) weigh(values + at, weights + at, bests, halves);
  const factor = bucketFactor();
  memory.fill(TABLE, 0, 8 * (BUCKETS + 1));
  for (let at: usize = 0; at < end; at += 8) {
    const sum = bucketOf(load<f64>(values + at), factor, 8);
    store<f64>(sum, load<f64>(sum) + load<f64>(weights + at));
  }
  let total: f64 = 0;
  for (let bucket = 0; bucket <= BUCKETS; bucket++) total += load<f64>(TABLE + (usize(bucket) << 3));
  const target = mass * total;
  // Sums of n numbers in any order are off by less than n * 2**-53 of the whole; three sums and a product are compared.
  const doubt = total * f64(count + 4) * 2.3e-16 * 4;
  let before: f64 = 0;
  let bucket = TABLE;
  const last = TABLE + (usize(BUCKETS) << 3);
  for (; bucket < last && before + load<f64>(bucket) + doubt < target; bucket += 8) before += load<f64>(bucket);
  let inBucket: usize = 0;
  for (let at: usize = 0; at < end; at += 8) {
    const value = load<f64>(values + at);
    store<f64>(sorted + inBucket, value);
    store<f64>(weights + inBucket, load<f64>(weights + at));
    inBucket += usize(bucketOf(value, factor, 8) == bucket) << 3;
  }
  let low = 0;
  let high = i32(inBucket >> 3) - 1;
  while (low <= high) {
    const pivot = median(
      load<f64>(sorted + (usize(low) << 3)),
      load<f64>(sorted + (usize((low + high) >> 1) << 3)),
      load<f64>(sorted + (usize(high) << 3)),
    );
    let front = low;
    let back = high;
    let larger: f64 = 0;
    let equal: f64 = 0;
    let weight: f64 = 0;
    for (let at = low; at <= back; ) {
      const here = usize(at) << 3;
      const value = load<f64>(sorted + here);
      const own = load<f64>(weights + here);
      if (value > pivot) {
        const to = usize(front) << 3;
        store<f64>(sorted + here, load<f64>(sorted + to));
        store<f64>(weights + here, load<f64>(weights + to));
        store<f64>(sorted + to, value);
        store<f64>(weights + to, own);
        larger += own;
        at++;
        front++;
      } else if (value < pivot) {
        const to = usize(back) << 3;
        store<f64>(sorted + here, load<f64>(sorted + to));
        store<f64>(weights + here, load<f64>(weights + to));
        store<f64>(sorted + to, value);
        store<f64>(weights + to, own);
        back--;
      } else {
        equal += own;
        weight = own;
        at++;
      }
    }
    if (before + larger >= target) {
      // In doubt whether they suffice, one more might be needed.
      if (before + larger - doubt < target) return false;
      high = front - 1;
      continue;
    }
    if (before + larger + doubt >= target) return false;
    if (before + larger + equal < target) {
      if (before + larger + equal + doubt >= target) return false;
      before += larger + equal;
      low = back + 1;
      continue;
    }
    const above = before + larger;
    const equals = back + 1 - front;
    const needed = min(equals, max(1, i32(Math.ceil((target - above) / weight))));
    const all = above + f64(needed) * weight;
    if (all - doubt < target || all - weight + doubt >= target) return false;
    foundLeast = pivot;
    foundTies = needed;
    return true;
  }
  return false;
}
