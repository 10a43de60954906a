/** What a shader is generated for. */
export interface ShaderShape {
  readonly headDim: number;
  /** Query rows of a plan's tile, 1 to 256. */
  readonly tileQueries: number;
  /** Keys of a plan's tile, a multiple of 16. */
  readonly tileKeys: number;
}

export interface Shader {
  readonly code: string;
  /** Query rows that one workgroup computes; a row block takes several workgroups when its tile is taller. */
  readonly rows: number;
  /** Workgroups per row block. */
  readonly parts: number;
}

/** Work items are addressed as x + y * ACROSS, which keeps both below the limit of 65535. */
export const ACROSS = 32768;

/** Bits of a schedule entry's first word, below the head. */
export const FIRST_SEGMENT = 1;
export const LAST_SEGMENT = 2;

/** Four-float vectors of a padded head. */
export function headVectors(headDim: number): number {
  return Math.ceil(headDim / 4);
}

/**
 * The portable float32 flash-attention kernel: no optional features, at most 13.5 KiB of workgroup memory, at most 128
 * invocations, 8 storage buffers.
 *
 * Eight threads share four query rows. Each step takes 16 or 32 keys: a thread scores four rows against its keys
 * (cg, cg + 8, ...), the row maximum goes through workgroup memory, weights are exchanged through workgroup memory,
 * and each thread accumulates every eighth vector of the head for its four rows.
 *
 * Long rows are cut into segments: a segment that is not the last leaves outputs, maximum and sum as they are, and
 * the next one, in a later dispatch, takes them up.
 *
 * Every variable in a loop has an initialiser (Dawn on Vulkan does not zero it again), and "no key yet" is -3e38,
 * since WGSL may assume that there are no infinities.
 */
