import type { Element, KernelSpec } from '../kernel.ts';
import { declarations, FIRST_PART, lines, ROW_SHIFT, range } from './common.ts';

/** Choices of a kernel that needs no optional features. */
export interface SimtShape {
  readonly element: Element;
  /** Numbers of a head as stored: a multiple of 16. */
  readonly dim: number;
  /** Query rows of a workgroup and keys of a step: multiples of 16. */
  readonly rows: number;
  readonly step: number;
  /** Groups of four rows, and of four keys, that one thread computes scores for. */
  readonly rowQuads: number;
  readonly keyQuads: number;
  /** A step's weights go through workgroup memory in so many portions: 1, 2 or 4. */
  readonly portions: number;
  /** Numbers, then keys, that a round of the inner loops takes: 4, 8 or 16. */
  readonly round: number;
}

const VECTOR_BYTES = 16;

/**
 * Flash attention without optional features, with float32 arithmetic. Half-precision tensors are widened as they are
 * read.
 *
 * A thread has `4 rowQuads` query rows. It scores them against `4 keyQuads` keys of each step and keeps every so-manieth
 * vector of their outputs. Tensors are read where they lie, through the caches: four rows are a vector, and what threads read
 * at the same time lies side by side. Only weights go from one thread to the other, through workgroup memory, and of that
 * little is used: on some devices it decides how many workgroups there are at a time. Tensors are arrays of arrays, so that
 * all addresses of a round are one and constants.
 *
 * Every variable in a loop has an initialiser, because Dawn on Vulkan does not zero it again.
 */
