import { relaxedSimd, simd } from './generated/kernels.ts';

export type KernelId = 'simd128' | 'relaxed-simd';

/** A build of the WebAssembly kernel. */
export interface KernelBuild {
  readonly id: KernelId;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** The builds that this engine accepts, fastest first; empty when it has no WebAssembly SIMD. */
export function kernelBuilds(): KernelBuild[] {
  return decodeBuilds(relaxedSimd, simd);
}

/** The same for any kernel that is built twice, each build as base64. */
export function decodeBuilds(relaxed: string, plain: string): KernelBuild[] {
  if (typeof WebAssembly === 'undefined') return [];
  const builds: KernelBuild[] = [
    { id: 'relaxed-simd', bytes: decode(relaxed) },
    { id: 'simd128', bytes: decode(plain) },
  ];
  return builds.filter(({ bytes }) => WebAssembly.validate(bytes));
}

function decode(base64: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(base64), char => char.charCodeAt(0));
}
