import type { KernelSpec } from '../kernel.ts';
import { declarations, FIRST_PART, lines, ROW_SHIFT, range } from './common.ts';

/** Sizes of a device's matrix unit: left M x K, right K x N, result M x N. */
export interface MatrixSize {
  readonly M: number;
  readonly N: number;
  readonly K: number;
}

/** Choices of a kernel on matrix units. */
export interface TensorShape {
  readonly matrix: MatrixSize;
  /** Numbers of a head as stored: a multiple of K and N. */
  readonly dim: number;
  /** Invocations of a subgroup. */
  readonly subgroupSize: number;
  /** Can the subgroup's size be asked for? */
  readonly sizeControl: boolean;
  /** Query rows of a subgroup: a multiple of M and a divisor of the subgroup's size, or that size. */
  readonly subgroupRows: number;
  readonly subgroups: number;
  /** Keys of a step: a multiple of K, N and 16. */
  readonly step: number;
  /** Are values read before the weights are known, so that the memory's delay passes meanwhile? */
  readonly early: boolean;
  /** Are the next step's keys read before this step's weights are known, for the same reason? */
  readonly ahead: boolean;
  /** Are queries read again for each step, which saves registers? */
  readonly rereadQueries: boolean;
}

/** A row's maximum may grow by so much, in powers of two, before outputs are scaled down: weights stay below 256. */
const SLACK = 8;

/**
 * Flash attention on matrix units: float16 tensors, float32 sums.
 *
 * Outputs stay in the matrix unit's registers. Scores go through workgroup memory, because the elements of a matrix cannot
 * be reached otherwise, and come back as weights. A row's reference is not its maximum but a value that is at most 2^8 below
 * it: outputs are scaled, which takes a way through workgroup memory, only when the maximum has grown by more, and that is
 * rare after the first step. Keys and (transposed) values lie in blocks of the matrix unit's size, so that each matrix is
 * read from consecutive bytes.
 */
