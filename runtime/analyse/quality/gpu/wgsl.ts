import { BINS, LOWEST, SHIFT } from '../bins.ts';

/** Rows and keys of the scores that a workgroup computes, and inner numbers that it holds at a time. */
export const TILE = 64;
const INNER = 16;
/** Threads of a workgroup in each direction: each computes four rows and four keys. */
const SIDE = TILE / 4;

/** The square root of how many threads look at a row together: software pays for each that waits for the others. */
export const GROUPS = { device: 16, imitated: 4 } as const;
/** Digits that a search for a rank counts at a time: eleven bits. */
const DIGITS = 2048;

/** What the workgroup of a row holds: two histograms, sums and counts of its threads, and some single numbers. */
export const WORKGROUP_BYTES = 8 * BINS + 4 * (2 * GROUPS.device ** 2 + 2 * GROUPS.device + 2);

/** Rows whose diagonals a thread adds up. */
export const SEGMENT = 64;
export const DIAGONALS = 256;

/** Numbers that are found of a row, before its points of the curve. */
export const FACTS = { sum: 0, weighted: 1, topk: 2, overlap: 3 } as const;
export const FACT_COUNT = 4;
/** Words of a bin in the histogram of all rows: how many, and the sum of what is above its lower edge, in halves. */
export const BIN_WORDS = 3;
/** 32-bit words of the parameters. */
export const PARAMS_WORDS = 16;

const PARAMS = /* wgsl */ `
struct Params {
  /** Query rows of the dispatch, the first of them in the head and in the portion. */
  rows: u32,
  first: u32,
  begin: u32,
  keys: u32,
  dim: u32,
  /** Numbers from one row of scores to the next. */
  stride: u32,
  /** Does a row see only the keys up to its position, which is its number + offset? */
  causal: u32,
  offset: i32,
  /** Workgroups are numbered as x + y * across. */
  across: u32,
  /** Words of a row of the mask. */
  words: u32,
  points: u32,
  /** Bits that are left off of what is above the lower edge of a bin, so that sums fit. */
  left: u32,
  /** Times q . k, for powers of two. */
  factor: f32,
  /** The first diagonal that the dispatch touches, and how many. */
  diagonal: u32,
  diagonals: u32,
}
@group(0) @binding(0) var<uniform> params: Params;

fn seenBy(row: u32) -> u32 {
  if (params.causal == 0u) { return params.keys; }
  return u32(clamp(params.offset + i32(params.first + row) + 1, 0, i32(params.keys)));
}
`;

/** Scores [rows][stride] of some query rows and all keys that any of them sees. */
export const SCORES = /* wgsl */ `${PARAMS}
@group(0) @binding(1) var<storage, read> q: array<f32>;
@group(0) @binding(2) var<storage, read> k: array<f32>;
@group(0) @binding(3) var<storage, read_write> scores: array<f32>;

// Transposed: [${INNER}][${TILE}].
var<workgroup> qs: array<f32, ${TILE * INNER}>;
var<workgroup> ks: array<f32, ${TILE * INNER}>;

@compute @workgroup_size(${SIDE}, ${SIDE})
fn main(@builtin(local_invocation_id) local: vec3u, @builtin(workgroup_id) group: vec3u) {
  let row0 = group.y * ${TILE}u;
  let key0 = group.x * ${TILE}u;
  if (key0 >= seenBy(min(row0 + ${TILE - 1}u, params.rows - 1u))) { return; }
  let thread = local.y * ${SIDE}u + local.x;
  var sums = array<vec4f, 4>();
  for (var begin = 0u; begin < params.dim; begin += ${INNER}u) {
    for (var i = 0u; i < ${(TILE * INNER) / SIDE ** 2}u; i++) {
      let element = thread + i * ${SIDE ** 2}u;
      let line = element / ${INNER}u;
      let d = begin + element % ${INNER}u;
      let place = (element % ${INNER}u) * ${TILE}u + line;
      let row = row0 + line;
      let key = key0 + line;
      let inside = d < params.dim;
      let column = min(d, params.dim - 1u);
      qs[place] = select(0.0, params.factor * q[(params.first + min(row, params.rows - 1u)) * params.dim + column], inside);
      ks[place] = select(0.0, k[min(key, params.keys - 1u) * params.dim + column], inside);
    }
    workgroupBarrier();
    for (var d = 0u; d < ${INNER}u; d++) {
      let a = d * ${TILE}u + local.y * 4u;
      let b = d * ${TILE}u + local.x * 4u;
      let columns = vec4f(ks[b], ks[b + 1u], ks[b + 2u], ks[b + 3u]);
      sums[0] += qs[a] * columns;
      sums[1] += qs[a + 1u] * columns;
      sums[2] += qs[a + 2u] * columns;
      sums[3] += qs[a + 3u] * columns;
    }
    workgroupBarrier();
  }
  for (var i = 0u; i < 4u; i++) {
    let row = row0 + local.y * 4u + i;
    if (row >= params.rows) { break; }
    let at = row * params.stride + key0 + local.x * 4u;
    for (var j = 0u; j < 4u; j++) { scores[at + j] = sums[i][j]; }
  }
}
`;