export function simtKernel(shape: SimtShape): KernelSpec {
  const { element, dim, rows, step, rowQuads, keyQuads, portions, round } = shape;
  const queryQuads = rows / 4;
  const keyGroups = step / 4;
  const rowThreads = queryQuads / rowQuads;
  const keyThreads = keyGroups / keyQuads;
  const threads = rowThreads * keyThreads;
  const vectors = dim / 4;
  const outputs = Math.ceil(vectors / keyThreads);
  const half = element === 'f16';
  const vector = half ? 'vec2<u32>' : 'vec4<f32>';
  const rounds = (width: number): string => `array<array<array<${vector}, ${width}>, ${round}>>`;
  const rowIds = range(rowQuads);
  const keyIds = range(keyQuads);
  const outputIds = range(outputs);
  const four = range(4);
  const xyzw = (i: number): string => 'xyzw'[i] ?? '';

  // Of a portion's weights, those of number c of key group a stand in row (c, a). Rows are turned, each by its number:
  // threads that write at the same time, groups a side by side, meet different banks.
  const turn = Math.min(8, queryQuads) - 1;
  const together = 4 / portions;
  const weightVectors = Math.max(together * keyGroups, keyThreads) * queryQuads;
  const at = (row: string, turnedBy: string, i: number): string =>
    `weights[(${row}) * ${queryQuads}u + ((rg + ${i * rowThreads}u) ^ ((${turnedBy}) & ${turn}u))]`;
  const weightAt = (c: number, group: string, i: number): string =>
    at(`${(c % together) * keyGroups}u + ${group}`, group, i);
  /** Where a thread's largest scores, then its sums, are seen by the others of its rows. */
  const shared = (thread: string, i: number): string => at(thread, thread, i);
  const read = (name: string, value: string): string =>
    half
      ? `let stored_${name} = ${value};
        let ${name} = vec4<f32>(unpack2x16float(stored_${name}.x), unpack2x16float(stored_${name}.y));`
      : `let ${name} = ${value};`;

  const score = (u: number): string => `      {
${lines(rowIds, i => `        ${read(`q${i}`, `q[queryRound + d][${u}][rg + ${i * rowThreads}u]`)}`)}
${lines(keyIds, j => `        ${read(`k${j}`, `k[keyRound + d][${u}][cg + ${j * keyThreads}u]`)}`)}
${lines(rowIds, i => lines(keyIds, j => lines(four, r => `        s${i}_${j}_${r} = fma(vec4<f32>(q${i}.${xyzw(r)}), k${j}, s${i}_${j}_${r});`)))}
      }`;
  const gather = (u: number): string => `      {
${lines(rowIds, i => `        let p${i} = ${weightAt(u % 4, `a + ${Math.floor(u / 4)}u`, i)};`)}
${lines(outputIds, j => `        ${read(`v${j}`, `v[valueRound + a / ${round / 4}u][${u}][column${j}]`)}`)}
${lines(rowIds, i => lines(outputIds, j => lines(four, r => `        acc${i}_${j}_${r} = fma(vec4<f32>(p${i}.${xyzw(r)}), v${j}, acc${i}_${j}_${r});`)))}
      }`;
  /** A step's weights of one portion go to all threads of their rows, and with them the values into the outputs. */
  const exchange = (portion: number): string => {
    const isIn = (c: number): boolean => Math.floor(c / together) === portion;
    return `    workgroupBarrier();
${lines(rowIds, i =>
  lines(keyIds, j =>
    lines(
      four.filter(isIn),
      c =>
        `    ${weightAt(c, `${j * keyThreads}u + cg`, i)} = vec4<f32>(${four.map(r => `s${i}_${j}_${r}.${xyzw(c)}`).join(', ')});`,
    ),
  ),
)}
    workgroupBarrier();
    for (var a = 0u; a < ${keyGroups}u; a += ${round / 4}u) {
${lines(
  range(round).filter(u => isIn(u % 4)),
  gather,
)}
    }`;
  };

  const code = `${declarations({ q: rounds(queryQuads), k: rounds(keyGroups), v: rounds(vectors) })}
fn most(x: vec4<f32>) -> f32 {
  return max(max(x.x, x.y), max(x.z, x.w));
}

var<workgroup> weights: array<vec4<f32>, ${weightVectors}>;

@compute @workgroup_size(${threads})
fn main(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(local_invocation_index) local: u32) {
  let index = params.first + workgroup.x + workgroup.y * params.across;
  if (index >= params.end) {
    return;
  }
  let item = portion(index);
  let rg = local / ${keyThreads}u;
  let cg = local % ${keyThreads}u;
${lines(outputIds, j => `  let column${j} = ${(j + 1) * keyThreads <= vectors ? `cg + ${j * keyThreads}u` : `min(cg + ${j * keyThreads}u, ${vectors - 1}u)`};`)}
  let queryRound = item.q / ${rows}u * ${dim / round}u;
${lines(rowIds, i => `  var m${i} = vec4<f32>(NEVER);\n  var l${i} = vec4<f32>(0.0);`)}
${lines(rowIds, i => lines(outputIds, j => lines(four, r => `  var acc${i}_${j}_${r} = vec4<f32>(0.0);`)))}
  var entry = item.start;
  var start = 0u;
  while (entry < item.end) {
    let column = plan[2u * entry];
    let mask = plan[2u * entry + 1u];
    let key0 = item.kv + column * params.tileKeys + start;
    let keyRound = key0 / ${step}u * ${dim / round}u;
    let valueRound = key0 / ${round}u;
${lines(rowIds, i => lines(keyIds, j => lines(four, r => `    var s${i}_${j}_${r} = vec4<f32>(0.0);`)))}
    for (var d = 0u; d < ${dim / round}u; d++) {
${lines(range(round), score)}
    }
    if (mask != FULL) {
      let maskBase = params.masks + mask * (params.tileQueries * params.words);
      let firstRow = (item.flags >> ${ROW_SHIFT}u) + rg * 4u;
${lines(rowIds, i => lines(four, r => `      let row${i}_${r} = maskBase + min(firstRow + ${i * rowThreads * 4 + r}u, params.tileQueries - 1u) * params.words;`))}
${lines(
  keyIds,
  j => `      let bit${j} = start + (cg + ${j * keyThreads}u) * 4u;
${lines(rowIds, i =>
  lines(
    four,
    r => `      s${i}_${j}_${r} = select(vec4<f32>(NEVER), s${i}_${j}_${r},
        ((vec4<u32>(masks[row${i}_${r} + bit${j} / 32u] >> (bit${j} % 32u)) >> vec4<u32>(0u, 1u, 2u, 3u)) & vec4<u32>(1u)) != vec4<u32>(0u));`,
  ),
)}`,
)}
    }
    // Weights of the step before are no longer read: their place serves to find the largest scores.
    workgroupBarrier();
${lines(rowIds, i => `    ${shared('cg', i)} = vec4<f32>(${four.map(r => largest(keyIds.map(j => `s${i}_${j}_${r}`))).join(', ')});`)}
    workgroupBarrier();
${lines(rowIds, i => `    var top${i} = m${i};`)}
    for (var g = 0u; g < ${keyThreads}u; g++) {
${lines(rowIds, i => `      top${i} = max(top${i}, ${shared('g', i)});`)}
    }
${lines(
  rowIds,
  i => `    let fade${i} = exp2(max(m${i} - top${i}, vec4<f32>(-126.0)));
    m${i} = top${i};
    l${i} *= fade${i};
${lines(outputIds, j => lines(four, r => `    acc${i}_${j}_${r} *= fade${i}.${xyzw(r)};`))}
${lines(keyIds, j =>
  lines(
    four,
    r => `    s${i}_${j}_${r} = select(
      exp2(max(s${i}_${j}_${r} - top${i}.${xyzw(r)}, vec4<f32>(-126.0))),
      vec4<f32>(0.0),
      s${i}_${j}_${r} <= vec4<f32>(NEVER),
    );`,
  ),
)}
    l${i} += vec4<f32>(${four.map(r => keyIds.map(j => `dot(s${i}_${j}_${r}, vec4<f32>(1.0))`).join(' + ')).join(', ')});`,
)}
${lines(range(portions), exchange)}
    start += ${step}u;
    if (start >= params.tileKeys) {
      start = 0u;
      entry++;
    }
  }
  // Sums of the weights that each thread has seen, added up as the largest scores were.
  workgroupBarrier();
${lines(rowIds, i => `  ${shared('cg', i)} = l${i};`)}
  workgroupBarrier();
${lines(rowIds, i => `  var sum${i} = vec4<f32>(0.0);`)}
  for (var g = 0u; g < ${keyThreads}u; g++) {
${lines(rowIds, i => `    sum${i} += ${shared('g', i)};`)}
  }
${lines(rowIds, i =>
  lines(
    four,
    r => `  let row${i}_${r} = (rg + ${i * rowThreads}u) * 4u + ${r}u;
  let at${i}_${r} = place(item, min(row${i}_${r}, item.rows - 1u));
  let share${i}_${r} = share(item.flags, at${i}_${r}, m${i}.${xyzw(r)}, sum${i}.${xyzw(r)});`,
  ),
)}
  // All threads of a row have read what is stored for it.
  storageBarrier();
${lines(rowIds, i =>
  lines(
    four,
    r => `  if (row${i}_${r} < item.rows) {
    if (cg == 0u) {
      stats[at${i}_${r}] = vec2<f32>(share${i}_${r}.m, share${i}_${r}.l);
    }
${lines(
  outputIds,
  j => `    if (cg + ${j * keyThreads}u < params.vectors) {
      let to = at${i}_${r} * params.vectors + cg + ${j * keyThreads}u;
      var value = acc${i}_${j}_${r} * share${i}_${r}.now;
      if ((item.flags & ${FIRST_PART}u) == 0u) {
        value += o[to] * share${i}_${r}.before;
      }
      o[to] = value;
    }`,
)}
  }`,
  ),
)}
}
`;
  return {
    pipeline: element,
    name: `${element} ${rows}x${step} ${rowQuads}x${keyQuads} in ${portions} by ${round} d${dim}`,
    code,
    rows,
    step,
    dim,
    element,
    layouts: { q: { kind: 'quads', rows }, k: { kind: 'quads', rows: step }, v: { kind: 'rows' } },
    workgroupBytes: weightVectors * VECTOR_BYTES,
    threads,
  };
}

/** The largest of some vectors' numbers. */
function largest(vectors: readonly string[]): string {
  const all = vectors.reduce((a, b) => `max(${a}, ${b})`);
  return `most(${all})`;
}
