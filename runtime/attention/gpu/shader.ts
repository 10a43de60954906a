/** What a shader is generated for. Few shapes are told apart, because compiling one can take seconds. */
export interface ShaderShape {
  /** Query rows of a workgroup: 16, 32 or 64. */
  readonly rows: number;
  /** Keys of a step: 16 or 32. */
  readonly step: number;
  /** Groups of 32 numbers of a head, 1 to 8. */
  readonly chunks: number;
}

/**
 * The shader for a head dimension and a tile of a plan.
 *
 * @param headDim 1 to 256
 * @param tile up to 256 query rows; keys a multiple of 16
 */
export function shaderShape(headDim: number, tile: { readonly queries: number; readonly keys: number }): ShaderShape {
  return {
    rows: tile.queries > 32 ? 64 : tile.queries > 16 ? 32 : 16,
    step: tile.keys % 32 === 0 ? 32 : 16,
    chunks: Math.ceil(headVectors(headDim) / 8),
  };
}

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
export function attentionShader({ rows, step, chunks }: ShaderShape): string {
  const rowGroups = rows / 4;
  const threads = rowGroups * 8;
  const stage = Math.max(step * 9, 8 * rowGroups);
  const keySlots = range(step / 8);
  const chunkIds = range(chunks);
  const four = range(4);

  return `
const ROW_GROUPS = ${rowGroups}u;
const STEP = ${step}u;
const FULL = 0xffffffffu;
const NEVER = -3e38;

struct Params {
  queries: u32,
  keys: u32,
  heads: u32,
  kvHeads: u32,
  items: u32,
  /** Items are addressed as x + y * across, which keeps both below the limit of a dispatch. */
  across: u32,
  /** Four-float vectors of a head. */
  vectors: u32,
  tileQueries: u32,
  tileKeys: u32,
  /** 32-bit words of a mask's row. */
  words: u32,
  /** Workgroups per row block. */
  parts: u32,
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
  let item = workgroup.x + workgroup.y * params.across;
  if (item >= params.items) {
    return;
  }
  let work = schedule[item];
  let head = work.x >> 2u;
  let firstSegment = (work.x & ${FIRST_SEGMENT}u) != 0u;
  let lastSegment = (work.x & ${LAST_SEGMENT}u) != 0u;
  let rg = local / 8u;
  let cg = local % 8u;
  let tileRow = (work.y % params.parts) * ${rows}u + rg * 4u;
  let row = (work.y / params.parts) * params.tileQueries + tileRow;
  let kvBase = ((head * params.kvHeads) / params.heads) * params.keys;
${lines(
  four,
  r => `
  let inside${r} = tileRow + ${r}u < params.tileQueries && row + ${r}u < params.queries;
  let row${r} = head * params.queries + min(row + ${r}u, params.queries - 1u);
  let maskRow${r} = min(tileRow + ${r}u, params.tileQueries - 1u) * params.words;`,
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
  ch => `    if (${ch * 8}u + cg < params.vectors) {
${lines(four, r => `      acc${ch}_${r} = o[row${r} * params.vectors + ${ch * 8}u + cg];`)}
    }`,
)}
  }
  // Not a constant, or some compilers unroll the loops over keys, which then take seconds to compile.
  let count = min(STEP, params.tileKeys);
  for (var entry = work.z; entry < work.w; entry++) {
    let tile = entries[entry];
    for (var start = 0u; start < params.tileKeys; start += STEP) {
      let key0 = tile.x * params.tileKeys + start;
${lines(keySlots, c => `      var s${c} = vec4<f32>(0.0);`)}
      for (var chunk = 0u; chunk < params.vectors; chunk += 8u) {
        workgroupBarrier();
        for (var i = local; i < STEP * 8u; i += ${threads}u) {
          let key = key0 + i / 8u;
          let d = chunk + i % 8u;
          var loaded = vec4<f32>(0.0);
          if (key < params.keys && d < params.vectors) {
            loaded = k[(kvBase + key) * params.vectors + d];
          }
          stage[(i / 8u) * 9u + i % 8u] = loaded;
        }
        workgroupBarrier();
        let depth = min(8u, params.vectors - chunk);
        for (var d = 0u; d < depth; d++) {
${lines(four, r => `          let q${r} = q[row${r} * params.vectors + chunk + d];`)}
${lines(
  keySlots,
  c => `          let k${c} = stage[(cg + ${c * 8}u) * 9u + d];
          s${c} += vec4<f32>(dot(q0, k${c}), dot(q1, k${c}), dot(q2, k${c}), dot(q3, k${c}));`,
)}
        }
      }
${lines(keySlots, c => `      s${c} *= params.scale;`)}
      if (tile.y != FULL) {
        let mask = tile.y * (params.tileQueries * params.words) + start / 32u;
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
        if (key < params.keys && d < params.vectors) {
          loaded = v[(kvBase + key) * params.vectors + d];
        }
        stage[i] = loaded;
      }
      workgroupBarrier();
      for (var key = 0u; key < count; key++) {
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
  ch => `    if (${ch * 8}u + cg < params.vectors) {
      o[row${r} * params.vectors + ${ch * 8}u + cg] = acc${ch}_${r} * factor.${'xyzw'[r]};
    }`,
)}
  }`,
)}
}
`;
}

function range(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i);
}

function lines(items: readonly number[], line: (item: number) => string): string {
  return items.map(line).join('\n');
}
