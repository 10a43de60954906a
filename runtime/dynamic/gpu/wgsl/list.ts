import { CANDIDATE_TILE } from '../../rows/row-rule.ts';
import { CUT_WORDS, PARAMS, UNLISTED } from './shared.ts';

const { keys: KEYS } = CANDIDATE_TILE;

/**
 * Lists the keys that rows may take, ascending, a workgroup for each row: those that are doubtful, and after them those that
 * are certain, as a list or as a bit for each token.
 *
 * @param sifters invocations that look through a row together, a power of two
 */
export const listShader = (sifters: number): string => `${PARAMS}
@group(0) @binding(1) var<storage, read> scores: array<f32>;
@group(0) @binding(2) var<storage, read> cuts: array<u32>;
/** Scores of the row, where its list begins, the first of its tiles, and 1 for bits. */
@group(0) @binding(3) var<storage, read> rows: array<vec4<u32>>;
/** See SCORES. */
@group(0) @binding(4) var<storage, read> tiles: array<vec4<u32>>;
@group(0) @binding(5) var<storage, read_write> found: array<u32>;

/** How many are doubtful and how many certain in the stretches up to each. */
var<workgroup> sums: array<vec2<u32>, ${sifters}>;

@compute @workgroup_size(${sifters})
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) local: u32) {
  let row = group.x + group.y * params.across;
  if (row >= params.count) { return; }
  let about = rows[row];
  let start = about.y;
  if (start == ${UNLISTED}u) { return; }
  let first = row * params.stride;
  let count = about.x;
  let low = bitcast<f32>(cuts[row * ${CUT_WORDS}u]);
  let high = bitcast<f32>(cuts[row * ${CUT_WORDS}u + 1u]);
  let doubtful = cuts[row * ${CUT_WORDS}u + 3u];
  // Each invocation has a stretch of the row, of whole words.
  let span = 32u * ((count + ${32 * sifters - 1}u) / ${32 * sifters}u);
  let begin = min(local * span, count);
  let to = min(begin + span, count);
  var own = vec2<u32>();
  for (var at = begin; at < to; at++) {
    let score = scores[first + at];
    if (score > NEVER && score >= low) { own += select(vec2<u32>(0u, 1u), vec2<u32>(1u, 0u), score <= high); }
  }
  sums[local] = own;
  for (var reach = 1u; reach < ${sifters}u; reach *= 2u) {
    workgroupBarrier();
    var sum = sums[local];
    if (local >= reach) { sum += sums[local - reach]; }
    workgroupBarrier();
    sums[local] = sum;
  }
  var next = vec2<u32>(start, start + doubtful) + sums[local] - own;
  for (var word = begin; word < to; word += 32u) {
    let key = tiles[about.z + word / ${KEYS}u].z * ${KEYS}u + word % ${KEYS}u;
    var bits = 0u;
    for (var bit = 0u; bit < 32u; bit++) {
      let score = scores[first + word + bit];
      if (score <= NEVER || score < low) { continue; }
      if (score <= high) {
        found[next.x] = key + bit;
        next.x++;
      } else if (about.w == 1u) {
        bits |= 1u << bit;
      } else {
        found[next.y] = key + bit;
        next.y++;
      }
    }
    if (bits != 0u) { found[start + doubtful + key / 32u] = bits; }
  }
}
`;
