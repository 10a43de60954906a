// Layers of attention over a block of 256 keys in WebAssembly SIMD: which of the keys each position has heard of, as bits.
// Compiled by scripts/generate-wasm.mjs. All pointers are byte offsets into memory that the host lays out.
//
// A place is a position or a sum, something that rows share; places are numbered, the positions first. Every place has
// 32 bytes in `known`. A mask is a list of nodes, sums before the positions that read them, with their inputs; and the
// same the other way round, with the users of every place.

/** Bytes of a place: 256 bits. */
const SHIFT: usize = 5;
/** Changing what lies anywhere takes as long as reading so many inputs. */
const PUSH_COST: f64 = 4;

/** Where the fields of a mask lie, in bytes; see the host. */
const START: usize = 0;
const FROM: usize = 4;
const USER_START: usize = 8;
const USERS: usize = 12;
const SUMS: usize = 16;
const FIRST_SUM: usize = 20;
/** A byte for each position: is there something new for this mask? */
const FLAGS: usize = 24;
/** The positions with something new, and how many. */
const NEWS: usize = 28;
const NEWS_COUNT: usize = 32;
/** Sums that are to be passed on, level by level: first place of each level, how many of each, and their numbers. */
const LEVELS: usize = 36;
const LEVEL_START: usize = 40;
const LEVEL_COUNT: usize = 44;
const WAITING: usize = 48;
/** A byte for each sum: does it wait? And the level of each. */
const WAITS: usize = 52;
const LEVEL_OF: usize = 56;
/** f64: users of all positions with something new; inputs of all nodes that are not complete; users by user of positions. */
const NEWS_USERS: usize = 64;
const OPEN_INPUTS: usize = 72;
const CASCADE: usize = 80;
const MASK_BYTES: usize = 96;

let tokens: i32 = 0;
let known: usize = 0;
let next: usize = 0;
/** What each position can hear of at the most: index of a row of `limits`, [tokens] */
let limitOf: usize = 0;
let limits: usize = 0;
/** A byte for each place: nothing can be added any more. */
let complete: usize = 0;
let touched: usize = 0;
let isTouched: usize = 0;
let touchedCount: i32 = 0;
let masks: usize = 0;
let maskCount: i32 = 0;
let pairs: f64 = 0;
let steps: f64 = 0;

/** First free byte of memory. */
export function heapBase(): usize {
  return __heap_base;
}

export function setUp(
  tokens_: i32,
  known_: usize,
  next_: usize,
  limitOf_: usize,
  limits_: usize,
  complete_: usize,
  touched_: usize,
  isTouched_: usize,
  masks_: usize,
  maskCount_: i32,
): void {
  tokens = tokens_;
  known = known_;
  next = next_;
  limitOf = limitOf_;
  limits = limits_;
  complete = complete_;
  touched = touched_;
  isTouched = isTouched_;
  masks = masks_;
  maskCount = maskCount_;
}

/** Pairs that are connected; inputs that were read since the beginning, or as much work. */
export function pairCount(): f64 {
  return pairs;
}
export function stepCount(): f64 {
  return steps;
}

@inline
function bits64(v: v128): i64 {
  const counts = i8x16.popcnt(v);
  const sums = i32x4.extadd_pairwise_i16x8_u(i16x8.extadd_pairwise_i8x16_u(counts));
  return (
    i64(i32x4.extract_lane(sums, 0)) +
    i64(i32x4.extract_lane(sums, 1)) +
    i64(i32x4.extract_lane(sums, 2)) +
    i64(i32x4.extract_lane(sums, 3))
  );
}

/** Bits of the places `from` to `to` - 1. */
export function countBits(from: i32, to: i32): f64 {
  let count: i64 = 0;
  const end = known + (usize(to) << SHIFT);
  for (let at = known + (usize(from) << SHIFT); at < end; at += 32)
    count += bits64(v128.load(at)) + bits64(v128.load(at, 16));
  return f64(count);
}

/**
 * Every position has heard of itself: bit k of position `first` + k, for `keys` keys. The host has cleared what is known
 * and has set limits, `complete` and the open inputs.
 */
export function begin(first: i32, keys: i32): void {
  pairs = 0;
  touchedCount = 0;
  for (let key = 0; key < keys; key++) {
    const position = first + key;
    const at = next + (usize(position) << SHIFT) + (usize(key) >> 3);
    const bit: i32 = 1 << (key & 7);
    store<u8>(at, u8(bit));
    touch(position);
  }
  settle();
}

@inline
function touch(position: i32): void {
  if (load<u8>(isTouched + usize(position)) != 0) return;
  store<u8>(isTouched + usize(position), 1);
  store<i32>(touched + (usize(touchedCount) << 2), position);
  touchedCount++;
}

