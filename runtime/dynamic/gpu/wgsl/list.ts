import { CUT_WORDS, PARAMS, UNLISTED } from './shared.ts';

/**
 * Lists the places that rows may take, in order, a workgroup for each row; those that are not certain are marked.
 *
 * @param sifters invocations that look through a row together, a power of two
 */
export const listShader = (sifters: number): string => `${PARAMS}
@group(0) @binding(1) var<storage, read> scores: array<f32>;
@group(0) @binding(2) var<storage, read> cuts: array<u32>;
/** Scores of the row, and where its list begins. */
@group(0) @binding(3) var<storage, read> rows: array<vec2<u32>>;
@group(0) @binding(4) var<storage, read_write> found: array<u32>;

var<workgroup> sums: array<u32, ${sifters}>;

@compute @workgroup_size(${sifters})
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) local: u32) {
  let row = group.x + group.y * params.across;
  if (row >= params.count) { return; }
  let start = rows[row].y;
  if (start == ${UNLISTED}u) { return; }
  let first = row * params.stride;
  let count = rows[row].x;
  let low = bitcast<f32>(cuts[row * ${CUT_WORDS}u]);
  let high = bitcast<f32>(cuts[row * ${CUT_WORDS}u + 1u]);
  // Each invocation lists a stretch of the row.
  let span = (count + ${sifters - 1}u) / ${sifters}u;
  let begin = min(local * span, count);
  let to = min(begin + span, count);
  var own = 0u;
  for (var at = begin; at < to; at++) {
    let score = scores[first + at];
    if (score > NEVER && score >= low) { own++; }
  }
  sums[local] = own;
  for (var reach = 1u; reach < ${sifters}u; reach *= 2u) {
    workgroupBarrier();
    var sum = sums[local];
    if (local >= reach) { sum += sums[local - reach]; }
    workgroupBarrier();
    sums[local] = sum;
  }
  var next = start + sums[local] - own;
  for (var at = begin; at < to; at++) {
    let score = scores[first + at];
    if (score > NEVER && score >= low) {
      found[next] = select(at, at | 0x80000000u, score <= high);
      next++;
    }
  }
}
`;
