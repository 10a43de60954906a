import { BINS, LOWEST, SHIFT } from '../../bins.ts';
import { PARAMS } from './params.ts';
import { together } from './together.ts';

/** The square root of how many threads look at a row together: software pays for each that waits for the others. */
export const GROUPS = { device: 16, imitated: 4 } as const;
/** Digits that a search for a rank counts at a time: eleven bits. */
const DIGITS = 2048;

/** What the workgroup of a row holds: two histograms, sums and counts of its threads, and some single numbers. */
export const WORKGROUP_BYTES = 8 * BINS + 4 * (2 * GROUPS.device ** 2 + 2 * GROUPS.device + 2);

/** Numbers that are found of a row, before its points of the curve. */
export const FACTS = { sum: 0, weighted: 1, topk: 2, overlap: 3 } as const;
export const FACT_COUNT = 4;
/** Words of a bin in the histogram of all rows: how many, and the sum of what is above its lower edge, in halves. */
export const BIN_WORDS = 3;
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

${together(side)}
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