/** What a position hears of anew takes as long to note as reading so many inputs. */
const SETTLE_COST: f64 = 16;
/** And to look at a position. */
const LOOK_COST: i64 = 2;

/** Makes what positions have heard of in this layer known, and notes who has something new. */
function settle(): void {
  steps += SETTLE_COST * f64(touchedCount);
  for (let index = 0; index < touchedCount; index++) {
    const position = load<i32>(touched + (usize(index) << 2));
    store<u8>(isTouched + usize(position), 0);
    const at = usize(position) << SHIFT;
    const a = v128.load(next + at);
    const b = v128.load(next + at, 16);
    pairs += f64(
      bits64(v128.xor(a, v128.load(known + at))) + bits64(v128.xor(b, v128.load(known + at, 16))),
    );
    v128.store(known + at, a);
    v128.store(known + at, b, 16);
    const limit = limits + (usize(load<i32>(limitOf + (usize(position) << 2))) << SHIFT);
    const lacking = v128.or(v128.xor(a, v128.load(limit)), v128.xor(b, v128.load(limit, 16)));
    const done = !v128.any_true(lacking);
    if (done) store<u8>(complete + usize(position), 1);
    for (let m = 0; m < maskCount; m++) {
      const mask = masks + usize(m) * MASK_BYTES;
      if (done) {
        const start = load<usize>(mask, START) + (usize(load<i32>(mask, SUMS) + position) << 2);
        const inputs = load<i32>(start, 4) - load<i32>(start);
        store<f64>(mask, load<f64>(mask, OPEN_INPUTS) - f64(inputs), OPEN_INPUTS);
      }
      const flag = load<usize>(mask, FLAGS) + usize(position);
      if (load<u8>(flag) != 0) continue;
      store<u8>(flag, 1);
      const count = load<i32>(mask, NEWS_COUNT);
      store<i32>(load<usize>(mask, NEWS) + (usize(count) << 2), position);
      store<i32>(mask, count + 1, NEWS_COUNT);
      const users = load<usize>(mask, USER_START) + (usize(position) << 2);
      store<f64>(mask, load<f64>(mask, NEWS_USERS) + f64(load<i32>(users, 4) - load<i32>(users)), NEWS_USERS);
    }
  }
}

/** One layer of a mask. Returns how many positions heard of anything new. */
export function layer(m: i32): i32 {
  const mask = masks + usize(m) * MASK_BYTES;
  touchedCount = 0;
  const push = load<f64>(mask, NEWS_USERS) * load<f64>(mask, CASCADE) * PUSH_COST;
  if (push < load<f64>(mask, OPEN_INPUTS)) passOn(mask);
  else ask(mask);
  settle();
  return touchedCount;
}

function clearNews(mask: usize): void {
  const flags = load<usize>(mask, FLAGS);
  const news = load<usize>(mask, NEWS);
  const count = load<i32>(mask, NEWS_COUNT);
  for (let index = 0; index < count; index++)
    store<u8>(flags + usize(load<i32>(news + (usize(index) << 2))), 0);
  store<i32>(mask, 0, NEWS_COUNT);
  store<f64>(mask, 0, NEWS_USERS);
}

/** Who has something new passes all it knows on to whoever reads it. */
function passOn(mask: usize): void {
  const news = load<usize>(mask, NEWS);
  const count = load<i32>(mask, NEWS_COUNT);
  for (let index = 0; index < count; index++) tellUsers(mask, load<i32>(news + (usize(index) << 2)), -1);
  clearNews(mask);
  const firstSum = load<i32>(mask, FIRST_SUM);
  const levels = load<i32>(mask, LEVELS);
  const levelStart = load<usize>(mask, LEVEL_START);
  const levelCount = load<usize>(mask, LEVEL_COUNT);
  const waiting = load<usize>(mask, WAITING);
  const waits = load<usize>(mask, WAITS);
  for (let level = 0; level < levels; level++) {
    const start = waiting + (usize(load<i32>(levelStart + (usize(level) << 2))) << 2);
    const sums = load<i32>(levelCount + (usize(level) << 2));
    store<i32>(levelCount + (usize(level) << 2), 0);
    for (let index = 0; index < sums; index++) {
      const sum = load<i32>(start + (usize(index) << 2));
      store<u8>(waits + usize(sum), 0);
      tellUsers(mask, firstSum + sum, level);
    }
  }
}

