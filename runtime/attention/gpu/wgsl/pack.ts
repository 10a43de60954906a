import { type Element, type Layout, numbersPerVector } from '../kernel.ts';

/** 32-bit words of the packing shader's parameters. */
export const PACK_WORDS = 12;

const THREADS = 256;

/** Vectors of 16 bytes that one workgroup writes. */
export const PACK_VECTORS = THREADS;

/**
 * Copies rows of float32 as they come from the host to where a kernel wants them: in another order, converted, multiplied
 * by a factor, padded with zeros. Each thread writes 16 bytes. One dispatch does heads that share an order: z is the head.
 *
 * Half-precision numbers are packed by `pack2x16float`, which every device has.
 */
export function packShader(layout: Layout, element: Element): string {
  const count = numbersPerVector(element);
  const numbers = Array.from({ length: count }, (_, i) => `number(first + ${i}u)`);
  const value =
    element === 'f32'
      ? `vec4<u32>(${numbers.map(each => `bitcast<u32>(${each})`).join(', ')})`
      : `vec4<u32>(${[0, 2, 4, 6].map(i => `pack2x16float(vec2<f32>(${numbers[i]}, ${numbers[i + 1]}))`).join(', ')})`;
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
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> source: array<f32>;
@group(0) @binding(2) var<storage, read> orders: array<u32>;
@group(0) @binding(3) var<storage, read_write> packed: array<vec4<u32>>;

var<private> head: u32 = 0u;

/** The number at a place of the stored head. */
fn number(at: u32) -> f32 {
${address(layout)}
  let inBlock = row % params.blockStored;
  let planRow = (row / params.blockStored) * params.block + inBlock;
  if (inBlock >= params.block || planRow >= params.rows || d >= params.headDim) {
    return 0.0;
  }
  var own = planRow;
  if (params.order != 0xffffffffu) {
    own = orders[params.order + planRow];
  }
  return source[(params.fromRow + head * params.rows + own - params.sourceRow) * params.headDim + d] * params.factor;
}

@compute @workgroup_size(${THREADS})
fn main(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(local_invocation_index) local: u32) {
  head = workgroup.z;
  let vector = (workgroup.y * params.across + workgroup.x) * ${THREADS}u + local;
  let vectors = params.rowsStored * (params.dim / ${count}u);
  if (vector >= vectors) {
    return;
  }
  let first = vector * ${count}u;
  packed[params.toRow * (params.dim / ${count}u) + head * vectors + vector] = ${value};
}
`;
}

/** Row and number d of a place. */
function address(layout: Layout): string {
  switch (layout.kind) {
    case 'rows':
      return `  let row = at / params.dim;
  let d = at % params.dim;`;
    case 'quads':
      return `  let row = (at / (4u * params.dim)) * 4u + at % 4u;
  let d = (at / 4u) % params.dim;`;
    case 'blocks': {
      const { rows, columns, transposed } = layout;
      const area = rows * columns;
      const inner = transposed
        ? { row: `inside % ${rows}u`, d: `inside / ${rows}u` }
        : { row: `inside / ${columns}u`, d: `inside % ${columns}u` };
      return `  let across = params.dim / ${columns}u;
  let number = at / ${area}u;
  let inside = at % ${area}u;
  let row = (number / across) * ${rows}u + ${inner.row};
  let d = (number % across) * ${columns}u + ${inner.d};`;
    }
  }
}
