import { relaxedSimd, simd } from './generated/rows.ts';
import { RowKernel } from './row-kernel.ts';

/**
 * The fastest build of the kernel that the engine takes; undefined where it has no WebAssembly SIMD.
 *
 * @param everywhere the build that gives the same bits on every machine instead
 */
export function rowKernelBytes(everywhere = false): Uint8Array<ArrayBuffer> | undefined {
  if (typeof WebAssembly === 'undefined') return undefined;
  return (everywhere ? [simd] : [relaxedSimd, simd])
    .map(text => Uint8Array.from(atob(text), char => char.charCodeAt(0)))
    .find(bytes => WebAssembly.validate(bytes));
}

/** A kernel of that build. */
export async function openRowKernel(everywhere = false): Promise<RowKernel | undefined> {
  const wasm = rowKernelBytes(everywhere);
  return wasm && RowKernel.open(wasm);
}