@inline
function tellUsers(mask: usize, place: i32, level: i32): void {
  const userStart = load<usize>(mask, USER_START);
  const users = load<usize>(mask, USERS);
  const firstSum = load<i32>(mask, FIRST_SUM);
  // Users of sums follow those of positions.
  const row = place < tokens ? place : place - firstSum + tokens;
  const begin = load<i32>(userStart + (usize(row) << 2));
  const end = load<i32>(userStart + (usize(row) << 2), 4);
  const source = known + (usize(place) << SHIFT);
  const a = v128.load(source);
  const b = v128.load(source, 16);
  steps += PUSH_COST * f64(end - begin);
  for (let index = begin; index < end; index++) {
    const user = load<i32>(users + (usize(index) << 2));
    if (load<u8>(complete + usize(user)) != 0) continue;
    const base = user < tokens ? next : known;
    const at = base + (usize(user) << SHIFT);
    const oldA = v128.load(at);
    const oldB = v128.load(at, 16);
    const newA = v128.or(oldA, a);
    const newB = v128.or(oldB, b);
    if (!v128.any_true(v128.or(v128.xor(oldA, newA), v128.xor(oldB, newB)))) continue;
    v128.store(at, newA);
    v128.store(at, newB, 16);
    if (user < tokens) touch(user);
    else wait(mask, user - firstSum);
  }
}

function wait(mask: usize, sum: i32): void {
  const waits = load<usize>(mask, WAITS) + usize(sum);
  if (load<u8>(waits) != 0) return;
  store<u8>(waits, 1);
  const level = usize(load<u8>(load<usize>(mask, LEVEL_OF) + usize(sum)));
  const counts = load<usize>(mask, LEVEL_COUNT) + (level << 2);
  const count = load<i32>(counts);
  store<i32>(counts, count + 1);
  const start = load<i32>(load<usize>(mask, LEVEL_START) + (level << 2));
  store<i32>(load<usize>(mask, WAITING) + (usize(start + count) << 2), sum);
}

/** Whoever lacks something reads all its inputs until nothing is lacking. */
function ask(mask: usize): void {
  clearNews(mask);
  const sums = load<i32>(mask, SUMS);
  const firstSum = load<i32>(mask, FIRST_SUM);
  const start = load<usize>(mask, START);
  const from = load<usize>(mask, FROM);
  let read: i64 = 0;
  for (let sum = 0; sum < sums; sum++) {
    const place = firstSum + sum;
    if (load<u8>(complete + usize(place)) != 0) continue;
    let input = from + (usize(load<i32>(start + (usize(sum) << 2))) << 2);
    const end = from + (usize(load<i32>(start + (usize(sum) << 2), 4)) << 2);
    const inputs = (end - input) >> 2;
    read += inputs;
    let a = i64x2.splat(0);
    let b = i64x2.splat(0);
    for (; input < end; input += 4) {
      const source = known + (usize(load<i32>(input)) << SHIFT);
      a = v128.or(a, v128.load(source));
      b = v128.or(b, v128.load(source, 16));
    }
    const at = known + (usize(place) << SHIFT);
    v128.store(at, a);
    v128.store(at, b, 16);
    const lacking = v128.or(v128.xor(a, v128.load(limits)), v128.xor(b, v128.load(limits, 16)));
    if (!v128.any_true(lacking)) {
      store<u8>(complete + usize(place), 1);
      store<f64>(mask, load<f64>(mask, OPEN_INPUTS) - f64(inputs), OPEN_INPUTS);
    }
  }
  const rows = start + (usize(sums) << 2);
  for (let position = 0; position < tokens; position++) {
    if (load<u8>(complete + usize(position)) != 0) continue;
    let input = from + (usize(load<i32>(rows + (usize(position) << 2))) << 2);
    const first = input;
    const end = from + (usize(load<i32>(rows + (usize(position) << 2), 4)) << 2);
    const at = usize(position) << SHIFT;
    const oldA = v128.load(known + at);
    const oldB = v128.load(known + at, 16);
    let a = oldA;
    let b = oldB;
    const limit = limits + (usize(load<i32>(limitOf + (usize(position) << 2))) << SHIFT);
    const limitA = v128.load(limit);
    const limitB = v128.load(limit, 16);
    while (input < end) {
      const stop = min(end, input + 32);
      for (; input < stop; input += 4) {
        const source = known + (usize(load<i32>(input)) << SHIFT);
        a = v128.or(a, v128.load(source));
        b = v128.or(b, v128.load(source, 16));
      }
      if (!v128.any_true(v128.or(v128.xor(a, limitA), v128.xor(b, limitB)))) break;
    }
    read += LOOK_COST + ((input - first) >> 2);
    if (!v128.any_true(v128.or(v128.xor(oldA, a), v128.xor(oldB, b)))) continue;
    v128.store(next + at, a);
    v128.store(next + at, b, 16);
    touch(position);
  }
  steps += f64(read);
}
