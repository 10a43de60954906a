// Products of rows with a matrix in WebAssembly SIMD, and the GELU between two of them. Compiled twice by
// scripts/generate-wasm.mjs: with plain and with relaxed SIMD (fused multiply-add). All pointers are byte offsets into
// memory that the host lays out.
//
// Two rows and sixteen columns go together, as in the kernel of attention: eight accumulators fill the sixteen vector
// registers without spilling. Rows lie interleaved in pairs, [row pairs][inner][2], a matrix in panels of sixteen columns,
// [width / 16][inner][16], and the result in plain rows, [rows][width].
import { multiplyPanel } from '../../../attention/cpu/assembly/panels';
import { CONSTANTS, madd, power } from '../../../attention/cpu/assembly/power';

/** Numbers of a panel that stay in the first cache while all rows pass: 256 x 16 of them take 16 KiB. */
const CHUNK: i32 = 256;

/** First free byte of memory. */
export function heapBase(): usize {
  return __heap_base;
}

/**
 * Rows times a matrix: to [2 pairs][width] = (fresh ? 0 : what is there) + x [pairs][inner][2] w [width / 16][inner][16].
 */
export function multiply(x: usize, w: usize, to: usize, pairs: i32, inner: i32, width: i32, fresh: bool): void {
  const row = <usize>width << 2;
  for (let from = 0; from < inner; from += CHUNK) {
    const count = min(CHUNK, inner - from);
    const first = fresh && from == 0;
    for (let panel = 0; panel < width; panel += 16) {
      const weights = w + ((<usize>(panel * inner) + (<usize>from << 4)) << 2);
      let rows = x + (<usize>from << 3);
      let out = to + (<usize>panel << 2);
      for (let pair = 0; pair < pairs; pair++) {
        multiplyPanel(rows, weights, out, out + row, count, first);
        rows += <usize>inner << 3;
        out += row << 1;
      }
    }
  }
}

/**
 * GELU by its approximation with tanh, which is x / (1 + exp(-2 u)) for u = sqrt(2 / pi) (x + 0.044715 x^3); relative error
 * below 1e-6 where it does not vanish.
 */
@inline
function gelu(x: v128): v128 {
  const square = f32x4.mul(x, x);
  // -2 log2(e) sqrt(2 / pi), and the same times 0.044715
  const u = f32x4.mul(x, madd(square, f32x4.splat(-0.10294324), f32x4.splat(-2.3022082)));
  const p = power(
    f32x4.pmin(u, f32x4.splat(126)),
    v128.load(CONSTANTS),
    v128.load(CONSTANTS, 16),
    v128.load(CONSTANTS, 32),
    v128.load(CONSTANTS, 48),
    v128.load(CONSTANTS, 64),
    v128.load(CONSTANTS, 80),
    v128.load(CONSTANTS, 96),
    v128.load(CONSTANTS, 112),
  );
  return f32x4.div(x, f32x4.add(f32x4.splat(1), p));
}

/** GELU of every number, from plain rows [2 pairs][width] to rows in pairs [pairs][width][2]; width is a multiple of 16. */
export function activate(from: usize, to: usize, pairs: i32, width: i32): void {
  const row = <usize>width << 2;
  for (let pair = 0; pair < pairs; pair++) {
    for (let at: usize = 0; at < row; at += 16) {
      const a = gelu(v128.load(from + at));
      const b = gelu(v128.load(from + row + at));
      v128.store(to, v128.shuffle<f32>(a, b, 0, 4, 1, 5));
      v128.store(to, v128.shuffle<f32>(a, b, 2, 6, 3, 7), 16);
      to += 32;
    }
    from += row << 1;
  }
}
