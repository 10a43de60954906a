import { AT_ONCE, fourDots, paddedLength } from '../four-dots.ts';
import { rowKernelBytes } from './kernel-bytes.ts';
import { RowKernel } from './row-kernel.ts';
import type { Vectors } from './row-rule.ts';

/** Dot products with the same vectors, float64, each summed in the order of its numbers. */
export interface Dots {
  /**
   * The products of rows, [rows][size], with all vectors. `visit` is told those of each row in order, [vectors], in memory
   * that is overwritten afterwards.
   */
  with(rows: Float64Array, visit: (row: number, dots: Float64Array) => void): void;
}

/**
 * Products with some vectors, [vectors][size], in WebAssembly SIMD where the engine has it, and to the same bits without.
 *
 * @param wasm the kernel; undefined where there is none
 */
export async function dotsWith(
  vectors: Vectors,
  size: number,
  wasm: Uint8Array<ArrayBuffer> | undefined = rowKernelBytes(),
): Promise<Dots> {
  if (wasm === undefined) return plainDots(vectors, size);
  const kernel = await RowKernel.open(wasm);
  if (kernel === undefined) return plainDots(vectors, size);
  kernel.useKeys(vectors, size);
  return { with: (rows, visit) => kernel.dots(rows, visit) };
}

/** The same in JavaScript. */
export function plainDots(vectors: Vectors, size: number): Dots {
  const count = vectors.length / size;
  const padded = new Float64Array(paddedLength(count, size));
  padded.set(vectors);
  const dots = new Float64Array(padded.length / size);
  const four = new Float64Array(AT_ONCE);
  return {
    with(rows, visit) {
      for (let row = 0; row < rows.length / size; row++) {
        for (let vector = 0; vector < count; vector += AT_ONCE) {
          fourDots(padded, vector, size, rows, row * size, four);
          dots.set(four, vector);
        }
        visit(row, dots.subarray(0, count));
      }
    },
  };
}
