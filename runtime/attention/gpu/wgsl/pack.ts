import type { Element, Layout } from '../kernel.ts';

/** 32-bit words of the packing shader's parameters. */
export const PACK_WORDS = 16;

const THREADS = 256;

/** Rows and vectors of four numbers that a thread copies, which it writes in units of 16 bytes (8 for half quads). */
interface Patch {
  readonly rows: number;
  readonly vectors: number;
}

/**
 * Copies rows of float32 as they come from the host to where a kernel wants them: in another order, converted, multiplied
 * by a factor, padded with zeros. A thread reads four numbers of a row at a time. One dispatch does heads that share an
 * order: z is the head.
 *
 * `wide`: is the head dimension a multiple of 4? Half-precision numbers are packed by `pack2x16float`, which every device has.
 */
export function packShader(layout: Layout, element: Element, wide: boolean): string {
  const { body, type } = writing(layout, element);
  return `
struct Params {
  /** Numbers of a row as they come, and as they are stored. */
  headDim: u32,
  dim: u32,
  /** Rows of a block and those that are stored for it. */
  block: u32,
  blockStored: u32,
  /** Rows of a head that there are, and that are stored. */
  rows: u32,
  rowsStored: u32,
  /** First rows of the first head. */
  fromRow: u32,
  toRow: u32,
  /** Where the order stands, or all ones. */
  order: u32,
  /** Workgroups of a row of the dispatch. */
  across: u32,
  factor: f32,
  /** First row of the whole tensor that is in the source. */
  sourceRow: u32,
  /** The bits of the largest number that the kernel is made for. */
  largest: u32,
  /** What is noted where one is larger, or no number. */
  tensor: u32,
  /** Workgroups of each head: [begin, end). */
  begin: u32,
  end: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> source: array<${wide ? 'vec4<f32>' : 'f32'}>;
@group(0) @binding(2) var<storage, read> orders: array<u32>;
@group(0) @binding(3) var<storage, read_write> packed: array<${type}>;
@group(0) @binding(4) var<storage, read_write> beyond: atomic<u32>;

/** By their bits, because WGSL may assume that there are no infinities and no NaN. */
fn noted(x: vec4<f32>) -> vec4<f32> {
  if (any((bitcast<vec4<u32>>(x) & vec4<u32>(0x7fffffffu)) > vec4<u32>(params.largest))) {
    atomicOr(&beyond, params.tensor);
  }
  return x;
}

/** Where a stored row of a head comes from, in numbers; all ones when it only fills a block. */
fn origin(head: u32, row: u32) -> u32 {
  let inBlock = row % params.blockStored;
  let planRow = (row / params.blockStored) * params.block + inBlock;
  if (inBlock >= params.block || planRow >= params.rows) {
    return 0xffffffffu;
  }
  var own = planRow;
  if (params.order != 0xffffffffu) {
    own = orders[params.order + planRow];
  }
  return (params.fromRow + head * params.rows + own - params.sourceRow) * params.headDim;
}

/** Numbers d to d + 3 of the row that begins there. */
fn four(begin: u32, d: u32) -> vec4<f32> {
  if (begin == 0xffffffffu || d >= params.headDim) {
    return vec4<f32>(0.0);
  }
${
  wide
    ? '  return noted(source[(begin + d) / 4u] * params.factor);'
    : `  let at = begin + d;
  var some = vec4<f32>(source[at], 0.0, 0.0, 0.0);
  if (d + 1u < params.headDim) {
    some.y = source[at + 1u];
  }
  if (d + 2u < params.headDim) {
    some.z = source[at + 2u];
  }
  if (d + 3u < params.headDim) {
    some.w = source[at + 3u];
  }
  return noted(some * params.factor);`
}
}

fn half(x: vec4<f32>) -> vec2<u32> {
  return vec2<u32>(pack2x16float(x.xy), pack2x16float(x.zw));
}

@compute @workgroup_size(${THREADS})
fn main(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(local_invocation_index) local: u32) {
  let head = workgroup.z;
  let number = params.begin + workgroup.y * params.across + workgroup.x;
  if (number >= params.end) {
    return;
  }
  let patch_ = number * ${THREADS}u + local;
${body}
}
`;
}

