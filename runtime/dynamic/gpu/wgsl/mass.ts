import { CUT_WORDS, CUTS, PARAMS, WEIGHT_OF_BEST } from './shared.ts';

/**
 * The cut where the weights exp(scale * (score - best)), from the best score down, reach a share of all: at the latest
 * where they reach the largest share that it may be as far as float32 can tell, at the earliest where they reach the least
 * one. Weights are whole numbers and sums have 64 bits, so that they are the same in any order; rounding down costs each
 * weight less than 1, which the goals allow for.
 *
 * @param sifters invocations that look through a row together, a power of two
 */
export const massCut = (sifters: number): string => `${PARAMS}${CUTS}
/** Sums of weights by a byte of their scores, for the largest share and then for the least one: lower words, higher words. */
var<workgroup> lower: array<atomic<u32>, 512>;
var<workgroup> higher: array<atomic<u32>, 512>;
var<workgroup> best: atomic<u32>;
var<workgroup> places: atomic<u32>;
var<workgroup> marked: atomic<u32>;
/** Of both goals: the highest bytes of the score that reaches it, what is missing before the scores that begin like it, never? */
var<workgroup> prefix: array<u32, 2>;
var<workgroup> goal: array<vec2<u32>, 2>;
var<workgroup> never: array<u32, 2>;

/** (lower word, higher word) of a product. */
fn product(a: u32, b: u32) -> vec2<u32> {
  let a0 = a & 0xffffu;
  let a1 = a >> 16u;
  let b0 = b & 0xffffu;
  let b1 = b >> 16u;
  let p00 = a0 * b0;
  let p01 = a0 * b1;
  let p10 = a1 * b0;
  let middle = (p00 >> 16u) + (p01 & 0xffffu) + (p10 & 0xffffu);
  return vec2<u32>((p00 & 0xffffu) | (middle << 16u), a1 * b1 + (p01 >> 16u) + (p10 >> 16u) + (middle >> 16u));
}

fn sumOf(a: vec2<u32>, b: vec2<u32>) -> vec2<u32> {
  let low = a.x + b.x;
  return vec2<u32>(low, a.y + b.y + select(0u, 1u, low < a.x));
}

fn difference(a: vec2<u32>, b: vec2<u32>) -> vec2<u32> {
  return vec2<u32>(a.x - b.x, a.y - b.y - select(0u, 1u, a.x < b.x));
}

fn less(a: vec2<u32>, b: vec2<u32>) -> bool {
  return a.y < b.y || (a.y == b.y && a.x < b.x);
}

/** A share of a sum, rounded down. */
fn shareOf(sum: vec2<u32>, share: u32) -> vec2<u32> {
  return sumOf(product(sum.y, share), vec2<u32>(product(sum.x, share).y, 0u));
}

fn weightOf(score: f32, top: f32) -> u32 {
  return u32(exp(max(params.scale * (score - top), -30.0)) * ${WEIGHT_OF_BEST}.0);
}

fn add(bin: u32, sum: vec2<u32>) {
  let before = atomicAdd(&lower[bin], sum.x);
  let carry = sum.y + select(0u, 1u, before + sum.x < before);
  if (carry != 0u) { atomicAdd(&higher[bin], carry); }
}

fn sumIn(bin: u32) -> vec2<u32> {
  return vec2<u32>(atomicLoad(&lower[bin]), atomicLoad(&higher[bin]));
}

@compute @workgroup_size(${sifters})
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) local: u32) {
  let row = group.x + group.y * params.across;
  if (row >= params.count) { return; }
  let first = row * params.stride;
  let count = about[row].x;
  let slack = bitcast<f32>(about[row].y);
  if (local == 0u) {
    for (var which = 0u; which < 2u; which++) {
      prefix[which] = 0u;
      goal[which] = vec2<u32>();
      never[which] = 0u;
    }
    atomicStore(&best, 0u);
    atomicStore(&places, 0u);
    atomicStore(&marked, 0u);
  }
  workgroupBarrier();
  var largest = 0u;
  for (var at = local; at < count; at += ${sifters}u) {
    let score = scores[first + at];
    if (score > NEVER) { largest = max(largest, orderOf(score)); }
  }
  atomicMax(&best, largest);
  for (var byte = 0u; byte < 4u; byte++) {
    let shift = 24u - 8u * byte;
    for (var bin = local; bin < 512u; bin += ${sifters}u) {
      atomicStore(&lower[bin], 0u);
      atomicStore(&higher[bin], 0u);
    }
    workgroupBarrier();
    let top = scoreOf(atomicLoad(&best));
    for (var at = local; at < count; at += ${sifters}u) {
      let score = scores[first + at];
      if (score > NEVER) {
        let order = orderOf(score);
        let weight = vec2<u32>(weightOf(score, top), 0u);
        let digit = (order >> shift) & 255u;
        let begin = order >> ((shift + 8u) & 31u);
        if (byte == 0u || begin == prefix[0]) { add(digit, weight); }
        if (byte != 0u && begin == prefix[1]) { add(256u + digit, weight); }
      }
    }
    workgroupBarrier();
    if (local == 0u) {
      if (byte == 0u) {
        var all = vec2<u32>();
        for (var bin = 0u; bin < 256u; bin++) { all = sumOf(all, sumIn(bin)); }
        let rounded = vec2<u32>(count, 0u);
        let most = sumOf(all, rounded);
        goal[0] = sumOf(shareOf(most, about[row].w), vec2<u32>(1u, 0u));
        if (about[row].w == 0u) { never[0] = 1u; }
        let least = shareOf(most, about[row].z);
        goal[1] = vec2<u32>(1u, 0u);
        if (less(rounded, least)) { goal[1] = difference(least, rounded); }
      }
      for (var which = 0u; which < 2u; which++) {
        if (never[which] != 0u) { continue; }
        let bins = select(0u, 256u * which, byte != 0u);
        var left = goal[which];
        var digit = 255u;
        loop {
          let here = sumIn(bins + digit);
          if (!less(here, left)) { break; }
          left = difference(left, here);
          if (digit == 0u) {
            never[which] = 1u;
            break;
          }
          digit--;
        }
        prefix[which] = (prefix[which] << 8u) | digit;
        goal[which] = left;
      }
    }
    workgroupBarrier();
  }
  var low = NEVER;
  var high = NEVER;
  if (never[0] == 0u) { low = scoreOf(prefix[0]) - slack; }
  if (never[1] == 0u) { high = scoreOf(prefix[1]) + slack; }
  if (local < 2u) {
    atomicStore(&lower[local], 0u);
    atomicStore(&higher[local], 0u);
  }
  workgroupBarrier();
  let top = scoreOf(atomicLoad(&best));
  var own = 0u;
  var doubtful = 0u;
  var certain = vec2<u32>();
  var rest = vec2<u32>();
  for (var at = local; at < count; at += ${sifters}u) {
    let score = scores[first + at];
    if (score > NEVER) {
      if (score >= low) {
        own++;
        if (score <= high) { doubtful++; } else { certain = sumOf(certain, vec2<u32>(weightOf(score, top), 0u)); }
      } else { rest = sumOf(rest, vec2<u32>(weightOf(score, top), 0u)); }
    }
  }
  atomicAdd(&places, own);
  atomicAdd(&marked, doubtful);
  add(0u, certain);
  add(1u, rest);
  workgroupBarrier();
  if (local == 0u) {
    let start = row * ${CUT_WORDS}u;
    let above = sumIn(0u);
    let below = sumIn(1u);
    cuts[start] = bitcast<u32>(low);
    cuts[start + 1u] = bitcast<u32>(high);
    cuts[start + 2u] = atomicLoad(&places);
    cuts[start + 3u] = atomicLoad(&marked);
    cuts[start + 4u] = bitcast<u32>(top);
    cuts[start + 5u] = above.x;
    cuts[start + 6u] = above.y;
    cuts[start + 7u] = below.x;
    cuts[start + 8u] = below.y;
  }
}
`;
