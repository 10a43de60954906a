/** Rows and columns of the product that a workgroup computes, and inner numbers that it holds at a time. */
export const TILE = 64;
const INNER = 16;
/** Threads of a workgroup in each direction: each computes four rows and four columns. */
const SIDE = TILE / 4;

/** What becomes of a product. */
export const MODES = { store: 0, add: 1, gelu: 2 } as const;

/**
 * o [rows][outer] = x [rows][inner] w^T, with w [outer][inner]; added to what is there, or through GELU, as `mode` says.
 * Bindings: sizes (rows, inner, outer, mode), x, w, o.
 */
export const PRODUCT = /* wgsl */ `
struct Sizes { rows: u32, inner: u32, outer: u32, mode: u32 }
@group(0) @binding(0) var<uniform> sizes: Sizes;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> w: array<f32>;
@group(0) @binding(3) var<storage, read_write> o: array<f32>;

// Transposed: [${INNER}][${TILE}].
var<workgroup> xs: array<f32, ${TILE * INNER}>;
var<workgroup> ws: array<f32, ${TILE * INNER}>;

fn finished(value: f32, at: u32) -> f32 {
  switch sizes.mode {
    case ${MODES.add}u: { return o[at] + value; }
    case ${MODES.gelu}u: {
      // x / (1 + exp(-2 u)) is the same as with tanh; the exponent stays where f32 has room for it.
      let u = 0.7978845608 * (value + 0.044715 * value * value * value);
      return value / (1.0 + exp(min(-2.0 * u, 80.0)));
    }
    default: { return value; }
  }
}

@compute @workgroup_size(${SIDE}, ${SIDE})
fn main(@builtin(local_invocation_id) local: vec3u, @builtin(workgroup_id) group: vec3u) {
  let row0 = group.y * ${TILE}u;
  let column0 = group.x * ${TILE}u;
  let thread = local.y * ${SIDE}u + local.x;
  var sums = array<vec4f, 4>();
  for (var first = 0u; first < sizes.inner; first += ${INNER}u) {
    for (var i = 0u; i < ${(TILE * INNER) / SIDE ** 2}u; i++) {
      let element = thread + i * ${SIDE ** 2}u;
      let line = element / ${INNER}u;
      let k = first + element % ${INNER}u;
      let place = (element % ${INNER}u) * ${TILE}u + line;
      let row = row0 + line;
      let column = column0 + line;
      xs[place] = select(0.0, x[min(row, sizes.rows - 1u) * sizes.inner + min(k, sizes.inner - 1u)], row < sizes.rows && k < sizes.inner);
      ws[place] = select(0.0, w[min(column, sizes.outer - 1u) * sizes.inner + min(k, sizes.inner - 1u)], column < sizes.outer && k < sizes.inner);
    }
    workgroupBarrier();
    for (var k = 0u; k < ${INNER}u; k++) {
      let a = k * ${TILE}u + local.y * 4u;
      let b = k * ${TILE}u + local.x * 4u;
      let columns = vec4f(ws[b], ws[b + 1u], ws[b + 2u], ws[b + 3u]);
      sums[0] += xs[a] * columns;
      sums[1] += xs[a + 1u] * columns;
      sums[2] += xs[a + 2u] * columns;
      sums[3] += xs[a + 3u] * columns;
    }
    workgroupBarrier();
  }
  for (var i = 0u; i < 4u; i++) {
    let row = row0 + local.y * 4u + i;
    for (var j = 0u; j < 4u; j++) {
      let column = column0 + local.x * 4u + j;
      if (row < sizes.rows && column < sizes.outer) {
        let at = row * sizes.outer + column;
        o[at] = finished(sums[i][j], at);
      }
    }
  }
}
`;

/** Threads of a workgroup that norms one row. */
const NORM_THREADS = 64;

/**
 * RMSNorm: to [rows][width] = x / sqrt(mean(x^2) + eps) * weight. Bindings: sizes (rows, width, eps), x, weight, to. A
 * workgroup for each row, in lines of 65,535.
 */