/** Workgroups of one head of so many numbers. */
export function packGrid(layout: Layout, element: Element, numbers: number): number {
  const { rows, vectors } = patchOf(layout, element);
  return Math.ceil(numbers / (rows * vectors * 4) / THREADS);
}

function patchOf(layout: Layout, element: Element): Patch {
  switch (layout.kind) {
    case 'quads':
      return { rows: 4, vectors: 1 };
    case 'rows':
      return { rows: 1, vectors: element === 'f16' ? 2 : 1 };
    case 'blocks':
      return layout.transposed ? { rows: 8, vectors: 1 } : { rows: 1, vectors: 2 };
  }
}

/** What a thread does with its patch. */
function writing(layout: Layout, element: Element): { readonly body: string; readonly type: string } {
  const half = element === 'f16';
  const guard = '  if (row >= params.rowsStored) {\n    return;\n  }';
  switch (layout.kind) {
    case 'rows': {
      const { vectors } = patchOf(layout, element);
      return {
        type: half ? 'vec4<u32>' : 'vec4<f32>',
        body: `  let across = params.dim / ${vectors * 4}u;
  let row = patch_ / across;
  let d = (patch_ % across) * ${vectors * 4}u;
${guard}
  let begin = origin(head, row);
  packed[((params.toRow + head * params.rowsStored + row) * params.dim + d) / ${half ? 8 : 4}u] =
    ${half ? 'vec4<u32>(half(four(begin, d)), half(four(begin, d + 4u)))' : 'four(begin, d)'};`,
      };
    }
    case 'quads': {
      const rows = ['a', 'b', 'c', 'e'];
      const quads = layout.rows / 4;
      const side = Math.min(4, quads);
      const numbers = (part: string): string => `vec4<f32>(${rows.map(name => `${name}.${part}`).join(', ')})`;
      const stored = (part: string): string => (half ? `half(${numbers(part)})` : numbers(part));
      return {
        type: half ? 'vec2<u32>' : 'vec4<f32>',
        // Four threads beside each other take rows that lie side by side: memory is written in units of 32 bytes.
        body: `  let across = params.dim / 4u;
  let row = (patch_ / (across * ${side}u) * ${side}u + patch_ % ${side}u) * 4u;
  let d = (patch_ / ${side}u % across) * 4u;
${guard}
${rows.map((name, i) => `  let ${name} = four(origin(head, row + ${i}u), d);`).join('\n')}
  let stored = params.toRow + head * params.rowsStored + row;
  let to = ((stored / ${layout.rows}u) * params.dim + d) * ${quads}u + (stored % ${layout.rows}u) / 4u;
${['x', 'y', 'z', 'w'].map((part, i) => `  packed[to + ${i * quads}u] = ${stored(part)};`).join('\n')}`,
      };
    }
    case 'blocks': {
      const { rows, columns, transposed } = layout;
      const block = `(params.toRow + head * params.rowsStored + row) / ${rows}u * (params.dim / ${columns}u) + d / ${columns}u`;
      if (!transposed)
        return {
          type: 'vec4<u32>',
          body: `  let across = params.dim / 8u;
  let row = patch_ / across;
  let d = (patch_ % across) * 8u;
${guard}
  let begin = origin(head, row);
  packed[((${block}) * ${rows * columns}u + (row % ${rows}u) * ${columns}u + d % ${columns}u) / 8u] =
    vec4<u32>(half(four(begin, d)), half(four(begin, d + 4u)));`,
        };
      const eight = [0, 1, 2, 3, 4, 5, 6, 7];
      const pair = (i: number, part: string): string => `pack2x16float(vec2<f32>(r${i}.${part}, r${i + 1}.${part}))`;
      return {
        type: 'vec4<u32>',
        // Threads beside each other take vectors of the same rows, which lie beside each other in the source.
        body: `  let across = params.dim / 4u;
  let row = (patch_ / across) * 8u;
  let d = (patch_ % across) * 4u;
${guard}
${eight.map(i => `  let r${i} = four(origin(head, row + ${i}u), d);`).join('\n')}
  let to = (${block}) * ${rows * columns}u + (d % ${columns}u) * ${rows}u + row % ${rows}u;
${['x', 'y', 'z', 'w'].map((part, i) => `  packed[(to + ${i * rows}u) / 8u] = vec4<u32>(${[0, 2, 4, 6].map(r => pair(r, part)).join(', ')});`).join('\n')}`,
      };
    }
  }
}
