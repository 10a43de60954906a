import { PARAMS } from './params.ts';

/** Rows and keys of the scores that a workgroup computes, and inner numbers that it holds at a time. */
export const TILE = 64;
const INNER = 16;
/** Threads of a workgroup in each direction: each computes four rows and four keys. */
const SIDE = TILE / 4;

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