/**
 * Scores become probabilities, a workgroup for each row; what is read off them goes to \`found\` [rows of the portion][facts
 * and points] and the histogram of all rows. Histograms hold whole numbers alone, so that no order of adding matters: a
 * probability is the lower edge of its bin, and how many units of its last place it is above that.
 *
 * @param side the square root of the number of threads
 */
export function rowsShader(side: number): string {
  const THREADS = side ** 2;
  const OWN_BINS = Math.ceil(BINS / THREADS);
  const OWN_DIGITS = DIGITS / THREADS;
  return /* wgsl */ `${PARAMS}
@group(0) @binding(1) var<storage, read_write> scores: array<f32>;
/** Of the head. */
@group(0) @binding(2) var<storage, read> wantedOf: array<u32>;
/** Of the portion. */
@group(0) @binding(3) var<storage, read> bits: array<u32>;
@group(0) @binding(4) var<storage, read> sizes: array<u32>;
@group(0) @binding(5) var<storage, read_write> found: array<f32>;
@group(0) @binding(6) var<storage, read_write> histogram: array<atomic<u32>>;

var<workgroup> counts: array<atomic<u32>, ${BINS}>;
var<workgroup> lows: array<atomic<u32>, ${BINS}>;
var<workgroup> sums: array<f32, ${THREADS}>;
var<workgroup> tallies: array<u32, ${THREADS}>;
var<workgroup> sumsOf: array<f32, ${side}>;
var<workgroup> talliesOf: array<u32, ${side}>;
/** The bin or digit in which a rank lies, and the rank inside. */
var<workgroup> border: u32;
var<workgroup> rank: u32;

/** 2^x for x <= 0, by the polynomial that the processor has; 0 below 2^-126. */
fn power(x: f32) -> f32 {
  let whole = round(max(x, -126.0));
  let r = max(x, -126.0) - whole;
  let p = ((((0.0013277939 * r + 0.0096757576) * r + 0.0555070960) * r + 0.2402211234) * r + 0.6931469682) * r + 1.0;
  return select(0.0, p * bitcast<f32>(u32(i32(whole) + 127) << 23u), x >= -126.0);
}

// Every thread puts something down; the first ones each take ${side} of those together, and all threads take what those have.

fn total(value: f32, local: u32) -> f32 {
  sums[local] = value;
  workgroupBarrier();
  if (local < ${side}u) {
    var some = 0.0;
    for (var i = 0u; i < ${side}u; i++) { some += sums[local * ${side}u + i]; }
    sumsOf[local] = some;
  }
  workgroupBarrier();
  var all = 0.0;
  for (var i = 0u; i < ${side}u; i++) { all += sumsOf[i]; }
  return all;
}

fn tally(value: u32, local: u32) -> u32 {
  tallies[local] = value;
  workgroupBarrier();
  if (local < ${side}u) {
    var some = 0u;
    for (var i = 0u; i < ${side}u; i++) { some += tallies[local * ${side}u + i]; }
    talliesOf[local] = some;
  }
  workgroupBarrier();
  var all = 0u;
  for (var i = 0u; i < ${side}u; i++) { all += talliesOf[i]; }
  return all;
}

fn most(value: f32, local: u32) -> f32 {
  sums[local] = value;
  workgroupBarrier();
  if (local < ${side}u) {
    var some = sums[local * ${side}u];
    for (var i = 1u; i < ${side}u; i++) { some = max(some, sums[local * ${side}u + i]); }
    sumsOf[local] = some;
  }
  workgroupBarrier();
  var all = sumsOf[0];
  for (var i = 1u; i < ${side}u; i++) { all = max(all, sumsOf[i]); }
  return all;
}

/** What the threads before this one have. */
fn talliesBefore(value: u32, local: u32) -> u32 {
  tallies[local] = value;
  workgroupBarrier();
  if (local < ${side}u) {
    var some = 0u;
    for (var i = 0u; i < ${side}u; i++) {
      let own = tallies[local * ${side}u + i];
      tallies[local * ${side}u + i] = some;
      some += own;
    }
    talliesOf[local] = some;
  }
  workgroupBarrier();
  var before = tallies[local];
  for (var i = 0u; i < local / ${side}u; i++) { before += talliesOf[i]; }
  return before;
}

fn sumBefore(value: f32, local: u32) -> f32 {
  sums[local] = value;
  workgroupBarrier();
  if (local < ${side}u) {
    var some = 0.0;
    for (var i = 0u; i < ${side}u; i++) {
      let own = sums[local * ${side}u + i];
      sums[local * ${side}u + i] = some;
      some += own;
    }
    sumsOf[local] = some;
  }
  workgroupBarrier();
  var before = 0.0;
  for (var i = 0u; i < local / ${side}u; i++) { before += sumsOf[i]; }
  return before + sums[local];
}

fn binOf(word: u32) -> u32 {
  return max(word >> ${SHIFT}u, ${LOWEST}u) - ${LOWEST}u;
}

/** 2^exponent */
fn unit(exponent: i32) -> f32 {
  return bitcast<f32>(u32(exponent + 127) << 23u);
}

/** How far a probability is above the lower edge of its bin; the first bin begins at 0. */
fn lowOf(p: f32, word: u32, bin: u32) -> u32 {
  if (bin == 0u) { return u32(p * unit(49 - i32(params.left))); }
  return (word & ${2 ** SHIFT - 1}u) >> params.left;
}

/** What the probabilities of a bin sum up to. */
fn massOf(bin: u32, count: u32, low: u32) -> f32 {
  if (bin == 0u) { return f32(low) * unit(i32(params.left) - 49); }
  let edge = bitcast<f32>((bin + ${LOWEST}u) << ${SHIFT}u);
  let exponent = i32((bin + ${LOWEST}u) >> ${23 - SHIFT}u) - 127;
  return f32(count) * edge + f32(low) * unit(exponent - 23 + i32(params.left));
}

@compute @workgroup_size(${THREADS})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
  let row = group.x + group.y * params.across;
  if (row >= params.rows) { return; }
  let seen = seenBy(row);
  let wanted = wantedOf[params.first + row];
  let first = row * params.stride;
  let facts = (params.begin + row) * (${FACT_COUNT}u + params.points);

  var top = -3e38;
  for (var at = local; at < seen; at += ${THREADS}u) { top = max(top, scores[first + at]); }
  let largest = most(top, local);
  var some = 0.0;
  var dot = 0.0;
  for (var at = local; at < seen; at += ${THREADS}u) {
    let below = scores[first + at] - largest;
    let p = power(below);
    scores[first + at] = p;
    some += p;
    dot += p * below;
  }
  let sum = total(some, local);
  let weighted = total(dot, local);
  let factor = 1.0 / sum;

  for (var bin = local; bin < ${BINS}u; bin += ${THREADS}u) {
    atomicStore(&counts[bin], 0u);
    atomicStore(&lows[bin], 0u);
  }
  workgroupBarrier();
  for (var at = local; at < seen; at += ${THREADS}u) {
    let p = scores[first + at] * factor;
    scores[first + at] = p;
    let word = bitcast<u32>(p);
    let bin = min(binOf(word), ${BINS - 1}u);
    atomicAdd(&counts[bin], 1u);
    atomicAdd(&lows[bin], lowOf(p, word, bin));
  }
  workgroupBarrier();

  // Bins in descending order, some for each thread.
  var own = 0u;
  var mass = 0.0;
  for (var i = 0u; i < ${OWN_BINS}u; i++) {
    let place = local * ${OWN_BINS}u + i;
    if (place < ${BINS}u) {
      let bin = ${BINS - 1}u - place;
      let count = atomicLoad(&counts[bin]);
      if (count > 0u) {
        let low = atomicLoad(&lows[bin]);
        own += count;
        mass += massOf(bin, count, low);
        atomicAdd(&histogram[bin * ${BIN_WORDS}u], count);
        atomicAdd(&histogram[bin * ${BIN_WORDS}u + 1u], low & 0xffffu);
        atomicAdd(&histogram[bin * ${BIN_WORDS}u + 2u], low >> 16u);
      }
    }
  }
  var counted = talliesBefore(own, local);
  var before = sumBefore(mass, local);
  for (var i = 0u; i < ${OWN_BINS}u; i++) {
    let place = local * ${OWN_BINS}u + i;
    if (place < ${BINS}u) {
      let bin = ${BINS - 1}u - place;
      let count = atomicLoad(&counts[bin]);
      if (count > 0u) {
        let here = massOf(bin, count, atomicLoad(&lows[bin]));
        for (var point = 0u; point < params.points; point++) {
          let size = sizes[point];
          if (size > counted && size <= counted + count) {
            found[facts + ${FACT_COUNT}u + point] = before + here * (f32(size - counted) / f32(count));
          }
        }
        if (wanted > counted && wanted <= counted + count) {
          border = bin;
          rank = wanted - counted;
        }
        counted += count;
        before += here;
      }
    }
  }
  if (local == ${THREADS - 1}u) {
    for (var point = 0u; point < params.points; point++) {
      if (sizes[point] > seen) { found[facts + ${FACT_COUNT}u + point] = before; }
    }
  }

  var topk = select(1.0, 0.0, wanted == 0u);
  var overlap = 1.0;
  if (wanted > 0u && wanted < seen) {
    // The probability of that rank, some bits at a time: those of the bin are known, of the first bin none.
    let bin = workgroupUniformLoad(&border);
    var prefix = bin + ${LOWEST}u;
    var known = ${SHIFT}u;
    var shift = select(6u, 20u, bin == 0u);
    for (var level = 0u; level < 3u; level++) {
      let left = workgroupUniformLoad(&rank);
      let digits = select((1u << ((known - shift) & 31u)) - 1u, ${DIGITS - 1}u, shift > known);
      for (var digit = local; digit < ${DIGITS}u; digit += ${THREADS}u) { atomicStore(&counts[digit], 0u); }
      workgroupBarrier();
      for (var at = local; at < seen; at += ${THREADS}u) {
        let word = bitcast<u32>(scores[first + at]);
        let like = select((word >> known) == prefix, true, shift > known);
        if (like && (bin > 0u || word >> ${SHIFT}u <= ${LOWEST}u)) { atomicAdd(&counts[(word >> shift) & digits], 1u); }
      }
      workgroupBarrier();
      var inside = 0u;
      for (var i = 0u; i < ${OWN_DIGITS}u; i++) {
        inside += atomicLoad(&counts[${DIGITS - 1}u - (local * ${OWN_DIGITS}u + i)]);
      }
      var above = talliesBefore(inside, local);
      for (var i = 0u; i < ${OWN_DIGITS}u; i++) {
        let digit = ${DIGITS - 1}u - (local * ${OWN_DIGITS}u + i);
        let count = atomicLoad(&counts[digit]);
        if (left > above && left <= above + count) {
          border = digit;
          rank = left - above;
        }
        above += count;
      }
      let digit = workgroupUniformLoad(&border);
      prefix = select((prefix << ((known - shift) & 31u)) | digit, digit, shift > known);
      known = shift;
      if (known == 0u) { break; }
      shift = select(0u, 9u, known == 20u);
    }
    let least = prefix;
    var larger = 0u;
    var kept = 0u;
    var equal = 0u;
    var high = 0.0;
    for (var at = local; at < seen; at += ${THREADS}u) {
      let p = scores[first + at];
      let word = bitcast<u32>(p);
      let allowed = (bits[(params.begin + row) * params.words + at / 32u] >> (at % 32u)) & 1u;
      if (word > least) {
        larger++;
        kept += allowed;
        high += p;
      } else if (word == least) {
        equal += allowed;
      }
    }
    let above = tally(larger, local);
    topk = total(high, local) + f32(wanted - above) * bitcast<f32>(least);
    overlap = f32(tally(kept, local) + min(tally(equal, local), wanted - above)) / f32(wanted);
  }
  if (local == 0u) {
    found[facts + ${FACTS.sum}u] = sum;
    found[facts + ${FACTS.weighted}u] = weighted;
    found[facts + ${FACTS.topk}u] = topk;
    found[facts + ${FACTS.overlap}u] = overlap;
  }
}
`;
}

