import { CANDIDATE_TILE } from '../../rows/row-rule.ts';
import { PARAMS } from './shared.ts';

/** Numbers of a vector that are multiplied between two looks at memory. */
const STEP = 16;
const { queries: ROWS, keys: KEYS } = CANDIDATE_TILE;

/**
 * Scores of candidate tiles, a workgroup for each: 16 x 16 invocations with 4 x 4 scores each. A tile is (row block in the
 * dispatch, place among the tiles of its rows, tile of keys, mask or ~0).
 */
export const SCORES = `${PARAMS}
@group(0) @binding(1) var<storage, read> q: array<f32>;
@group(0) @binding(2) var<storage, read> k: array<f32>;
@group(0) @binding(3) var<storage, read> tiles: array<vec4<u32>>;
@group(0) @binding(4) var<storage, read> masks: array<u32>;
@group(0) @binding(5) var<storage, read_write> scores: array<f32>;

var<workgroup> rows: array<array<f32, ${STEP}>, ${ROWS}>;
var<workgroup> keys: array<array<f32, ${STEP}>, ${KEYS}>;

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) local: u32) {
  let number = group.x + group.y * params.across;
  if (number >= params.count) { return; }
  let tile = tiles[number];
  let firstRow = tile.x * ${ROWS}u;
  let firstKey = tile.z * ${KEYS}u;
  let left = local / 16u;
  let right = local % 16u;
  var sums = array<vec4<f32>, 4>();
  for (var begin = 0u; begin < params.dim; begin += ${STEP}u) {
    workgroupBarrier();
    for (var at = local; at < ${ROWS * STEP}u; at += 256u) {
      let d = begin + at % ${STEP}u;
      let row = firstRow + at / ${STEP}u;
      let key = firstKey + at / ${STEP}u;
      var a = 0.0;
      var b = 0.0;
      if (d < params.dim) {
        if (row < params.rows) { a = q[row * params.dim + d]; }
        if (key < params.tokens) { b = k[key * params.dim + d]; }
      }
      rows[at / ${STEP}u][at % ${STEP}u] = a;
      keys[at / ${STEP}u][at % ${STEP}u] = b;
    }
    workgroupBarrier();
    for (var d = 0u; d < ${STEP}u; d++) {
      let b = vec4<f32>(keys[right][d], keys[right + 16u][d], keys[right + 32u][d], keys[right + 48u][d]);
      for (var r = 0u; r < 4u; r++) { sums[r] += rows[left + 16u * r][d] * b; }
    }
  }
  for (var r = 0u; r < 4u; r++) {
    let row = left + 16u * r;
    if (firstRow + row >= params.rows) { continue; }
    for (var c = 0u; c < 4u; c++) {
      let key = right + 16u * c;
      var score = sums[r][c];
      if (tile.w != 0xffffffffu) {
        let word = masks[tile.w * ${(ROWS * KEYS) / 32}u + row * ${KEYS / 32}u + key / 32u];
        if (((word >> (key % 32u)) & 1u) == 0u) { score = NEVER; }
      }
      scores[(firstRow + row) * params.stride + tile.y * ${KEYS}u + key] = score;
    }
  }
}
`;
