import { declarations } from './common.ts';

const THREADS = 64;
/** Threads that share a row. */
const ACROSS = 16;

/** Rows of a workgroup; a dispatch has as many layers (z) as the rows of a merge need. */
export const MERGE_ROWS = THREADS / ACROSS;

/**
 * Puts the segments of rows that were cut together: `item.start` to `item.end` count segments, of which number s has its
 * rows from `item.q + s * item.kv` on. `o = sum_s 2^(m_s - m) o_s`, exactly.
 */
export function mergeShader(): string {
  return `${declarations({ q: 'array<u32>', k: 'array<u32>', v: 'array<u32>' })}
@compute @workgroup_size(${THREADS})
fn main(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(local_invocation_index) local: u32) {
  let index = params.first + workgroup.x + workgroup.y * params.across;
  if (index >= params.end) {
    return;
  }
  let item = items[index];
  let row = min(workgroup.z * ${MERGE_ROWS}u + local / ${ACROSS}u, item.rows - 1u);
  let mine = workgroup.z * ${MERGE_ROWS}u + local / ${ACROSS}u < item.rows;
  var m = NEVER;
  for (var segment = item.start; segment < item.end; segment++) {
    m = max(m, stats[item.q + segment * item.kv + row].x);
  }
  var l = 0.0;
  for (var segment = item.start; segment < item.end; segment++) {
    let part = stats[item.q + segment * item.kv + row];
    l += select(0.0, part.y * exp2(max(part.x - m, -126.0)), part.y > 0.0);
  }
  let at = place(item, row);
  let sharing = share(item.flags, at, m, l);
  if (mine) {
    for (var d = local % ${ACROSS}u; d < params.vectors; d += ${ACROSS}u) {
      var sum = vec4<f32>(0.0);
      for (var segment = item.start; segment < item.end; segment++) {
        let source = item.q + segment * item.kv + row;
        let part = stats[source];
        if (part.y > 0.0) {
          sum += o[source * params.vectors + d] * exp2(max(part.x - m, -126.0));
        }
      }
      var value = sum * sharing.now;
      if (sharing.before > 0.0) {
        value += o[at * params.vectors + d] * sharing.before;
      }
      o[at * params.vectors + d] = value;
    }
  }
  // All threads of a row have read what is stored for it.
  storageBarrier();
  if (mine && local % ${ACROSS}u == 0u) {
    stats[at] = vec2<f32>(sharing.m, sharing.l);
  }
}
`;
}