/** Sums of probabilities by distance, [segments of rows][diagonals]: a thread for each. */
export const DIAGONAL_SUMS = /* wgsl */ `${PARAMS}
@group(0) @binding(1) var<storage, read> scores: array<f32>;
@group(0) @binding(2) var<storage, read_write> parts: array<f32>;

@compute @workgroup_size(${DIAGONALS})
fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= params.diagonals) { return; }
  // The key of row 0 on this diagonal.
  let key0 = i32(params.diagonal + id.x) - i32(params.keys - 1u) + params.offset + i32(params.first);
  let begin = id.y * ${SEGMENT}u;
  let end = min(begin + ${SEGMENT}u, params.rows);
  var sum = 0.0;
  for (var row = begin; row < end; row++) {
    let key = key0 + i32(row);
    if (key >= 0 && u32(key) < seenBy(row)) { sum += scores[row * params.stride + u32(key)]; }
  }
  parts[id.y * params.diagonals + id.x] = sum;
}
`;

/** Adds the segments' sums to those of the portion. */
export const ADD_SEGMENTS = /* wgsl */ `${PARAMS}
@group(0) @binding(1) var<storage, read> parts: array<f32>;
@group(0) @binding(2) var<storage, read_write> distances: array<f32>;

@compute @workgroup_size(${DIAGONALS})
fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= params.diagonals) { return; }
  let segments = (params.rows + ${SEGMENT - 1}u) / ${SEGMENT}u;
  var sum = 0.0;
  for (var segment = 0u; segment < segments; segment++) { sum += parts[segment * params.diagonals + id.x]; }
  distances[params.diagonal + id.x] += sum;
}
`;
