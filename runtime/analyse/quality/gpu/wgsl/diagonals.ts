import { PARAMS } from './params.ts';

/** Rows whose diagonals a thread adds up. */
export const SEGMENT = 64;
export const DIAGONALS = 256;

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