export function attentionShader({ headDim, tileQueries, tileKeys }: ShaderShape): Shader {
  const rows = tileQueries > 32 ? 64 : tileQueries > 16 ? 32 : 16;
  const rowGroups = rows / 4;
  const threads = rowGroups * 8;
  const step = tileKeys % 32 === 0 ? 32 : 16;
  const vectors = headVectors(headDim);
  const chunks = Math.ceil(vectors / 8);
  const parts = Math.ceil(tileQueries / rows);
  const stage = Math.max(step * 9, 8 * rowGroups);
  const keySlots = range(step / 8);
  const chunkIds = range(chunks);
  const four = range(4);

  const code = `
const ROW_GROUPS = ${rowGroups}u;
const STEP = ${step}u;
const VECTORS = ${vectors}u;
const TILE_QUERIES = ${tileQueries}u;
const TILE_KEYS = ${tileKeys}u;
const WORDS = ${Math.ceil(tileKeys / 32)}u;
const FULL = 0xffffffffu;
const NEVER = -3e38;

struct Params {
  queries: u32,
  keys: u32,
  heads: u32,
  kvHeads: u32,
  items: u32,
  scale: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> q: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read> k: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read> v: array<vec4<f32>>;
/** head * 4 + flags, part of a row block, first entry, end of entries */
@group(0) @binding(4) var<storage, read> schedule: array<vec4<u32>>;
/** key tile, mask */
@group(0) @binding(5) var<storage, read> entries: array<vec2<u32>>;
@group(0) @binding(6) var<storage, read> masks: array<u32>;
@group(0) @binding(7) var<storage, read_write> o: array<vec4<f32>>;
/** running maximum in base 2, sum */
@group(0) @binding(8) var<storage, read_write> stats: array<vec2<f32>>;

/** Keys [STEP][9], then values [STEP][8]; between them, eight partial results for each four rows. */
var<workgroup> stage: array<vec4<f32>, ${stage}>;
/** Weights [STEP][ROW_GROUPS + 1], a vector holds four rows; the odd pitch avoids bank conflicts. */
var<workgroup> weights: array<vec4<f32>, ${step * (rowGroups + 1)}>;

@compute @workgroup_size(${threads})
fn main(
  @builtin(workgroup_id) workgroup: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  let item = workgroup.x + workgroup.y * ${ACROSS}u;
  if (item >= params.items) {
    return;
  }
  let work = schedule[item];
  let head = work.x >> 2u;
  let firstSegment = (work.x & ${FIRST_SEGMENT}u) != 0u;
  let lastSegment = (work.x & ${LAST_SEGMENT}u) != 0u;
  let rg = local / 8u;
  let cg = local % 8u;
  let tileRow = (work.y % ${parts}u) * ${rows}u + rg * 4u;
  let row = (work.y / ${parts}u) * TILE_QUERIES + tileRow;
  let kvBase = ((head * params.kvHeads) / params.heads) * params.keys;
${lines(
  four,
  r => `
  let inside${r} = tileRow + ${r}u < TILE_QUERIES && row + ${r}u < params.queries;
  let row${r} = head * params.queries + min(row + ${r}u, params.queries - 1u);
  let maskRow${r} = min(tileRow + ${r}u, TILE_QUERIES - 1u) * WORDS;`,
)}
  var m = vec4<f32>(NEVER);
  var l = vec4<f32>(0.0);
${lines(chunkIds, ch => lines(four, r => `  var acc${ch}_${r} = vec4<f32>(0.0);`))}
  if (!firstSegment) {
    let before = array<vec2<f32>, 4>(stats[row0], stats[row1], stats[row2], stats[row3]);
    m = vec4<f32>(before[0].x, before[1].x, before[2].x, before[3].x);
    if (cg == 0u) {
      l = vec4<f32>(before[0].y, before[1].y, before[2].y, before[3].y);
    }
${lines(
  chunkIds,
  ch => `    if (${ch * 8}u + cg < VECTORS) {
${lines(four, r => `      acc${ch}_${r} = o[row${r} * VECTORS + ${ch * 8}u + cg];`)}
    }`,
)}
  }
  for (var entry = work.z; entry < work.w; entry++) {
    let tile = entries[entry];
    for (var start = 0u; start < TILE_KEYS; start += STEP) {
      let key0 = tile.x * TILE_KEYS + start;
${lines(keySlots, c => `      var s${c} = vec4<f32>(0.0);`)}
      for (var chunk = 0u; chunk < VECTORS; chunk += 8u) {
        workgroupBarrier();
        for (var i = local; i < STEP * 8u; i += ${threads}u) {
          let key = key0 + i / 8u;
          let d = chunk + i % 8u;
          var loaded = vec4<f32>(0.0);
          if (key < params.keys && d < VECTORS) {
            loaded = k[(kvBase + key) * VECTORS + d];
          }
          stage[(i / 8u) * 9u + i % 8u] = loaded;
        }
        workgroupBarrier();
        let count = min(8u, VECTORS - chunk);
        for (var d = 0u; d < count; d++) {
${lines(four, r => `          let q${r} = q[row${r} * VECTORS + chunk + d];`)}
${lines(
  keySlots,
  c => `          let k${c} = stage[(cg + ${c * 8}u) * 9u + d];
          s${c} += vec4<f32>(dot(q0, k${c}), dot(q1, k${c}), dot(q2, k${c}), dot(q3, k${c}));`,
)}
        }
      }
${lines(keySlots, c => `      s${c} *= params.scale;`)}
      if (tile.y != FULL) {
        let mask = tile.y * (TILE_QUERIES * WORDS) + start / 32u;
        let shift = (start % 32u) + cg;
        let words = vec4<u32>(${four.map(r => `masks[mask + maskRow${r}]`).join(', ')}) >> vec4<u32>(shift);
${lines(keySlots, c => `        s${c} = select(vec4<f32>(NEVER), s${c}, ((words >> vec4<u32>(${c * 8}u)) & vec4<u32>(1u)) != vec4<u32>(0u));`)}
      }
      workgroupBarrier();
      stage[cg * ROW_GROUPS + rg] = ${keySlots.map(c => `s${c}`).reduce((a, b) => `max(${a}, ${b})`)};
      workgroupBarrier();
      var top = m;
      for (var g = 0u; g < 8u; g++) {
        top = max(top, stage[g * ROW_GROUPS + rg]);
      }
      let fade = exp2(max(m - top, vec4<f32>(-126.0)));
      m = top;
      l *= fade;
${lines(
  keySlots,
  c => `      let p${c} = select(
        exp2(max(s${c} - top, vec4<f32>(-126.0))),
        vec4<f32>(0.0),
        s${c} <= vec4<f32>(NEVER),
      );
      l += p${c};
      weights[(cg + ${c * 8}u) * (ROW_GROUPS + 1u) + rg] = p${c};`,
)}
${lines(chunkIds, ch => lines(four, r => `      acc${ch}_${r} *= fade.${'xyzw'[r]};`))}
${lines(
  chunkIds,
  ch => `      workgroupBarrier();
      for (var i = local; i < STEP * 8u; i += ${threads}u) {
        let key = key0 + i / 8u;
        let d = ${ch * 8}u + i % 8u;
        var loaded = vec4<f32>(0.0);
        if (key < params.keys && d < VECTORS) {
          loaded = v[(kvBase + key) * VECTORS + d];
        }
        stage[i] = loaded;
      }
      workgroupBarrier();
      for (var key = 0u; key < STEP; key++) {
        let p = weights[key * (ROW_GROUPS + 1u) + rg];
        let value = stage[key * 8u + cg];
${lines(four, r => `        acc${ch}_${r} += p.${'xyzw'[r]} * value;`)}
      }`,
)}
    }
  }
  workgroupBarrier();
  stage[cg * ROW_GROUPS + rg] = l;
  workgroupBarrier();
  var sum = vec4<f32>(0.0);
  for (var g = 0u; g < 8u; g++) {
    sum += stage[g * ROW_GROUPS + rg];
  }
  var factor = vec4<f32>(1.0);
  if (lastSegment) {
    let some = sum > vec4<f32>(0.0);
    factor = select(vec4<f32>(0.0), 1.0 / select(vec4<f32>(1.0), sum, some), some);
  }
${lines(
  four,
  r => `  if (inside${r}) {
    if (cg == 0u) {
      stats[row${r}] = vec2<f32>(m.${'xyzw'[r]}, sum.${'xyzw'[r]});
    }
${lines(
  chunkIds,
  ch => `    if (${ch * 8}u + cg < VECTORS) {
      o[row${r} * VECTORS + ${ch * 8}u + cg] = acc${ch}_${r} * factor.${'xyzw'[r]};
    }`,
)}
  }`,
)}
}
`;
  return { code, rows, parts };
}

function range(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i);
}

function lines(items: readonly number[], line: (item: number) => string): string {
  return items.map(line).join('\n');
}
