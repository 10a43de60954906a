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
  /** Workgroup memory that may be used, in bytes. */
  readonly memory: number;
  /** Are inner loops unrolled? Software devices take seconds to compile long shaders. */
  readonly unroll: boolean;
}

const VECTOR_BYTES = 16;

/**
 * Flash attention without optional features, with float32 arithmetic. Half-precision tensors are widened as they are
 * read.
 *
 * A thread has `4 rowQuads` query rows. It scores them against `4 keyQuads` keys of each step and keeps every so-manieth
 * vector of their outputs; weights go from one thread to the other through workgroup memory. Queries and keys lie four
 * side by side, so that a vector is read for each four rows, and those that lie apart in memory are read without bank
 * conflicts by an odd pitch.
 *
 * Every variable in a loop has an initialiser, because Dawn on Vulkan does not zero it again.
 */
export function simtKernel(shape: SimtShape): KernelSpec {
  const { element, dim, rows, step, rowQuads, keyQuads, memory, unroll } = shape;
  const queryQuads = rows / 4;
  const keyGroups = step / 4;
  const rowThreads = queryQuads / rowQuads;
  const keyThreads = keyGroups / keyQuads;
  const threads = rowThreads * keyThreads;
  const vectors = dim / 4;
  const weightVectors = step * queryQuads;
  // What is left holds keys, then values, of a step, or as many numbers or rows of them as fit.
  const stageVectors = Math.floor(memory / VECTOR_BYTES) - weightVectors;
  const depth = largestDivisor(dim, 8, Math.floor(stageVectors / keyGroups) - 1);
  const valueKeys = largestDivisor(step, 4, Math.floor(stageVectors / vectors));
  const stage = Math.max(keyGroups * (depth + 1), valueKeys * vectors);
  const outputs = Math.ceil(vectors / keyThreads);
  const even = vectors % keyThreads === 0;
  const half = element === 'f16';
  const stored = half ? 'array<vec2<u32>>' : 'array<vec4<f32>>';
  const widen = (value: string): string =>
    half ? `vec4<f32>(unpack2x16float(${value}.x), unpack2x16float(${value}.y))` : value;
  const rowIds = range(rowQuads);
  const keyIds = range(keyQuads);
  const four = range(4);
  const outputIds = range(outputs);
  const xyzw = (i: number): string => 'xyzw'[i] ?? '';

  // Number 4 a + c of a step's keys stands at row c * keyGroups + a, and rows are turned, each by its number: threads that
  // write at the same time meet different banks.
  const turn = Math.min(8, queryQuads) - 1;
  const weightAt = (key: string, quad: string): string =>
    `(${key}) * ${queryQuads}u + ((${quad}) ^ ((${key}) & ${turn}u))`;

  const score = (d: string): string => `
${lines(
  rowIds,
  i =>
    `            let raw${i} = q[queryBase + ${i * rowThreads * dim}u + chunk + ${d}];
            let q${i} = ${widen(`raw${i}`)};`,
)}
${lines(keyIds, j => `            let k${j} = stage[(cg + ${j * keyThreads}u) * ${depth + 1}u + ${d}];`)}
${lines(rowIds, i => lines(keyIds, j => lines(four, r => `            s${i}_${j}_${r} = fma(vec4<f32>(q${i}.${xyzw(r)}), k${j}, s${i}_${j}_${r});`)))}`;
  const gather = (key: string): string => `
${lines(rowIds, i => `            let p${i} = weights[${weightAt(`base + ${key}`, `rg + ${i * rowThreads}u`)}];`)}
${lines(
  outputIds,
  j =>
    `            let v${j} = stage[(${key}) * ${vectors}u + ${even ? `cg + ${j * keyThreads}u` : `min(cg + ${j * keyThreads}u, ${vectors - 1}u)`}];`,
)}
${lines(rowIds, i => lines(outputIds, j => lines(four, r => `            acc${i}_${j}_${r} = fma(vec4<f32>(p${i}.${xyzw(r)}), v${j}, acc${i}_${j}_${r});`)))}`;
  // A bound that is not a constant keeps compilers from unrolling what need not be fast.
  const loop = (name: string, count: number, body: (at: string) => string): string =>
    unroll
      ? `          for (var ${name} = 0u; ${name} < ${count}u; ${name} += 4u) {
${lines(four, u => `          {${body(`${name} + ${u}u`)}\n          }`)}
          }`
      : `          for (var ${name} = 0u; ${name} < min(${count}u, params.tileKeys * ${Math.ceil(count / 16)}u); ${name}++) {
${body(name)}
          }`;

  const code = `${declarations({ q: stored, k: stored, v: stored })}
fn most(x: vec4<f32>) -> f32 {
  return max(max(x.x, x.y), max(x.z, x.w));
}

var<workgroup> weights: array<vec4<f32>, ${weightVectors}>;
var<workgroup> stage: array<vec4<f32>, ${stage}>;

@compute @workgroup_size(${threads})
fn main(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(local_invocation_index) local: u32) {
  let index = params.first + workgroup.x + workgroup.y * params.across;
  if (index >= params.end) {
    return;
  }
  let item = portion(index);
  let rg = local / ${keyThreads}u;
  let cg = local % ${keyThreads}u;
  let queryBase = (item.q / 4u + rg) * ${dim}u;
${lines(rowIds, i =>
  lines(
    four,
    r =>
      `  let maskRow${i}_${r} = min((item.flags >> ${ROW_SHIFT}u) + (rg + ${i * rowThreads}u) * 4u + ${r}u, params.tileQueries - 1u) * params.words;`,
  ),
)}
${lines(rowIds, i => `  var m${i} = vec4<f32>(NEVER);\n  var l${i} = vec4<f32>(0.0);`)}
${lines(rowIds, i => lines(outputIds, j => lines(four, r => `  var acc${i}_${j}_${r} = vec4<f32>(0.0);`)))}
  for (var entry = item.start; entry < item.end; entry++) {
    let column = plan[2u * entry];
    let mask = plan[2u * entry + 1u];
    for (var start = 0u; start < params.tileKeys; start += ${step}u) {
      let key0 = item.kv + column * params.tileKeys + start;
${lines(rowIds, i => lines(keyIds, j => lines(four, r => `      var s${i}_${j}_${r} = vec4<f32>(0.0);`)))}
      for (var chunk = 0u; chunk < ${dim}u; chunk += ${depth}u) {
        workgroupBarrier();
        for (var i = local; i < ${keyGroups * depth}u; i += ${threads}u) {
          let raw = k[(key0 / 4u + i / ${depth}u) * ${dim}u + chunk + i % ${depth}u];
          stage[(i / ${depth}u) * ${depth + 1}u + i % ${depth}u] = ${widen('raw')};
        }
        workgroupBarrier();
${loop('d', depth, score)}
      }
      if (mask != FULL) {
        let maskBase = params.masks + mask * (params.tileQueries * params.words);
${lines(
  keyIds,
  j => `        let bit${j} = start + (cg + ${j * keyThreads}u) * 4u;
${lines(rowIds, i =>
  lines(
    four,
    r => `        s${i}_${j}_${r} = select(vec4<f32>(NEVER), s${i}_${j}_${r},
          ((vec4<u32>(masks[maskBase + maskRow${i}_${r} + bit${j} / 32u] >> (bit${j} % 32u)) >> vec4<u32>(0u, 1u, 2u, 3u)) & vec4<u32>(1u)) != vec4<u32>(0u));`,
  ),
)}`,
)}
      }
      // Weights of the step before are no longer read: their place serves to find the largest scores.
${lines(rowIds, i => `      weights[${weightAt('cg', `rg + ${i * rowThreads}u`)}] = vec4<f32>(${four.map(r => largest(keyIds.map(j => `s${i}_${j}_${r}`))).join(', ')});`)}
      workgroupBarrier();
${lines(rowIds, i => `      var top${i} = m${i};`)}
      for (var g = 0u; g < ${keyThreads}u; g++) {
${lines(rowIds, i => `        top${i} = max(top${i}, weights[${weightAt('g', `rg + ${i * rowThreads}u`)}]);`)}
      }
${lines(
  rowIds,
  i => `      let fade${i} = exp2(max(m${i} - top${i}, vec4<f32>(-126.0)));
      m${i} = top${i};
      l${i} *= fade${i};
${lines(outputIds, j => lines(four, r => `      acc${i}_${j}_${r} *= fade${i}.${xyzw(r)};`))}
${lines(keyIds, j =>
  lines(
    four,
    r => `      s${i}_${j}_${r} = select(
        exp2(max(s${i}_${j}_${r} - top${i}.${xyzw(r)}, vec4<f32>(-126.0))),
        vec4<f32>(0.0),
        s${i}_${j}_${r} <= vec4<f32>(NEVER),
      );`,
  ),
)}
      l${i} += vec4<f32>(${four.map(r => keyIds.map(j => `dot(s${i}_${j}_${r}, vec4<f32>(1.0))`).join(' + ')).join(', ')});`,
)}
      workgroupBarrier();
${lines(rowIds, i =>
  lines(keyIds, j =>
    lines(
      four,
      c =>
        `      weights[${weightAt(`${c * keyGroups + j * keyThreads}u + cg`, `rg + ${i * rowThreads}u`)}] = vec4<f32>(${four.map(r => `s${i}_${j}_${r}.${xyzw(c)}`).join(', ')});`,
    ),
  ),
)}
      for (var base = 0u; base < ${step}u; base += ${valueKeys}u) {
${valueKeys < step ? `        if (base > 0u) {\n          workgroupBarrier();\n        }` : ''}
        for (var i = local; i < ${valueKeys * vectors}u; i += ${threads}u) {
          // Key 4a + c comes as number c * ${keyGroups} + a, like the weights.
          let number = base + i / ${vectors}u;
          let raw = v[(key0 + (number % ${keyGroups}u) * 4u + number / ${keyGroups}u) * ${vectors}u + i % ${vectors}u];
          stage[i] = ${widen('raw')};
        }
        workgroupBarrier();
${loop('key', valueKeys, gather)}
      }
    }
  }
  // Sums of the weights that each thread has seen, added up as the largest scores were.
  workgroupBarrier();
${lines(rowIds, i => `  weights[${weightAt('cg', `rg + ${i * rowThreads}u`)}] = l${i};`)}
  workgroupBarrier();
${lines(rowIds, i => `  var sum${i} = vec4<f32>(0.0);`)}
  for (var g = 0u; g < ${keyThreads}u; g++) {
${lines(rowIds, i => `    sum${i} += weights[${weightAt('g', `rg + ${i * rowThreads}u`)}];`)}
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
  const tile = { kind: 'quads' } as const;
  return {
    pipeline: element,
    name: `${element} ${rows}x${step} ${rowQuads}x${keyQuads} ${Math.ceil(memory / 1024)}K d${dim}${unroll ? '' : ' rolled'}`,
    code,
    rows,
    step,
    dim,
    element,
    layouts: { q: tile, k: tile, v: { kind: 'rows' } },
    workgroupBytes: (weightVectors + stage) * VECTOR_BYTES,
    threads,
  };
}

/** The largest of some vectors' numbers. */
function largest(vectors: readonly string[]): string {
  const all = vectors.reduce((a, b) => `max(${a}, ${b})`);
  return `most(${all})`;
}

/** The largest divisor of `whole` that is a multiple of `unit` and at most `limit`. */
function largestDivisor(whole: number, unit: number, limit: number): number {
  for (let divisor = Math.floor(limit / unit) * unit; divisor > 0; divisor -= unit)
    if (whole % divisor === 0) return divisor;
  throw new RangeError(`Workgroup memory is too small for a part of ${whole}.`);
}
