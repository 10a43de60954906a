import { CUT_WORDS, CUTS, PARAMS } from './shared.ts';

/**
 * The cut at the score of rank `keys`, which is found byte by byte.
 *
 * @param sifters invocations that look through a row together, a power of two
 */
export const largestCut = (sifters: number): string => `${PARAMS}${CUTS}
var<workgroup> bins: array<atomic<u32>, 256>;
var<workgroup> places: atomic<u32>;
var<workgroup> marked: atomic<u32>;
/** The highest bytes of the score of that rank, and its rank among those that begin like it. */
var<workgroup> prefix: u32;
var<workgroup> rank: u32;
var<workgroup> few: u32;

@compute @workgroup_size(${sifters})
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) local: u32) {
  let row = group.x + group.y * params.across;
  if (row >= params.count) { return; }
  let first = row * params.stride;
  let count = about[row].x;
  let slack = bitcast<f32>(about[row].y);
  if (local == 0u) {
    prefix = 0u;
    rank = params.keys;
    few = 0u;
    atomicStore(&places, 0u);
    atomicStore(&marked, 0u);
  }
  for (var byte = 0u; byte < 4u; byte++) {
    let shift = 24u - 8u * byte;
    for (var bin = local; bin < 256u; bin += ${sifters}u) { atomicStore(&bins[bin], 0u); }
    workgroupBarrier();
    for (var at = local; at < count; at += ${sifters}u) {
      let score = scores[first + at];
      if (score > NEVER) {
        let order = orderOf(score);
        if (byte == 0u || (order >> ((shift + 8u) & 31u)) == prefix) { atomicAdd(&bins[(order >> shift) & 255u], 1u); }
      }
    }
    workgroupBarrier();
    if (local == 0u && few == 0u) {
      var left = rank;
      var digit = 255u;
      loop {
        let here = atomicLoad(&bins[digit]);
        if (left <= here) { break; }
        left -= here;
        if (digit == 0u) {
          few = 1u;
          break;
        }
        digit--;
      }
      prefix = (prefix << 8u) | digit;
      rank = left;
    }
    workgroupBarrier();
  }
  var low = NEVER;
  var high = NEVER;
  if (few == 0u) {
    let score = scoreOf(prefix);
    low = score - slack;
    high = score + slack;
  }
  var own = 0u;
  var doubtful = 0u;
  for (var at = local; at < count; at += ${sifters}u) {
    let score = scores[first + at];
    if (score > NEVER && score >= low) {
      own++;
      if (score <= high) { doubtful++; }
    }
  }
  atomicAdd(&places, own);
  atomicAdd(&marked, doubtful);
  workgroupBarrier();
  if (local == 0u) {
    let start = row * ${CUT_WORDS}u;
    cuts[start] = bitcast<u32>(low);
    cuts[start + 1u] = bitcast<u32>(high);
    cuts[start + 2u] = atomicLoad(&places);
    cuts[start + 3u] = atomicLoad(&marked);
  }
}
`;
