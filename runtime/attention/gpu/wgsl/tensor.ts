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
  /** Query rows of a workgroup: a multiple of M and a divisor of its invocations. */
  readonly rows: number;
  /**
   * Subgroups of a workgroup. All have the same rows: each scores them against its share of a step's keys and adds up its
   * share of the outputs' columns, so that keys and values are read once for all of them.
   */
  readonly team: number;
  /** Keys of a step: a multiple of K, of 16, and of N for each subgroup of the team. */
  readonly step: number;
  /** Are values read before the weights are known, so that the memory's delay passes meanwhile? */
  readonly early: boolean;
  /** Are the next step's keys read before this step's weights are known, for the same reason? */
  readonly ahead: boolean;
}

/**
 * An invocation's weights of a step may add up to so much before the row's reference is raised: each fits into float16
 * then, and as long as it is so nobody has to look for the largest score.
 */
const MOST_WEIGHT = 256;

/**
 * Flash attention on matrix units: float16 tensors, float32 sums.
 *
 * A workgroup is a team of subgroups over the same rows. Outputs stay in the matrix unit's registers. Scores go through
 * workgroup memory, because the elements of a matrix cannot be reached otherwise, and come back as weights. A row's
 * reference is not its maximum but a value at most 2^8 below it: outputs are scaled, which takes a way through workgroup
 * memory, only when weights grow beyond that, and that is rare after the first step. Keys and (transposed) values lie in
 * blocks of the matrix unit's size, so that each matrix is read from consecutive bytes.
 */