export const NORM = /* wgsl */ `
struct Sizes { rows: u32, width: u32, eps: f32 }
@group(0) @binding(0) var<uniform> sizes: Sizes;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> weight: array<f32>;
@group(0) @binding(3) var<storage, read_write> to: array<f32>;

var<workgroup> squares: array<f32, ${NORM_THREADS}>;

@compute @workgroup_size(${NORM_THREADS})
fn main(@builtin(local_invocation_index) thread: u32, @builtin(workgroup_id) group: vec3u) {
  let row = group.y * 65535u + group.x;
  let inside = row < sizes.rows;
  let start = min(row, sizes.rows - 1u) * sizes.width;
  var sum = 0.0;
  for (var d = thread; d < sizes.width; d += ${NORM_THREADS}u) {
    let value = x[start + d];
    sum += value * value;
  }
  squares[thread] = sum;
  workgroupBarrier();
  for (var half = ${NORM_THREADS / 2}u; half > 0u; half /= 2u) {
    if (thread < half) { squares[thread] += squares[thread + half]; }
    workgroupBarrier();
  }
  let factor = 1.0 / sqrt(squares[0] / f32(sizes.width) + sizes.eps);
  if (inside) {
    for (var d = thread; d < sizes.width; d += ${NORM_THREADS}u) {
      to[start + d] = x[start + d] * factor * weight[d];
    }
  }
}
`;

/** Threads of a workgroup that moves or reduces numbers. */
export const MOVERS = 256;

/**
 * Puts queries, keys and values by head, queries and keys turned by their positions: to [3][heads][n][head_dim] from x
 * [n][3][heads][head_dim], with turns [n][head_dim / 2][2] of cosines and sines. Bindings: sizes (n, heads, head_dim), x,
 * turns, to. A thread for each number.
 */
export const PLACE = /* wgsl */ `
struct Sizes { n: u32, heads: u32, dim: u32 }
@group(0) @binding(0) var<uniform> sizes: Sizes;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> turns: array<f32>;
@group(0) @binding(3) var<storage, read_write> to: array<f32>;

@compute @workgroup_size(${MOVERS})
fn main(@builtin(local_invocation_index) thread: u32, @builtin(workgroup_id) group: vec3u) {
  let at = (group.y * 65535u + group.x) * ${MOVERS}u + thread;
  let inner = sizes.heads * sizes.dim;
  if (at >= 3u * sizes.n * inner) { return; }
  let d = at % sizes.dim;
  let row = (at / sizes.dim) % sizes.n;
  let part = at / (sizes.dim * sizes.n);
  let start = row * 3u * inner + part * sizes.dim;
  if (part >= 2u * sizes.heads) {
    to[at] = x[start + d];
    return;
  }
  let half = sizes.dim / 2u;
  let turn = 2u * (row * half + d % half);
  let other = x[start + select(d - half, d + half, d < half)];
  to[at] = x[start + d] * turns[turn] + select(other, -other, d < half) * turns[turn + 1u];
}
`;

/**
 * Puts what attention gives by position: to [n][heads][head_dim] from x [heads][n][head_dim]. Bindings: sizes (n, heads,
 * head_dim), x, to. A thread for each number.
 */
export const JOIN = /* wgsl */ `
struct Sizes { n: u32, heads: u32, dim: u32 }
@group(0) @binding(0) var<uniform> sizes: Sizes;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read_write> to: array<f32>;

@compute @workgroup_size(${MOVERS})
fn main(@builtin(local_invocation_index) thread: u32, @builtin(workgroup_id) group: vec3u) {
  let at = (group.y * 65535u + group.x) * ${MOVERS}u + thread;
  if (at >= sizes.n * sizes.heads * sizes.dim) { return; }
  let d = at % sizes.dim;
  let head = (at / sizes.dim) % sizes.heads;
  let row = at / (sizes.dim * sizes.heads);
  to[at] = x[(head * sizes.n + row) * sizes.dim + d];
}
`;

/**
 * \`-log2 softmax(x)[target]\` of each row: bits [n] from x [n][width]. Bindings: sizes (n, width), x, targets, bits. A thread
 * for each row.
 */
export const LOSS = /* wgsl */ `
struct Sizes { n: u32, width: u32 }
@group(0) @binding(0) var<uniform> sizes: Sizes;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> targets: array<u32>;
@group(0) @binding(3) var<storage, read_write> bits: array<f32>;

@compute @workgroup_size(${MOVERS})
fn main(@builtin(local_invocation_index) thread: u32, @builtin(workgroup_id) group: vec3u) {
  let row = (group.y * 65535u + group.x) * ${MOVERS}u + thread;
  if (row >= sizes.n) { return; }
  let start = row * sizes.width;
  var largest = x[start];
  for (var i = 1u; i < sizes.width; i++) { largest = max(largest, x[start + i]); }
  var sum = 0.0;
  for (var i = 0u; i < sizes.width; i++) { sum += exp(x[start + i] - largest); }
  bits[row] = (largest - x[start + targets[row]] + log(sum)) * ${Math.LOG2E};
}
`;
