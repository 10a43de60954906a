import { CANDIDATE_TILE } from '../rows/row-rule.ts';

/** Numbers of a vector that are multiplied between two looks at memory. */
const STEP = 16;
const { queries: ROWS, keys: KEYS } = CANDIDATE_TILE;

/** Invocations that sift a row together. */
const SIFTERS = 64;

/** 32-bit words of the parameters. */
export const PARAMS_WORDS = 8;

const PARAMS = `
/** Stands for a key that is no candidate: WGSL may assume that there are no infinities. */
const NEVER = -3e38;

struct Params {
  /** Workgroups of the dispatch: they are numbered as x + y * across. */
  count: u32,
  across: u32,
  dim: u32,
  tokens: u32,
  /** Query rows of the dispatch, and scores of a row. */
  rows: u32,
  stride: u32,
  /** Keys that a row takes, and places that there are for it. */
  keys: u32,
  room: u32,
}
@group(0) @binding(0) var<uniform> params: Params;
`;

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
  var sums: array<vec4<f32>, 4>;
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

/**
 * What a row may take, a workgroup for each: finds the score of rank \`keys\` byte by byte, then lists, in order, the places
 * whose score is less than \`slack\` below it; those that are not more than \`slack\` above it are marked, for others to settle.
 * A row's output is how many places, how many of them are marked, and as many as there is room for.
 */
export const SIFT = `${PARAMS}
@group(0) @binding(1) var<storage, read> scores: array<f32>;
/** Scores of the row, and its slack. */
@group(0) @binding(2) var<storage, read> about: array<vec2<f32>>;
@group(0) @binding(3) var<storage, read_write> found: array<u32>;

var<workgroup> bins: array<atomic<u32>, 256>;
var<workgroup> sums: array<u32, ${SIFTERS}>;
var<workgroup> marked: atomic<u32>;
/** The highest bytes of the score of that rank, and its rank among those that begin like it. */
var<workgroup> prefix: u32;
var<workgroup> rank: u32;
var<workgroup> few: u32;

/** Whole numbers in the order of scores. */
fn orderOf(score: f32) -> u32 {
  let bits = bitcast<u32>(score);
  return select(~bits, bits | 0x80000000u, (bits >> 31u) == 0u);
}

fn scoreOf(order: u32) -> f32 {
  return bitcast<f32>(select(~order, order & 0x7fffffffu, (order >> 31u) == 1u));
}

@compute @workgroup_size(${SIFTERS})
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) local: u32) {
  let row = group.x + group.y * params.across;
  if (row >= params.count) { return; }
  let first = row * params.stride;
  let count = u32(about[row].x);
  let slack = about[row].y;
  if (local == 0u) {
    prefix = 0u;
    rank = params.keys;
    few = 0u;
    atomicStore(&marked, 0u);
  }
  for (var byte = 0u; byte < 4u; byte++) {
    let shift = 24u - 8u * byte;
    for (var bin = local; bin < 256u; bin += ${SIFTERS}u) { atomicStore(&bins[bin], 0u); }
    workgroupBarrier();
    for (var at = local; at < count; at += ${SIFTERS}u) {
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
  // Each invocation lists a stretch of the row.
  let span = (count + ${SIFTERS - 1}u) / ${SIFTERS}u;
  let begin = min(local * span, count);
  let to = min(begin + span, count);
  var own = 0u;
  for (var at = begin; at < to; at++) {
    let score = scores[first + at];
    if (score > NEVER && score >= low) {
      own++;
      if (score <= high) { atomicAdd(&marked, 1u); }
    }
  }
  sums[local] = own;
  for (var reach = 1u; reach < ${SIFTERS}u; reach *= 2u) {
    workgroupBarrier();
    var sum = sums[local];
    if (local >= reach) { sum += sums[local - reach]; }
    workgroupBarrier();
    sums[local] = sum;
  }
  workgroupBarrier();
  let start = row * (params.room + 2u);
  if (local == 0u) {
    found[start] = sums[${SIFTERS - 1}];
    found[start + 1u] = atomicLoad(&marked);
  }
  var next = sums[local] - own;
  for (var at = begin; at < to; at++) {
    let score = scores[first + at];
    if (score > NEVER && score >= low) {
      if (next < params.room) { found[start + 2u + next] = select(at, at | 0x80000000u, score <= high); }
      next++;
    }
  }
}
`;