export function tensorKernel(shape: TensorShape): KernelSpec {
  const { matrix, dim, subgroupSize, sizeControl, rows, team, step, early, ahead } = shape;
  const { M, N, K } = matrix;
  const threads = subgroupSize * team;
  /** Invocations of a subgroup that share a row, and rows whose weights are a subgroup's own. */
  const lanes = threads / rows;
  const ownRows = rows / team;
  /** Columns of a step that an invocation looks after. */
  const columns = step / lanes;
  /** Keys of a step, and columns of the outputs, that are a subgroup's own. */
  const ownKeys = step / team;
  const ownColumns = dim / team;
  const rowParts = range(rows / M);
  const keyParts = range(ownKeys / N);
  const weightParts = range(step / K);
  const depthParts = range(dim / K);
  const outputParts = range(ownColumns / N);
  // Pitches that keep rows apart in the banks of workgroup memory, in vectors of 16 bytes.
  const scorePitch = step / 4 + 1;
  const weightPitch = step / 8 + 1;
  const scoreVectors = rows * scorePitch;
  const weightVectors = rows * weightPitch;
  const blockVectors = (N * K) / 8;
  const rowVectors = K / 8;
  const misfits = [columns % 8, ownKeys % N, step % K, ownColumns % N, dim % K, rows % M, subgroupSize % ownRows];
  if (misfits.some(rest => rest !== 0)) throw new RangeError('The shape does not fit the matrix unit.');

  const key = (block: number, at = 'keyBlock'): string =>
    `subgroupMatrixLoad<Right, col_major>(&k, (${at} + ${block}u) * ${blockVectors}u, ${rowVectors}u)`;
  const value = (block: number): string =>
    `subgroupMatrixLoad<Right, col_major>(&v, (valueBlock + ${block}u) * ${blockVectors}u, ${rowVectors}u)`;
  const query = (i: number, d: number): string =>
    `let q${i}_${d} = subgroupMatrixLoad<Left, row_major>(&q, (queryBlock + ${i * depthParts.length + d}u) * ${(M * K) / 8}u, ${rowVectors}u);`;

  /** Outputs pass through the place of the scores in chunks of its width; each subgroup's own columns lie in some of them. */
  const outputChunks = range(Math.ceil(dim / step));
  const throughScores = (chunk: number, move: (i: number, j: number, at: string) => string): string =>
    lines(outputParts, j => {
      const owners = range(team).filter(subgroup => Math.floor((subgroup * ownColumns + j * N) / step) === chunk);
      const [firstOwner] = owners;
      if (firstOwner === undefined) return '';
      const at = (i: number): string =>
        `${i * M * scorePitch + (j * N) / 4}u + subgroup * ${ownColumns / 4}u - ${(chunk * step) / 4}u`;
      const moves = lines(rowParts, i => `          ${move(i, j, at(i))}`);
      return owners.length === team
        ? moves
        : `          if (subgroup - ${firstOwner}u < ${owners.length}u) {\n${moves}\n          }`;
    });
  const storeOutputs = (chunk: number): string =>
    throughScores(chunk, (i, j, at) => `subgroupMatrixStore<row_major>(&scores, ${at}, o${i}_${j}, ${scorePitch}u);`);
  const loadOutputs = (chunk: number): string =>
    throughScores(
      chunk,
      (i, j, at) => `o${i}_${j} = subgroupMatrixLoad<Result, row_major>(&scores, ${at}, ${scorePitch}u);`,
    );

  const code = `enable f16;
enable subgroups;
${sizeControl ? 'enable subgroup_size_control;\n' : ''}enable chromium_experimental_subgroup_matrix;
requires subgroup_id;
diagnostic(off, chromium.subgroup_matrix_uniformity);
${declarations({ q: 'array<vec4<u32>>', k: 'array<vec4<u32>>', v: 'array<vec4<u32>>' })}
alias Left = subgroup_matrix_left<f16, ${K}, ${M}>;
alias Right = subgroup_matrix_right<f16, ${N}, ${K}>;
alias Result = subgroup_matrix_result<f32, ${N}, ${M}>;

var<workgroup> scores: array<vec4<f32>, ${scoreVectors}>;
var<workgroup> weights: array<vec4<u32>, ${weightVectors}>;
var<workgroup> factors: array<vec2<f32>, ${rows}>;
var<workgroup> places: array<u32, ${rows}>;
var<workgroup> raised: array<u32, ${team}>;

/** Takes pairs that are not allowed out of an invocation's scores. Is any pair allowed? */
fn hide(base: u32, bits: u32, start: u32) -> bool {
  var any = 0u;
  for (var i = 0u; i < ${columns / 8}u; i++) {
    let column = start + i * 8u;
    let word = (masks[bits + column / 32u] >> (column % 32u)) & 255u;
    any |= word;
    let allowedA = (vec4<u32>(word) & vec4<u32>(1u, 2u, 4u, 8u)) != vec4<u32>(0u);
    let allowedB = (vec4<u32>(word) & vec4<u32>(16u, 32u, 64u, 128u)) != vec4<u32>(0u);
    scores[base + 2u * i] = select(vec4<f32>(NEVER), scores[base + 2u * i], allowedA);
    scores[base + 2u * i + 1u] = select(vec4<f32>(NEVER), scores[base + 2u * i + 1u], allowedB);
  }
  return any != 0u;
}

/** Turns an invocation's scores into weights relative to 2^level. Returns their sum. */
fn weigh(base: u32, to: u32, level: f32) -> f32 {
  var sum = vec4<f32>(0.0);
  for (var i = 0u; i < ${columns / 8}u; i++) {
    let x = exp2(scores[base + 2u * i] - level);
    let y = exp2(scores[base + 2u * i + 1u] - level);
    sum += x + y;
    weights[to + i] = vec4<u32>(
      pack2x16float(x.xy), pack2x16float(x.zw), pack2x16float(y.xy), pack2x16float(y.zw),
    );
  }
  return sum.x + sum.y + sum.z + sum.w;
}

/** The largest of an invocation's scores. */
fn largest(base: u32) -> f32 {
  var top = vec4<f32>(NEVER);
  for (var i = 0u; i < ${columns / 4}u; i++) {
    top = max(top, scores[base + i]);
  }
  return max(max(top.x, top.y), max(top.z, top.w));
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
  let item = portion(index);
  let row = subgroup * ${ownRows}u + lane % ${ownRows}u;
  let part = lane / ${ownRows}u;
  let maskRow = min((item.flags >> ${ROW_SHIFT}u) + row, params.tileQueries - 1u) * params.words;
  let base = row * ${scorePitch}u + part * ${columns / 4}u;
  let to = row * ${weightPitch}u + part * ${columns / 8}u;
  let queryBlock = (item.q / ${M}u) * ${depthParts.length}u;
  // This subgroup's share of a step's keys, and of the values' columns, in blocks.
  let ownKeyBlock = subgroup * ${keyParts.length * depthParts.length}u;
  let ownValueBlock = subgroup * ${outputParts.length}u;
${lines(rowParts, i => lines(depthParts, d => `  ${query(i, d)}`))}
${lines(rowParts, i => lines(outputParts, j => `  var o${i}_${j} = Result();`))}
  var m = NEVER;
  var l = 0.0;
  var fresh = true;
${ahead ? lines(keyParts, c => lines(depthParts, d => `  var k${c}_${d} = Right();`)) : ''}
${
  ahead
    ? `  if (item.start < item.end) {
    let keyBlock = ((item.kv + plan[2u * item.start] * params.tileKeys) / ${N}u) * ${depthParts.length}u + ownKeyBlock;
${lines(keyParts, c => lines(depthParts, d => `    k${c}_${d} = ${key(c * depthParts.length + d)};`))}
  }`
    : ''
}
  // One loop over the steps of all tiles: compilers unroll a loop over the steps of one.
  var entry = item.start;
  var start = 0u;
  while (entry < item.end) {
    let column = plan[2u * entry];
    let mask = plan[2u * entry + 1u];
    let key0 = item.kv + column * params.tileKeys + start;
    let keyBlock = (key0 / ${N}u) * ${depthParts.length}u + ownKeyBlock;
    let valueBlock = (key0 / ${K}u) * ${dim / N}u + ownValueBlock;
${lines(
  keyParts,
  c => `      {
${lines(rowParts, i => `        var s${i} = Result();`)}
${lines(
  depthParts,
  d =>
    `${ahead ? '' : `        let k${c}_${d} = ${key(c * depthParts.length + d)};\n`}${lines(rowParts, i => `        s${i} = subgroupMatrixMultiplyAccumulate(q${i}_${d}, k${c}_${d}, s${i});`)}`,
)}
${lines(rowParts, i => `        subgroupMatrixStore<row_major>(&scores, ${i * M * scorePitch + (c * N) / 4}u + subgroup * ${ownKeys / 4}u, s${i}, ${scorePitch}u);`)}
    }`,
)}
${
  ahead
    ? `      // After the last step, its own keys once more: nothing else is sure to be there.
    let sameTile = start + ${step}u < params.tileKeys;
    let nextColumn = plan[2u * select(min(entry + 1u, item.end - 1u), entry, sameTile)];
    let nextKey = item.kv + nextColumn * params.tileKeys + select(0u, start + ${step}u, sameTile);
    let nextBlock = (nextKey / ${N}u) * ${depthParts.length}u + ownKeyBlock;
${lines(keyParts, c => lines(depthParts, d => `      k${c}_${d} = ${key(c * depthParts.length + d, 'nextBlock')};`))}`
    : ''
}
${early ? lines(weightParts, w => lines(outputParts, j => `      let v${w}_${j} = ${value((w * dim) / N + j)};`)) : ''}
    workgroupBarrier();
    let bits = params.masks + mask * (params.tileQueries * params.words) + maskRow;
    let first = start + part * ${columns}u;
    var some = true;
    if (mask != FULL) {
      some = hide(base, bits, first);
    }
    var sum = weigh(base, to, select(m, 0.0, m <= NEVER));
    let over = subgroupAny((sum > ${MOST_WEIGHT}.0) | (some & (m <= NEVER)));
    if (lane == 0u) {
      raised[subgroup] = u32(over);
    }
    let anyRaised = workgroupUniformLoad(&raised);
    if ((${range(team)
      .map(i => `anyRaised[${i}]`)
      .join(' | ')}) != 0u) {
      // The scores are still there: weigh them again, against the maximum.
      var top = largest(base);
${lanes > 1 ? lines(laneSteps(lanes), i => `        top = max(top, subgroupShuffleXor(top, ${i * ownRows}u));`) : ''}
      let level = max(m, top);
      let fade = select(exp2(max(m - level, -126.0)), 0.0, m <= NEVER);
      m = level;
      l *= fade;
      sum = weigh(base, to, select(m, 0.0, m <= NEVER));
      if (!fresh) {
${lines(
  outputChunks,
  chunk => `          workgroupBarrier();
${storeOutputs(chunk)}
        workgroupBarrier();
        for (var i = 0u; i < ${columns / 4}u; i++) {
          scores[base + i] *= fade;
        }
        workgroupBarrier();
${loadOutputs(chunk)}`,
)}
      }
      workgroupBarrier();
    }
    l += sum;
    fresh = false;
${lines(
  weightParts,
  w => `      {
${lines(rowParts, i => `        let p${i} = subgroupMatrixLoad<Left, row_major>(&weights, ${i * M * weightPitch + (w * K) / 8}u, ${weightPitch}u);`)}
${lines(
  outputParts,
  j =>
    `${early ? '' : `        let v${w}_${j} = ${value((w * dim) / N + j)};\n`}${lines(rowParts, i => `        o${i}_${j} = subgroupMatrixMultiplyAccumulate(p${i}, v${w}_${j}, o${i}_${j});`)}`,
)}
    }`,
)}
    start += ${step}u;
    if (start >= params.tileKeys) {
      start = 0u;
      entry++;
    }
  }
${lanes > 1 ? lines(laneSteps(lanes), i => `  l += subgroupShuffleXor(l, ${i * ownRows}u);`) : ''}
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
${storeOutputs(chunk)}
  workgroupBarrier();
  for (var i = local; i < ${(rows * Math.min(step, dim - chunk * step)) / 4}u; i += ${threads}u) {
    let r = i / ${Math.min(step, dim - chunk * step) / 4}u;
    let d = i % ${Math.min(step, dim - chunk * step) / 4}u;
    if (r < item.rows && ${(chunk * step) / 4}u + d < params.vectors) {
      let target_ = places[r] * params.vectors + ${(chunk * step) / 4}u + d;
      let factor = factors[r];
      var value = scores[r * ${scorePitch}u + d] * factor.y;
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
    name: `tensor ${M}x${N}x${K} ${rows}x${team} rows, ${step} keys${early ? ' early' : ''}${ahead ? ' ahead' : ''} d${dim}`,
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
    workgroupBytes: 16 * (scoreVectors + weightVectors) + 12 * rows + 4 * team,
    threads,
  };
}

/** Distances 1, 2, 4, ... below a number of lanes. */
function laneSteps(lanes: number): number[] {
  const steps: number[] = [];
  for (let distance = 1; distance < lanes; distance *= 2) steps.push(distance);
  return steps;
}