export function tensorKernel(shape: TensorShape): KernelSpec {
  const { matrix, dim, subgroupSize, sizeControl, subgroupRows, subgroups, step, early, ahead, rereadQueries } = shape;
  const { M, N, K } = matrix;
  const rows = subgroupRows * subgroups;
  const threads = subgroupSize * subgroups;
  const lanes = subgroupSize / subgroupRows;
  /** Columns of a step that a lane looks after. */
  const columns = step / lanes;
  const rowParts = range(subgroupRows / M);
  const keyParts = range(step / N);
  const weightParts = range(step / K);
  const depthParts = range(dim / K);
  const outputParts = range(dim / N);
  // Pitches that keep rows apart in the banks of workgroup memory, in vectors of 16 bytes.
  const scorePitch = step / 4 + 1;
  const weightPitch = step / 8 + 1;
  const scoreVectors = subgroupRows * scorePitch;
  const weightVectors = subgroupRows * weightPitch;
  const blockVectors = (N * K) / 8;
  const rowVectors = K / 8;
  /** Columns of the output that fit into the place of the scores. */
  const outputChunks = range(Math.ceil(dim / step));
  const chunkParts = (chunk: number): number[] => outputParts.filter(part => Math.floor((part * N) / step) === chunk);
  if (step % N !== 0 || step % K !== 0 || dim % N !== 0 || dim % K !== 0 || subgroupRows % M !== 0)
    throw new RangeError('The shape does not fit the matrix unit.');

  const key = (block: number, at = 'keyBlock'): string =>
    `subgroupMatrixLoad<Right, col_major>(&k, (${at} + ${block}u) * ${blockVectors}u, ${rowVectors}u)`;
  const value = (block: number): string =>
    `subgroupMatrixLoad<Right, col_major>(&v, (valueBlock + ${block}u) * ${blockVectors}u, ${rowVectors}u)`;
  const query = (i: number, d: number): string =>
    `let q${i}_${d} = subgroupMatrixLoad<Left, row_major>(&q, (queryBlock + ${i * depthParts.length + d}u) * ${(M * K) / 8}u, ${rowVectors}u);`;

  const code = `enable f16;
enable subgroups;
${sizeControl ? 'enable subgroup_size_control;\n' : ''}enable chromium_experimental_subgroup_matrix;
requires subgroup_id;
diagnostic(off, chromium.subgroup_matrix_uniformity);
${declarations({ q: 'array<vec4<u32>>', k: 'array<vec4<u32>>', v: 'array<vec4<u32>>' })}
alias Left = subgroup_matrix_left<f16, ${K}, ${M}>;
alias Right = subgroup_matrix_right<f16, ${N}, ${K}>;
alias Result = subgroup_matrix_result<f32, ${N}, ${M}>;

var<workgroup> scores: array<vec4<f32>, ${subgroups * scoreVectors}>;
var<workgroup> weights: array<vec4<u32>, ${subgroups * weightVectors}>;
var<workgroup> factors: array<vec2<f32>, ${rows}>;
var<workgroup> places: array<u32, ${rows}>;
var<workgroup> raised: array<u32, ${subgroups}>;

struct Weighed {
  top: f32,
  sum: f32,
}

/** Turns a lane's scores into weights relative to 2^level. */
fn weigh(base: u32, to: u32, level: f32, mask: u32, bits: u32, start: u32) -> Weighed {
  var top = vec4<f32>(NEVER);
  var sum = vec4<f32>(0.0);
  if (mask == FULL) {
    for (var i = 0u; i < ${columns / 8}u; i++) {
      let a = scores[base + 2u * i];
      let b = scores[base + 2u * i + 1u];
      top = max(top, max(a, b));
      let x = exp2(a - level);
      let y = exp2(b - level);
      sum += x + y;
      weights[to + i] = vec4<u32>(
        pack2x16float(x.xy), pack2x16float(x.zw), pack2x16float(y.xy), pack2x16float(y.zw),
      );
    }
  } else {
    for (var i = 0u; i < ${columns / 8}u; i++) {
      let column = start + i * 8u;
      let word = masks[bits + column / 32u] >> (column % 32u);
      let allowedA = (vec4<u32>(word) & vec4<u32>(1u, 2u, 4u, 8u)) != vec4<u32>(0u);
      let allowedB = (vec4<u32>(word) & vec4<u32>(16u, 32u, 64u, 128u)) != vec4<u32>(0u);
      let a = select(vec4<f32>(NEVER), scores[base + 2u * i], allowedA);
      let b = select(vec4<f32>(NEVER), scores[base + 2u * i + 1u], allowedB);
      top = max(top, max(a, b));
      let x = select(vec4<f32>(0.0), exp2(a - level), allowedA);
      let y = select(vec4<f32>(0.0), exp2(b - level), allowedB);
      sum += x + y;
      weights[to + i] = vec4<u32>(
        pack2x16float(x.xy), pack2x16float(x.zw), pack2x16float(y.xy), pack2x16float(y.zw),
      );
    }
  }
  return Weighed(max(max(top.x, top.y), max(top.z, top.w)), sum.x + sum.y + sum.z + sum.w);
}

@compute @workgroup_size(${threads})${sizeControl ? ` @subgroup_size(${subgroupSize})` : ''}
fn main(
  @builtin(workgroup_id) workgroup: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
  @builtin(subgroup_id) subgroup: u32,
  @builtin(subgroup_invocation_id) lane: u32,
) {
  let index = params.first + workgroup.x + workgroup.y * params.across;
  if (index >= params.end) {
    return;
  }
  let item = items[index];
  let laneRow = lane % ${subgroupRows}u;
  let part = lane / ${subgroupRows}u;
  let row = subgroup * ${subgroupRows}u + laneRow;
  let maskRow = min((item.flags >> ${ROW_SHIFT}u) + row, params.tileQueries - 1u) * params.words;
  let scoreBase = subgroup * ${scoreVectors}u;
  let weightBase = subgroup * ${weightVectors}u;
  let base = scoreBase + laneRow * ${scorePitch}u + part * ${columns / 4}u;
  let to = weightBase + laneRow * ${weightPitch}u + part * ${columns / 8}u;
  let queryBlock = ((item.q + subgroup * ${subgroupRows}u) / ${M}u) * ${depthParts.length}u;
${rereadQueries ? '' : lines(rowParts, i => lines(depthParts, d => `  ${query(i, d)}`))}
${lines(rowParts, i => lines(outputParts, j => `  var o${i}_${j} = Result();`))}
  var m = NEVER;
  var l = 0.0;
  var fresh = true;
${ahead ? lines(keyParts, c => lines(depthParts, d => `  var k${c}_${d} = Right();`)) : ''}
${
  ahead
    ? `  if (item.start < item.end) {
    let keyBlock = ((item.kv + plan[2u * item.start] * params.tileKeys) / ${N}u) * ${depthParts.length}u;
${lines(keyParts, c => lines(depthParts, d => `    k${c}_${d} = ${key(c * depthParts.length + d)};`))}
  }`
    : ''
}
  for (var entry = item.start; entry < item.end; entry++) {
    let column = plan[2u * entry];
    let mask = plan[2u * entry + 1u];
    for (var start = 0u; start < params.tileKeys; start += ${step}u) {
      let key0 = item.kv + column * params.tileKeys + start;
      let keyBlock = (key0 / ${N}u) * ${depthParts.length}u;
      let valueBlock = (key0 / ${K}u) * ${outputParts.length}u;
${rereadQueries ? lines(rowParts, i => lines(depthParts, d => `      ${query(i, d)}`)) : ''}
${lines(
  keyParts,
  c => `      {
${lines(rowParts, i => `        var s${i} = Result();`)}
${lines(
  depthParts,
  d =>
    `${ahead ? '' : `        let k${c}_${d} = ${key(c * depthParts.length + d)};\n`}${lines(rowParts, i => `        s${i} = subgroupMatrixMultiplyAccumulate(q${i}_${d}, k${c}_${d}, s${i});`)}`,
)}
${lines(rowParts, i => `        subgroupMatrixStore<row_major>(&scores, scoreBase + ${i * M * scorePitch + (c * N) / 4}u, s${i}, ${scorePitch}u);`)}
      }`,
)}
${
  ahead
    ? `      // After the last step, its own keys once more: nothing else is sure to be there.
      let sameTile = start + ${step}u < params.tileKeys;
      let nextColumn = plan[2u * select(min(entry + 1u, item.end - 1u), entry, sameTile)];
      let nextKey = item.kv + nextColumn * params.tileKeys + select(0u, start + ${step}u, sameTile);
      let nextBlock = (nextKey / ${N}u) * ${depthParts.length}u;
${lines(keyParts, c => lines(depthParts, d => `      k${c}_${d} = ${key(c * depthParts.length + d, 'nextBlock')};`))}`
    : ''
}
${early ? lines(weightParts, w => lines(outputParts, j => `      let v${w}_${j} = ${value(w * outputParts.length + j)};`)) : ''}
      workgroupBarrier();
      let bits = params.masks + mask * (params.tileQueries * params.words) + maskRow;
      let first = start + part * ${columns}u;
      var weighed = weigh(base, to, select(m, 0.0, m <= NEVER), mask, bits, first);
      let over = subgroupAny(weighed.top > m + ${SLACK}.0);
      if (lane == 0u) {
        raised[subgroup] = u32(over);
      }
      let anyRaised = workgroupUniformLoad(&raised);
      if ((${range(subgroups)
        .map(i => `anyRaised[${i}]`)
        .join(' | ')}) != 0u) {
        // The scores are still there: weigh them again, against the maximum.
        var top = weighed.top;
${lanes > 1 ? lines(laneSteps(lanes), i => `        top = max(top, subgroupShuffleXor(top, ${i * subgroupRows}u));`) : ''}
        let level = max(m, top);
        let fade = select(exp2(max(m - level, -126.0)), 0.0, m <= NEVER);
        m = level;
        l *= fade;
        weighed = weigh(base, to, select(m, 0.0, m <= NEVER), mask, bits, first);
        if (!fresh) {
${lines(
  outputChunks,
  chunk => `          workgroupBarrier();
${lines(rowParts, i => lines(chunkParts(chunk), j => `          subgroupMatrixStore<row_major>(&scores, scoreBase + ${i * M * scorePitch + ((j * N) % step) / 4}u, o${i}_${j}, ${scorePitch}u);`))}
          workgroupBarrier();
          for (var i = 0u; i < ${columns / 4}u; i++) {
            scores[base + i] *= fade;
          }
          workgroupBarrier();
${lines(rowParts, i => lines(chunkParts(chunk), j => `          o${i}_${j} = subgroupMatrixLoad<Result, row_major>(&scores, scoreBase + ${i * M * scorePitch + ((j * N) % step) / 4}u, ${scorePitch}u);`))}`,
)}
        }
        workgroupBarrier();
      }
      l += weighed.sum;
      fresh = false;
${lines(
  weightParts,
  w => `      {
${lines(rowParts, i => `        let p${i} = subgroupMatrixLoad<Left, row_major>(&weights, weightBase + ${i * M * weightPitch + (w * K) / 8}u, ${weightPitch}u);`)}
${lines(
  outputParts,
  j =>
    `${early ? '' : `        let v${w}_${j} = ${value(w * outputParts.length + j)};\n`}${lines(rowParts, i => `        o${i}_${j} = subgroupMatrixMultiplyAccumulate(p${i}, v${w}_${j}, o${i}_${j});`)}`,
)}
      }`,
)}
    }
  }
${lanes > 1 ? lines(laneSteps(lanes), i => `  l += subgroupShuffleXor(l, ${i * subgroupRows}u);`) : ''}
  if (part == 0u) {
    let at = place(item, min(row, item.rows - 1u));
    let sharing = share(item.flags, at, m, l);
    factors[row] = vec2<f32>(sharing.before, sharing.now);
    places[row] = at;
    if (row < item.rows) {
      stats[at] = vec2<f32>(sharing.m, sharing.l);
    }
  }
${lines(
  outputChunks,
  chunk => `  workgroupBarrier();
${lines(rowParts, i => lines(chunkParts(chunk), j => `  subgroupMatrixStore<row_major>(&scores, scoreBase + ${i * M * scorePitch + ((j * N) % step) / 4}u, o${i}_${j}, ${scorePitch}u);`))}
  workgroupBarrier();
  for (var i = lane; i < ${(subgroupRows * Math.min(step, dim - chunk * step)) / 4}u; i += ${subgroupSize}u) {
    let r = i / ${Math.min(step, dim - chunk * step) / 4}u;
    let d = i % ${Math.min(step, dim - chunk * step) / 4}u;
    let outRow = subgroup * ${subgroupRows}u + r;
    if (outRow < item.rows && ${(chunk * step) / 4}u + d < params.vectors) {
      let target_ = places[outRow] * params.vectors + ${(chunk * step) / 4}u + d;
      let factor = factors[outRow];
      var value = scores[scoreBase + r * ${scorePitch}u + d] * factor.y;
      if ((item.flags & ${FIRST_PART}u) == 0u) {
        value += o[target_] * factor.x;
      }
      o[target_] = value;
    }
  }`,
)}
}
`;
  return {
    pipeline: 'tensor',
    name: `tensor ${M}x${N}x${K} ${subgroupRows}x${subgroups} rows, ${step} keys${early ? ' early' : ''}${ahead ? ' ahead' : ''}${rereadQueries ? ' reread' : ''} d${dim}`,
    code,
    rows,
    step,
    dim,
    element: 'f16',
    layouts: {
      q: { kind: 'blocks', rows: M, columns: K, transposed: false },
      k: { kind: 'blocks', rows: N, columns: K, transposed: false },
      v: { kind: 'blocks', rows: K, columns: N, transposed: true },
    },
    workgroupBytes: 16 * (subgroups * (scoreVectors + weightVectors)) + 12 * rows + 4 * subgroups,
    threads,
  };
}

/** Distances 1, 2, 4, ... below a number of lanes. */
function laneSteps(lanes: number): number[] {
  const steps: number[] = [];
  for (let distance = 1; distance < lanes; distance *= 2) steps.push(distance);
  return steps;
}
