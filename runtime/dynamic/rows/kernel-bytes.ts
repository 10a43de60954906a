import { rowKernel } from './generated/kernel.ts';

/** The WebAssembly of the row kernel; undefined when the engine has no SIMD for it. */
export function rowKernelBytes(): Uint8Array<ArrayBuffer> | undefined {
  if (typeof WebAssembly === 'undefined') return undefined;
  const bytes = Uint8Array.from(atob(rowKernel), char => char.charCodeAt(0));
  return WebAssembly.validate(bytes) ? bytes : undefined;
}
